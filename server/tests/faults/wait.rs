//! Waiting for conditions, and for one's turn.

use std::fmt::Display;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, MutexGuard};

/// How long anything may take that a test waits for.
const PATIENCE: Duration = Duration::from_mins(3);
const LOOK_EVERY: Duration = Duration::from_millis(20);

static TURN: Mutex<()> = Mutex::const_new(());

/// Lets one test run at a time.
pub async fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().await
}

/// Asks again and again until there is something.
pub async fn until<T>(what: impl Display, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} does not come about");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
