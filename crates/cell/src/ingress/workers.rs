//! The threads that answer requests, each with a runtime of its own.
//!
//! A client's connection stays on one thread, and so do the connections to instances that it uses: passing
//! a request on wakes no other thread, and work of the engine that blocks a thread holds no request up.

use std::{io, num::NonZeroUsize, thread};

use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

/// The threads; they end when this is dropped.
pub(super) struct Workers {
    workers: Vec<Worker>,
    turn: usize,
}

struct Worker {
    handle: Handle,
    _lives: oneshot::Sender<()>,
}

impl Workers {
    /// As many as there are processors.
    pub(super) fn start() -> io::Result<Self> {
        let number = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let workers = (0..number).map(Worker::start);
        Ok(Self {
            workers: workers.collect::<io::Result<_>>()?,
            turn: 0,
        })
    }

    /// The one whose turn it is.
    pub(super) fn next(&mut self) -> &Handle {
        self.turn = (self.turn + 1) % self.workers.len();
        &self.workers[self.turn].handle
    }
}

impl Worker {
    fn start(number: usize) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (lives, ended) = oneshot::channel::<()>();
        thread::Builder::new()
            .name(format!("ingress-{number}"))
            .spawn(move || {
                // It only ever ends with an error: nothing is sent.
                drop(runtime.block_on(ended));
            })?;
        Ok(Self {
            handle,
            _lives: lives,
        })
    }
}
