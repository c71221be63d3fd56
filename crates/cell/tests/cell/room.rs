//! What the engine has no room for is refused; what takes too much is held or ended.

use crate::bench::{Bench, is_root, next, serving};
use crate::database::TestDatabase;
use crate::load::{get, request, who};
use domain::states::InstanceState;
use engine::usage::{DiskUse, Room};
use engine::workload::Workload;
use engine::{Engine, EngineError};
use http::{Method, StatusCode};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_mins(1);

async fn room(bench: &Bench) -> Room {
    let info = bench.engine.info().await.expect("info");
    info.room.expect("it counts")
}

/// Waits until what is measured of a workload is as `so` says.
async fn measured(bench: &Bench, workload: &Workload, so: impl Fn(&DiskUse) -> bool) -> DiskUse {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let usage = bench.engine.usage().await.expect("measured");
        let mut all = usage.environments.into_iter();
        let found = all.find(|it| it.id == workload.id);
        match found {
            Some(found) if so(&found) => return found,
            found => assert!(Instant::now() < deadline, "{found:?} {}", bench.log()),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn bucket(workload: &Workload) -> PathBuf {
    let template = workload.template.as_ref().expect("a template");
    template.bucket.url.to_file_path().expect("a folder")
}

/// Keeps a file in the app; the first line of the answer.
async fn keep(bench: &Bench, workload: &Workload, name: &str) -> String {
    let mut stream = TcpStream::connect(bench.apps()).await.expect("connected");
    let asked = format!(
        "PUT /api/files/{name} HTTP/1.1\r\nhost: {}\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello",
        workload.hosts[0]
    );
    stream.write_all(asked.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("answered");
    answer.lines().next().unwrap_or_default().to_owned()
}

/// Waits until keeping a file is answered with this status.
async fn kept(bench: &Bench, workload: &Workload, status: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = keep(bench, workload, "more").await;
        if answer.contains(status) {
            return;
        }
        assert!(Instant::now() < deadline, "{answer} {}", bench.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn what_there_is_no_memory_for_is_refused_in_words_and_changes_nothing() {
    let bench = Bench::start_told("memory_mib = 400").await;
    let (_database, mut workload, pids) = serving(&bench, 1).await;
    let before = room(&bench).await;
    assert_eq!((before.memory_mib, before.memory_free_mib), (400, 272));
    assert!(before.disk_bytes > before.disk_free_bytes && before.disk_free_bytes > 0);

    workload.instances = 4;
    workload.revision += 1;
    let refused = bench.engine.apply(&workload).await.expect_err("no room");
    let EngineError::NoRoom(said) = &refused else {
        panic!("{refused}");
    };
    assert!(
        said.starts_with("It needs 384 MB for 3 more instances; 272 MB of 400 MB are free."),
        "{said}"
    );
    let other = bench.workload(TestDatabase::make().by_socket(), 3);
    let refused = bench.engine.apply(&other).await.expect_err("no room");
    assert!(matches!(refused, EngineError::NoRoom(_)), "{refused}");
    let unknown = bench.engine.observe(other.id).await;
    assert!(matches!(unknown, Err(EngineError::NotFound)));
    assert_eq!(room(&bench).await.memory_free_mib, 272, "nothing was taken");

    workload.instances = 3;
    bench.apply(&workload).await;
    assert_eq!(
        bench.converged(&workload).await[..1],
        pids,
        "the old one serves on"
    );
    workload.instances = 0;
    next(&mut workload);
    bench.apply(&workload).await;
    bench.converged(&workload).await;
    assert_eq!(room(&bench).await.memory_free_mib, 400);
    bench.engine.remove(workload.id).await.expect("removed");
    bench.end().await;
}

#[tokio::test]
async fn a_restarted_cell_with_less_memory_ends_nothing() {
    let mut bench = Bench::start_told("memory_mib = 400").await;
    let (_database, mut workload, pids) = serving(&bench, 2).await;
    bench.kill();
    let config = bench.data().with_file_name("cell.toml");
    let told = std::fs::read_to_string(&config).expect("told");
    std::fs::write(&config, told.replace("400", "150")).expect("told");
    bench.run().await;
    assert_eq!(bench.converged(&workload).await, pids);
    assert_eq!(room(&bench).await.memory_free_mib, 0);
    bench.apply(&workload).await;
    workload.instances = 1;
    next(&mut workload);
    bench.apply(&workload).await;
    assert_eq!(
        bench.converged(&workload).await,
        pids[..1],
        "less is always taken"
    );
    bench.end().await;
}

#[tokio::test]
async fn a_package_that_the_disk_has_no_room_for_is_not_unpacked() {
    let bench = Bench::start_told("disk_reserve_mib = 1000000000").await;
    let database = TestDatabase::make();
    let workload = bench.workload(database.by_socket(), 1);
    bench.apply(&workload).await;
    let (reason, _) = bench.failed(&workload).await;
    for words in [
        "no room for the package Shop 1.0.0",
        "it needs",
        "0 MB are free",
    ] {
        assert!(reason.contains(words), "{reason}");
    }
    let packages = std::fs::read_dir(bench.data().join("packages"));
    assert_eq!(packages.expect("a folder").count(), 0);
    let info = bench.engine.info().await.expect("info");
    assert_eq!(info.room.expect("it counts").disk_free_bytes, 0);
    bench
        .until(&workload, "the alarm", |_| {
            bench.log().contains("ERROR").then_some(())
        })
        .await;
    let problems = bench.engine.info().await.expect("info").problems;
    assert!(
        problems
            .iter()
            .any(|it| it.contains("kept for the platform")),
        "{problems:?}"
    );
    bench.end().await;
}

#[tokio::test]
async fn an_instance_that_fills_its_own_folder_is_ended_and_replaced() {
    let bench = Bench::start_told("run_folder_mib = 4\nmeasure_every_seconds = 1").await;
    let (_database, workload, pids) = serving(&bench, 1).await;
    let instance = bench.instance(&workload, 0).await;
    let run = bench.data().join("instances").join(instance.id.to_string());
    std::fs::write(run.join("run/filling"), vec![7; 8 << 20]).expect("written");
    let replacement = bench.replaced(&workload, 0, pids[0]).await;
    let crash = replacement.last_crash.expect("a crash");
    assert_eq!(
        crash.reason,
        "the files that it keeps beside its bucket grew beyond 4 MB"
    );
    assert!(!run.exists(), "its folder went with it");
    measured(&bench, &workload, |it| it.run_bytes < 4 << 20).await;
    bench.end().await;
}

#[tokio::test]
async fn files_beyond_the_plan_grow_no_further_until_there_is_room_again() {
    assert!(is_root(), "what cannot be undone is tested as root");
    let bench = Bench::start_told("measure_every_seconds = 1").await;
    let database = TestDatabase::make();
    let mut workload = bench.workload(database.by_socket(), 2);
    workload.files_bytes = Some(10 << 20);
    bench.apply(&workload).await;
    let pids = bench.converged(&workload).await;
    assert!(keep(&bench, &workload, "first").await.contains("201"));

    let large = bucket(&workload).join("large");
    std::fs::write(&large, vec![7; 20 << 20]).expect("written");
    let held = measured(&bench, &workload, |it| it.held).await;
    assert!(held.files_bytes > 20 << 20 && held.files >= 2, "{held:?}");
    kept(&bench, &workload, "503").await;
    // Nothing else is taken from it.
    assert_eq!(
        get(bench.apps(), &workload, "/api/files/first").await.0,
        StatusCode::OK
    );
    let counted = request(bench.apps(), &workload, Method::POST, "/api/counter").await;
    assert_eq!(counted.expect("counted").0, StatusCode::OK);
    assert_eq!(
        bench.converged(&workload).await,
        pids,
        "nobody was ended for it"
    );

    std::fs::remove_file(&large).expect("removed");
    measured(&bench, &workload, |it| !it.held).await;
    kept(&bench, &workload, "201").await;
    assert_eq!(bench.converged(&workload).await, pids);
    assert!(who(bench.apps(), &workload).await["index"].is_number());
    let state = bench.instance(&workload, 0).await.state;
    assert_eq!(state, InstanceState::Ready);
    bench.end().await;
}

#[tokio::test]
async fn the_reserve_holds_who_grows_and_nobody_else() {
    let mut bench = Bench::start_told("measure_every_seconds = 1").await;
    let (_database, greedy, _) = serving(&bench, 1).await;
    let (_other, quiet, pids) = serving(&bench, 1).await;
    bench.kill();
    let config = bench.data().with_file_name("cell.toml");
    let told = std::fs::read_to_string(&config).expect("told");
    let told = format!("{told}disk_reserve_mib = 1000000000\n");
    std::fs::write(&config, told).expect("told");
    bench.run().await;

    let deadline = Instant::now() + PATIENCE;
    let filling = bucket(&greedy).join("filling");
    let mut size = 1 << 20;
    while !measured(&bench, &greedy, |_| true).await.held {
        assert!(Instant::now() < deadline, "{}", bench.log());
        std::fs::write(&filling, vec![7; size]).expect("written");
        size += 1 << 20;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    kept(&bench, &greedy, "503").await;
    kept(&bench, &quiet, "201").await;
    assert_eq!(bench.converged(&quiet).await, pids);
    assert!(bench.log().contains("the reserve of the disk is touched"));
    bench.end().await;
}
