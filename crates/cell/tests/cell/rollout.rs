//! Changes of the template.

use crate::bench::{Bench, next, serving, signal};
use crate::database::TestDatabase;
use crate::load::{Load, get, who};
use domain::states::InstanceState;
use engine::observation::{EventKind, Instance};
use http::StatusCode;
use rustix::process::Signal;

#[tokio::test]
async fn more_memory_replaces_every_instance_and_no_request_fails() {
    let bench = Bench::start().await;
    let (_database, mut workload, old) = serving(&bench, 3).await;
    let load = Load::start(bench.apps(), &workload);
    load.more(50).await;
    next(&mut workload).memory_mib = 160;
    bench.apply(&workload).await;
    let new = bench.converged(&workload).await;
    load.more(50).await;
    load.end_without_failure().await;
    assert!(new.iter().all(|pid| !old.contains(pid)), "{old:?} {new:?}");
    bench.ended(&old).await;
    assert_eq!(
        bench.instance(&workload, 2).await.memory_limit_bytes,
        160 << 20
    );
    bench.end().await;
}

#[tokio::test]
async fn a_new_version_is_rolled_out_and_no_request_fails() {
    let bench = Bench::start().await;
    let (_database, mut workload, _) = serving(&bench, 2).await;
    let load = Load::start(bench.apps(), &workload);
    load.more(50).await;
    let package = bench.package("2.0.0", &[]);
    next(&mut workload).package = package;
    bench.apply(&workload).await;
    bench.converged(&workload).await;
    load.more(50).await;
    load.end_without_failure().await;
    assert_eq!(who(bench.apps(), &workload).await["version"], "2.0.0");
    let unpacked = || std::fs::read_dir(bench.data().join("packages")).map_or(0, Iterator::count);
    bench
        .until(&workload, "the old package's end", |_| {
            (unpacked() == 1).then_some(())
        })
        .await;
    bench.end().await;
}

#[tokio::test]
async fn a_broken_version_fails_with_its_log_while_the_old_one_serves_and_is_healed() {
    let bench = Bench::start().await;
    let (_database, mut workload, old) = serving(&bench, 2).await;
    let load = Load::start(bench.apps(), &workload);
    for how in ["--fail-start", "--exit", "--unready"] {
        let package = bench.package("2.0.0", &[how]);
        next(&mut workload).package = package;
        bench.apply(&workload).await;
        let (reason, log) = bench.failed(&workload).await;
        assert!(
            !reason.is_empty() && !log.is_empty(),
            "{how}: {reason} {log:?}"
        );
    }
    load.more(50).await;
    load.end_without_failure().await;
    let pids = |instances: &[Instance]| -> Vec<u32> {
        let ready = instances.iter().filter(|i| i.state == InstanceState::Ready);
        ready.filter_map(|i| i.pid).collect()
    };
    let now = bench
        .until(&workload, "two", |o| {
            (o.instances.len() == 2).then(|| pids(&o.instances))
        })
        .await;
    assert_eq!(now, old);
    assert_eq!(
        bench
            .events(&workload, EventKind::RolloutFailed)
            .await
            .len(),
        3
    );

    signal(old[1], Signal::KILL);
    let healed = bench.replaced(&workload, 1, old[1]).await;
    assert!(!healed.current);
    assert_eq!(healed.package, "Shop 1.0.0");
    assert_eq!(healed.restarts, 1);

    let package = bench.package("3.0.0", &[]);
    next(&mut workload).package = package;
    bench.apply(&workload).await;
    bench.converged(&workload).await;
    assert_eq!(who(bench.apps(), &workload).await["version"], "3.0.0");
    // A change gives crashed instances another chance; what happened is not forgotten for that.
    let restarts = bench
        .until(&workload, "its restarts", |o| {
            let second = o.instances.iter().find(|i| i.index == 1)?;
            Some(second.restarts)
        })
        .await;
    assert_eq!(restarts, 1);
    bench.end().await;
}

