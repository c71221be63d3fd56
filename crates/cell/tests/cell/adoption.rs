//! The cell's own end and its return.

use crate::bench::{Bench, next, runs, serving, signal};
use crate::database::TestDatabase;
use crate::load::{get, open, who};
use domain::states::InstanceState;
use engine::Engine;
use engine::observation::EventKind;
use http::{Method, StatusCode};
use rustix::process::Signal;
use serde_json::json;

#[tokio::test]
async fn killed_and_started_again_it_takes_over_what_runs() {
    let mut bench = Bench::start().await;
    let (_database, mut workload, pids) = serving(&bench, 2).await;
    let before = bench.engine.events(0, 0).await.expect("events");
    bench.kill();
    assert!(pids.iter().all(|pid| runs(*pid)));
    bench.run().await;
    // Routable as soon as the cell answers at all.
    assert_eq!(
        get(bench.apps(), &workload, "/api/load").await.0,
        StatusCode::OK
    );
    assert_eq!(bench.converged(&workload).await, pids);
    assert_eq!(bench.events(&workload, EventKind::Adopted).await.len(), 2);
    assert_eq!(bench.events(&workload, EventKind::Starting).await.len(), 2);
    let after = bench.engine.events(0, 0).await.expect("events");
    assert_eq!(after[..before.len()], before);
    assert!(after.is_sorted_by(|one, next| one.sequence < next.sequence));

    let instance = bench.instance(&workload, 0).await;
    let admin = bench
        .engine
        .admin(instance.id, "runtime_status", json!({}))
        .await;
    assert_eq!(admin.expect("answered").1["status"], "running");

    // What was taken over is watched and scaled like any other.
    signal(pids[1], Signal::KILL);
    bench.replaced(&workload, 1, pids[1]).await;
    workload.instances = 1;
    next(&mut workload);
    bench.apply(&workload).await;
    assert_eq!(bench.converged(&workload).await, pids[..1]);
    bench.end().await;
}

#[tokio::test]
async fn what_died_in_the_meantime_is_replaced() {
    let mut bench = Bench::start().await;
    let (_database, workload, pids) = serving(&bench, 2).await;
    bench.kill();
    signal(pids[0], Signal::KILL);
    bench.ended(&pids[..1]).await;
    bench.run().await;
    bench.replaced(&workload, 0, pids[0]).await;
    assert_eq!(bench.converged(&workload).await[1], pids[1]);
    assert_eq!(bench.events(&workload, EventKind::Crashed).await.len(), 1);
    bench.end().await;
}

#[tokio::test]
async fn a_terminated_cell_leaves_instances_and_an_asked_one_may_end_them() {
    let mut bench = Bench::start().await;
    let (_database, workload, pids) = serving(&bench, 1).await;
    signal(bench.pid(), Signal::TERM);
    bench.ended(&[bench.pid()]).await;
    assert!(runs(pids[0]));
    bench.kill();
    bench.run().await;
    assert_eq!(bench.converged(&workload).await, pids);
    bench.engine.shutdown(true).await.expect("shut down");
    bench.ended(&pids).await;
    assert_eq!(bench.containers(), 0);
    bench.kill();
    bench.run().await;
    bench.converged(&workload).await;
    assert_eq!(who(bench.apps(), &workload).await["index"], 0);
    bench.end().await;
}

#[tokio::test]
async fn what_waits_after_crashes_is_known_again_and_keeps_its_package() {
    let mut bench = Bench::start().await;
    let (_database, other, _) = serving(&bench, 1).await;
    let database = TestDatabase::make();
    let mut workload = bench.workload(database.by_socket(), 2);
    let package = bench.package("2.0.0", &[]);
    next(&mut workload).package = package.clone();
    bench.apply(&workload).await;
    let pids = bench.converged(&workload).await;
    let waiting = bench.crashed_out(&workload, 1, pids[1]).await;

    bench.kill();
    let unused = bench.data().join("packages/unused");
    std::fs::create_dir(&unused).expect("a folder");
    bench.run().await;
    let again = bench.instance(&workload, 1).await;
    assert_eq!(
        (again.id, again.restarts, again.last_crash),
        (waiting.id, 4, waiting.last_crash)
    );
    assert!(
        again.detail.starts_with("Starts again in "),
        "{}",
        again.detail
    );
    // The other one is as wanted: what nobody needs goes, and nothing else.
    bench
        .until(&other, "the sweep", |_| (!unused.exists()).then_some(()))
        .await;
    assert!(bench.unpacked(&package).join("web/index.html").exists());
    for workload in [&other, &workload] {
        let (status, page) = get(bench.apps(), workload, "/").await;
        assert_eq!(status, StatusCode::OK, "{page:?}");
    }
    bench.end().await;
}

#[tokio::test]
async fn a_halt_goes_all_the_way_even_when_nobody_waits_for_it() {
    let mut bench = Bench::start().await;
    let database = TestDatabase::make();
    let mut workload = bench.workload(database.by_socket(), 1);
    workload.drain_seconds = 2;
    bench.apply(&workload).await;
    let pids = bench.converged(&workload).await;
    // An answer without end, for which the instance waits before it goes.
    let events = open(bench.apps(), &workload, Method::GET, "/api/events").await;
    let (_answer, _connection) = events.expect("an answer");
    let engine = bench.engine.clone();
    let asked = tokio::spawn(async move { engine.shutdown(true).await });
    bench
        .until(&workload, "the halt", |observation| {
            let instance = observation.instances.first()?;
            (instance.state == InstanceState::Draining).then_some(())
        })
        .await;
    asked.abort();
    bench.ended(&[bench.pid(), pids[0]]).await;
    bench.kill();
    bench.run().await;
    bench.converged(&workload).await;
    bench.end().await;
}

#[tokio::test]
async fn what_nobody_wants_is_ended_at_the_start() {
    let mut bench = Bench::start().await;
    let (_database, workload, pids) = serving(&bench, 1).await;
    bench.kill();
    let record = bench.data().join(format!("workloads/{}.json", workload.id));
    std::fs::remove_file(record).expect("removed");
    bench.run().await;
    bench.ended(&pids).await;
    bench.cleaned().await;
    bench.end().await;
}
