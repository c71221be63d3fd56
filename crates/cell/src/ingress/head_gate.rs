//! Reads along with what a client sends and lets only heads through that can be understood in one way.
//!
//! The server behind it would resolve a head with both `Content-Length` and `Transfer-Encoding` as the standard
//! allows, and answer what it cannot read with nothing but a number. Here such a head never reaches it: whoever
//! holds the gate says in words what is wrong. Nothing that passes is changed. It follows lengths, chunks and
//! trailers from head to head, so that no head is missed behind the body of another request.

use std::{mem::MaybeUninit, str};

use http::Uri;
use httparse::{EMPTY_HEADER, Header, Request, Status, parse_chunk_size, parse_headers};

use crate::ingress::pages::{Form, words::Refusal};

/// The most header lines of a head; the server takes no more, either.
const LINES: usize = 100;

/// Where the reading of a connection stands.
pub(super) struct HeadGate {
    next: Next,
    /// Bytes of a body before the next thing to read.
    skip: u64,
    longest: usize,
    heads: u64,
    refused: Option<(Refusal, Form)>,
}

/// What comes next, after what is skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Head,
    ChunkSize,
    Trailers,
    /// A head, or something of another protocol if the upgrade that was asked for is agreed to.
    Undecided,
    /// Another protocol's bytes.
    Anything,
    /// Nothing may come any more.
    Refused,
    /// The same, in the middle of a request.
    BrokenBody,
}

impl HeadGate {
    /// The gate of a new connection, whose heads have `longest` bytes at most.
    pub(super) fn new(longest: usize) -> Self {
        Self {
            next: Next::Head,
            skip: 0,
            longest,
            heads: 0,
            refused: None,
        }
    }

    /// How many heads have passed.
    pub(super) fn heads(&self) -> u64 {
        self.heads
    }

    /// Whether a request has ended and the next may begin.
    pub(super) fn is_between(&self) -> bool {
        self.skip == 0 && matches!(self.next, Next::Head | Next::Undecided)
    }

    /// Whether the connection waits to hear whether it is upgraded.
    pub(super) fn is_undecided(&self) -> bool {
        self.skip == 0 && self.next == Next::Undecided
    }

    /// Whether the connection speaks another protocol now.
    pub(super) fn is_open(&self) -> bool {
        self.next == Next::Anything
    }

    /// Whether the client sends something that has been refused.
    pub(super) fn has_refused(&self) -> bool {
        matches!(self.next, Next::Refused | Next::BrokenBody)
    }

    /// Whether that is within the body of a request, which cannot be answered then.
    pub(super) fn has_refused_body(&self) -> bool {
        self.next == Next::BrokenBody
    }

    /// Decides on the upgrade that was asked for.
    pub(super) fn decide(&mut self, upgraded: bool) {
        self.next = if upgraded { Next::Anything } else { Next::Head };
    }

    /// Refuses whatever comes.
    pub(super) fn refuse(&mut self, refusal: Refusal, form: Form) {
        let in_body = matches!(self.next, Next::ChunkSize | Next::Trailers);
        self.next = if in_body {
            Next::BrokenBody
        } else {
            Next::Refused
        };
        self.skip = 0;
        // Whoever answers the request says what is wrong with its body.
        self.refused = Some((refusal, form)).filter(|_| !in_body);
    }

    /// Why it has refused; only once.
    pub(super) fn take_refusal(&mut self) -> Option<(Refusal, Form)> {
        self.refused.take()
    }

    /// How many of `bytes`, which come next, may go on. What may not is to be shown again, with more behind it: the
    /// first `seen` of them have been shown before.
    pub(super) fn pass(&mut self, bytes: &[u8], seen: usize) -> usize {
        let mut passed = 0;
        if self.is_undecided() {
            self.check_length(bytes);
            return 0;
        }
        // What was not whole before is whole only with the end of a line.
        if seen > 0 && !bytes[seen..].contains(&b'\n') {
            self.check_length(bytes);
            return 0;
        }
        while passed < bytes.len() {
            let rest = &bytes[passed..];
            if self.skip > 0 {
                let skipped =
                    usize::try_from(self.skip).map_or(rest.len(), |it| it.min(rest.len()));
                self.skip -= skipped as u64;
                passed += skipped;
                continue;
            }
            match self.read(rest) {
                Ok(Status::Complete(end)) => passed += end,
                Ok(Status::Partial) => {
                    self.check_length(rest);
                    return passed;
                }
                Err(refusal) => {
                    self.refuse(refusal, Form::Html);
                    return passed;
                }
            }
            if self.has_refused() || self.is_undecided() {
                return passed;
            }
        }
        passed
    }

    fn check_length(&mut self, begun: &[u8]) {
        if begun.len() > self.longest {
            self.refuse(Refusal::HeadTooLarge, Form::Html);
        }
    }

