//! The cell as `portal up` starts it: it knows no secret of the portal's, and one of another release is replaced.

use crate::clusters::{config, folder};
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use engine::cell::CellEngine;
use engine::observation::Info;
use engine::{API_VERSION, Engine};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use server::config::Config;
use std::fs::File;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::net::{UnixListener, UnixStream};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

const SECRET: &str = "5e7c9e";
const SETTINGS: [(&str, &str); 6] = [
    ("CELL_ZONES", "left,right"),
    ("OBJECTS_URL", "s3://bucket"),
    ("OBJECTS_ENDPOINT", "http://127.0.0.1:9"),
    ("OBJECTS_ACCESS_KEY_ID", SECRET),
    ("OBJECTS_SECRET_ACCESS_KEY", SECRET),
    ("ANYTHING_ELSE", SECRET),
];

#[tokio::test]
async fn the_cell_knows_its_own_settings_and_no_secret_of_the_portal_s() {
    let folder = folder();
    let config = config(&folder);
    let mut portal = up(&config);
    this_release_answers(&config, &mut portal).await;
    let socket = UnixStream::connect(&config.cell_socket).await;
    let peer = socket.expect("the cell").peer_cred().expect("its process");
    let pid = peer.pid().expect("a number");
    let environment = std::fs::read(format!("/proc/{pid}/environ")).expect("read");
    let environment = String::from_utf8_lossy(&environment);
    assert!(environment.contains("PATH="), "{environment}");
    assert!(!environment.contains(SECRET), "{environment}");
    let engine = CellEngine::new(config.cell_socket.clone());
    let zones = engine.info().await.expect("it answers").zones;
    assert_eq!(zones, ["left", "right"], "its own settings reach it");
    end(portal).await;
}

#[tokio::test]
async fn a_cell_of_another_release_is_replaced() {
    let folder = folder();
    let config = config(&folder);
    let asked = cell_of_before(&config);
    let mut portal = up(&config);
    tokio::select! {
        asked = asked => assert_eq!(asked, json!({ "stop_instances": false })),
        ended = portal.wait() => panic!("the portal has ended: {ended:?}"),
    }
    this_release_answers(&config, &mut portal).await;
    end(portal).await;
}

/// Answers as a cell of before interfaces had versions, until it is asked to end; what it was asked then.
fn cell_of_before(config: &Config) -> impl Future<Output = Value> + Send + use<> {
    let data = config.data.join("cell");
    std::fs::create_dir_all(&data).expect("a folder");
    let lock = File::create(data.join("lock")).expect("a file");
    lock.try_lock().expect("locked");
    if let Some(folder) = config.cell_socket.parent() {
        std::fs::create_dir_all(folder).expect("a folder");
    }
    let listener = UnixListener::bind(&config.cell_socket).expect("it listens");
    let info = json!({
        "version": "0.0.1", "sandbox": "runc", "unenforced": [], "ingress": "127.0.0.1:1",
        "zones": [], "runtimes": ["sample"],
    });
    let (ask, mut asked) = mpsc::channel(1);
    let shutdown = async |State(ask): State<mpsc::Sender<Value>>, Json(how): Json<Value>| {
        ask.send(how).await.expect("it is heard");
    };
    let router = Router::new()
        .route("/info", get(async || Json(info)))
        .route("/shutdown", post(shutdown))
        .with_state(ask);
    async move {
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let served = axum::serve(listener, router).with_graceful_shutdown(async {
            let _ = ended.await;
        });
        let served = tokio::spawn(async { served.await });
        let how = asked.recv().await.expect("it is asked to end");
        end.send(()).expect("it ends");
        served.await.expect("it has ended").expect("served");
        drop(lock);
        how
    }
}

fn up(config: &Config) -> Child {
    Command::new(env!("CARGO_BIN_EXE_portal"))
        .arg("up")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(SETTINGS)
        .env("PORTAL_CONFIG", "/dev/null")
        .env("PORTAL_DATA", &config.data)
        .env("PORTAL_ADDR", "127.0.0.1:0")
        .env("APPS_ADDR", "127.0.0.1:0")
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .expect("is run")
}

async fn this_release_answers(config: &Config, portal: &mut Child) {
    let engine = CellEngine::new(config.cell_socket.clone());
    let deadline = Instant::now() + Duration::from_mins(2);
    let current = |info: &Info| info.api_version == API_VERSION;
    while !engine.info().await.as_ref().is_ok_and(current) {
        assert!(Instant::now() < deadline, "no cell of this release answers");
        let ended = portal.try_wait().expect("asked");
        assert!(ended.is_none(), "the portal has ended: {ended:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Ends the portal as Ctrl-C does.
async fn end(mut portal: Child) {
    let pid = portal.id().and_then(|pid| pid.try_into().ok());
    let pid = pid.and_then(Pid::from_raw).expect("it runs");
    kill_process(pid, Signal::INT).expect("it is told");
    let ended = portal.wait().await.expect("collected");
    assert!(ended.success(), "{ended}");
}
