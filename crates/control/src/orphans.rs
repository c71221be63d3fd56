//! Orphans: what engines run, and what lies on the regions' servers and in their buckets, that no row knows.
//!
//! After the portal's database was restored from an older copy there are some. Rows are written before
//! anything is made for them and removed after it is gone: so what is looked at first and asked for among the
//! rows then is in nobody's hands. Two installations that share a server see each other's here.
//! The task `orphans` keeps what it finds for the operator's page, and removes what was asked for there.

use crate::audit::{AuditEvent, By, Outcome};
use crate::db;
use crate::error::{Error, Result};
use crate::model::environments::database_name;
use crate::resources::buckets;
use crate::resources::databases::{self, Tenant};
use crate::resources::regions;
use crate::state::State;
use domain::ids::EnvironmentId;
use domain::regions::RegionCode;
use secrecy::ExposeSecret;
use serde_json::json;
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What an orphan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrphanKind {
    /// A workload of an engine.
    Workload,
    /// A database, its role, or both.
    Database,
    /// A folder of files.
    Bucket,
}

impl OrphanKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Workload, Self::Database, Self::Bucket];

    /// Its code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Workload => "workload",
            Self::Database => "database",
            Self::Bucket => "bucket",
        }
    }

    /// The one of a code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
    }
}

/// Something that no row knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Orphan {
    /// What it is.
    pub kind: OrphanKind,
    /// The environment that it was made for.
    pub environment: EnvironmentId,
}

impl fmt::Display for Orphan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.kind.code(), self.environment)
    }
}

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// The orphans, each with the engines, servers or folders that it is in.
    pub orphans: BTreeMap<Orphan, Vec<String>>,
    /// Where nothing could be looked for, and why.
    pub unseen: Vec<String>,
}

/// Looks everywhere; a place that does not answer is left out and named.
pub async fn list(state: &State) -> Result<Found> {
    let (mut there, mut unseen) = (BTreeMap::<Orphan, Vec<String>>::new(), Vec::new());
    let mut add = |kind, place: &str, found: Result<Vec<EnvironmentId>>| match found {
        Ok(ids) => {
            for environment in ids {
                let places = there.entry(Orphan { kind, environment }).or_default();
                places.push(place.to_owned());
            }
        }
        Err(error) => unseen.push(format!("{}s of {place}: {error}", kind.code())),
    };
    for in_use in regions::engines_in_use(state).await? {
        let seen = in_use.engine.engine.observe_all().await;
        let seen = seen.map(|all| all.into_iter().map(|it| it.id).collect());
        add(
            OrphanKind::Workload,
            &in_use.engine.name,
            seen.map_err(Error::from),
        );
    }
    for place in places(state).await? {
        match place {
            Err(error) => add(OrphanKind::Database, "a region", Err(error)),
            Ok(place) => {
                let server = place.server();
                add(
                    OrphanKind::Database,
                    &place.name,
                    databases::environments(&server).await,
                );
                add(
                    OrphanKind::Bucket,
                    &place.name,
                    buckets::environments(&place.buckets_dir).await,
                );
            }
        }
    }
    let ids: Vec<EnvironmentId> = there.keys().map(|it| it.environment).collect();
    let unknown = db::environments::without_row(&mut *state.pool.acquire().await?, &ids).await?;
    let unknown: BTreeSet<EnvironmentId> = unknown.into_iter().collect();
    there.retain(|it, _| unknown.contains(&it.environment));
    Ok(Found {
        orphans: there,
        unseen,
    })
}

/// Refuses what a row knows.
pub(crate) async fn check_unknown(db: &mut PgConnection, id: EnvironmentId) -> Result<()> {
    if db::environments::without_row(db, &[id]).await?.is_empty() {
        return Err(Error::Conflict(format!(
            "The environment {id} is one of this portal's: delete its app instead."
        )));
    }
    Ok(())
}

/// Removes an orphan, wherever it is; refused where a row knows it. `asked_by` is who asked for it on the operator's
/// page; without, it is the command line.
pub async fn remove(state: &State, orphan: Orphan, asked_by: Option<&str>) -> Result<()> {
    let id = orphan.environment;
    check_unknown(&mut *state.pool.acquire().await?, id).await?;
    match orphan.kind {
        OrphanKind::Workload => {
            for in_use in regions::engines_in_use(state).await? {
                in_use.engine.engine.remove(id).await?;
            }
        }
        OrphanKind::Database => {
            let name = database_name(id);
            for place in places(state).await? {
                let place = place?;
                let tenant = Tenant {
                    database: &name,
                    role: &name,
                    connections: 0,
                };
                let mut held = databases::hold(&place.server(), tenant).await?;
                databases::drop(&mut held).await?;
            }
        }
        OrphanKind::Bucket => {
            for place in places(state).await? {
                buckets::remove(&buckets::folder(&place?.buckets_dir, id)).await?;
            }
        }
    }
    let event = AuditEvent {
        company: None,
        at: state.now(),
        by: By::system(if asked_by.is_some() {
            "Background"
        } else {
            "Operator"
        }),
        action: "orphan.remove",
        target: orphan.to_string(),
        subject: None,
        details: asked_by.map_or(json!({}), |name| json!({ "asked_by": name })),
        outcome: Outcome::Done,
        request_id: if asked_by.is_some() {
            "background"
        } else {
            "command line"
        }
        .to_owned(),
        from_address: None,
    };
    db::audit::insert(&mut *state.pool.acquire().await?, &event).await
}

/// The servers and folders of all regions, each pair once.
async fn places(state: &State) -> Result<Vec<Result<regions::RegionServers>>> {
    let rows = db::regions::engines(&mut *state.pool.acquire().await?).await?;
    let (mut places, mut seen) = (Vec::new(), BTreeSet::new());
    for code in rows.iter().filter_map(|(code, _)| RegionCode::parse(code)) {
        let place = regions::servers(state, &code).await;
        if let Ok(place) = &place {
            let url = place.postgres.admin_url.expose_secret().to_owned();
            if !seen.insert((url, place.buckets_dir.clone())) {
                continue;
            }
        }
        places.push(place);
    }
    Ok(places)
}
