//! A process of the sample runtime, ended when it is dropped.

use axum::body::Bytes;
use axum::http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use m2ee::calls::About;
use m2ee::client::Client;
use m2ee::start::{self, StartConfig, StartError};
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use sqlx::{ConnectOptions, PgPool};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

pub const DEBUGGER_PASSWORD: &str = "the debugger's password";
const PATIENCE: Duration = Duration::from_secs(30);

/// A process, its folder and its sockets.
pub struct Instance {
    pub folder: TempDir,
    pub client: Client,
    pub process: Child,
    index: u16,
}

impl Instance {
    /// Starts a process with the sample package and `change` made to its metadata.
    pub fn launch(index: u16, change: impl FnOnce(&mut Value)) -> Self {
        let folder = unpacked_sample(change);
        Self::launch_in(folder, index)
    }

    /// Starts a process with what is in `folder`.
    pub fn launch_in(folder: TempDir, index: u16) -> Self {
        let admin = folder.path().join("admin.sock");
        let process = Command::new(env!("CARGO_BIN_EXE_sample-runtime"))
            .arg(folder.path())
            .env_clear()
            .env("M2EE_ADMIN_PASS", "a long admin password")
            .env("M2EE_ADMIN_SOCKET", &admin)
            .env("M2EE_RUNTIME_SOCKET", folder.path().join("runtime.sock"))
            .env("INSTANCE_INDEX", index.to_string())
            .env("INSTANCE_ID", format!("instance-{index}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the built program");
        let client = Client::unix(admin, SecretString::from("a long admin password"));
        Self {
            folder,
            client,
            process,
            index,
        }
    }

    /// Runs the start sequence; the instance with index 0 leads.
    pub async fn start(&self, configuration: Map<String, Value>) -> Result<About, StartError> {
        let config = StartConfig {
            structure_pause: Duration::from_millis(20),
            ..StartConfig::new(
                self.index == 0,
                configuration,
                SecretString::from(DEBUGGER_PASSWORD),
                SecretString::from("an administrator's password"),
            )
        };
        start::run(&self.client, &config, |_| {}).await
    }

    pub fn runtime_socket(&self) -> PathBuf {
        self.folder.path().join("runtime.sock")
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.send(Request::get(path).body(Full::default()).expect("a request"))
            .await
    }

    pub async fn post(&self, path: &str) -> (StatusCode, Value) {
        let request = Request::builder().method(Method::POST).uri(path);
        self.send(request.body(Full::default()).expect("a request"))
            .await
    }

    /// Sends a request; text that is not JSON comes as a JSON string.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> (StatusCode, Value) {
        send(&self.runtime_socket(), request)
            .await
            .expect("an answer")
    }

    pub async fn ended(&mut self) -> ExitStatus {
        let ended = tokio::time::timeout(PATIENCE, self.process.wait()).await;
        ended.expect("it ends in time").expect("its status")
    }

    pub fn terminate(&self) {
        let pid = i32::try_from(self.process.id().expect("it runs")).expect("a process id");
        let pid = rustix::process::Pid::from_raw(pid).expect("a process id");
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a signal");
    }
}

pub async fn send(
    socket: &Path,
    mut request: Request<Full<Bytes>>,
) -> Result<(StatusCode, Value), Box<dyn std::error::Error + Send + Sync>> {
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(UnixStream::connect(socket).await?)).await?;
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    request
        .headers_mut()
        .insert("host", "shop.example".parse()?);
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    let text = String::from_utf8_lossy(&body).into_owned();
    Ok((
        status,
        serde_json::from_str(&text).unwrap_or(Value::String(text)),
    ))
}

/// The sample app in a folder of its own, as an unpacked package is.
pub fn unpacked_sample(change: impl FnOnce(&mut Value)) -> TempDir {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sample");
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["model", "web"] {
        std::fs::create_dir(folder.path().join(name)).expect("a folder");
    }
    for item in std::fs::read_dir(sample.join("web")).expect("the sample") {
        let item = item.expect("an item");
        std::fs::copy(
            item.path(),
            folder.path().join("web").join(item.file_name()),
        )
        .expect("a copy");
    }
    let metadata = std::fs::read(sample.join("model/metadata.json")).expect("the sample");
    let mut metadata: Value = serde_json::from_slice(&metadata).expect("JSON");
    change(&mut metadata);
    std::fs::write(
        folder.path().join("model/metadata.json"),
        metadata.to_string(),
    )
    .expect("room");
    folder
}

/// The runtime's configuration for the test's own database.
pub fn configuration(pool: &PgPool) -> Map<String, Value> {
    let options = pool.connect_options();
    let port = options.get_port();
    let host = match options.get_socket() {
        Some(folder) => format!("{}:{port}", folder.display()),
        None => format!("{}:{port}", options.get_host()),
    };
    let url = options.to_url_lossy();
    let configuration = json!({
        "BasePath": "/app",
        "RuntimePath": "/runtime",
        "DTAPMode": "T",
        "DatabaseType": "PostgreSQL",
        "DatabaseHost": host,
        "DatabaseName": options.get_database(),
        "DatabaseUserName": options.get_username(),
        "DatabasePassword": url.password().unwrap_or_default(),
        "ConnectionPoolingMaxActive": 3,
        "MicroflowConstants": {},
    });
    match configuration {
        Value::Object(configuration) => configuration,
        _ => Map::new(),
    }
}
