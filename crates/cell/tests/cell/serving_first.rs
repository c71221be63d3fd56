//! Whatever is broken or does not answer on the machine: what runs is served, and the rest is done beside it.

use crate::bench::{Bench, next, runs, serving};
use crate::database::TestDatabase;
use crate::load::get;
use domain::states::InstanceState;
use engine::{Engine, EngineError};
use http::StatusCode;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Lets the cell find programs in `bin` beside its folder before those of the system.
const WITH_BIN: &str = r#"PATH="$7/../bin:$PATH" exec "$0" "$@""#;
/// A `runc` that hangs over every command that there is a file of: `hang-run`, `hang-delete`.
const HANGING: &str = "#!/bin/sh\n[ -e \"$(dirname \"$0\")/hang-$3\" ] && exec sleep 600\nPATH=${PATH#*:} exec runc \"$@\"\n";

async fn with_hanging_runc() -> (Bench, PathBuf) {
    let bench = Bench::start_after(WITH_BIN).await;
    let bin = bench.data().with_file_name("bin");
    std::fs::create_dir(&bin).expect("a folder");
    let runc = bin.join("runc");
    std::fs::write(&runc, HANGING).expect("written");
    std::fs::set_permissions(&runc, Permissions::from_mode(0o755)).expect("executable");
    (bench, bin)
}

#[tokio::test]
async fn apps_are_served_while_the_cleaning_hangs() {
    let (mut bench, bin) = with_hanging_runc().await;
    let (_database, workload, pids) = serving(&bench, 1).await;
    let (_other_database, unwanted, unwanted_pids) = serving(&bench, 1).await;
    bench.kill();
    let record = bench.data().join(format!("workloads/{}.json", unwanted.id));
    std::fs::remove_file(record).expect("removed");
    std::fs::write(bin.join("hang-delete"), "").expect("written");
    bench.run().await;
    let (status, page) = get(bench.apps(), &workload, "/").await;
    assert_eq!(status, StatusCode::OK, "{page:?}");
    assert_eq!(bench.converged(&workload).await, pids);
    bench.ended(&unwanted_pids).await;
    assert!(bench.containers() > 1, "the cleaning hangs");
    std::fs::remove_file(bin.join("hang-delete")).expect("removed");
    bench.kill();
    bench.run().await;
    bench
        .until(&workload, "the cleaning", |_| {
            (bench.containers() == 1).then_some(())
        })
        .await;
    bench.end().await;
}

#[tokio::test]
async fn an_instance_that_hangs_in_its_making_can_be_taken_away() {
    let (bench, bin) = with_hanging_runc().await;
    std::fs::write(bin.join("hang-run"), "").expect("written");
    let database = TestDatabase::make();
    let workload = bench.workload(database.by_socket(), 1);
    bench.apply(&workload).await;
    bench
        .until(&workload, "the making", |seen| {
            let instance = seen.instances.first()?;
            (instance.detail == "Making the sandbox").then_some(())
        })
        .await;
    bench.engine.remove(workload.id).await.expect("removed");
    let gone = bench.engine.observe(workload.id).await;
    assert!(matches!(gone, Err(EngineError::NotFound)), "{gone:?}");
    bench.end().await;
}

