//! Whose turn it is to have a package inspected: a few at once, and the companies in turn.
//!
//! An inspection takes a processor for as long as a package takes to unpack, and memory for its
//! directory. Whoever uploads much waits behind the own uploads, not before those of others.

use crate::error::{Error, Result};
use domain::ids::CompanyId;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long an upload waits for its turn.
const WAITS: Duration = Duration::from_mins(5);
/// How many uploads of a company may wait: each keeps a whole file on the disk.
const WAITING_AT_MOST: usize = 8;

/// The turns of a process.
pub struct Inspections {
    turns: Arc<Turns>,
    waits: Duration,
}

/// A turn; the next one begins when it is dropped.
#[must_use]
pub(crate) struct Turn(Option<Arc<Turns>>);

#[derive(Default)]
struct Turns(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    free: usize,
    /// Whoever's first one is served goes to the end; nobody is here with nothing to wait for.
    companies: VecDeque<(CompanyId, VecDeque<oneshot::Sender<Turn>>)>,
}

impl Default for Inspections {
    /// Half of the processors, at least one; five minutes.
    fn default() -> Self {
        let processors = available_parallelism().map_or(1, usize::from);
        Self::new((processors / 2).max(1), WAITS)
    }
}

impl Inspections {
    /// This many at once; whoever has waited for `waits` is sent away.
    pub fn new(at_once: usize, waits: Duration) -> Self {
        let queue = Queue {
            free: at_once,
            ..Queue::default()
        };
        Self {
            turns: Arc::new(Turns(Mutex::new(queue))),
            waits,
        }
    }

    /// Waits for a turn.
    pub(crate) async fn turn(&self, company: CompanyId) -> Result<Turn> {
        let Some(waiting) = self.queue_up(company)? else {
            return Ok(Turn(Some(Arc::clone(&self.turns))));
        };
        let come = tokio::time::timeout(self.waits, waiting).await;
        come.ok().and_then(std::result::Result::ok).ok_or_else(|| {
            busy("Many packages are being inspected, and this one's turn did not come in time.")
        })
    }

    /// Nothing where a place is free at once.
    fn queue_up(&self, company: CompanyId) -> Result<Option<oneshot::Receiver<Turn>>> {
        let mut queue = self.turns.lock();
        if queue.free > 0 {
            queue.free -= 1;
            return Ok(None);
        }
        let (turn, waiting) = oneshot::channel();
        match queue.companies.iter_mut().find(|(id, _)| *id == company) {
            None => queue.companies.push_back((company, VecDeque::from([turn]))),
            Some((_, line)) => {
                line.retain(|turn| !turn.is_closed());
                if line.len() >= WAITING_AT_MOST {
                    return Err(busy(&format!(
                        "{WAITING_AT_MOST} packages of your company wait for their inspection already."
                    )));
                }
                line.push_back(turn);
            }
        }
        Ok(Some(waiting))
    }
}

impl Turns {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// The next one's, and its company goes to the end.
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        let (company, mut line) = self.companies.pop_front()?;
        let next = line.pop_front();
        if !line.is_empty() {
            self.companies.push_back((company, line));
        }
        next
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(turns) = self.0.take() else { return };
        let mut queue = turns.lock();
        while let Some(next) = queue.next() {
            let Err(mut refused) = next.send(Self(Some(Arc::clone(&turns)))) else {
                return;
            };
            // Whoever waited for it is gone; it must not come back here by being dropped.
            refused.0 = None;
        }
        queue.free += 1;
    }
}

fn busy(what: &str) -> Error {
    Error::Unavailable {
        text: format!("{what} Nothing was kept; send it again in a few minutes."),
        source: None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Inspections, WAITING_AT_MOST, WAITS};
    use crate::error::Error;
    use domain::ids::CompanyId;
    use futures::FutureExt;
    use std::time::Duration;
    use uuid::Uuid;

    fn company(number: u128) -> CompanyId {
        CompanyId::new(Uuid::from_u128(number))
    }

    #[tokio::test]
    async fn companies_take_turns_and_who_has_left_is_passed_over() {
        let inspections = Inspections::new(1, WAITS);
        let first = inspections.turn(company(1)).await.expect("is free");
        let mut mine = Box::pin(inspections.turn(company(1)));
        let mut mine_too = Box::pin(inspections.turn(company(1)));
        let mut left = Box::pin(inspections.turn(company(3)));
        let mut theirs = Box::pin(inspections.turn(company(2)));
        for waiting in [&mut mine, &mut mine_too, &mut left, &mut theirs] {
            assert!(waiting.now_or_never().is_none());
        }
        drop(left);
        drop(first);
        let mine = mine.now_or_never().expect("its turn").expect("a turn");
        assert!((&mut mine_too).now_or_never().is_none());
        drop(mine);
        let theirs = (&mut theirs).now_or_never().expect("before the second");
        assert!((&mut mine_too).now_or_never().is_none());
        drop(theirs);
        drop(mine_too.now_or_never().expect("at last"));
        assert!(inspections.turn(company(4)).now_or_never().is_some());
    }

    #[tokio::test]
    async fn whoever_waits_too_long_or_sends_too_much_is_told() {
        let inspections = Inspections::new(1, Duration::ZERO);
        let _busy = inspections.turn(company(1)).await.expect("is free");
        let late = inspections.turn(company(1)).await.err();
        let said = late.as_ref().map(Error::to_string).unwrap_or_default();
        assert!(said.contains("send it again"), "{said}");
        let inspections = Inspections::new(1, WAITS);
        let _busy = inspections.turn(company(1)).await.expect("is free");
        let turn = || {
            let mut turn = Box::pin(inspections.turn(company(1)));
            let answer = (&mut turn).now_or_never().map(|turn| turn.is_ok());
            (answer, turn)
        };
        let waiting: Vec<_> = (0..WAITING_AT_MOST).map(|_| turn()).collect();
        assert!(waiting.iter().all(|(answer, _)| answer.is_none()));
        assert_eq!(turn().0, Some(false));
        drop(waiting);
        assert_eq!(turn().0, None, "those who left take no place");
    }
}
