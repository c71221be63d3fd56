//! One call at a time, each on a connection of its own.

use crate::authentication;
use crate::error::CallError;
use crate::message::{Reply, Request, plain};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::TcpStream;

/// How long a call may take unless [`Client::with_timeout`] says otherwise.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// An answer larger than this is refused, bytes: the process behind the socket is a tenant's, and what it says is
/// taken apart in memory.
const LARGEST_ANSWER: usize = 1 << 20;

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
    largest_answer: usize,
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
            largest_answer: LARGEST_ANSWER,
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

    /// The same runtime, of which answers larger than `bytes` are refused.
    #[must_use]
    pub fn with_largest_answer(&self, bytes: usize) -> Self {
        Self {
            largest_answer: bytes,
            ..self.clone()
        }
    }

    /// Answers larger than this are refused, bytes.
    pub(crate) fn largest_answer(&self) -> usize {
        self.largest_answer
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
        let request = self.request(action, params)?;
        let answer = match &self.address {
            Address::Unix(path) => unix_http::send(path, request, self.largest_answer).await,
            Address::Tcp(address) => {
                let stream = TcpStream::connect(address).await.map_err(unreachable)?;
                unix_http::send_over(stream, request, self.largest_answer).await
            }
        };
        match answer {
            Ok(answer) => read_reply(action, answer.status(), answer.body()),
            Err(unix_http::Error::Unreachable(source)) => Err(unreachable(source)),
            Err(unix_http::Error::TooLarge(bytes)) => Err(CallError::TooLarge {
                action: action.to_owned(),
                bytes,
            }),
            Err(source) => Err(CallError::Dropped {
                action: action.to_owned(),
                source: source.into(),
            }),
        }
    }

    fn request(&self, action: &str, params: Value) -> Result<http::Request<Bytes>, CallError> {
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
            .header(
                authentication::HEADER,
                authentication::header_value(&self.password),
            )
            .body(Bytes::from(body))
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
    // The error quotes what it has met.
    serde_json::from_slice(body).map_err(|error| malformed(plain(&error.to_string())))
}
