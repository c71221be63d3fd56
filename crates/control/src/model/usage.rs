//! What an environment takes of disks, as a row.

use domain::disk::{Level, gib};
use domain::ids::{CompanyId, EnvironmentId};
use serde::Deserialize;
use time::OffsetDateTime;

/// An environment, what it takes, and what it may take.
#[derive(Debug, Clone)]
pub(crate) struct UsageRow {
    pub(crate) environment: EnvironmentId,
    pub(crate) company: CompanyId,
    pub(crate) region: String,
    /// The code of its plan, for people.
    pub(crate) plan: String,
    pub(crate) database: String,
    pub(crate) role: String,
    /// Connections that were promised.
    pub(crate) connections: Option<u32>,
    pub(crate) revision: i64,
    pub(crate) files_allowed: Option<u64>,
    pub(crate) database_allowed: Option<u64>,
    pub(crate) files: Measured,
    pub(crate) file_count: u64,
    pub(crate) files_held: bool,
    pub(crate) of_database: Measured,
    pub(crate) closed: Option<Closed>,
    pub(crate) open_until: Option<OffsetDateTime>,
}

/// What was measured last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) bytes: u64,
    pub(crate) level: Level,
    /// None before the first measuring.
    pub(crate) at: Option<OffsetDateTime>,
}

/// A database that takes no connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Closed {
    pub(crate) why: Why,
    /// What was desired then; another one means that a person has acted since.
    pub(crate) revision: i64,
}

/// What was measured, as the table has it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct UsageColumns {
    pub(crate) files_bytes: Option<u64>,
    pub(crate) files: Option<u64>,
    pub(crate) run_bytes: Option<u64>,
    pub(crate) files_held: bool,
    pub(crate) files_level: String,
    #[serde(with = "time::serde::rfc3339::option")]
    pub(crate) files_at: Option<OffsetDateTime>,
    pub(crate) database_bytes: Option<u64>,
    pub(crate) database_level: String,
    #[serde(with = "time::serde::rfc3339::option")]
    pub(crate) database_at: Option<OffsetDateTime>,
    pub(crate) closed_for: Option<String>,
}

/// Why a database takes no connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// It is beyond its plan and the margin.
    Plan,
    /// It grew most while the disk's reserve was touched.
    Reserve,
}

impl Why {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Reserve => "reserve",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Plan, Self::Reserve]
            .into_iter()
            .find(|it| it.as_str() == text)
    }
}

/// The level's word in the table.
pub(crate) const fn level_word(level: Level) -> &'static str {
    match level {
        Level::Fine => "fine",
        Level::Near => "near",
        Level::Over => "over",
        Level::Held => "held",
    }
}

/// The level of a word; one that nobody knows is as good as none.
pub(crate) fn level_of(word: &str) -> Level {
    [Level::Near, Level::Over, Level::Held]
        .into_iter()
        .find(|level| level_word(*level) == word)
        .unwrap_or(Level::Fine)
}

/// Bytes that a plan's column allows; none where it makes no sense.
pub(crate) fn allowed(gib_of_plan: Option<i32>) -> Option<u64> {
    let count = u32::try_from(gib_of_plan?).ok()?;
    (count > 0).then(|| gib(count))
}
