//! Where a worker takes the time from.

use std::sync::Arc;

use time::OffsetDateTime;

/// Answers the present moment; a test gives one of its own.
pub type Clock = Arc<dyn Fn() -> OffsetDateTime + Send + Sync>;

/// The machine's clock.
pub fn system() -> Clock {
    Arc::new(OffsetDateTime::now_utc)
}
