//! What a page shows of what an environment takes.

use super::words::{Of, held};
use crate::model::usage::{Measured, UsageColumns, Why, level_of};
use domain::disk::gib;
use domain::plans::Plan;
use engine::usage;
use views::usage::{Room, Taken, Usage};

/// What an environment takes, beside what its plan allows.
pub(crate) fn usage(row: &UsageColumns, plan: Option<&Plan>) -> Usage {
    let files_allowed = plan.map(|plan| gib(plan.files_gib));
    let files_bytes = row.files_bytes.unwrap_or_default();
    let files_held = row.files_held.then(|| {
        // Files that are within their plan are held for the reserve's sake.
        let is_over = files_allowed.is_some_and(|all| files_bytes > all);
        held(Of::Files, if is_over { Why::Plan } else { Why::Reserve })
    });
    let closed = row.closed_for.as_deref().and_then(Why::parse);
    let closed = closed.map(|why| held(Of::Database, why));
    let all: Vec<String> = files_held.into_iter().chain(closed).collect();
    let files = Measured {
        bytes: files_bytes,
        level: level_of(&row.files_level),
        at: row.files_at,
    };
    let database = Measured {
        bytes: row.database_bytes.unwrap_or_default(),
        level: level_of(&row.database_level),
        at: row.database_at,
    };
    Usage {
        files: taken(files, files_allowed),
        file_count: row.files.unwrap_or_default(),
        run: row.files_at.and(row.run_bytes),
        database: taken(database, plan.map(|plan| gib(plan.database_disk_gib))),
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
