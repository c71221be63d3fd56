//! Whether anything still moves on a pair of connections.

use std::{
    io,
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::sleep,
};

/// Raised whenever something moves.
#[derive(Default)]
pub(super) struct Activity(AtomicBool);

/// A connection whose bytes count as activity.
pub(super) struct Watched<'a, T> {
    stream: T,
    activity: &'a Activity,
}

impl Activity {
    /// Resolves when nothing has moved for `limit`, and before twice that.
    pub(super) async fn silent_for(&self, limit: Duration) {
        loop {
            sleep(limit).await;
            if !self.0.swap(false, Ordering::Relaxed) {
                return;
            }
        }
    }
}

impl<'a, T> Watched<'a, T> {
    pub(super) fn new(stream: T, activity: &'a Activity) -> Self {
        Self { stream, activity }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<'_, T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if read.is_ready() {
            self.activity.0.store(true, Ordering::Relaxed);
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<'_, T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
