//! One HTTP/1.1 connection to an instance, driven by the task of the request that uses it.
//!
//! No task of its own stands between the client's connection and the instance's: that spares two wake-ups
//! across threads for every request.

use std::{
    io,
    path::Path,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use hyper::{
    body::{Body, Frame, Incoming, SizeHint},
    client::conn::{
        TrySendError,
        http1::{Builder, Connection, SendRequest},
    },
};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

/// The body of a request on its way to an instance.
pub(super) enum RequestBody {
    Empty,
    /// The flag is raised whenever the client sent more.
    Streaming(Incoming, Arc<AtomicBool>),
}

/// A connection and the handle that sends on it.
pub(super) struct UpstreamConnection {
    sender: SendRequest<RequestBody>,
    connection: Option<Box<Connection<TokioIo<UnixStream>, RequestBody>>>,
}

/// Connects to `socket`; the two halves are still apart.
pub(super) async fn connect(
    socket: &Path,
) -> io::Result<(
    SendRequest<RequestBody>,
    Connection<TokioIo<UnixStream>, RequestBody>,
)> {
    let stream = UnixStream::connect(socket).await?;
    Builder::new()
        .handshake(TokioIo::new(stream))
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

impl RequestBody {
    pub(super) fn new(incoming: Incoming) -> Self {
        if incoming.is_end_stream() {
            Self::Empty
        } else {
            Self::Streaming(incoming, Arc::default())
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// The flag that tells whether the client goes on sending.
    pub(super) fn progress(&self) -> Option<Arc<AtomicBool>> {
        match self {
            Self::Empty => None,
            Self::Streaming(_, progress) => Some(Arc::clone(progress)),
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self.get_mut() {
            Self::Empty => Poll::Ready(None),
            Self::Streaming(incoming, progress) => {
                let frame = Pin::new(incoming).poll_frame(cx);
                if frame.is_ready() {
                    progress.store(true, Ordering::Relaxed);
                }
                frame
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Streaming(incoming, _) => incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Streaming(incoming, _) => incoming.size_hint(),
        }
    }
}
