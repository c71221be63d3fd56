//! Start, serve, scale, stop, delete; with either sandbox.

use crate::bench::{Bench, next, runs, serving};
use crate::database::TestDatabase;
use crate::load::{Load, get, request, who};
use domain::states::InstanceState;
use engine::observation::{EventKind, Rollout};
use engine::{Engine, EngineError};
use http::{Method, StatusCode};
use serde_json::json;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

#[tokio::test]
async fn a_workload_starts_becomes_ready_serves_and_leaves_nothing_when_deleted() {
    let bench = Bench::start().await;
    let database = TestDatabase::make();
    let mut workload = bench.workload(database.by_socket(), 1);
    let template = workload.template.take();
    bench.apply(&workload).await;
    let (status, page) = get(bench.apps(), &workload, "/").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{page:?}");

    workload.template = template;
    workload.revision += 1;
    bench.apply(&workload).await;
    let pids = bench.converged(&workload).await;
    assert_eq!(who(bench.apps(), &workload).await["index"], 0);
    let instance = bench.instance(&workload, 0).await;
    assert_eq!(
        (instance.state, instance.current),
        (InstanceState::Ready, true)
    );
    assert_eq!(instance.memory_limit_bytes, 128 << 20);
    let counted = request(bench.apps(), &workload, Method::POST, "/api/counter").await;
    assert_eq!(counted.expect("counted").0, StatusCode::OK);

    let (result, status) = bench
        .engine
        .admin(instance.id, "get_debugger_status", json!({}))
        .await
        .expect("the admin protocol");
    assert_eq!((result, &status["enabled"]), (0, &json!(true)));
    let told = bench
        .until(&workload, "the debugger's status", |seen| {
            seen.instances.first()?.debugger.clone()
        })
        .await;
    assert!(told.enabled && !told.client_connected, "{told:?}");
    assert_eq!(told.paused_microflows, 0);
    let lines = bench.engine.logs(workload.id, 100).await.expect("logs");
    assert!(
        lines
            .iter()
            .any(|line| line.index == 0 && !line.line.is_empty()),
        "{lines:?}"
    );

    bench.engine.remove(workload.id).await.expect("removed");
    assert!(pids.iter().all(|pid| !runs(*pid)));
    for folder in ["instances", "packages", "workloads", "last-words", "runc"] {
        let left = std::fs::read_dir(bench.data().join(folder)).map_or(0, Iterator::count);
        assert_eq!(left, 0, "{folder}");
    }
    let missing = bench.engine.observe(workload.id).await;
    assert!(matches!(missing, Err(EngineError::NotFound)));
    assert_eq!(
        get(bench.apps(), &workload, "/").await.0,
        StatusCode::NOT_FOUND
    );
    bench.end().await;
}

#[tokio::test]
async fn scaling_restarts_nothing_fails_nothing_and_spreads_over_zones() {
    let bench = Bench::start().await;
    let (_database, mut workload, three) = serving(&bench, 3).await;
    let observation = bench.engine.observe(workload.id).await.expect("observed");
    let zones: BTreeSet<String> = observation.instances.into_iter().map(|i| i.zone).collect();
    assert_eq!(zones.len(), 3);

    let load = Load::start(bench.apps(), &workload);
    load.more(50).await;
    workload.instances = 1;
    next(&mut workload);
    bench.apply(&workload).await;
    assert_eq!(bench.converged(&workload).await, three[..1]);
    load.more(50).await;
    workload.instances = 5;
    next(&mut workload);
    bench.apply(&workload).await;
    let five = bench.converged(&workload).await;
    assert_eq!((five.len(), five[0]), (5, three[0]));
    load.more(200).await;
    load.end_without_failure().await;

    let mut answered = BTreeSet::new();
    while answered.len() < 5 {
        let index = who(bench.apps(), &workload).await["index"]
            .as_u64()
            .expect("an index");
        answered.insert(index);
    }
    workload.instances = 0;
    next(&mut workload);
    bench.apply(&workload).await;
    bench.converged(&workload).await;
    bench.ended(&five).await;
    let (status, _) = get(bench.apps(), &workload, "/").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    bench.end().await;
}

