//! A client's connection: its heads pass the gate in time, it must take what is sent to it, and it hears the last
//! word before the connection closes.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use rustix::net::sockopt::set_socket_linger;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};

use crate::ingress::{
    config::IngressConfig,
    connection_state::ConnectionState,
    ending::Ending,
    head_gate::HeadGate,
    pace::Pace,
    pages::{self, Form, words::Refusal},
};

/// How much is read at once of what is held back.
const PIECE: usize = 4096;

/// A connection as the server behind the gate sees it.
pub(super) struct ClientStream {
    stream: TcpStream,
    state: Arc<ConnectionState>,
    gate: HeadGate,
    held: Held,
    sending: Pace,
    silence: Silence,
    leaving: Leaving,
    ending: Ending,
}

/// What has come and may not go on yet, but for its beginning.
#[derive(Default)]
struct Held {
    bytes: Vec<u8>,
    /// So many may go on.
    free: usize,
}

/// Waiting for a head.
struct Silence {
    limit: Duration,
    since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

/// A client that has said all and may wait for its answer, or be gone.
struct Leaving {
    patience: Duration,
    ended: bool,
    timer: Option<Pin<Box<Sleep>>>,
}

impl ClientStream {
    pub(super) fn new(
        stream: TcpStream,
        state: Arc<ConnectionState>,
        config: &IngressConfig,
    ) -> Self {
        Self {
            stream,
            state,
            gate: HeadGate::new(config.max_header_bytes),
            held: Held::default(),
            sending: Pace::new(config.slow_window, config.slow_least),
            silence: Silence {
                limit: config.header_timeout,
                since: None,
                timer: None,
            },
            leaving: Leaving {
                patience: config.leaving,
                ended: false,
                timer: None,
            },
            ending: Ending::new(config.lingering),
        }
    }

    /// Reads past the gate into `buffer` what may go on; ready without anything means the end.
    fn poll_pass(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            if self.held.free > 0 {
                self.held.give(buffer);
                return Poll::Ready(Ok(()));
            }
            if self.gate.has_refused() {
                return self.end(cx);
            }
            if self.gate.is_undecided() && !self.state.is_answering() {
                self.gate.decide(self.state.is_upgraded());
                self.held.free = self.gate.pass(&self.held.bytes, 0);
                self.state.begin(self.gate.heads());
                continue;
            }
            if self.leaving.ended {
                return self.poll_leave(cx);
            }
            let before = buffer.filled().len();
            let read = if self.held.bytes.is_empty() && !self.gate.is_undecided() {
                let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
                let came = buffer.filled().len() - before;
                if read.is_ready() && came > 0 {
                    let go = self.gate.pass(&buffer.filled()[before..], 0);
                    self.state.begin(self.gate.heads());
                    self.held
                        .bytes
                        .extend_from_slice(&buffer.filled()[before + go..]);
                    buffer.set_filled(before + go);
                }
                read.map_ok(|()| came)
            } else {
                self.poll_hold(cx)
            };
            let Poll::Ready(came) = read else {
                return self.poll_silence(cx);
            };
            if came? == 0 {
                self.leaving.ended = true;
            }
            if buffer.filled().len() > before {
                self.note_head();
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Reads more of what is held back.
    fn poll_hold(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut piece = [0; PIECE];
        let mut piece = ReadBuf::new(&mut piece);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut piece))?;
        let seen = self.held.bytes.len();
        self.held.bytes.extend_from_slice(piece.filled());
        self.held.free = self.gate.pass(&self.held.bytes, seen);
        self.state.begin(self.gate.heads());
        self.note_head();
        Poll::Ready(Ok(piece.filled().len()))
    }

    /// A head that has come is no longer waited for; empty lines before one are none.
    fn note_head(&mut self) {
        if !self.gate.is_between() || self.state.is_answering() {
            self.silence.since = None;
        }
    }

    /// The end, once the request before has been answered; the server asks again then.
    fn end(&self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        if !self.gate.has_refused_body() && self.state.is_answering_still(cx) {
            Poll::Pending
        } else {
            Poll::Ready(Ok(()))
        }
    }

    /// The client has ended its side: it may wait for an answer, but not for ever, as it may be gone.
    fn poll_leave(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.gate.is_between() && self.state.is_answering_still(cx) {
            let patience = self.leaving.patience;
            let timer = self
                .leaving
                .timer
                .get_or_insert_with(|| Box::pin(sleep(patience)));
            ready!(timer.as_mut().poll(cx));
        }
        Poll::Ready(Ok(()))
    }

    /// Nothing comes; ready, as at the end, when a head is waited for and does not come in time.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let begun = !self.held.bytes.is_empty();
        let answering = if begun {
            self.state.is_answering_still(cx)
        } else {
            self.state.is_answering()
        };
        let waiting = self.gate.is_between() && !answering;
        ready!(self.silence.poll_over(cx, waiting));
        if begun {
            self.gate.refuse(Refusal::HeadTooSlow, Form::Html);
        } else {
            // A client that has asked nothing is told nothing.
            self.leaving.ended = true;
        }
        Poll::Ready(Ok(()))
    }

    /// Lets `written` through, or the error that the client takes too little.
    fn in_time(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match &written {
            Poll::Ready(Ok(bytes)) => self.sending.moved(*bytes),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                ready!(self.sending.poll_too_slow(cx));
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        }
        written
    }
}

impl Held {
    /// Moves what may go on into `buffer`, as far as there is room.
    fn give(&mut self, buffer: &mut ReadBuf<'_>) {
        let given = self.free.min(buffer.remaining());
        buffer.put_slice(&self.bytes[..given]);
        self.bytes.drain(..given);
        self.free -= given;
        if self.bytes.is_empty() {
            self.bytes = Vec::new();
        }
    }
}

impl Silence {
    /// Ready when a head has been waited for too long. The timer runs on while a request is answered, as nobody
    /// asks again when that ends: a client that stays silent from then on may have up to twice the time.
    fn poll_over(&mut self, cx: &mut Context<'_>, waiting: bool) -> Poll<()> {
        if !waiting {
            self.since = None;
        } else if self.since.is_none() {
            self.since = Some(Instant::now());
        }
        let limit = self.limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(limit)));
        loop {
            ready!(timer.as_mut().poll(cx));
            let deadline = self.since.unwrap_or_else(Instant::now) + limit;
            if timer.deadline() >= deadline {
                return Poll::Ready(());
            }
            timer.as_mut().reset(deadline);
        }
    }
}

impl Drop for ClientStream {
    fn drop(&mut self) {
        if self.state.is_cut()
            && let Err(error) = set_socket_linger(&self.stream, Some(Duration::ZERO))
        {
            tracing::debug!(%error, "a connection could not be broken");
        }
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.gate.is_open() && this.held.free == 0 {
            return Pin::new(&mut this.stream).poll_read(cx, buffer);
        }
        this.poll_pass(cx, buffer)
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.in_time(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some((refusal, form)) = this.gate.take_refusal() {
            this.ending.say(pages::last_words(&refusal, form));
        }
        if this.state.is_upgraded() {
            return Pin::new(&mut this.stream).poll_shutdown(cx);
        }
        this.ending
            .poll(cx, &mut this.stream, this.gate.is_between())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.in_time(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
