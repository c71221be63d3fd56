//! What a page shows of what an environment takes.

use super::words::{Of, held};
use crate::model::usage::{Measured, UsageRow, Why};
use engine::usage;
use views::usage::{Room, Taken, Usage};

/// What an environment takes.
pub(crate) fn usage(row: &UsageRow) -> Usage {
    let files_held = row.files_held.then(|| {
        // Files that are within their plan are held for the reserve's sake.
        let is_over = row.files_allowed.is_some_and(|all| row.files.bytes > all);
        held(Of::Files, if is_over { Why::Plan } else { Why::Reserve })
    });
    let closed = row.closed.map(|closed| held(Of::Database, closed.why));
    let all: Vec<String> = files_held.into_iter().chain(closed).collect();
    Usage {
        files: taken(row.files, row.files_allowed),
        file_count: row.file_count,
        run: row.files.at.map(|_| row.run_bytes),
        database: taken(row.of_database, row.database_allowed),
        held: (!all.is_empty()).then(|| all.join(" ")),
    }
}

fn taken(measured: Measured, allowed: Option<u64>) -> Option<Taken> {
    Some(Taken {
        bytes: measured.bytes,
        allowed,
        level: measured.level,
        measured_at: measured.at?.unix_timestamp(),
    })
}

/// What is left of an engine's machine.
pub(crate) fn room(room: usage::Room) -> Room {
    Room {
        memory_mib: room.memory_mib,
        memory_free_mib: room.memory_free_mib,
        disk: room.disk_bytes,
        disk_free: room.disk_free_bytes,
    }
}
