//! One HTTP/1.1 connection to an instance, driven by the task of the request that uses it.
//!
//! No task of its own stands between the client's connection and the instance's: that spares two wake-ups
//! across threads for every request.

use std::{io, path::Path, pin::Pin, task::Context};

use http::{Request, Response};
use hyper::{
    body::Incoming,
    client::conn::{
        TrySendError,
        http1::{Builder, Connection, SendRequest},
    },
};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use crate::ingress::{request_body::RequestBody, upstream_stream::UpstreamStream};

/// A connection and the handle that sends on it.
pub(super) struct UpstreamConnection {
    sender: SendRequest<RequestBody>,
    connection: Option<Box<Connection<TokioIo<UpstreamStream>, RequestBody>>>,
}

/// Connects to `socket`; the two halves are still apart.
pub(super) async fn connect(
    socket: &Path,
) -> io::Result<(
    SendRequest<RequestBody>,
    Connection<TokioIo<UpstreamStream>, RequestBody>,
)> {
    let stream = UnixStream::connect(socket).await?;
    Builder::new()
        .writev(false)
        .handshake(TokioIo::new(UpstreamStream::new(stream)))
        .await
        .map_err(io::Error::other)
}

impl UpstreamConnection {
    pub(super) async fn open(socket: &Path) -> io::Result<Self> {
        let (sender, connection) = connect(socket).await?;
        Ok(Self {
            sender,
            connection: Some(Box::new(connection)),
        })
    }

    /// Reads what the instance may have done meanwhile; true when it can carry another request.
    pub(super) fn is_usable(&mut self, cx: &mut Context<'_>) -> bool {
        self.drive(cx);
        self.connection.is_some() && self.sender.is_ready()
    }

    /// Moves bytes both ways as far as they go.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        if let Some(connection) = &mut self.connection
            && Pin::new(connection).poll(cx).is_ready()
        {
            self.connection = None;
        }
    }

    /// Sends `request` and waits for the head of the answer.
    pub(super) async fn send(
        &mut self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, TrySendError<Request<RequestBody>>> {
        let mut response = std::pin::pin!(self.sender.try_send_request(request));
        let connection = &mut self.connection;
        std::future::poll_fn(|cx| {
            if let Some(driven) = connection
                && Pin::new(driven).poll(cx).is_ready()
            {
                *connection = None;
            }
            response.as_mut().poll(cx)
        })
        .await
    }
}
