//! The lowest rate at which the other side may send or take.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

/// Counts what moves against the time that was spent waiting for it.
///
/// Only waiting counts: whoever is not asked for anything is not slow.
pub(super) struct Pace {
    window: Duration,
    least: usize,
    moved: usize,
    waited: Duration,
    since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Pace {
    /// At least `least` bytes must move in each `window` of waiting.
    pub(super) fn new(window: Duration, least: usize) -> Self {
        Self {
            window,
            least,
            moved: 0,
            waited: Duration::ZERO,
            since: None,
            timer: None,
        }
    }

    /// So many bytes have moved.
    pub(super) fn moved(&mut self, bytes: usize) {
        if let Some(since) = self.since.take() {
            self.waited += since.elapsed();
        }
        self.moved += bytes;
        if self.moved >= self.least {
            self.moved = 0;
            self.waited = Duration::ZERO;
        }
    }

    /// Nothing moves; ready when that has gone on for too long.
    pub(super) fn poll_too_slow(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let since = *self.since.get_or_insert_with(Instant::now);
        let deadline = since + self.window.saturating_sub(self.waited);
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        timer.as_mut().poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, time::Duration};

    use tokio::time::{Instant, advance, timeout};

    use super::Pace;

    const WINDOW: Duration = Duration::from_mins(1);

    /// Whether `pieces` of so many bytes, one at each `every`, are too slow at the lowest rate of 600 bytes a minute.
    async fn is_too_slow(every: Duration, bytes: usize, pieces: usize) -> bool {
        let mut pace = Pace::new(WINDOW, 600);
        for _ in 0..pieces {
            if timeout(every, poll_fn(|cx| pace.poll_too_slow(cx)))
                .await
                .is_ok()
            {
                return true;
            }
            pace.moved(bytes);
        }
        false
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_comes_below_the_rate_is_too_slow() {
        for (seconds, bytes, too_slow) in [
            (300, 1, true),
            (50, 1, true),
            (1, 1, true),
            (1, 9, true),
            (1, 11, false),
            (10, 120, false),
            (59, 600, false),
            (61, 100_000, true),
        ] {
            let every = Duration::from_secs(seconds);
            assert_eq!(
                is_too_slow(every, bytes, 200).await,
                too_slow,
                "{bytes} bytes each {seconds} s"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn time_in_which_nothing_is_asked_for_does_not_count() {
        let mut pace = Pace::new(WINDOW, 600);
        for _ in 0..100 {
            let begun = Instant::now();
            let waiting = timeout(
                Duration::from_millis(500),
                poll_fn(|cx| pace.poll_too_slow(cx)),
            );
            assert!(waiting.await.is_err(), "{:?}", begun.elapsed());
            pace.moved(6);
            advance(10 * WINDOW).await;
        }
    }
}
