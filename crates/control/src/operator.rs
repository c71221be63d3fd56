//! The operator's page: what the tasks and engines last told, and what no row knows. It reads rows and asks no engine.

use crate::access::Installation;
use crate::background;
use crate::change::Change;
use crate::ctx::Ctx;
use crate::db;
use crate::db::engines::EngineRow;
use crate::error::{Error, Result};
use crate::model::orphans::OrphanRow;
use crate::model::tasks::TaskStatus;
use crate::orphans;
use crate::resources::regions;
use domain::ids::OrphanId;
use domain::rights::{Right, Target};
use domain::states::SILENT_AFTER_SECONDS;
use domain::topics::Topic;
use serde_json::json;
use time::OffsetDateTime;
use views::operator::{Engine, OperatorPage, Orphan, Room, Task};

/// The longest list of orphans that a page shows.
const SHOWN: i64 = 200;

/// Everything of the page.
pub async fn get(ctx: &Ctx) -> Result<OperatorPage> {
    visible(ctx)?;
    let tasks = background::list(ctx).await?;
    let in_use = regions::engines_in_use(&ctx.state).await?;
    let mut db = ctx.state.pool.acquire().await?;
    let mut told = db::engines::list(&mut db).await?;
    let search = db::orphans::search(&mut db).await?;
    let orphans = db::orphans::list(&mut db, false, SHOWN).await?;
    let count = db::orphans::count(&mut db).await?;
    let engines = in_use.into_iter().map(|in_use| {
        let name = &*in_use.engine.name;
        let row = told.iter().position(|row| row.name == name);
        engine(
            name,
            in_use.regions,
            row.map(|at| told.swap_remove(at)),
            ctx.now(),
        )
    });
    Ok(OperatorPage {
        engines: engines.collect(),
        tasks: tasks.into_iter().map(task).collect(),
        orphans: orphans.into_iter().map(orphan).collect(),
        orphan_count: u64::try_from(count).unwrap_or_default(),
        searched_at: search.searched_at.map(OffsetDateTime::unix_timestamp),
        searching: search.asked_at.is_some(),
        unseen: search.unseen,
        search: ctx.may(Right::SearchOrphans, &Target::Installation),
        remove: ctx.may(Right::RemoveOrphan, &Target::Installation),
    })
}

/// Has the leader look for what no row knows, now and not within the hour.
pub async fn search_orphans(ctx: &Ctx) -> Result<()> {
    visible(ctx)?;
    let on = Installation::new(ctx, "What no row knows".to_owned());
    let mut change = Change::begin(ctx, Right::SearchOrphans, &on).await?;
    db::orphans::ask_search(change.db(), ctx.now()).await?;
    change.commit(json!({}), &[Topic::Orphans]).await
}

/// Has the leader remove something that no row knows, for good.
pub async fn remove_orphan(ctx: &Ctx, id: OrphanId) -> Result<()> {
    visible(ctx)?;
    let on = Installation::new(ctx, format!("Orphan {id}"));
    let mut change = Change::begin(ctx, Right::RemoveOrphan, &on).await?;
    let asked = db::orphans::ask_removal(change.db(), id, &ctx.name, ctx.now()).await?;
    let (kind, environment) = asked.ok_or(Error::NotFound)?;
    orphans::check_unknown(change.db(), environment).await?;
    let details = json!({ "kind": kind, "environment": environment });
    change.commit(details, &[Topic::Orphans]).await
}

/// Who may not see the page must not learn that there is one.
fn visible(ctx: &Ctx) -> Result<()> {
    let seen = ctx.may(Right::ViewInstallation, &Target::Installation);
    if seen.is_allowed() {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}

fn engine(name: &str, regions: Vec<String>, row: Option<EngineRow>, now: OffsetDateTime) -> Engine {
    let (info, seen_at) = row.map_or((None, None), |row| (row.info, row.seen_at));
    let silent = seen_at.is_none_or(|at| (now - at).whole_seconds() > SILENT_AFTER_SECONDS);
    let mut engine = Engine {
        name: name.to_owned(),
        regions,
        silent,
        seen_at: seen_at.map(OffsetDateTime::unix_timestamp),
        ..Engine::default()
    };
    if let Some(info) = info {
        engine.version = Some(format!("{} in {}", info.version, info.sandbox));
        engine.problems = info.problems;
        engine.unenforced = info.unenforced;
        engine.room = info.room.map(|room| Room {
            memory_bytes: room.memory_mib << 20,
            memory_free_bytes: room.memory_free_mib << 20,
            disk_bytes: room.disk_bytes,
            disk_free_bytes: room.disk_free_bytes,
        });
    }
    engine
}

fn task(row: TaskStatus) -> Task {
    Task {
        name: row.name,
        replica: row.replica,
        last_started_at: row.last_started_at.unix_timestamp(),
        took_ms: row
            .took
            .and_then(|took| u64::try_from(took.as_millis()).ok()),
        runs: u64::try_from(row.runs).unwrap_or_default(),
        failures: u64::try_from(row.failures).unwrap_or_default(),
        last_error: row.last_error,
        next_at: row.next_at.map(OffsetDateTime::unix_timestamp),
    }
}

fn orphan(row: OrphanRow) -> Orphan {
    Orphan {
        id: row.id,
        kind: row.kind,
        environment: row.environment,
        place: row.place,
        first_seen_at: row.first_seen_at.unix_timestamp(),
        last_seen_at: row.last_seen_at.unix_timestamp(),
        removing: row.remove_asked_at.is_some(),
        asked_by: row.remove_asked_by,
        removed_at: row.removed_at.map(OffsetDateTime::unix_timestamp),
        failure: row.failure,
    }
}
