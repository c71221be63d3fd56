//! A task of the background: what it does, how often, and where.

use crate::error::Result;
use crate::live_updates::Update;
use domain::topics::Topic;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Mutex, Notify, broadcast};

/// Waits until something happens that a pass is to follow.
type Wake = Box<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

type Pass = Box<dyn Fn() -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// Something that is done again and again.
pub struct Task {
    pub(super) name: String,
    pub(super) rhythm: Rhythm,
    pub(super) woken_by: Option<Wake>,
    pub(super) pass: Pass,
}

/// When a pass follows the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rhythm {
    /// This long after it.
    Every(Duration),
    /// A pass works until the program stops; one that ends earlier is started again.
    Endless,
}

impl Task {
    /// A pass, a pause of `every`, a pass. A pass is dropped when the program stops.
    pub fn every<F>(
        name: impl Into<String>,
        every: Duration,
        pass: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        Self::new(name.into(), Rhythm::Every(every), pass)
    }

    /// A pass that sees to it itself that it ends when the program stops.
    pub fn endless<F>(name: impl Into<String>, pass: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        Self::new(name.into(), Rhythm::Endless, pass)
    }

    fn new<F>(name: String, rhythm: Rhythm, pass: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        Self {
            name,
            rhythm,
            woken_by: None,
            pass: Box::new(move || pass().boxed()),
        }
    }

    /// The pause ends early when this is notified.
    #[must_use]
    pub fn woken_by(mut self, event: Arc<Notify>) -> Self {
        self.woken_by = Some(Box::new(move || {
            let event = Arc::clone(&event);
            async move { event.notified().await }.boxed()
        }));
        self
    }

    /// The pause ends early when this has changed, or when word of it may have been lost.
    #[must_use]
    pub(super) fn woken_by_topic(
        mut self,
        changes: &broadcast::Sender<Update>,
        topic: Topic,
    ) -> Self {
        let changes = Arc::new(Mutex::new(changes.subscribe()));
        self.woken_by = Some(Box::new(move || {
            let changes = Arc::clone(&changes);
            async move { changed(&mut *changes.lock().await, topic).await }.boxed()
        }));
        self
    }
}

async fn changed(changes: &mut broadcast::Receiver<Update>, topic: Topic) {
    loop {
        match changes.recv().await {
            Ok(Update::Changed { topics, .. }) if !topics.contains(&topic) => {}
            Ok(_) | Err(RecvError::Lagged(_)) => return,
            // Nobody tells any more.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
