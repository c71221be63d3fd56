//! A task of the background: what it does, how often, and where.

use crate::error::Result;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

type Pass = Box<dyn Fn() -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// Something that is done again and again.
pub struct Task {
    pub(super) name: String,
    pub(super) rhythm: Rhythm,
    pub(super) woken_by: Option<Arc<Notify>>,
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
        self.woken_by = Some(event);
        self
    }
}
