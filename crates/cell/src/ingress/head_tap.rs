//! Reads along with what a client sends, to see heads that state two lengths.
//!
//! The server resolves a head with both `Content-Length` and `Transfer-Encoding` as the standard allows: by
//! the latter, dropping the former and closing the connection afterwards. Such a head is still a sign of
//! somebody trying to be understood in two ways, and only its bytes show it. Nothing that passes is changed
//! or kept, but for an unfinished head. Where the tap cannot follow, the server cannot either and refuses, or
//! the connection speaks another protocol by now: it stops looking.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use httparse::{EMPTY_HEADER, Header, Request, Status, parse_chunk_size, parse_headers};

/// The most headers that the server takes, too.
const HEADERS: usize = 100;

/// What is found out about one connection: shared with who answers its requests.
#[derive(Clone, Default)]
pub(super) struct TwoLengths(Arc<Counted>);

#[derive(Default)]
struct Counted {
    /// Requests that were taken up.
    taken: AtomicU64,
    /// Which of them states two lengths, from 1; 0 while none does. It is the connection's last.
    found: AtomicU64,
}

impl TwoLengths {
    /// Takes up the next request; whether it is the one.
    pub(super) fn in_next(&self) -> bool {
        let number = self.0.taken.fetch_add(1, Ordering::Relaxed) + 1;
        self.0.found.load(Ordering::Relaxed) == number
    }
}

/// Where the reading of a connection stands.
pub(super) struct HeadTap {
    next: Next,
    /// Bytes of a body before the next thing to read.
    skip: u64,
    /// The beginning of the next thing to read.
    begun: Vec<u8>,
    longest: usize,
    heads: u64,
    found: TwoLengths,
}

/// What comes next, after what is skipped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Head,
    ChunkSize,
    Trailers,
    /// Nothing that is looked at.
    Nothing,
}

impl HeadTap {
    /// The tap of a new connection, whose heads have `longest` bytes at most.
    pub(super) fn new(longest: usize, found: TwoLengths) -> Self {
        Self {
            next: Next::Head,
            skip: 0,
            begun: Vec::new(),
            longest,
            heads: 0,
            found,
        }
    }

    /// Looks at `bytes`, which the client sent after what was looked at before.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.next != Next::Nothing {
            if self.skip > 0 {
                let skipped =
                    usize::try_from(self.skip).map_or(bytes.len(), |it| it.min(bytes.len()));
                self.skip -= skipped as u64;
                bytes = &bytes[skipped..];
                continue;
            }
            let before = self.begun.len();
            let read = if before == 0 {
                self.read(bytes)
            } else {
                self.begun.extend_from_slice(bytes);
                let begun = std::mem::take(&mut self.begun);
                // What was not whole before is whole only with the end of a line.
                let read = if bytes.contains(&b'\n') {
                    self.read(&begun)
                } else {
                    Ok(Status::Partial)
                };
                self.begun = begun;
                read
            };
            match read {
                Ok(Status::Complete(end)) => {
                    self.begun = Vec::new();
                    bytes = &bytes[end - before..];
                }
                Ok(Status::Partial) => {
                    if before == 0 {
                        self.begun.extend_from_slice(bytes);
                    }
                    if self.begun.len() > self.longest {
                        self.stop();
                    }
                    return;
                }
                Err(_) => self.stop(),
            }
        }
    }

    fn stop(&mut self) {
        self.next = Next::Nothing;
        self.begun = Vec::new();
    }

    /// Reads what comes next, if it is whole; gives where it ends.
    fn read(&mut self, bytes: &[u8]) -> httparse::Result<usize> {
        let mut headers = [EMPTY_HEADER; HEADERS];
        match self.next {
            Next::Head => {
                let mut head = Request::new(&mut headers);
                let read = head.parse(bytes)?;
                if read.is_complete() {
                    self.head(head.headers);
                }
                Ok(read)
            }
            Next::ChunkSize => {
                let size = parse_chunk_size(bytes).map_err(|_| httparse::Error::Token)?;
                let Status::Complete((end, size)) = size else {
                    return Ok(Status::Partial);
                };
                self.chunk(size);
                Ok(Status::Complete(end))
            }
            Next::Trailers => {
                let Status::Complete((end, _)) = parse_headers(bytes, &mut headers)? else {
                    return Ok(Status::Partial);
                };
                self.next = Next::Head;
                Ok(Status::Complete(end))
            }
            Next::Nothing => Ok(Status::Complete(bytes.len())),
        }
    }

    fn head(&mut self, headers: &[Header<'_>]) {
        self.heads += 1;
        let named = |name| headers.iter().find(|it| it.name.eq_ignore_ascii_case(name));
        let length = named("content-length");
        if named("transfer-encoding").is_some() {
            self.next = Next::ChunkSize;
            if length.is_some() {
                self.found.0.found.store(self.heads, Ordering::Relaxed);
                self.stop();
            }
        } else if let Some(length) = length {
            let length = std::str::from_utf8(length.value).ok();
            match length.and_then(|it| it.trim().parse().ok()) {
                Some(length) => self.skip = length,
                None => self.stop(),
            }
        }
    }

    fn chunk(&mut self, size: u64) {
        if size == 0 {
            self.next = Next::Trailers;
        } else {
            // With the end of its line.
            self.skip = size.saturating_add(2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{HeadTap, Next, TwoLengths};

    const BOTH: &str = "POST /b HTTP/1.1\r\nhost: a\r\nTransfer-Encoding: chunked\r\n\
                        Content-Length: 5\r\n\r\n";

    /// Which requests of `sent` state two lengths, when it arrives in pieces of `size` bytes.
    fn found(sent: &str, size: usize) -> Vec<bool> {
        let lengths = TwoLengths::default();
        let mut tap = HeadTap::new(4096, lengths.clone());
        for piece in sent.as_bytes().chunks(size) {
            tap.pass(piece);
        }
        (0..4).map(|_| lengths.in_next()).collect()
    }

    #[test]
    fn the_head_is_found_behind_whatever_came_before_it_and_however_it_comes() {
        let before = [
            "GET /a HTTP/1.1\r\nhost: a\r\n\r\n",
            "POST /a HTTP/1.1\r\ncontent-length: 41\r\n\r\ntransfer-encoding: x\r\ncontent-length: 3\r\n",
            "POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n\
             13;x=y\r\ncontent-length: 3\r\n\r\n2\r\nab\r\n0\r\nContent-Length: 7\r\n\r\n",
        ];
        for before in before {
            let sent = format!("{before}{BOTH}5\r\nhello\r\n0\r\n\r\n");
            for size in [1, 2, 7, 64, sent.len()] {
                assert_eq!(
                    found(&sent, size),
                    [false, true, false, false],
                    "{sent:?} in pieces of {size}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_request_is_not_looked_at_and_nothing_of_it_is_kept() {
        let mut tap = HeadTap::new(64, TwoLengths::default());
        tap.pass(b"\x81\x05hello");
        assert!(tap.next == Next::Nothing && tap.begun.capacity() == 0);
        let mut tap = HeadTap::new(64, TwoLengths::default());
        tap.pass(&[b'x'; 65]);
        assert!(tap.next == Next::Nothing && tap.begun.capacity() == 0);
    }

    #[test]
    fn a_body_is_not_kept() {
        let mut tap = HeadTap::new(64, TwoLengths::default());
        tap.pass(b"POST /a HTTP/1.1\r\ncontent-length: 9000\r\n\r\n");
        tap.pass(&[b'x'; 8000]);
        assert!(tap.skip == 1000 && tap.begun.capacity() == 0);
    }
}
