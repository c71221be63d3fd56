//! The file of events: one line of JSON for each, rewritten when it has become twice as long as needed.

use super::KEPT;
use crate::disk;
use crate::words;
use engine::observation::Event;
use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

/// A longer line is no event that is worth its memory, bytes.
const LONGEST_LINE: u64 = 64 << 10;

/// The file that is being written.
#[derive(Debug)]
pub struct EventFile {
    path: PathBuf,
    /// None after a failure: the next event rewrites the file whole.
    file: Option<File>,
    lines: usize,
    written: u64,
    synced: u64,
}

impl EventFile {
    /// The file at `path`, not written yet, the events in it, and what is the matter with it.
    pub fn open(path: &Path) -> (Self, VecDeque<Event>, Option<String>) {
        let (events, problem) = match read(path) {
            Ok(events) => (events, None),
            Err(error) => (VecDeque::new(), Some(set_aside(path, &error))),
        };
        let file = Self {
            path: path.to_owned(),
            file: None,
            lines: 0,
            written: 0,
            synced: 0,
        };
        (file, events, problem)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `events` in the place of everything.
    pub fn rewrite(&mut self, events: &VecDeque<Event>) -> io::Result<()> {
        self.file = None;
        let mut text = Vec::new();
        for event in events {
            serde_json::to_writer(&mut text, event)?;
            text.push(b'\n');
        }
        disk::write(&self.path, &text)?;
        self.file = Some(OpenOptions::new().append(true).open(&self.path)?);
        self.lines = events.len();
        self.synced = self.written;
        Ok(())
    }

    /// Adds `event`; `before` are those that are kept, without it.
    pub fn append(&mut self, event: &Event, before: &VecDeque<Event>) -> io::Result<()> {
        if self.file.is_none() || self.lines >= 2 * KEPT {
            self.rewrite(before)?;
        }
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        let mut file = self
            .file
            .take()
            .ok_or_else(|| io::Error::other("no file"))?;
        // The file may end in a part of a line now: only after a whole one it is written on.
        file.write_all(&line)?;
        self.file = Some(file);
        self.lines += 1;
        self.written += 1;
        Ok(())
    }

    /// What is to be synced, and the count to tell [`Self::synced`] then; none when all is.
    pub fn unsynced(&self) -> io::Result<Option<(File, u64)>> {
        match &self.file {
            Some(file) if self.synced < self.written => Ok(Some((file.try_clone()?, self.written))),
            _ => Ok(None),
        }
    }

    /// The first `written` lines are on the disk.
    pub fn synced(&mut self, written: u64) {
        self.synced = self.synced.max(written);
    }

    #[cfg(test)]
    pub fn replace(&mut self, file: File) {
        self.file = Some(file);
    }
}

/// The readable lines of a file.
fn read(path: &Path) -> io::Result<VecDeque<Event>> {
    let mut reader = match File::open(path) {
        Ok(file) => BufReader::new(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(VecDeque::new()),
        Err(error) => return Err(error),
    };
    let mut events = VecDeque::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        // Not as text: a torn line may end in the middle of a character.
        if (&mut reader)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)?
            == 0
        {
            return Ok(events);
        }
        if !line.ends_with(b"\n") {
            reader.skip_until(b'\n')?;
        }
        match serde_json::from_slice::<Event>(&line) {
            Ok(event) => events.push_back(Event {
                message: words::reason(&event.message),
                ..event
            }),
            Err(error) => tracing::warn!(%error, "an event on disk is unreadable"),
        }
        if events.len() > KEPT {
            events.pop_front();
        }
    }
}

fn set_aside(path: &Path, error: &io::Error) -> String {
    let aside = path.with_extension("unreadable");
    let moved = std::fs::rename(path, &aside);
    let (path, aside) = (path.display(), aside.display());
    match moved {
        Ok(()) => format!(
            "{path}: the events cannot be read: {error}. The file is kept as {aside}; remove it."
        ),
        Err(_) => {
            format!("{path}: the events cannot be read: {error}. Remove the file and start again.")
        }
    }
}
