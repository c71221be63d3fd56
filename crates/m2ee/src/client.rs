//! One call at a time, each on a connection of its own.

use crate::authentication;
use crate::error::CallError;
use crate::message::{Reply, Request};
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HOST};
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinSet;

/// How long a call may take unless [`Client::with_timeout`] says otherwise.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// An answer larger than this is refused: the process behind the socket is a tenant's.
const LARGEST_ANSWER: usize = 16 << 20;

/// Where a runtime's admin server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A unix socket.
    Unix(PathBuf),
    /// A TCP port.
    Tcp(SocketAddr),
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(formatter, "{}", path.display()),
            Self::Tcp(address) => write!(formatter, "{address}"),
        }
    }
}

/// Speaks to one runtime.
#[derive(Debug, Clone)]
pub struct Client {
    address: Address,
    password: SecretString,
    timeout: Duration,
}

impl Client {
    /// A client of the runtime at a unix socket.
    pub fn unix(path: impl Into<PathBuf>, password: SecretString) -> Self {
        Self::new(Address::Unix(path.into()), password)
    }

    /// A client of the runtime at a TCP port.
    pub fn tcp(address: SocketAddr, password: SecretString) -> Self {
        Self::new(Address::Tcp(address), password)
    }

    /// A client of the runtime at `address`.
    pub fn new(address: Address, password: SecretString) -> Self {
        Self {
            address,
            password,
            timeout: TIMEOUT,
        }
    }

    /// The same runtime, with another time for each call.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self {
            timeout,
            ..self.clone()
        }
    }

    /// Where the runtime listens.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Calls `action` and gives whatever the runtime answers, a refusal too.
    pub async fn call(&self, action: &str, params: Value) -> Result<Reply, CallError> {
        let params = if params.is_null() { json!({}) } else { params };
        tokio::time::timeout(self.timeout, self.exchange(action, params))
            .await
            .unwrap_or_else(|_| {
                Err(CallError::TimedOut {
                    action: action.to_owned(),
                    seconds: self.timeout.as_secs(),
                })
            })
    }

    async fn exchange(&self, action: &str, params: Value) -> Result<Reply, CallError> {
        let unreachable = |source| CallError::Unreachable {
            address: self.address.to_string(),
            source,
        };
        match &self.address {
            Address::Unix(path) => {
                let stream = UnixStream::connect(path).await.map_err(unreachable)?;
                self.exchange_over(stream, action, params).await
            }
            Address::Tcp(address) => {
                let stream = TcpStream::connect(address).await.map_err(unreachable)?;
                self.exchange_over(stream, action, params).await
            }
        }
    }

    async fn exchange_over<S>(
        &self,
        stream: S,
        action: &str,
        params: Value,
    ) -> Result<Reply, CallError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let dropped = |source: hyper::Error| CallError::Dropped {
            action: action.to_owned(),
            source: source.into(),
        };
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(dropped)?;
        // Dropping the set ends the connection together with this call.
        let mut driver = JoinSet::new();
        driver.spawn(connection);
        let answer = sender
            .send_request(self.request(action, params)?)
            .await
            .map_err(dropped)?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LARGEST_ANSWER)
            .collect()
            .await;
        let body = body.map_err(|source| CallError::Dropped {
            action: action.to_owned(),
            source,
        })?;
        read_reply(action, status, &body.to_bytes())
    }

    fn request(
        &self,
        action: &str,
        params: Value,
    ) -> Result<http::Request<Full<Bytes>>, CallError> {
        let malformed = |reason: String| CallError::Malformed {
            action: action.to_owned(),
            reason,
        };
        let request = Request {
            action: action.to_owned(),
            params,
        };
        let body = serde_json::to_vec(&request).map_err(|error| malformed(error.to_string()))?;
        http::Request::builder()
            .method(Method::POST)
            .uri("/")
            .header(HOST, "localhost")
            .header(CONTENT_TYPE, "application/json")
            .header(CONNECTION, "close")
            .header(
                authentication::HEADER,
                authentication::header_value(&self.password),
            )
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| malformed(error.to_string()))
    }
}

fn read_reply(action: &str, status: StatusCode, body: &[u8]) -> Result<Reply, CallError> {
    let malformed = |reason: String| CallError::Malformed {
        action: action.to_owned(),
        reason,
    };
    if status != StatusCode::OK {
        return Err(malformed(format!("HTTP status {status}")));
    }
    serde_json::from_slice(body).map_err(|error| malformed(error.to_string()))
}
