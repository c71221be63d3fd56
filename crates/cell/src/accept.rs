//! Accepting connections through errors. They pass: too many files are open, a client is gone again.

use std::io;
use std::time::Duration;

/// The pause after an error.
const PAUSE: Duration = Duration::from_millis(50);

/// What `accept` gives first that is no error.
pub async fn accepted<T, F: Future<Output = io::Result<T>>>(accept: impl Fn() -> F) -> T {
    loop {
        match accept().await {
            Ok(connection) => return connection,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::accepted;
    use std::cell::Cell;
    use std::future::ready;
    use std::io;

    #[tokio::test]
    async fn errors_do_not_end_it() {
        let left = Cell::new(2_u8);
        let accept = || {
            let failures = left.get();
            left.set(failures.saturating_sub(1));
            ready(if failures > 0 {
                Err(io::Error::other("too many open files"))
            } else {
                Ok("a connection")
            })
        };
        assert_eq!(accepted(accept).await, "a connection");
    }
}
