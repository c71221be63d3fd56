//! An answer's body that holds a share until its last byte is sent, or nobody waits for it any more.

use axum::body::{Body, Bytes};
use http_body::{Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};

/// The body, and what it holds.
pub struct Held<T> {
    body: Body,
    _share: T,
}

impl<T> Held<T> {
    /// Holds `share` for as long as the body.
    pub const fn new(body: Body, share: T) -> Self {
        Self {
            body,
            _share: share,
        }
    }
}

impl<T: Unpin> http_body::Body for Held<T> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
