//! What the machine brings along: few open files, a strict mask, a distribution's own Java.

use crate::bench::{Bench, is_root, next, serving, signal};
use crate::database::TestDatabase;
use crate::load::who;
use engine::Engine;
use rustix::process::Signal;
use std::fs::{create_dir_all, write};
use std::path::Path;
use tempfile::TempDir;
use tokio::net::TcpStream;

#[tokio::test]
async fn more_idle_clients_than_open_files_harm_no_instance() {
    let bench = Bench::start_after(r#"ulimit -n 128 && exec "$0" "$@""#).await;
    let (_database, workload, pids) = serving(&bench, 2).await;
    let mut idle = Vec::new();
    // No more, since where few may wait to be accepted the next would not even connect.
    for _ in 0..140 {
        idle.push(TcpStream::connect(bench.apps()).await.expect("connected"));
    }
    // What the cell does meanwhile needs files too, and takes longer than giving up an instance.
    let (_other_database, other, crashing) = serving(&bench, 3).await;
    let mut crashed = crashing[2];
    for _ in 0..2 {
        signal(crashed, Signal::KILL);
        let replacement = bench.replaced(&other, 2, crashed).await;
        crashed = replacement.pid.expect("a pid");
    }
    assert_eq!(bench.converged(&workload).await, pids);
    assert_eq!(bench.converged(&other).await[..2], crashing[..2]);
    drop(idle);
    assert!(who(bench.apps(), &workload).await["index"].is_number());
    bench.end().await;
}

#[tokio::test]
async fn a_strict_mask_costs_neither_the_sandbox_nor_an_instance() {
    let bench = Bench::start_after(r#"umask 077 && exec "$0" "$@""#).await;
    let expected = if is_root() { "runc" } else { "bubblewrap" };
    assert_eq!(bench.engine.info().await.expect("info").sandbox, expected);
    let (_database, workload, _) = serving(&bench, 1).await;
    assert_eq!(who(bench.apps(), &workload).await["index"], 0);
    bench.end().await;
}

/// A distribution's Java has its settings below `/etc` and links that lead there. Where there is
/// no Java, there is nothing to see.
#[tokio::test]
async fn the_java_of_this_machine_runs_in_the_sandbox() {
    if !Path::new("/usr/bin/java").exists() {
        return;
    }
    let folder = TempDir::with_prefix("cell-").expect("a folder");
    let config = format!(
        "data_dir = '{0}/cell'\n[runtimes.mendix]\njava = '/usr/bin/java'\nruntime_dir = '{0}/mendix'\n",
        folder.path().display()
    );
    write(folder.path().join("cell.toml"), config).expect("written");
    create_dir_all(folder.path().join("mendix/runtime/mxclientsystem")).expect("made");
    let bench = Bench::start_in(folder, "auto").await;
    let database = TestDatabase::make();
    let mut workload = bench.workload(database.by_socket(), 1);
    "mendix".clone_into(&mut next(&mut workload).runtime);
    bench.apply(&workload).await;
    // Java itself starts; only the runtime is missing.
    let (_, log) = bench.failed(&workload).await;
    let missing = |line: &String| line.contains("Unable to access jarfile");
    assert!(log.iter().any(missing), "{log:?}");
    bench.end().await;
}
