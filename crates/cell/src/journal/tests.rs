//! Events over restarts, torn files, full disks and talkative tenants.

use super::{Journal, KEPT, LARGEST_ANSWER, MOST_EVENTS};
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
    let journal = Journal::open(&path);
    journal.record(id, Some(0), EventKind::Ready, "one");
    journal.record(id, None, EventKind::Converged, "tw⏎");
    let before = all(&journal).await;
    // In the middle of the last character, as after a power cut.
    let text = std::fs::read(&path).expect("there");
    let end = text.len() - b"\x8e\"}\n".len();
    std::fs::write(&path, &text[..end]).expect("torn");
    assert!(std::str::from_utf8(&text[..end]).is_err());

    let journal = Journal::open(&path);
    journal.record(id, None, EventKind::Converged, "three");
    let after = all(&journal).await;
    assert_eq!(after[0], before[0]);
    assert_eq!((after.len(), &*after[1].1), (2, "three"));
    assert!(after[1].0 > before[1].0, "{before:?} {after:?}");
}

#[tokio::test]
async fn a_lost_journal_goes_on_with_larger_numbers() {
    let (_folder, path, id) = in_folder();
    let journal = Journal::open(&path);
    journal.record(id, None, EventKind::Converged, "before");
    let read = all(&journal).await[0].0;
    std::fs::remove_file(&path).expect("lost");
    let journal = Journal::open(&path);
    let (events, ()) = tokio::join!(journal.after(read, Duration::from_mins(1)), async {
        journal.record(id, None, EventKind::Converged, "after");
    });
    assert_eq!((events.len(), &*events[0].message), (1, "after"));
    assert!(events[0].sequence > read);
}

#[tokio::test]
async fn what_follows_a_failed_write_is_kept() {
    let (_folder, path, id) = in_folder();
    let journal = Journal::open(&path);
    let full = std::fs::File::options().write(true).open("/dev/full");
    journal.inner().file.replace(full.expect("a full disk"));
    journal.record(id, None, EventKind::Converged, "one");
    journal.record(id, None, EventKind::Converged, "two");
    let told = all(&journal).await;
    assert_eq!(told.len(), 2);
    let journal = Journal::open(&path);
    assert_eq!(all(&journal).await, told);
}

#[tokio::test]
async fn a_reader_is_woken_by_the_next_event() {
    let (_folder, path, id) = in_folder();
    let journal = Journal::open(&path);
    let (events, ()) = tokio::join!(journal.after(0, Duration::from_mins(1)), async {
        journal.record(id, None, EventKind::Converged, "woken");
    });
    assert_eq!(events.len(), 1);
}

#[tokio::test]
async fn old_events_are_trimmed_on_disk_too() {
    let (_folder, path, id) = in_folder();
    let journal = Journal::open(&path);
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

#[tokio::test]
async fn a_journal_that_cannot_be_read_or_written_keeps_nobody_from_recording() {
    let (folder, path, id) = in_folder();
    std::fs::create_dir(&path).expect("a folder in its place");
    let journal = Journal::open(&path);
    assert!(
        journal
            .problem()
            .expect("said")
            .contains("events.unreadable")
    );
    journal.record(id, None, EventKind::Converged, "one");
    assert_eq!(journal.problem(), None);
    // Nothing can be made in its folder: what the disk does not take is kept in memory.
    let gone = folder.path().join("gone/events.jsonl");
    let journal = Journal::open(&gone);
    journal.record(id, None, EventKind::Converged, "two");
    assert!(journal.problem().expect("said").contains("cannot be kept"));
    assert_eq!(all(&journal).await.len(), 1);
    std::fs::create_dir(folder.path().join("gone")).expect("mended");
    journal.record(id, None, EventKind::Converged, "three");
    assert_eq!(journal.problem(), None);
    assert_eq!(all(&Journal::open(&gone)).await, all(&journal).await);
}

#[tokio::test]
async fn what_was_handed_out_is_on_disk() {
    let (_folder, path, id) = in_folder();
    let journal = Journal::open(&path);
    journal.record(id, None, EventKind::Converged, "one");
    assert!(journal.inner().file.unsynced().expect("asked").is_some());
    assert_eq!(all(&journal).await.len(), 1);
    assert!(journal.inner().file.unsynced().expect("asked").is_none());
}

#[tokio::test]
async fn a_talkative_tenant_holds_up_no_reader() {
    let (_folder, path, id) = in_folder();
    let other = EnvironmentId::new(Uuid::from_u128(2));
    let journal = Journal::open(&path);
    for _ in 0..MOST_EVENTS {
        journal.record(
            id,
            Some(0),
            EventKind::Crashed,
            "\0\u{1f4a5}".repeat(1 << 12),
        );
    }
    journal.record(other, None, EventKind::Converged, "quiet");
    let (mut cursor, mut answers) = (0, 0);
    loop {
        let events = journal.after(cursor, Duration::ZERO).await;
        let bytes: usize = events.iter().map(|event| event.message.len()).sum();
        assert!(bytes <= LARGEST_ANSWER, "{bytes}");
        let last = events.last().expect("the cursor goes on");
        (cursor, answers) = (last.sequence, answers + 1);
        assert!(events.iter().all(|event| !event.message.contains('\0')));
        if last.workload == other {
            break;
        }
    }
    assert!(answers > 1, "by bytes, not by count alone");
    let kept = std::fs::metadata(&path).expect("there").len();
    assert!(kept < 4 << 20, "{kept}");
}

#[tokio::test]
async fn a_line_that_an_older_cell_wrote_without_end_is_left_out() {
    let (_folder, path, id) = in_folder();
    let journal = Journal::open(&path);
    journal.record(id, None, EventKind::Converged, "before");
    let line = std::fs::read_to_string(&path).expect("there");
    let long = line.replace("before", &"x".repeat(15 << 20));
    std::fs::write(
        &path,
        format!("{line}{long}{}", line.replace("before", "after")),
    )
    .expect("written");
    let told: Vec<String> = all(&Journal::open(&path))
        .await
        .into_iter()
        .map(|it| it.1)
        .collect();
    assert_eq!(told, ["before", "after"]);
}