#[tokio::test]
async fn without_runc_it_works_by_bubblewrap_and_says_what_is_missing() {
    let bench = Bench::start_with("bubblewrap").await;
    let info = bench.engine.info().await.expect("info");
    assert_eq!(info.sandbox, "bubblewrap");
    assert!(
        info.unenforced.iter().any(|what| what.contains("limits")),
        "{info:?}"
    );
    let (_database, mut workload, one) = serving(&bench, 1).await;
    workload.instances = 2;
    next(&mut workload);
    bench.apply(&workload).await;
    let two = bench.converged(&workload).await;
    assert_eq!(two[0], one[0]);
    assert!(who(bench.apps(), &workload).await["index"].is_number());
    crate::bench::signal(two[1], rustix::process::Signal::KILL);
    bench.replaced(&workload, 1, two[1]).await;
    bench.engine.remove(workload.id).await.expect("removed");
    bench.ended(&two).await;
    bench.end().await;
}

#[tokio::test]
async fn a_database_server_on_tcp_is_reached_from_the_sealed_sandbox() {
    let mut bench = Bench::start().await;
    let database = TestDatabase::make();
    let workload = bench.workload(database.by_tcp(), 1);
    bench.apply(&workload).await;
    bench.converged(&workload).await;
    let count = async |bench: &Bench| {
        let answer = request(bench.apps(), &workload, Method::POST, "/api/counter").await;
        answer.expect("counted").0
    };
    assert_eq!(count(&bench).await, StatusCode::OK);
    bench.kill();
    bench.run().await;
    bench.converged(&workload).await;
    // Connections that ran through the former cell are broken; the runtime makes new ones.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while count(&bench).await != StatusCode::OK {
        assert!(
            std::time::Instant::now() < deadline,
            "the database is not reached again"
        );
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    bench.end().await;
}

#[tokio::test]
async fn wanted_states_are_ordered_checked_and_kept_private() {
    let bench = Bench::start().await;
    let mut workload = bench.workload(TestDatabase::make().by_socket(), 0);
    workload.revision = 5;
    bench.apply(&workload).await;
    bench.apply(&workload).await;
    let mut other = workload.clone();
    other.title = "Another".to_owned();
    let refused = bench.engine.apply(&other).await;
    assert!(
        matches!(refused, Err(EngineError::Refused(_))),
        "{refused:?}"
    );
    other.revision = 4;
    let refused = bench.engine.apply(&other).await;
    assert!(
        matches!(refused, Err(EngineError::Refused(_))),
        "{refused:?}"
    );
    next(&mut other).runtime = "unheard-of".to_owned();
    other.revision = 9;
    let Err(EngineError::Refused(said)) = bench.engine.apply(&other).await else {
        panic!("refused")
    };
    assert!(
        said.contains("unheard-of") && said.contains("sample"),
        "{said}"
    );

    next(&mut other).runtime = "sample".to_owned();
    next(&mut other).package.url = "https://example.org/shop.mda".parse().expect("an address");
    let Err(EngineError::Refused(said)) = bench.engine.apply(&other).await else {
        panic!("refused")
    };
    assert!(
        said.contains("package.url") && said.contains("https") && said.contains("file:///"),
        "{said}"
    );

    let mode = |path: &str| {
        let found = bench.data().join(path).metadata().expect("there");
        found.permissions().mode() & 0o777
    };
    assert_eq!(mode(""), 0o700);
    assert_eq!(mode("cell.sock"), 0o600);
    assert_eq!(mode(&format!("workloads/{}.json", workload.id)), 0o600);
    assert!(!bench.log().contains("debug-me"));
    let converged = bench.until(&workload, "rest", |o| {
        (o.rollout == Rollout::Converged).then_some(())
    });
    converged.await;
    assert!(
        bench
            .events(&workload, EventKind::Starting)
            .await
            .is_empty()
    );
    bench.end().await;
}
