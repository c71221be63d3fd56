//! Orphans: what engines run, and what lies on the regions' servers and in their buckets, that no row knows.
//!
//! After the portal's database was restored from an older copy there are some. Rows are written before
//! anything is made for them and removed after it is gone: so what is looked at first and asked for among the
//! rows then is in nobody's hands. Two installations that share a server see each other's here.

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
use std::collections::BTreeSet;

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

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// The orphans, each once.
    pub orphans: Vec<Orphan>,
    /// Where nothing could be looked for, and why.
    pub unseen: Vec<String>,
}

/// Looks everywhere; a place that does not answer is left out and named.
pub async fn list(state: &State) -> Result<Found> {
    let (mut there, mut unseen) = (BTreeSet::new(), Vec::new());
    let mut add = |kind, place: &str, found: Result<Vec<EnvironmentId>>| match found {
        Ok(ids) => there.extend(
            ids.into_iter()
                .map(|environment| Orphan { kind, environment }),
        ),
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
    let ids: Vec<EnvironmentId> = there.iter().map(|it| it.environment).collect();
    let unknown = db::environments::without_row(&mut *state.pool.acquire().await?, &ids).await?;
    let orphans = there
        .into_iter()
        .filter(|it| unknown.contains(&it.environment));
    Ok(Found {
        orphans: orphans.collect(),
        unseen,
    })
}

/// Removes an orphan, wherever it is; refused where a row knows it.
pub async fn remove(state: &State, orphan: Orphan) -> Result<()> {
    let id = orphan.environment;
    let mut db = state.pool.acquire().await?;
    if db::environments::without_row(&mut db, &[id])
        .await?
        .is_empty()
    {
        return Err(Error::Conflict(format!(
            "The environment {id} is one of this portal's: delete its app instead."
        )));
    }
    drop(db);
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
        by: By::system("Operator"),
        action: "orphan.remove",
        target: format!("{} of {id}", orphan.kind.code()),
        subject: None,
        details: json!({}),
        outcome: Outcome::Done,
        request_id: "command line".to_owned(),
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
