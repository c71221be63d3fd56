//! What a client said word by word, kept until its request is looked at.
//!
//! The parser resolves a head with both `Content-Length` and `Transfer-Encoding` as the standard allows: by
//! the latter, dropping the former and closing the connection afterwards. Such a head is still a sign of
//! somebody trying to be understood in two ways, and only its bytes show it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{Uri, header::CONTENT_LENGTH};

/// The most that is kept.
const KEPT: usize = 64 * 1024;
/// The room that stays reserved for the next head.
const ORDINARY: usize = 2 * 1024;

/// The latest bytes of one client, as long as they may be a head's.
#[derive(Clone, Default)]
pub(super) struct Heard(Arc<Mutex<Ear>>);

#[derive(Default)]
struct Ear {
    bytes: Vec<u8>,
    rests: bool,
}

impl Heard {
    pub(super) fn add(&self, bytes: &[u8]) {
        let mut ear = self.lock();
        if !ear.rests && ear.bytes.len() + bytes.len() <= KEPT {
            ear.bytes.extend_from_slice(bytes);
        }
    }

    /// Whether the head of the request for `uri` stated a `Content-Length`.
    pub(super) fn length_was_stated(&self, uri: &Uri) -> bool {
        let heard = std::mem::take(&mut self.lock().bytes);
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
        let ear = &mut *self.lock();
        ear.bytes.clear();
        ear.bytes.shrink_to(ORDINARY);
    }

    /// Forgets everything, and keeps nothing of what comes now: a body, or another protocol.
    pub(super) fn rest(&self) {
        let ear = &mut *self.lock();
        ear.bytes = Vec::new();
        ear.rests = true;
    }

    /// Listens again: a head comes next.
    pub(super) fn listen(&self) {
        self.lock().rests = false;
    }

    fn lock(&self) -> MutexGuard<'_, Ear> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use http::Uri;

    use super::{Heard, ORDINARY};

    #[test]
    fn bodies_are_not_kept_and_the_next_head_is() {
        let heard = Heard::default();
        heard.rest();
        heard.add(&[b'x'; 4096]);
        assert_eq!(heard.lock().bytes.capacity(), 0);
        heard.listen();
        heard.add(b"POST /a HTTP/1.1\r\nhost: b\r\ncontent-length: 5\r\n\r\n");
        assert!(heard.length_was_stated(&Uri::from_static("/a")));
    }

    #[test]
    fn a_long_head_takes_no_room_for_ever() {
        let heard = Heard::default();
        heard.add(&vec![b'x'; 8 * ORDINARY]);
        heard.forget();
        assert!(heard.lock().bytes.capacity() <= ORDINARY);
    }
}
