//! The end of a connection that the client hears: the last words, then silence that is listened into.
//!
//! A connection closed while the other side still sends is reset, and what was said last is lost with it.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};

/// How long a client that sends nothing more is listened to.
const SILENCE: Duration = Duration::from_secs(2);
/// How many pieces are read before others have their turn.
const PIECES_AT_ONCE: usize = 16;
const PIECE: usize = 16 * 1024;

/// How far the end has come.
pub(super) struct Ending {
    /// How long a client that goes on sending is listened to.
    limit: Duration,
    words: Vec<u8>,
    said: usize,
    listening: Option<Listening>,
}

struct Listening {
    until: Instant,
    silence: Pin<Box<Sleep>>,
}

impl Ending {
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            limit,
            words: Vec::new(),
            said: 0,
            listening: None,
        }
    }

    /// Has these words sent before the end.
    pub(super) fn say(&mut self, words: Vec<u8>) {
        self.words = words;
    }

    /// Ends this side, and reads on for a while; only what has come already where all that was to be `heard` was.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut TcpStream,
        heard: bool,
    ) -> Poll<io::Result<()>> {
        let limit = self.limit.min(SILENCE);
        let listening = self.listening.get_or_insert_with(|| Listening {
            until: Instant::now() + self.limit,
            silence: Box::pin(sleep(limit)),
        });
        while let Some(rest @ [_, ..]) = self.words.get(self.said..) {
            match Pin::new(&mut *stream).poll_write(cx, rest)? {
                Poll::Ready(written) => self.said += written,
                Poll::Pending => return listening.silence.as_mut().poll(cx).map(Ok),
            }
        }
        ready!(Pin::new(&mut *stream).poll_shutdown(cx))?;
        let mut piece = [0; PIECE];
        for _ in 0..PIECES_AT_ONCE {
            let mut piece = ReadBuf::new(&mut piece);
            if Pin::new(&mut *stream)
                .poll_read(cx, &mut piece)?
                .is_pending()
            {
                if heard {
                    return Poll::Ready(Ok(()));
                }
                return listening.silence.as_mut().poll(cx).map(Ok);
            }
            let now = Instant::now();
            if piece.filled().is_empty() || now >= listening.until {
                return Poll::Ready(Ok(()));
            }
            listening.silence.as_mut().reset(now + limit);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