#[tokio::test]
async fn broken_things_are_set_aside_and_reported_one_by_one() {
    let mut bench = Bench::start().await;
    let (_database, mut workload, pids) = serving(&bench, 1).await;
    bench.kill();
    let data = bench.data();
    std::fs::write(data.join("uids.json"), "{\"next\":").expect("damaged");
    std::fs::remove_file(data.join("events.jsonl")).expect("removed");
    std::fs::create_dir(data.join("events.jsonl")).expect("a folder in its place");
    let broken = data.join(format!("runc/cell-{}", Uuid::new_v4()));
    std::fs::create_dir(&broken).expect("a container");
    std::fs::write(broken.join("state.json"), "{").expect("damaged");
    bench.run().await;
    assert_eq!(bench.converged(&workload).await, pids);
    assert_eq!(get(bench.apps(), &workload, "/").await.0, StatusCode::OK);
    let name = broken
        .file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    let id = name.trim_start_matches("cell-");
    let deadline = Instant::now() + Duration::from_mins(1);
    for what in ["uids.json", "events.jsonl", id] {
        loop {
            let problems = bench.engine.info().await.expect("info").problems;
            // What could be set aside is mended by the first event.
            if problems.iter().any(|it| it.contains(what))
                || bench.log().contains(&format!("{what}: "))
            {
                break;
            }
            assert!(Instant::now() < deadline, "{what}: {problems:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    // The environment has kept its user id: what it wrote is still its own.
    workload.instances = 2;
    next(&mut workload);
    bench.apply(&workload).await;
    assert_eq!(bench.converged(&workload).await[0], pids[0]);
    std::fs::remove_dir_all(&broken).expect("removed");
    bench.end().await;
}

#[tokio::test]
async fn a_fault_of_the_machine_is_not_told_as_one_of_the_request() {
    let bench = Bench::start().await;
    let mut workload = bench.workload(TestDatabase::make().by_socket(), 0);
    let blocked = bench.data().join(format!("workloads/{}.new", workload.id));
    std::fs::create_dir(&blocked).expect("a folder where the file is to be written");
    let refused = bench.engine.apply(&workload).await;
    assert!(
        matches!(&refused, Err(EngineError::NotNow(why)) if why.contains("disk")),
        "{refused:?}"
    );
    std::fs::remove_dir(&blocked).expect("removed");
    bench.apply(&workload).await;
    // The first event comes when nothing is written any more.
    let events = bench.engine.events(0, 30).await.expect("events");
    assert_eq!(events.len(), 1, "{events:?}");
    std::fs::create_dir(&blocked).expect("made");
    workload.revision += 1;
    let refused = bench.engine.apply(&workload).await;
    assert!(
        matches!(refused, Err(EngineError::NotNow(_))),
        "{refused:?}"
    );
    std::fs::remove_dir(&blocked).expect("removed");
    let template = next(&mut workload);
    template
        .constants
        .insert("A.B".to_owned(), "x".repeat(5 << 20));
    let refused = bench.engine.apply(&workload).await;
    assert!(
        matches!(&refused, Err(EngineError::Refused(why)) if why.contains("constants")),
        "{refused:?}"
    );
    bench.end().await;
}

#[tokio::test]
async fn what_bubblewrap_started_and_nobody_knows_is_ended() {
    let mut bench = Bench::start_with("bubblewrap").await;
    let (_database, workload, pids) = serving(&bench, 1).await;
    let (_other_database, forgotten, forgotten_pids) = serving(&bench, 1).await;
    let ids = [
        bench.instance(&workload, 0).await.id,
        bench.instance(&forgotten, 0).await.id,
    ];
    bench.kill();
    let instances = bench.data().join("instances");
    std::fs::write(instances.join(format!("{}/record.json", ids[0])), "{").expect("damaged");
    std::fs::remove_dir_all(instances.join(ids[1].to_string())).expect("removed");
    let record = bench
        .data()
        .join(format!("workloads/{}.json", forgotten.id));
    std::fs::remove_file(record).expect("removed");
    assert!(pids.iter().chain(&forgotten_pids).all(|pid| runs(*pid)));
    bench.run().await;
    bench.ended(&pids).await;
    bench.ended(&forgotten_pids).await;
    let now = bench.converged(&workload).await;
    assert_ne!(now, pids);
    assert_eq!(
        bench.instance(&workload, 0).await.state,
        InstanceState::Ready
    );
    bench.end().await;
}

#[test]
fn without_limits_nothing_but_a_localhost_address_is_served() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_cell"))
        .args([
            "serve",
            "--sandbox",
            "bubblewrap",
            "--apps-addr",
            "0.0.0.0:0",
            "--data-dir",
        ])
        .arg(folder.path().join("cell"))
        .env_remove("CELL_ALLOW_UNLIMITED")
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("APPS_ADDR") && said.contains("CELL_ALLOW_UNLIMITED"),
        "{said}"
    );
}