    /// Reads what comes next, if it is whole; gives where it ends.
    fn read(&mut self, bytes: &[u8]) -> Result<Status<usize>, Refusal> {
        match self.next {
            Next::Head => self.head(bytes),
            Next::ChunkSize => match parse_chunk_size(bytes) {
                Ok(Status::Complete((end, size))) => {
                    self.chunk(size);
                    Ok(Status::Complete(end))
                }
                Ok(Status::Partial) => Ok(Status::Partial),
                Err(_) => Err(Refusal::BadFraming),
            },
            Next::Trailers => {
                let mut headers = [EMPTY_HEADER; LINES];
                match parse_headers(bytes, &mut headers) {
                    // A bare \n ends a line here and none for the server behind.
                    Ok(Status::Complete((end, _))) if has_bare_newline(&bytes[..end]) => {
                        Err(Refusal::BadFraming)
                    }
                    Ok(Status::Complete((end, _))) => {
                        self.next = Next::Head;
                        Ok(Status::Complete(end))
                    }
                    Ok(Status::Partial) => Ok(Status::Partial),
                    Err(_) => Err(Refusal::BadFraming),
                }
            }
            Next::Anything => Ok(Status::Complete(bytes.len())),
            Next::Undecided | Next::Refused | Next::BrokenBody => Ok(Status::Complete(0)),
        }
    }

    fn head(&mut self, bytes: &[u8]) -> Result<Status<usize>, Refusal> {
        // Empty lines before a request mean nothing.
        let blank = bytes
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n'));
        let blank = blank.count();
        if blank > 0 {
            return Ok(Status::Complete(blank));
        }
        let mut headers = [const { MaybeUninit::uninit() }; LINES];
        let mut head = Request::new(&mut []);
        let end = match head.parse_with_uninit_headers(bytes, &mut headers) {
            Ok(Status::Complete(end)) => end,
            Ok(Status::Partial) => return Ok(Status::Partial),
            Err(httparse::Error::TooManyHeaders) => return Err(Refusal::HeadTooLarge),
            Err(_) => return Err(Refusal::BadHead),
        };
        if end > self.longest {
            return Err(Refusal::HeadTooLarge);
        }
        let target = head.path.unwrap_or_default();
        let chunks_allowed = head.version == Some(1);
        let checked = check_target(target).and_then(|()| self.frame(head.headers, chunks_allowed));
        if let Err(refusal) = checked {
            let accepted = named(head.headers, "accept");
            self.refuse(refusal, Form::of(accepted.map(|it| it.value)));
            return Ok(Status::Complete(0));
        }
        self.heads += 1;
        Ok(Status::Complete(end))
    }

    /// What follows a head with these headers.
    fn frame(&mut self, headers: &[Header<'_>], chunks_allowed: bool) -> Result<(), Refusal> {
        let mut codings = named(headers, "transfer-encoding");
        let mut lengths = named(headers, "content-length");
        match (codings.next(), lengths.next()) {
            (None, None) => {}
            (Some(_), Some(_)) => return Err(Refusal::TwoFramings),
            (Some(coding), None) => {
                let is_chunked = coding.value.eq_ignore_ascii_case(b"chunked");
                if !chunks_allowed || !is_chunked || codings.next().is_some() {
                    return Err(Refusal::BadFraming);
                }
                self.next = Next::ChunkSize;
                return Ok(());
            }
            (None, Some(length)) => {
                let digits = length.value.iter().all(u8::is_ascii_digit);
                let length = str::from_utf8(length.value).ok().filter(|_| digits);
                let length = length.and_then(|it| it.parse().ok());
                self.skip = length
                    .filter(|_| lengths.next().is_none())
                    .ok_or(Refusal::BadFraming)?;
            }
        }
        if named(headers, "upgrade").next().is_some() {
            self.next = Next::Undecided;
        }
        Ok(())
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

fn named<'a, 'h>(
    headers: &'a [Header<'h>],
    name: &'static str,
) -> impl Iterator<Item = &'a Header<'h>> {
    headers
        .iter()
        .filter(move |header| header.name.eq_ignore_ascii_case(name))
}

fn has_bare_newline(lines: &[u8]) -> bool {
    lines.starts_with(b"\n")
        || lines
            .windows(2)
            .any(|two| two[1] == b'\n' && two[0] != b'\r')
}

/// Refuses what the server's own type for targets cannot hold.
fn check_target(target: &str) -> Result<(), Refusal> {
    let common = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%?&=+,;:@!$'()*".contains(&byte);
    if target.starts_with('/') && target.bytes().all(common) {
        return Ok(());
    }
    match target.parse::<Uri>() {
        Ok(_) => Ok(()),
        Err(_) => Err(Refusal::BadTarget),
    }
}

#[cfg(test)]
mod tests;
