//! What a client said word by word, kept until its request is looked at.
//!
//! The parser resolves a head with both `Content-Length` and `Transfer-Encoding` as the standard allows: by
//! the latter, dropping the former and closing the connection afterwards. Such a head is still a sign of
//! somebody trying to be understood in two ways, and only its bytes show it.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use http::{Uri, header::CONTENT_LENGTH};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// The most that is kept.
const KEPT: usize = 64 * 1024;

/// The latest bytes of one client.
#[derive(Clone, Default)]
pub(super) struct Heard(Arc<Mutex<Vec<u8>>>);

/// A client's connection that keeps what is read from it.
pub(super) struct Listening {
    stream: TcpStream,
    heard: Heard,
}

impl Heard {
    fn add(&self, bytes: &[u8]) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.len() + bytes.len() <= KEPT {
            heard.extend_from_slice(bytes);
        }
    }

    /// Forgets everything; true when the head of the request for `uri` stated a `Content-Length`.
    pub(super) fn length_was_stated(&self, uri: &Uri) -> bool {
        let heard = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let heard = String::from_utf8_lossy(&heard);
        let target = uri.path_and_query().map_or("", |target| target.as_str());
        let mut lines = heard.split('\n').map(str::trim_end).skip_while(|line| {
            !line
                .strip_suffix(" HTTP/1.1")
                .is_some_and(|line| line.ends_with(target))
        });
        lines
            .by_ref()
            .skip(1)
            .take_while(|line| !line.is_empty())
            .any(|line| {
                let name = line.split(':').next().unwrap_or_default();
                name.eq_ignore_ascii_case(CONTENT_LENGTH.as_str())
            })
    }

    /// Forgets everything.
    pub(super) fn forget(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

impl Listening {
    pub(super) fn new(stream: TcpStream, heard: Heard) -> Self {
        Self { stream, heard }
    }
}

impl AsyncRead for Listening {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if read.is_ready() {
            self.heard.add(&buffer.filled()[before..]);
        }
        read
    }
}

impl AsyncWrite for Listening {
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

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
