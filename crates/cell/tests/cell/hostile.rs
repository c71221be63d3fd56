//! A program in a runtime's place that attacks its neighbours and the engine.

use crate::bench::{Bench, is_root, next, serving, signal};
use crate::database::TestDatabase;
use crate::load::{get, who};
use bytes::Bytes;
use engine::Engine;
use engine::observation::{Event, EventKind, Rollout};
use engine::refs::BucketRef;
use engine::workload::Workload;
use http::header::HOST;
use http::{Request, StatusCode};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A workload that runs the hostile program against `neighbour`, not applied yet.
fn attacker(
    bench: &Bench,
    own: &TestDatabase,
    neighbour: &Workload,
    pid: u32,
    pretend: bool,
) -> Workload {
    let mut workload = bench.workload(own.by_socket(), 1);
    let victim = neighbour.template.as_ref().expect("a template");
    let tcp = own.by_tcp();
    let template = next(&mut workload);
    "hostile".clone_into(&mut template.runtime);
    let targets = json!({
        "pretend": pretend,
        "other_bucket": bucket(&victim.bucket),
        "data_folder": bench.data(),
        "workspace": Path::new(env!("CARGO_MANIFEST_DIR")),
        "cell_socket": bench.data().join("cell.sock"),
        "secret_file": bench.data().join("uids.json"),
        "neighbour_pid": pid,
        "database_server": format!("{}:{}", tcp.host, tcp.port),
        "apps": bench.apps().to_string(),
        "outside": "192.0.2.1:80",
        "own_role": own.name,
        "other_database": victim.database.name,
        "portal_database": victim.database.name,
    });
    let file = bucket(&template.bucket).join("targets.json");
    std::fs::write(file, targets.to_string()).expect("written");
    workload
}

#[tokio::test]
async fn every_attack_is_refused_or_stopped_and_the_neighbour_notices_nothing() {
    assert!(is_root(), "limits and user ids are tested as root");
    let bench = Bench::start().await;
    assert_eq!(bench.engine.info().await.expect("info").sandbox, "runc");
    let (_database, neighbour, pids) = serving(&bench, 1).await;
    let own = TestDatabase::make();
    let mut workload = attacker(&bench, &own, &neighbour, pids[0], false);
    next(&mut workload).pids = 40;
    bench.apply(&workload).await;
    let (reason, log) = bench.failed(&workload).await;
    assert!(reason.contains("out of memory"), "{reason}");
    assert!(
        log.iter().any(|line| line.contains("but memory")),
        "{log:?}"
    );

    let template = workload.template.expect("a template");
    let file = bucket(&template.bucket).join("findings.json");
    let findings: Value =
        serde_json::from_slice(&std::fs::read(file).expect("findings")).expect("JSON");
    let tries = findings.as_object().expect("an object");
    let done: Vec<_> = tries
        .iter()
        .filter(|(_, found)| found.get("done").is_some())
        .collect();
    assert!(done.is_empty(), "{done:#?}");
    assert!(
        tries
            .values()
            .filter(|found| found.get("refused").is_some())
            .count()
            > 20,
        "{findings:#}"
    );
    // The comparison shows that the refusals are not a broken program's.
    assert_eq!(findings["own database"], "ready", "{findings:#}");
    assert_eq!(findings["processes_seen"], 2, "{findings:#}");
    assert_eq!(findings["network_devices"], json!(["lo"]));
    assert_eq!(findings["CapEff"], "0000000000000000");
    assert_eq!(findings["CapBnd"], "0000000000000000");
    assert_eq!(
        (&findings["NoNewPrivs"], &findings["Seccomp"]),
        (&json!("1"), &json!("2"))
    );
    assert_eq!(findings["oom_score_adj"], "500");
    assert!(!findings["Uid"].as_str().expect("text").starts_with('0'));
    let started = findings["processes_started"].as_u64().expect("a number");
    assert!((1..40).contains(&started), "{started}");

    assert_eq!(bench.converged(&neighbour).await, pids);
    assert_eq!(who(bench.apps(), &neighbour).await["index"], 0);
    assert_eq!(get(bench.apps(), &neighbour, "/").await.0, StatusCode::OK);
    bench.end().await;
}

#[tokio::test]
async fn links_in_the_shared_folder_lead_the_engine_nowhere() {
    let bench = Bench::start().await;
    let (_database, neighbour, pids) = serving(&bench, 1).await;
    let own = TestDatabase::make();
    let workload = attacker(&bench, &own, &neighbour, pids[0], true);
    bench.apply(&workload).await;
    let (reason, log) = bench.failed(&workload).await;
    assert!(reason.contains("not a socket"), "{reason} {log:?}");
    assert!(log.is_empty(), "{log:?}");
    assert_eq!(bench.converged(&neighbour).await, pids);
    bench.end().await;
}

/// What the engine answers, byte by byte.
async fn answer(bench: &Bench, path: &str) -> Vec<u8> {
    let request = Request::get(path).header(HOST, "cell").body(Bytes::new());
    let request = request.expect("a request");
    let answer = unix_http::send(&bench.data().join("cell.sock"), request, 64 << 20).await;
    answer.expect("answered").into_body().to_vec()
}

#[tokio::test]
async fn text_without_end_of_one_tenant_hides_nothing_of_the_others() {
    let bench = Bench::start().await;
    let (_database, neighbour, pids) = serving(&bench, 1).await;
    let own = TestDatabase::make();
    let mut workload = attacker(&bench, &own, &neighbour, pids[0], false);
    let file = bucket(&workload.template.as_ref().expect("a template").bucket).join("targets.json");
    // One that is refused unread, and one that is read.
    for (bytes, said) in [
        (15 << 20, "larger than"),
        (900 << 10, "after-startup action failed"),
    ] {
        for _ in 0..2 {
            std::fs::write(&file, json!({ "long_winded": bytes }).to_string()).expect("written");
            next(&mut workload).restarts += 1;
            bench.apply(&workload).await;
            let revision = workload.revision;
            bench
                .until(&workload, "the failure", |seen| match &seen.rollout {
                    Rollout::Failed { reason, log } if seen.revision == revision => {
                        assert!(reason.contains(said), "{reason} {log:?}");
                        assert!(
                            log.last().is_some_and(|line| line.ends_with("[31mx")),
                            "{log:?}"
                        );
                        Some(())
                    }
                    _ => None,
                })
                .await;
        }
    }
    for path in ["/events", "/workloads"] {
        let bytes = answer(&bench, path).await;
        assert!(bytes.len() < 256 << 10, "{path}: {}", bytes.len());
        let text = String::from_utf8(bytes).expect("text");
        for refused in ["\\u0000", "\\u001b", "\u{1b}"] {
            assert!(!text.contains(refused), "{path} has {refused:?}");
        }
    }
    let seen = bench.engine.events(0, 0).await.expect("events");
    signal(pids[0], Signal::KILL);
    bench.replaced(&neighbour, 0, pids[0]).await;
    let last = seen.last().expect("an event").sequence;
    let newer = bench.engine.events(last, 10).await.expect("events");
    let crashed =
        |event: &Event| event.workload == neighbour.id && event.kind == EventKind::Crashed;
    assert!(newer.iter().any(crashed), "{newer:?}");
    bench.end().await;
}

fn bucket(bucket: &BucketRef) -> PathBuf {
    bucket.url.to_file_path().expect("a folder")
}
