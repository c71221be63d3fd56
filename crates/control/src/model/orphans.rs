//! What no row knows, as the last searches left it.

use domain::ids::{EnvironmentId, OrphanId};
use time::OffsetDateTime;

/// Something that no row knows.
pub(crate) struct OrphanRow {
    pub(crate) id: OrphanId,
    /// The code of an [`crate::orphans::OrphanKind`].
    pub(crate) kind: String,
    pub(crate) environment: EnvironmentId,
    /// The engine, server or folder, in words.
    pub(crate) place: String,
    pub(crate) first_seen_at: OffsetDateTime,
    pub(crate) last_seen_at: OffsetDateTime,
    /// When its removal was asked for, until it is tried.
    pub(crate) remove_asked_at: Option<OffsetDateTime>,
    /// Who asked for that last.
    pub(crate) remove_asked_by: Option<String>,
    pub(crate) removed_at: Option<OffsetDateTime>,
    /// Why the last attempt to remove it failed.
    pub(crate) failure: Option<String>,
}

/// The searches.
pub(crate) struct Search {
    /// When one was asked for that has not begun yet.
    pub(crate) asked_at: Option<OffsetDateTime>,
    /// When the last one began.
    pub(crate) searched_at: Option<OffsetDateTime>,
    /// Where it could not look, and why.
    pub(crate) unseen: Vec<String>,
}
