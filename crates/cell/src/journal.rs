//! Events: numbered without gaps over restarts, kept on disk, waited for by readers.

use domain::ids::EnvironmentId;
use engine::observation::{Event, EventKind};
use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
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
    last: watch::Sender<u64>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    lines: usize,
    events: VecDeque<Event>,
}

impl Journal {
    /// Reads what was kept. A line that was being written when the cell ended is left out.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut events = VecDeque::new();
        match File::open(path) {
            Ok(file) => {
                for line in BufReader::new(file).lines() {
                    match serde_json::from_str::<Event>(&line?) {
                        Ok(event) => events.push_back(event),
                        Err(error) => tracing::warn!(%error, "an event on disk is unreadable"),
                    }
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        events.drain(..events.len().saturating_sub(KEPT));
        let last = events.back().map_or(0, |event| event.sequence);
        let file = rewrite(path, &events)?;
        Ok(Self {
            path: path.to_owned(),
            inner: Mutex::new(Inner {
                file,
                lines: events.len(),
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
        let sequence = *self.last.borrow() + 1;
        let event = Event {
            sequence,
            at: OffsetDateTime::now_utc(),
            workload,
            index,
            kind,
            message,
        };
        if let Err(error) = self.write(&mut inner, &event) {
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
        if inner.lines >= 2 * KEPT {
            inner.file = rewrite(&self.path, &inner.events)?;
            inner.lines = inner.events.len();
        }
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        inner.lines += 1;
        inner.file.write_all(&line)
    }
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
    use std::io::Write;
    use std::time::Duration;
    use uuid::Uuid;

    #[tokio::test]
    async fn numbers_go_on_after_a_restart_and_a_torn_line_is_left_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("events.jsonl");
        let id = EnvironmentId::new(Uuid::from_u128(1));
        let journal = Journal::open(&path).expect("open");
        journal.record(id, Some(0), EventKind::Ready, "one");
        journal.record(id, None, EventKind::Settled, "two");
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .expect("there");
        file.write_all(b"{\"sequence\":3,").expect("torn");
        let journal = Journal::open(&path).expect("open again");
        journal.record(id, None, EventKind::Settled, "three");
        let events = journal.after(1, Duration::ZERO).await;
        let seen: Vec<_> = events.iter().map(|e| (e.sequence, &*e.message)).collect();
        assert_eq!(seen, [(2, "two"), (3, "three")]);
    }

    #[tokio::test]
    async fn a_reader_is_woken_by_the_next_event() {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Journal::open(&folder.path().join("events.jsonl")).expect("open");
        let id = EnvironmentId::new(Uuid::from_u128(1));
        let (events, ()) = tokio::join!(journal.after(0, Duration::from_mins(1)), async {
            journal.record(id, None, EventKind::Settled, "woken");
        });
        assert_eq!(events.len(), 1);
    }

    #[tokio::test]
    async fn old_events_are_trimmed_on_disk_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("events.jsonl");
        let journal = Journal::open(&path).expect("open");
        let id = EnvironmentId::new(Uuid::from_u128(1));
        for number in 0..=3 * KEPT {
            journal.record(id, None, EventKind::Settled, number.to_string());
        }
        let lines = std::fs::read_to_string(&path)
            .expect("there")
            .lines()
            .count();
        assert!(lines <= 2 * KEPT, "{lines}");
        let newest = journal.after(3 * 2_000, Duration::ZERO).await;
        assert_eq!(newest[0].sequence, 6_001);
    }
}
