//! The clock, so that tests can move it.

use std::sync::Arc;

use time::OffsetDateTime;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> OffsetDateTime + Send + Sync>;

/// The machine's clock.
pub fn system() -> Clock {
    Arc::new(OffsetDateTime::now_utc)
}
