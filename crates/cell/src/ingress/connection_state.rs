//! What a client's connection and the answers to its requests tell each other.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::Context,
};

use futures::task::AtomicWaker;

use crate::ingress::shares::Share;

/// Shared by a connection and who answers its requests, one at a time.
#[derive(Default)]
pub(super) struct ConnectionState {
    /// Requests whose heads have been let through.
    begun: AtomicU64,
    /// Those of them whose answers have ended.
    answered: AtomicU64,
    upgraded: AtomicBool,
    cut: AtomicBool,
    /// Who waits for the end of the answer.
    waiting: AtomicWaker,
}

/// A request that is being answered, until this is dropped.
pub(super) struct Answering {
    state: Arc<ConnectionState>,
    /// The end of the connection is the only sign of the answer's end.
    ends_with_connection: bool,
    _share: Option<Arc<Share>>,
}

impl ConnectionState {
    /// So many requests have begun, all in all.
    pub(super) fn begin(&self, requests: u64) {
        self.begun.store(requests, Ordering::Relaxed);
    }

    /// The next request is answered; it counts in `share` until that has ended.
    pub(super) fn answer(
        self: &Arc<Self>,
        ends_with_connection: bool,
        share: Option<Arc<Share>>,
    ) -> Answering {
        Answering {
            state: Arc::clone(self),
            ends_with_connection,
            _share: share,
        }
    }

    /// Whether a request has begun whose answer has not ended.
    pub(super) fn is_answering(&self) -> bool {
        self.begun.load(Ordering::Relaxed) != self.answered.load(Ordering::Acquire)
    }

    /// The same; wakes the task when that has ended.
    pub(super) fn is_answering_still(&self, cx: &Context<'_>) -> bool {
        if !self.is_answering() {
            return false;
        }
        self.waiting.register(cx.waker());
        self.is_answering()
    }

    /// Both sides agreed on another protocol.
    pub(super) fn upgrade(&self) {
        self.upgraded.store(true, Ordering::Relaxed);
    }

    /// Whether both sides agreed on another protocol.
    pub(super) fn is_upgraded(&self) -> bool {
        self.upgraded.load(Ordering::Relaxed)
    }

    /// Whether the client must see that the connection broke, since nothing else tells that its answer is not whole.
    pub(super) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Relaxed)
    }
}

impl Answering {
    /// The answer has broken off.
    pub(super) fn cut(&self) {
        self.state
            .cut
            .fetch_or(self.ends_with_connection, Ordering::Relaxed);
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.state.answered.fetch_add(1, Ordering::Release);
        self.state.waiting.wake();
    }
}
