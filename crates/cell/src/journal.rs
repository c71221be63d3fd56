//! Events: numbered, kept on disk, waited for by readers.
//!
//! Each number is larger than those before it, also than those of a journal that was lost or torn: a cell
//! begins with the time of its start, in microseconds since 1970, and counts from there. What a reader is given
//! was written to the disk before. A disk that takes nothing costs the memory of events, never the cell.

mod file;

use crate::words;
use domain::ids::EnvironmentId;
use engine::observation::{Event, EventKind};
use file::EventFile;
use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::sync::watch;

/// Events that are kept.
const KEPT: usize = 2_000;
/// The most that one answer holds: events, and bytes of their texts. One event always fits.
const MOST_EVENTS: usize = 500;
const LARGEST_ANSWER: usize = 1 << 20;
/// What an event is counted for beside its text, bytes.
const EACH: usize = 256;

/// The events of this cell.
#[derive(Debug)]
pub struct Journal {
    inner: Mutex<Inner>,
    /// One writes to the disk for all who wait for it.
    syncing: tokio::sync::Mutex<()>,
    /// The number of the newest event; 0 when there is none.
    last: watch::Sender<u64>,
}

#[derive(Debug)]
struct Inner {
    file: EventFile,
    next: u64,
    events: VecDeque<Event>,
    problem: Option<String>,
}

impl Journal {
    /// Reads what was kept. What cannot be read is set aside, a line that was being written is left out.
    pub fn open(path: &Path) -> Self {
        let (mut file, mut events, mut problem) = EventFile::open(path);
        events.drain(..events.len().saturating_sub(KEPT));
        if let Err(error) = file.rewrite(&events) {
            problem = Some(not_kept(path, &error));
        }
        if let Some(problem) = &problem {
            tracing::error!("{problem}");
        }
        let last = events.back().map_or(0, |event| event.sequence);
        Self {
            inner: Mutex::new(Inner {
                file,
                next: microseconds_since_1970().max(last + 1),
                events,
                problem,
            }),
            syncing: tokio::sync::Mutex::default(),
            last: watch::Sender::new(last),
        }
    }

    /// What an operator should look at.
    pub fn problem(&self) -> Option<String> {
        self.inner().problem.clone()
    }

    /// Writes one event down.
    pub fn record(
        &self,
        workload: EnvironmentId,
        index: Option<u16>,
        kind: EventKind,
        message: impl AsRef<str>,
    ) {
        let message = words::reason(message.as_ref());
        tracing::info!(%workload, ?index, ?kind, message, "event");
        let mut inner = self.inner();
        let sequence = inner.next;
        inner.next += 1;
        let event = Event {
            sequence,
            at: OffsetDateTime::now_utc(),
            workload,
            index,
            kind,
            message,
        };
        let Inner { file, events, .. } = &mut *inner;
        let written = file.append(&event, events);
        inner.problem = written
            .err()
            .map(|error| not_kept(inner.file.path(), &error));
        if let Some(problem) = &inner.problem {
            tracing::error!("{problem}");
        }
        inner.events.push_back(event);
        if inner.events.len() > KEPT {
            inner.events.pop_front();
        }
        drop(inner);
        self.last.send_replace(sequence);
    }

    /// Events after `after`, oldest first; waits up to `wait` for one. A reader that is ahead of
    /// the journal (which was lost, then) gets everything there is.
    pub async fn after(&self, after: u64, wait: Duration) -> Vec<Event> {
        let mut last = self.last.subscribe();
        let after = if after > *last.borrow() { 0 } else { after };
        let waited = tokio::time::timeout(wait, last.wait_for(|last| *last > after)).await;
        drop(waited);
        let events = self.newer(after);
        if !events.is_empty()
            && let Err(error) = self.sync().await
        {
            tracing::error!(%error, "events are handed out that may not be on disk");
        }
        events
    }

    fn newer(&self, after: u64) -> Vec<Event> {
        let inner = self.inner();
        let newer = inner.events.iter().filter(|event| event.sequence > after);
        let mut bytes = 0;
        let fits = |event: &&Event| {
            let first = bytes == 0;
            bytes += event.message.len() + EACH;
            first || bytes <= LARGEST_ANSWER
        };
        newer.take(MOST_EVENTS).take_while(fits).cloned().collect()
    }

    /// Makes sure that what was written by now outlives a power cut.
    async fn sync(&self) -> io::Result<()> {
        let _one = self.syncing.lock().await;
        let Some((file, written)) = self.inner().file.unsynced()? else {
            return Ok(());
        };
        tokio::task::spawn_blocking(move || file.sync_data())
            .await
            .map_err(io::Error::other)??;
        self.inner().file.synced(written);
        Ok(())
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_kept(path: &Path, error: &io::Error) -> String {
    format!(
        "{}: events cannot be kept on disk: {error}. Make room or mend the disk; they are kept in memory until then.",
        path.display()
    )
}

fn microseconds_since_1970() -> u64 {
    let now = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000;
    u64::try_from(now).unwrap_or(0)
}

#[cfg(test)]
mod tests;
