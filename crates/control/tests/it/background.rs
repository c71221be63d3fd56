//! Tests of what runs beside the requests: every task has its row, and none is another's trouble.

use crate::world::{Background, World, tasks, until};
use control::background::{self, task::Task};
use control::ctx::Ctx;
use control::error::Error;
use control::model::tasks::TaskStatus;
use domain::roles::Role;
use sqlx::PgPool;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

const AT_ONCE: Duration = Duration::from_millis(1);

async fn row(ctx: &Ctx, name: &str) -> Option<TaskStatus> {
    let rows = background::list(ctx).await.expect("lists");
    rows.into_iter().find(|it| it.name == name)
}

/// A task that counts its passes.
fn counting(name: &str, every: Duration) -> (Task, Arc<AtomicUsize>) {
    let passes = Arc::new(AtomicUsize::default());
    let counted = Arc::clone(&passes);
    let task = Task::every(name, every, move || {
        counted.fetch_add(1, Ordering::SeqCst);
        async { Ok(()) }
    });
    (task, passes)
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn every_task_has_a_row_that_admins_may_read(pool: PgPool) {
    let world = World::new(pool);
    let ada = world.person("Ada", "Northwind", Role::Admin).await;
    let bo = world.person("Bo", "Northwind", Role::Customer).await;
    let _background = world.background();
    let names = [
        "database_sizes",
        "disk_usage",
        "engine_events",
        "engine_info",
        "engines",
        "object_store",
        "object_sweep",
        "orphans",
        "retention",
        "saga_worker",
        "workloads",
    ];
    for name in names {
        let row = until(async || {
            let row = row(&ada, name).await?;
            (matches!(name, "saga_worker" | "engines") || row.runs > 0).then_some(row)
        })
        .await;
        assert_eq!(row.last_error, None, "{name}");
        let endless = matches!(name, "saga_worker" | "engines");
        assert_eq!(row.next_at.is_none(), endless, "{row:?}");
        let by_each = ["saga_worker", "object_store"].contains(&name);
        assert_eq!(row.leader_only, !by_each, "{row:?}");
        assert!(
            row.replica.ends_with(&std::process::id().to_string()),
            "{row:?}"
        );
    }
    let all = background::list(&ada).await.expect("lists");
    assert_eq!(
        all.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(),
        names
    );
    let refused = background::list(&bo).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn an_error_is_in_the_row_until_a_pass_is_good_again(pool: PgPool) {
    let world = World::new(pool);
    let ada = world.person("Ada", "Northwind", Role::Admin).await;
    let broken = Arc::new(AtomicBool::new(true));
    let asked = Arc::clone(&broken);
    let flaky = Task::every("flaky", AT_ONCE, move || {
        let broken = asked.load(Ordering::SeqCst);
        async move {
            if broken {
                return Err(Error::internal("mending", "no glue"));
            }
            Ok(())
        }
    });
    let _background = Background::of(tasks(Arc::clone(&world.state)).with(flaky));
    let error = until(async || row(&ada, "flaky").await?.last_error).await;
    assert_eq!(error, "mending: no glue");

    broken.store(false, Ordering::SeqCst);
    let mended = until(async || {
        let row = row(&ada, "flaky").await?;
        row.last_error.is_none().then_some(row)
    })
    .await;
    assert!(
        mended.failures > 0 && mended.runs > mended.failures,
        "{mended:?}"
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_panic_is_in_the_row_and_ends_nothing(pool: PgPool) {
    let world = World::new(pool);
    let ada = world.person("Ada", "Northwind", Role::Admin).await;
    let passes = Arc::new(AtomicUsize::default());
    let counted = Arc::clone(&passes);
    let breaks = Task::every("breaks", AT_ONCE, move || {
        counted.fetch_add(1, Ordering::SeqCst);
        async { panic!("out of glue") }
    });
    let worked_on = Arc::new(AtomicUsize::default());
    let endless = Arc::clone(&worked_on);
    let breaks_too = Task::endless("breaks_too", move || {
        endless.fetch_add(1, Ordering::SeqCst);
        async { panic!("out of thread") }
    });
    let (works, worked) = counting("works", AT_ONCE);
    let all = tasks(Arc::clone(&world.state));
    let _background = Background::of(all.with(breaks).with(breaks_too).with(works));
    for (name, words) in [("breaks", "out of glue"), ("breaks_too", "out of thread")] {
        let error = until(async || row(&ada, name).await?.last_error).await;
        assert!(error.contains(words), "{error}");
    }
    let before = worked.load(Ordering::SeqCst);
    until(async || {
        let again = [&passes, &worked_on].map(|it| it.load(Ordering::SeqCst) > 1);
        let others = worked.load(Ordering::SeqCst) > before;
        (again == [true, true] && others).then_some(())
    })
    .await;
    until(async || row(&ada, "workloads").await).await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_next_replica_leads_when_the_leader_is_gone(pool: PgPool) {
    let world = World::new(pool);
    let ada = world.person("Ada", "Northwind", Role::Admin).await;
    let replica = |name: &str| tasks(Arc::clone(&world.state)).replica(name);
    let leader = Background::of(replica("first"));
    let led_by = async |name: &str| {
        until(async || (row(&ada, "workloads").await?.replica == name).then_some(())).await;
    };
    led_by("first").await;
    let _next = Background::of(replica("second"));
    until(async || (row(&ada, "object_store").await?.replica == "second").then_some(())).await;
    let leads = row(&ada, "workloads").await.expect("a row").replica;
    assert_eq!(leads, "first", "one leads at a time");

    drop(leader);
    led_by("second").await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_task_is_woken_by_its_event(pool: PgPool) {
    let world = World::new(pool);
    let happened = Arc::new(Notify::new());
    let (task, passes) = counting("woken", Duration::from_hours(1));
    let task = task.woken_by(Arc::clone(&happened));
    let _background = Background::of(tasks(Arc::clone(&world.state)).with(task));
    for expected in 1..4 {
        until(async || (passes.load(Ordering::SeqCst) == expected).then_some(())).await;
        happened.notify_one();
    }
}
