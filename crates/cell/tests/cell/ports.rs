//! A runtime that knows only TCP ports, started as a Mendix Runtime is.
//!
//! In the place of Java and the runtime stands a program that speaks the same admin protocol on
//! the ports it is told and reaches its database by TCP.

use crate::bench::{Bench, next, program, signal};
use crate::database::TestDatabase;
use crate::load::{request, who};
use http::{Method, StatusCode};
use rustix::process::Signal;
use std::fs::{Permissions, create_dir_all, set_permissions, write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;

fn stand_in(folder: &Path) {
    create_dir_all(folder.join("java/bin")).expect("a folder");
    create_dir_all(folder.join("mendix/runtime/mxclientsystem")).expect("a folder");
    let java = folder.join("java/bin/java");
    write(&java, "#!/bin/sh\nexec /mendix/stand-in /app\n").expect("written");
    set_permissions(&java, Permissions::from_mode(0o755)).expect("set");
    let to = folder.join("mendix/stand-in");
    std::fs::copy(program("sample-runtime"), to).expect("copied");
    let config = format!(
        "data_dir = '{0}/cell'\n[runtimes.mendix]\njava = '{0}/java/bin/java'\nruntime_dir = '{0}/mendix'\n",
        folder.display()
    );
    write(folder.join("cell.toml"), config).expect("written");
}

#[tokio::test]
async fn it_is_started_served_healed_and_reaches_its_database() {
    let folder = TempDir::with_prefix("cell-").expect("a folder");
    // The sandbox's user must be able to pass through to the stand-in.
    set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("set");
    stand_in(folder.path());
    let bench = Bench::start_in(folder, "auto").await;
    let database = TestDatabase::make();
    let mut workload = bench.workload(database.by_socket(), 2);
    "mendix".clone_into(&mut next(&mut workload).runtime);
    bench.apply(&workload).await;
    let pids = bench.converged(&workload).await;
    assert!(who(bench.apps(), &workload).await["index"].is_number());
    let counted = request(bench.apps(), &workload, Method::POST, "/api/counter").await;
    assert_eq!(counted.expect("counted").0, StatusCode::OK);
    signal(pids[1], Signal::KILL);
    bench.replaced(&workload, 1, pids[1]).await;
    assert_eq!(bench.converged(&workload).await[0], pids[0]);
    bench.end().await;
}
