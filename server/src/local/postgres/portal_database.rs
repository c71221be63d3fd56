//! Makes the portal's own database; or brings it over from the apps' cluster, where an older release had it.
//!
//! It is copied under another name and checked; by being renamed it counts, and only then is the old one
//! renamed too, and kept. Whatever ends the program in between, the next start goes on or begins again, and one
//! of the two is whole. Meanwhile the portal's role cannot write to the old one.

use super::bootstrap::{close, exists};
use super::cluster::Cluster;
use super::{binaries, tools};
use crate::fault_injection::FaultInjection;
use anyhow::{Context, Result, bail};
use sqlx::error::DatabaseError;
use sqlx::{PgConnection, Row, raw_sql};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What the portal's old database is called once its copy is in use.
pub const SET_ASIDE: &str = "portal_before_two_clusters";

const IS_THERE: &str = "select 1 from pg_database where datname = 'portal'";
const ENDS_WITHIN: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// What PostgreSQL says of a database that somebody is connected to.
const IN_USE: &str = "55006";

/// Sees to it that the running cluster `portal` has the portal's database; `apps` runs too.
pub async fn ensure(apps: &Cluster, portal: &Cluster, faults: &FaultInjection) -> Result<()> {
    let connecting = "connecting to the private clusters";
    let mut there = apps.connect("postgres").await.context(connecting)?;
    let mut here = portal.connect("postgres").await.context(connecting)?;
    let old = exists(&mut there, IS_THERE).await?;
    if !exists(&mut here, IS_THERE).await? {
        if old {
            bring_over(apps, portal, &mut there, &mut here, faults).await?;
        } else {
            run(&mut here, "create database portal owner portal").await?;
        }
    }
    close(&mut here, "portal").await?;
    if old {
        faults.before("two_clusters", "set_aside");
        set_aside(&mut there).await?;
        faults.after("two_clusters", "set_aside");
    }
    Ok(())
}

async fn bring_over(
    apps: &Cluster,
    portal: &Cluster,
    there: &mut PgConnection,
    here: &mut PgConnection,
    faults: &FaultInjection,
) -> Result<()> {
    tracing::warn!("copying the portal's database into a cluster of its own");
    let bin = binaries::find().await?;
    tools::check_there(&bin)?;
    freeze(there).await?;
    run(here, "drop database if exists portal_copy with (force)").await?;
    run(here, "create database portal_copy owner portal").await?;
    close(here, "portal_copy").await?;
    faults.before("two_clusters", "copy");
    tools::copy(&bin, (apps, "portal"), (portal, "portal_copy"))
        .await
        .context("copying the portal's database; nothing is lost, the next start tries again")?;
    faults.after("two_clusters", "copy");
    let (old, new) = (
        contents(apps, "portal").await?,
        contents(portal, "portal_copy").await?,
    );
    let differences = differences(&old, &new);
    if !differences.is_empty() {
        bail!(
            "the copy of the portal's database is not like the original: {}; nothing is lost, the next start tries again",
            differences.join(", ")
        );
    }
    faults.before("two_clusters", "accept");
    run(here, "alter database portal_copy rename to portal").await?;
    faults.after("two_clusters", "accept");
    tracing::warn!(tables = old.len(), "the portal's database has been copied");
    Ok(())
}

/// From now on nobody writes to the old database in the portal's name.
async fn freeze(there: &mut PgConnection) -> Result<()> {
    let role = "select 1 from pg_roles where rolname = 'portal'";
    if exists(there, role).await? {
        run(there, "alter role portal nologin").await?;
    }
    run(
        there,
        "select pg_terminate_backend(pid, 30000) from pg_stat_activity where usename = 'portal'",
    )
    .await?;
    if exists(
        there,
        "select 1 from pg_stat_activity where usename = 'portal'",
    )
    .await?
    {
        bail!(
            "a session of the older release at the portal's database does not end; end that release, then start again; nothing is lost"
        );
    }
    Ok(())
}

/// Renames the old database, whose connections are ended.
async fn set_aside(there: &mut PgConnection) -> Result<()> {
    let deadline = Instant::now() + ENDS_WITHIN;
    let rename = format!("alter database portal rename to {SET_ASIDE}");
    loop {
        run(
            there,
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'portal'",
        )
        .await?;
        let Err(error) = raw_sql(&rename).execute(&mut *there).await else {
            break;
        };
        let code = error.as_database_error().and_then(DatabaseError::code);
        if code.as_deref() != Some(IN_USE) || Instant::now() > deadline {
            return Err(error).with_context(|| format!("renaming the portal's old database in the apps' cluster to {SET_ASIDE}; its copy is in use, so rename or drop it by hand"));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    tracing::warn!(
        database = SET_ASIDE,
        "the portal's old database is kept in the apps' cluster; drop it when you have a backup of the new one"
    );
    Ok(())
}

/// How many rows each table has, and how far each sequence is.
async fn contents(cluster: &Cluster, database: &str) -> Result<BTreeMap<String, i64>> {
    let doing = || format!("counting the rows of the database {database}");
    let mut db = cluster.connect(database).await.with_context(doing)?;
    let questions = raw_sql(
        "select format('%I.%I', schemaname, tablename),
                format('select count(*) from %I.%I', schemaname, tablename)
         from pg_tables where schemaname not in ('pg_catalog', 'information_schema')
         union all
         select format('%I.%I', schemaname, sequencename),
                format('select last_value from %I.%I', schemaname, sequencename)
         from pg_sequences",
    );
    let mut found = BTreeMap::new();
    for row in questions.fetch_all(&mut db).await.with_context(doing)? {
        let (name, question): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let answer = raw_sql(&question).fetch_one(&mut db).await;
        found.insert(name, answer.with_context(doing)?.try_get(0)?);
    }
    Ok(found)
}

fn differences(old: &BTreeMap<String, i64>, new: &BTreeMap<String, i64>) -> Vec<String> {
    let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let text = |count: Option<&i64>| count.map_or_else(|| "none".to_owned(), i64::to_string);
    names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name))
        .map(|name| {
            format!(
                "{name} ({} there, {} here)",
                text(old.get(name)),
                text(new.get(name))
            )
        })
        .collect()
}

async fn run(db: &mut PgConnection, statement: &str) -> Result<()> {
    raw_sql(statement)
        .execute(db)
        .await
        .with_context(|| format!("running `{statement}`"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::differences;
    use std::collections::BTreeMap;

    #[test]
    fn what_is_missing_or_other_is_named() {
        let of = |pairs: &[(&str, i64)]| -> BTreeMap<String, i64> {
            pairs
                .iter()
                .map(|(name, count)| ((*name).to_owned(), *count))
                .collect()
        };
        let old = of(&[("public.a", 3), ("public.b", 2), ("public.c", 1)]);
        assert!(differences(&old, &old).is_empty());
        let new = of(&[("public.a", 3), ("public.b", 1), ("public.d", 0)]);
        assert_eq!(
            differences(&old, &new),
            [
                "public.b (2 there, 1 here)",
                "public.c (1 there, none here)",
                "public.d (none there, 0 here)"
            ]
        );
    }
}
