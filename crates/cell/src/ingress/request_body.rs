//! The body of a request on its way to an instance.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use crate::ingress::{config::IngressConfig, pace::Pace};

/// A body as an instance's connection takes it.
pub(super) enum RequestBody {
    Empty,
    Streaming(Box<StreamingRequest>),
}

/// A body that is passed on while the client sends it, if it sends fast enough.
pub(super) struct StreamingRequest {
    incoming: Incoming,
    pace: Pace,
    progress: Arc<Progress>,
}

/// What is known of a body while it is sent.
#[derive(Default)]
pub(super) struct Progress {
    moved: AtomicBool,
    too_slow: AtomicBool,
    broken: AtomicBool,
}

impl RequestBody {
    pub(super) fn new(incoming: Incoming, config: &IngressConfig) -> Self {
        if incoming.is_end_stream() {
            return Self::Empty;
        }
        Self::Streaming(Box::new(StreamingRequest {
            incoming,
            pace: Pace::new(config.slow_window, config.slow_least),
            progress: Arc::default(),
        }))
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// What is known of it, also when it is sent already.
    pub(super) fn progress(&self) -> Option<Arc<Progress>> {
        match self {
            Self::Empty => None,
            Self::Streaming(request) => Some(Arc::clone(&request.progress)),
        }
    }
}

impl Progress {
    /// Whether the client has sent more since this was asked last.
    pub(super) fn goes_on(&self) -> bool {
        self.moved.swap(false, Ordering::Relaxed)
    }

    /// Whether the client sent too slowly.
    pub(super) fn is_too_slow(&self) -> bool {
        self.too_slow.load(Ordering::Relaxed)
    }

    /// Whether what the client sent broke off or is malformed.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }
}

impl StreamingRequest {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match Pin::new(&mut self.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                self.pace.moved(frame.data_ref().map_or(0, Bytes::len));
                self.progress.moved.store(true, Ordering::Relaxed);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                self.progress.broken.store(true, Ordering::Relaxed);
                Poll::Ready(Some(Err(io::Error::other(error))))
            }
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => self.pace.poll_too_slow(cx).map(|()| {
                self.progress.too_slow.store(true, Ordering::Relaxed);
                Some(Err(io::ErrorKind::TimedOut.into()))
            }),
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Empty => Poll::Ready(None),
            Self::Streaming(request) => request.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Streaming(request) => request.incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Streaming(request) => request.incoming.size_hint(),
        }
    }
}
