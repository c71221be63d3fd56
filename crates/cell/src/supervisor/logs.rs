//! What instances wrote: those that run, and before them the one of their index that failed last.

use crate::disk;
use crate::layout::Layout;
use crate::record::{InstanceRecord, LastWords};
use crate::shared_folder;
use crate::words;
use domain::ids::{EnvironmentId, InstanceId};
use engine::observation::{Instance, LogLine};
use std::io;

/// The most of one answer, bytes.
const LARGEST_ANSWER: usize = 16 << 20;
/// Lines that are kept of an instance that failed.
const KEPT: usize = 500;

/// Keeps the end of an instance's log when the instance goes, for it says why.
pub fn keep(layout: &Layout, record: &InstanceRecord) -> io::Result<()> {
    let lines = shared_folder::log_tail(&layout.run(record.id), KEPT);
    if lines.is_empty() {
        return Ok(());
    }
    disk::private_dir(&layout.last_words_of_all(record.workload))?;
    let words = LastWords {
        instance: record.id,
        lines,
    };
    disk::write_json(&layout.last_words(record.workload, record.index), &words)
}

/// The last lines of each of a workload's `instances`, which are in the order of their index.
pub fn read(
    layout: &Layout,
    workload: EnvironmentId,
    instances: &[Instance],
    tail: usize,
) -> Vec<LogLine> {
    let mut lines = Vec::new();
    // What is kept of a failed instance counts like an instance.
    let share = LARGEST_ANSWER / (2 * instances.len()).max(1);
    let mut add = |index: u16, instance: InstanceId, text: Vec<String>| {
        let text = words::newest_within(text, share);
        lines.extend(text.into_iter().map(|line| LogLine {
            index,
            instance,
            line,
        }));
    };
    let is_shown = |id: InstanceId| instances.iter().any(|instance| instance.id == id);
    let mut before = None;
    for instance in instances {
        let index = instance.index;
        if before.replace(index) != Some(index)
            && let Some(words) = last_words(layout, workload, index)
            // While the log itself is there and shown, it says the same.
            && !(is_shown(words.instance) && layout.run(words.instance).exists())
        {
            let skipped = words.lines.len().saturating_sub(tail);
            let text = words.lines.into_iter().skip(skipped).collect();
            add(index, words.instance, text);
        }
        let text = shared_folder::log_tail(&layout.run(instance.id), tail);
        add(index, instance.id, text);
    }
    lines
}

fn last_words(layout: &Layout, workload: EnvironmentId, index: u16) -> Option<LastWords> {
    let path = layout.last_words(workload, index);
    disk::read_json(&path).unwrap_or_else(|error| {
        tracing::warn!(%error, path = %path.display(), "the last lines of an instance are unreadable");
        None
    })
}