#[tokio::test]
async fn a_first_version_that_is_broken_fails_and_is_not_tried_for_ever() {
    let bench = Bench::start().await;
    let database = TestDatabase::make();
    let mut workload = bench.workload(database.by_socket(), 2);
    next(&mut workload).package = bench.package("1.0.0", &["--fail-start"]);
    bench.apply(&workload).await;
    let (reason, _) = bench.failed(&workload).await;
    assert!(reason.contains("12"), "{reason}");
    assert_eq!(bench.events(&workload, EventKind::Starting).await.len(), 2);
    let (status, _) = get(bench.apps(), &workload, "/").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);

    let mut other = bench.package("1.0.0", &[]);
    other.sha256 = "0".repeat(64);
    next(&mut workload).package = other;
    bench.apply(&workload).await;
    let reason = bench
        .until(&workload, "the failure", |o| match &o.rollout {
            engine::observation::Rollout::Failed { reason, .. } if o.revision == 3 => {
                Some(reason.clone())
            }
            _ => None,
        })
        .await;
    assert!(reason.contains("checksum"), "{reason}");
    bench.end().await;
}

#[tokio::test]
async fn a_version_that_breaks_after_it_was_ready_takes_no_other_old_instance_with_it() {
    let bench = Bench::start().await;
    let (_database, mut workload, old) = serving(&bench, 3).await;
    let load = Load::start(bench.apps(), &workload);
    load.more(50).await;
    next(&mut workload).package = bench.package("2.0.0", &[]);
    bench.apply(&workload).await;
    let mut broken = None;
    for _ in 0..2 {
        let ready = |i: &&Instance| {
            i.index == 0 && i.current && i.state == InstanceState::Ready && i.pid != broken
        };
        let pid = bench
            .until(&workload, "the new one", |o| {
                o.instances.iter().find(ready)?.pid
            })
            .await;
        signal(pid, Signal::KILL);
        broken = Some(pid);
    }
    let (reason, log) = bench.failed(&workload).await;
    assert_eq!(reason, "killed by signal 9");
    assert!(!log.is_empty());
    let pids = bench
        .until(&workload, "the old version", |o| {
            let serves = |i: &Instance| i.state == InstanceState::Ready && !i.current;
            let all = o.instances.len() == 3 && o.instances.iter().all(serves);
            all.then(|| o.instances.iter().filter_map(|i| i.pid).collect::<Vec<_>>())
        })
        .await;
    assert_eq!(pids[1..], old[1..]);
    load.more(50).await;
    load.end_without_failure().await;
    assert_eq!(who(bench.apps(), &workload).await["version"], "1.0.0");
    bench.end().await;
}

#[tokio::test]
async fn a_start_that_fails_says_why_and_is_healed_later() {
    let bench = Bench::start().await;
    let (database, mut workload, _) = serving(&bench, 1).await;
    workload.instances = 0;
    next(&mut workload);
    bench.apply(&workload).await;
    bench.converged(&workload).await;
    database.open(false);
    workload.instances = 1;
    next(&mut workload);
    bench.apply(&workload).await;
    let (reason, log) = bench.failed(&workload).await;
    assert!(reason.contains("database"), "{reason}");
    assert!(
        log.iter().any(|line| line.contains(&database.name)),
        "{log:?}"
    );
    database.open(true);
    bench.converged(&workload).await;
    bench.end().await;
}

#[tokio::test]
async fn further_instances_that_do_not_start_say_why_while_the_first_serves() {
    let bench = Bench::start().await;
    let (database, mut workload, one) = serving(&bench, 1).await;
    database.open(false);
    workload.instances = 2;
    next(&mut workload);
    bench.apply(&workload).await;
    let (reason, _) = bench.failed(&workload).await;
    assert!(reason.contains("database"), "{reason}");
    let first = bench.instance(&workload, 0).await;
    assert_eq!((first.pid, first.restarts), (Some(one[0]), 0));
    workload.instances = 1;
    next(&mut workload);
    bench.apply(&workload).await;
    assert_eq!(bench.converged(&workload).await, one);
    bench.end().await;
}
