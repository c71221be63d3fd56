//! A peer that follows the documented protocol by a script.

use axum::body::Bytes;
use axum::http::{HeaderMap, Method};
use axum::{Json, Router};
use m2ee::authentication;
use m2ee::client::Client;
use m2ee::message::{Reply, Request};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinSet;

pub const PASSWORD: &str = "a long admin password";

/// What the script says to an action, given how often it came before; nothing means "done".
type Script = Box<dyn Fn(&str, usize) -> Option<Reply> + Send + Sync>;

/// The calls that came: action and parameters.
type Calls = Arc<Mutex<Vec<(String, Value)>>>;

/// A running peer; it ends when it is dropped.
pub struct Peer {
    pub client: Client,
    calls: Calls,
    _server: JoinSet<()>,
    _folder: Option<TempDir>,
}

impl Peer {
    /// At a TCP port.
    pub async fn tcp(
        script: impl Fn(&str, usize) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        let (router, calls) = scripted(Box::new(script));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.expect("serving") });
        let client = Client::tcp(address, SecretString::from(PASSWORD));
        Self {
            client,
            calls,
            _server: server,
            _folder: None,
        }
    }

    /// At a unix socket.
    pub fn unix(script: impl Fn(&str, usize) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("admin.sock");
        let listener = UnixListener::bind(&path).expect("a socket");
        let (router, calls) = scripted(Box::new(script));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.expect("serving") });
        let client = Client::unix(path, SecretString::from(PASSWORD));
        Self {
            client,
            calls,
            _server: server,
            _folder: Some(folder),
        }
    }

    /// The actions that came, in order.
    pub fn actions(&self) -> Vec<String> {
        self.calls
            .lock()
            .expect("calls")
            .iter()
            .map(|(action, _)| action.clone())
            .collect()
    }

    /// The parameters of the first call of `action`.
    pub fn params_of(&self, action: &str) -> Value {
        let calls = self.calls.lock().expect("calls");
        calls
            .iter()
            .find(|(name, _)| name == action)
            .expect("it was called")
            .1
            .clone()
    }
}

fn scripted(script: Script) -> (Router, Calls) {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let script = Arc::new(script);
    let log = calls.clone();
    let answer = move |method: Method, headers: HeaderMap, body: Bytes| async move {
        let password = SecretString::from(PASSWORD);
        if !authentication::accepts(&password, headers.get(authentication::HEADER)) {
            return Json(Reply::refused(-4, "forbidden"));
        }
        if method != Method::POST || headers["content-type"] != "application/json" {
            return Json(Reply::refused(-3, "method or content type"));
        }
        let request: Request = serde_json::from_slice(&body).expect("a request");
        let before = {
            let mut calls = log.lock().expect("calls");
            let before = calls
                .iter()
                .filter(|(name, _)| *name == request.action)
                .count();
            calls.push((request.action.clone(), request.params));
            before
        };
        Json(script(&request.action, before).unwrap_or_else(|| usual(&request.action)))
    };
    (Router::new().fallback(answer), calls)
}

fn usual(action: &str) -> Reply {
    match action {
        "echo" => Reply::done(json!({ "echo": "pong" })),
        "about" => Reply::done(json!({
            "name": "Scripted", "vendor": "Test", "version": "9.24.2", "model_version": "1.0.0",
            "build": 7,
        })),
        "runtime_status" => Reply::done(json!({ "status": "running" })),
        "get_ddl_commands" => Reply::done(json!({ "ddl_commands": ["CREATE TABLE a ()"] })),
        "get_debugger_status" => Reply::done(json!({
            "enabled": true, "client_connected": false, "number_of_paused_microflows": 2,
        })),
        "check_health" => Reply::done(json!({ "health": "sick", "diagnosis": "full" })),
        "create_log_subscriber"
        | "start_logging"
        | "update_appcontainer_configuration"
        | "update_configuration"
        | "start"
        | "execute_ddl_commands"
        | "create_admin_user"
        | "update_admin_user"
        | "enable_debugger"
        | "disable_debugger"
        | "set_log_level"
        | "get_log_settings"
        | "runtime_statistics"
        | "server_statistics" => Reply::done(json!({})),
        _ => Reply::refused(-5, "Action not found"),
    }
}
