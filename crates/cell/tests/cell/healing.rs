//! Instances that die, hang or use too much.

use crate::bench::{Bench, is_root, next, serving, signal};
use crate::load::{Load, get, request};
use domain::states::InstanceState;
use engine::Engine;
use engine::observation::{EventKind, Observation};
use http::{Method, StatusCode};
use rustix::process::Signal;

#[tokio::test]
async fn a_killed_instance_is_replaced_and_no_request_fails() {
    let bench = Bench::start().await;
    let (_database, workload, pids) = serving(&bench, 3).await;
    let load = Load::start(bench.apps(), &workload);
    load.more(50).await;
    signal(pids[1], Signal::KILL);
    let instance = bench.replaced(&workload, 1, pids[1]).await;
    load.more(50).await;
    load.end_without_failure().await;
    assert_eq!(instance.restarts, 1);
    let crash = instance.last_crash.expect("a crash");
    assert_eq!(crash.reason, "killed by signal 9");
    let events = bench.events(&workload, EventKind::Crashed).await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0].index, Some(1));
    let now = bench.converged(&workload).await;
    assert_eq!((now[0], now[2]), (pids[0], pids[2]));
    bench.end().await;
}

#[tokio::test]
async fn a_hanging_instance_is_taken_out_and_replaced() {
    let bench = Bench::start().await;
    let (_database, workload, pids) = serving(&bench, 3).await;
    let load = Load::start(bench.apps(), &workload);
    load.more(50).await;
    signal(pids[2], Signal::STOP);
    let instance = bench.replaced(&workload, 2, pids[2]).await;
    load.more(50).await;
    load.end_without_failure().await;
    let reason = instance.last_crash.expect("a crash").reason;
    assert!(reason.starts_with("did not answer for"), "{reason}");
    bench.ended(&pids[2..]).await;
    assert_eq!(bench.events(&workload, EventKind::Unhealthy).await.len(), 1);
    bench.end().await;
}

#[tokio::test]
async fn a_crash_says_how_the_process_ended() {
    let bench = Bench::start().await;
    let (_database, workload, pids) = serving(&bench, 1).await;
    // The instance ends before it can answer.
    drop(request(bench.apps(), &workload, Method::POST, "/api/crash").await);
    let instance = bench.replaced(&workload, 0, pids[0]).await;
    let reason = instance.last_crash.expect("a crash").reason;
    assert_eq!(reason, "ended by itself with code 70");
    // The log of what is gone says why, beside that of its replacement.
    let lines = bench.engine.logs(workload.id, 100).await.expect("logs");
    let last = lines.iter().find(|l| l.line.contains("asked to crash"));
    assert_ne!(last.expect("its last line").instance, instance.id);
    assert!(lines.iter().any(|l| l.instance == instance.id), "{lines:?}");
    bench.end().await;
}

#[tokio::test]
async fn when_all_fail_their_checks_they_get_requests_all_the_same() {
    let bench = Bench::start().await;
    let (_database, workload, pids) = serving(&bench, 2).await;
    let template = workload.template.as_ref().expect("a template");
    let page = bench.unpacked(&template.package).join("web/index.html");
    let text = std::fs::read(&page).expect("a page");
    // A link that leads to itself: the page that is asked for cannot be read, all else goes on.
    std::fs::remove_file(&page).expect("removed");
    std::os::unix::fs::symlink("index.html", &page).expect("linked");
    let both = async |wanted: InstanceState| {
        let all = |o: &Observation| o.instances.iter().all(|i| i.state == wanted).then_some(());
        bench.until(&workload, "both", all).await;
    };
    both(InstanceState::Unhealthy).await;
    let (status, _) = get(bench.apps(), &workload, "/api/load").await;
    assert_eq!(status, StatusCode::OK);
    std::fs::remove_file(&page).expect("removed");
    std::fs::write(&page, text).expect("written");
    both(InstanceState::Ready).await;
    assert_eq!(bench.converged(&workload).await, pids);
    bench.end().await;
}

#[tokio::test]
async fn crashing_again_and_again_is_answered_ever_later() {
    let bench = Bench::start().await;
    let (_database, mut workload, pids) = serving(&bench, 1).await;
    let waiting = bench.crashed_out(&workload, 0, pids[0]).await;
    assert!(
        waiting.detail.starts_with("Starts again in "),
        "{}",
        waiting.detail
    );
    // A change by a person does not wait.
    next(&mut workload);
    bench.apply(&workload).await;
    bench.converged(&workload).await;
    assert_eq!(bench.instance(&workload, 0).await.restarts, 4);
    bench.end().await;
}

#[tokio::test]
async fn use_is_measured() {
    let bench = Bench::start().await;
    let (_database, workload, _) = serving(&bench, 1).await;
    let used = bench
        .until(&workload, "a reading", |observation| {
            let instance = observation.instances.first()?;
            instance.cpu_milli.and(instance.memory_bytes)
        })
        .await;
    assert!(used > 1 << 20, "{used}");
    assert!(!is_root() || used < 128 << 20, "{used}");
    bench.end().await;
}
