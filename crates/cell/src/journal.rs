//! Events: numbered, kept on disk, waited for by readers.
//!
//! Each number is larger than those before it, also than those of a journal that was lost or torn: a cell
//! begins with the time of its start, in microseconds since 1970, and counts from there.

use anyhow::Context;
use domain::ids::EnvironmentId;
use engine::observation::{Event, EventKind};
use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::sync::watch;

/// Events that are kept.
const KEPT: usize = 2_000;
/// The most that one answer holds.
const LARGEST_ANSWER: usize = 500;

/// The events of this cell.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    inner: Mutex<Inner>,
    /// The number of the newest event; 0 when there is none.
    last: watch::Sender<u64>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    lines: usize,
    /// Whether the file may end in a part of a line.
    torn: bool,
    next: u64,
    events: VecDeque<Event>,
}

impl Journal {
    /// Reads what was kept. A line that was being written when the cell ended is left out.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let mut events = read(path).with_context(|| format!("reading {}", path.display()))?;
        events.drain(..events.len().saturating_sub(KEPT));
        let file = rewrite(path, &events).with_context(|| format!("writing {}", path.display()))?;
        let last = events.back().map_or(0, |event| event.sequence);
        Ok(Self {
            path: path.to_owned(),
            inner: Mutex::new(Inner {
                file,
                lines: events.len(),
                torn: false,
                next: microseconds_since_1970().max(last + 1),
                events,
            }),
            last: watch::Sender::new(last),
        })
    }

    /// Writes one event down.
    pub fn record(
        &self,
        workload: EnvironmentId,
        index: Option<u16>,
        kind: EventKind,
        message: impl Into<String>,
    ) {
        let message = message.into();
        tracing::info!(%workload, ?index, ?kind, message, "event");
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
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
        let written = self.write(&mut inner, &event);
        inner.torn = written.is_err();
        if let Err(error) = written {
            tracing::error!(%error, "an event could not be kept on disk");
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
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let newer = inner.events.iter().filter(|event| event.sequence > after);
        newer.take(LARGEST_ANSWER).cloned().collect()
    }

    fn write(&self, inner: &mut Inner, event: &Event) -> io::Result<()> {
        if inner.torn || inner.lines >= 2 * KEPT {
            inner.file = rewrite(&self.path, &inner.events)?;
            inner.lines = inner.events.len();
        }
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        inner.lines += 1;
        inner.file.write_all(&line)
    }
}

/// The readable lines of a file.
fn read(path: &Path) -> io::Result<VecDeque<Event>> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(VecDeque::new()),
        Err(error) => return Err(error),
    };
    // Not as text: a torn line may end in the middle of a character.
    let lines = text.split(|byte| *byte == b'\n');
    let events = lines.filter(|line| !line.is_empty()).filter_map(|line| {
        serde_json::from_slice(line)
            .inspect_err(|error| tracing::warn!(%error, "an event on disk is unreadable"))
            .ok()
    });
    Ok(events.collect())
}

fn microseconds_since_1970() -> u64 {
    let now = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000;
    u64::try_from(now).unwrap_or(0)
}

fn rewrite(path: &Path, events: &VecDeque<Event>) -> io::Result<File> {
    let temporary = path.with_extension("new");
    let mut text = Vec::new();
    for event in events {
        serde_json::to_writer(&mut text, event)?;
        text.push(b'\n');
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&temporary)?;
    file.write_all(&text)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    OpenOptions::new().append(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::{Journal, KEPT};
    use domain::ids::EnvironmentId;
    use engine::observation::EventKind;
    use std::path::PathBuf;
    use std::time::Duration;
    use tempfile::TempDir;
    use uuid::Uuid;

    fn in_folder() -> (TempDir, PathBuf, EnvironmentId) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("events.jsonl");
        (folder, path, EnvironmentId::new(Uuid::from_u128(1)))
    }

    async fn all(journal: &Journal) -> Vec<(u64, String)> {
        let events = journal.after(0, Duration::ZERO).await;
        let told = events.into_iter().map(|e| (e.sequence, e.message));
        told.collect()
    }

    #[tokio::test]
    async fn a_torn_line_is_left_out_and_its_number_is_not_given_again() {
        let (_folder, path, id) = in_folder();
        let journal = Journal::open(&path).expect("open");
        journal.record(id, Some(0), EventKind::Ready, "one");
        journal.record(id, None, EventKind::Converged, "tw⏎");
        let before = all(&journal).await;
        // In the middle of the last character, as after a power cut.
        let text = std::fs::read(&path).expect("there");
        let end = text.len() - b"\x8e\"}\n".len();
        std::fs::write(&path, &text[..end]).expect("torn");
        assert!(std::str::from_utf8(&text[..end]).is_err());

        let journal = Journal::open(&path).expect("open again");
        journal.record(id, None, EventKind::Converged, "three");
        let after = all(&journal).await;
        assert_eq!(after[0], before[0]);
        assert_eq!((after.len(), &*after[1].1), (2, "three"));
        assert!(after[1].0 > before[1].0, "{before:?} {after:?}");
    }

    #[tokio::test]
    async fn a_lost_journal_goes_on_with_larger_numbers() {
        let (_folder, path, id) = in_folder();
        let journal = Journal::open(&path).expect("open");
        journal.record(id, None, EventKind::Converged, "before");
        let read = all(&journal).await[0].0;
        std::fs::remove_file(&path).expect("lost");
        let journal = Journal::open(&path).expect("open anew");
        let (events, ()) = tokio::join!(journal.after(read, Duration::from_mins(1)), async {
            journal.record(id, None, EventKind::Converged, "after");
        });
        assert_eq!((events.len(), &*events[0].message), (1, "after"));
        assert!(events[0].sequence > read);
    }

    #[tokio::test]
    async fn what_follows_a_failed_write_is_kept() {
        let (_folder, path, id) = in_folder();
        let journal = Journal::open(&path).expect("open");
        let full = std::fs::File::options().write(true).open("/dev/full");
        journal.inner.lock().expect("no panic while locked").file = full.expect("a full disk");
        journal.record(id, None, EventKind::Converged, "one");
        journal.record(id, None, EventKind::Converged, "two");
        let told = all(&journal).await;
        assert_eq!(told.len(), 2);
        let journal = Journal::open(&path).expect("open again");
        assert_eq!(all(&journal).await, told);
    }

    #[tokio::test]
    async fn a_reader_is_woken_by_the_next_event() {
        let (_folder, path, id) = in_folder();
        let journal = Journal::open(&path).expect("open");
        let (events, ()) = tokio::join!(journal.after(0, Duration::from_mins(1)), async {
            journal.record(id, None, EventKind::Converged, "woken");
        });
        assert_eq!(events.len(), 1);
    }

    #[tokio::test]
    async fn old_events_are_trimmed_on_disk_too() {
        let (_folder, path, id) = in_folder();
        let journal = Journal::open(&path).expect("open");
        for number in 0..=3 * KEPT {
            journal.record(id, None, EventKind::Converged, number.to_string());
        }
        let text = std::fs::read_to_string(&path).expect("there");
        let lines = text.lines().count();
        assert!(lines <= 2 * KEPT, "{lines}");
        let last = *journal.last.borrow();
        let newest = journal.after(last - 1, Duration::ZERO).await;
        assert_eq!((newest.len(), &*newest[0].message), (1, "6000"));
    }
}
