//! The driver of the local engine: HTTP with JSON over the unix socket of `cell`.

use crate::observation::{Event, Info, LogLine, Observation};
use crate::text::{plain, sanitize};
use crate::usage::Usage;
use crate::workload::{LARGEST_WORKLOAD, Workload};
use crate::{Engine, EngineError};
use async_trait::async_trait;
use bytes::Bytes;
use domain::ids::{EnvironmentId, InstanceId};
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

/// How long an ordinary answer may take.
const SOON: Duration = Duration::from_secs(15);
/// How long a call of a runtime's admin protocol may take.
const ADMIN: Duration = Duration::from_secs(30);
/// How long the end of all instances may take: they may be finishing their requests.
const REMOVAL: Duration = Duration::from_mins(15);
/// The largest answer about one thing that is read, bytes.
const ONE_THING: usize = 16 << 20;
/// The same about everything that there is, and of logs.
const EVERYTHING: usize = 64 << 20;

type Answer = Response<Bytes>;

/// The local engine at a unix socket.
#[derive(Debug, Clone)]
pub struct CellEngine {
    socket: PathBuf,
}

impl CellEngine {
    /// The engine whose socket is at `socket`; it need not run yet.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self {
            socket: socket.into(),
        }
    }

    /// Ends the engine itself, with or without its instances; what is wanted stays.
    pub async fn shutdown(&self, stop_instances: bool) -> Result<(), EngineError> {
        let body = json!({ "stop_instances": stop_instances });
        self.call(Method::POST, "/shutdown", Some(body), REMOVAL)
            .await
            .map(drop)
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        within: Duration,
        largest: usize,
    ) -> Result<T, EngineError> {
        told(&self.send(Method::GET, path, None, within, largest).await?)
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        within: Duration,
    ) -> Result<Answer, EngineError> {
        self.send(method, path, body, within, ONE_THING).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        within: Duration,
        largest: usize,
    ) -> Result<Answer, EngineError> {
        let request =
            request(method, path, body).map_err(|error| EngineError::Refused(error.to_string()))?;
        let sent = unix_http::send(&self.socket, request, largest);
        let answer = tokio::time::timeout(within, sent)
            .await
            .map_err(|_| {
                let text = format!("no answer to {path} within {} s", within.as_secs());
                EngineError::Unavailable(text.into())
            })?
            .map_err(|error| EngineError::Unavailable(error.into()))?;
        check_status(answer)
    }
}

#[async_trait]
impl Engine for CellEngine {
    async fn info(&self) -> Result<Info, EngineError> {
        self.get("/info", SOON, ONE_THING).await
    }

    async fn apply(&self, workload: &Workload) -> Result<(), EngineError> {
        let path = format!("/workloads/{}", workload.id);
        let body = serde_json::to_value(workload)
            .map_err(|error| EngineError::Refused(error.to_string()))?;
        let bytes = body.to_string().len();
        if bytes > LARGEST_WORKLOAD {
            return Err(EngineError::Refused(format!(
                "constants and settings: the wanted state has {bytes} bytes, of which an engine takes at most \
                 {LARGEST_WORKLOAD}; make values shorter"
            )));
        }
        self.call(Method::PUT, &path, Some(body), SOON)
            .await
            .map(drop)
    }

    async fn remove(&self, id: EnvironmentId) -> Result<(), EngineError> {
        let path = format!("/workloads/{id}");
        self.call(Method::DELETE, &path, None, REMOVAL)
            .await
            .map(drop)
    }

    async fn observe(&self, id: EnvironmentId) -> Result<Observation, EngineError> {
        self.get(&format!("/workloads/{id}"), SOON, ONE_THING).await
    }

    async fn observe_all(&self) -> Result<Vec<Observation>, EngineError> {
        self.get("/workloads", SOON, EVERYTHING).await
    }

    async fn events(&self, after: u64, wait_seconds: u32) -> Result<Vec<Event>, EngineError> {
        let path = format!("/events?after={after}&wait={wait_seconds}");
        let within = SOON + Duration::from_secs(u64::from(wait_seconds));
        self.get(&path, within, ONE_THING).await
    }

    async fn usage(&self) -> Result<Usage, EngineError> {
        match self.get("/usage", SOON, EVERYTHING).await {
            // A cell of before it was asked so measures nothing.
            Err(EngineError::NotFound) => Ok(Usage::default()),
            answered => answered,
        }
    }

    async fn logs(&self, id: EnvironmentId, tail: u32) -> Result<Vec<LogLine>, EngineError> {
        let path = format!("/workloads/{id}/logs?tail={tail}");
        self.get(&path, SOON, EVERYTHING).await
    }

    async fn admin(
        &self,
        instance: InstanceId,
        action: &str,
        params: Value,
    ) -> Result<(i64, Value), EngineError> {
        #[derive(Deserialize)]
        struct Reply {
            result: i64,
            feedback: Value,
        }
        let path = format!("/instances/{instance}/admin");
        let body = json!({ "action": action, "params": params });
        let answer = self.call(Method::POST, &path, Some(body), ADMIN).await?;
        let reply: Reply = told(&answer)?;
        Ok((reply.result, reply.feedback))
    }
}

fn request(method: Method, path: &str, body: Option<Value>) -> Result<Request<Bytes>, http::Error> {
    let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
    Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, "cell")
        .header(CONTENT_TYPE, "application/json")
        .body(body)
}

/// Tells what was done from what was refused and from what may work later.
fn check_status(answer: Answer) -> Result<Answer, EngineError> {
    if answer.status().is_success() {
        return Ok(answer);
    }
    if answer.status() == StatusCode::NOT_FOUND {
        return Err(EngineError::NotFound);
    }
    let said = said(&answer);
    if answer.status() == StatusCode::INSUFFICIENT_STORAGE {
        Err(EngineError::NoRoom(said))
    } else if answer.status().is_client_error() {
        Err(EngineError::Refused(said))
    } else if answer.status() == StatusCode::SERVICE_UNAVAILABLE {
        Err(EngineError::NotNow(said))
    } else {
        Err(EngineError::Unavailable(said.into()))
    }
}

fn said(answer: &Answer) -> String {
    #[derive(Deserialize)]
    struct Said {
        error: String,
    }
    match serde_json::from_slice::<Said>(answer.body()) {
        Ok(said) => plain(&said.error),
        Err(_) if answer.body().is_empty() => format!("status {}", answer.status()),
        Err(_) => plain(&String::from_utf8_lossy(answer.body())),
    }
}

/// An answer with words of runtimes in it, which nobody has looked at yet.
fn told<T: DeserializeOwned>(answer: &Answer) -> Result<T, EngineError> {
    let mut value: Value = read(answer)?;
    sanitize(&mut value);
    serde_json::from_value(value).map_err(|error| EngineError::Unavailable(error.into()))
}

fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, EngineError> {
    serde_json::from_slice(answer.body()).map_err(|error| EngineError::Unavailable(error.into()))
}

#[cfg(test)]
mod tests;
