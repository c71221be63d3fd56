//! One HTTP request on a connection of its own, mostly over a unix socket: for what is asked now and then.
//!
//! Nothing is kept between two requests. The caller says how long it waits; dropping the call ends the
//! connection.

use bytes::Bytes;
use http::header::CONNECTION;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::io;
use std::path::Path;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::task::JoinSet;

/// Why there is no answer.
#[derive(Debug)]
pub enum Error {
    /// Nothing listens there.
    Unreachable(io::Error),
    /// The connection ended before the whole answer was there.
    Dropped(hyper::Error),
    /// The answer is larger than the caller reads, in bytes.
    TooLarge(usize),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreachable(_) => f.write_str("nothing listens there"),
            Self::Dropped(_) => f.write_str("the connection ended before the answer was there"),
            Self::TooLarge(bytes) => write!(f, "the answer is larger than {bytes} bytes"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreachable(source) => Some(source),
            Self::Dropped(source) => Some(source),
            Self::TooLarge(_) => None,
        }
    }
}

/// Sends a request to the unix socket at `socket` and reads the whole answer, of at most `largest` bytes.
pub async fn send(
    socket: &Path,
    request: Request<Bytes>,
    largest: usize,
) -> Result<Response<Bytes>, Error> {
    let stream = UnixStream::connect(socket)
        .await
        .map_err(Error::Unreachable)?;
    send_over(stream, request, largest).await
}

/// The same over a connection that there is already.
pub async fn send_over<S>(
    stream: S,
    request: Request<Bytes>,
    largest: usize,
) -> Result<Response<Bytes>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let exchange = Exchange::begin(stream, request).await?;
    let (head, body) = exchange.response.into_parts();
    match Limited::new(body, largest).collect().await {
        Ok(body) => Ok(Response::from_parts(head, body.to_bytes())),
        Err(error) => Err(match error.downcast::<hyper::Error>() {
            Ok(broken) => Error::Dropped(*broken),
            Err(_) => Error::TooLarge(largest),
        }),
    }
}

/// Sends a request to the unix socket at `socket` and waits for the head of the answer only.
pub async fn send_for_head(
    socket: &Path,
    request: Request<Bytes>,
) -> Result<http::response::Parts, Error> {
    let stream = UnixStream::connect(socket)
        .await
        .map_err(Error::Unreachable)?;
    let exchange = Exchange::begin(stream, request).await?;
    Ok(exchange.response.into_parts().0)
}

/// An answer whose body is still to be read.
struct Exchange {
    response: Response<Incoming>,
    /// Dropping the set ends the connection together with the call.
    _connection: JoinSet<Result<(), hyper::Error>>,
}

impl Exchange {
    async fn begin<S>(stream: S, mut request: Request<Bytes>) -> Result<Self, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (mut sender, driven) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(Error::Dropped)?;
        let mut connection = JoinSet::new();
        connection.spawn(driven);
        let close = HeaderValue::from_static("close");
        request.headers_mut().insert(CONNECTION, close);
        let response = sender
            .send_request(request.map(Full::new))
            .await
            .map_err(Error::Dropped)?;
        Ok(Self {
            response,
            _connection: connection,
        })
    }
}

#[cfg(test)]
mod tests;
