//! Subjects: what an operation works on and what a row of the audit trail is about.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The kind of a subject: a storage format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectKind {
    /// A company.
    Company,
    /// An app.
    App,
    /// An environment of an app.
    Environment,
    /// A deployment package.
    Package,
    /// A backup.
    Backup,
    /// A region.
    Region,
    /// A request for a region.
    RegionRequest,
    /// A migration of an app.
    Migration,
    /// A person.
    Person,
}

impl SubjectKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Company,
        Self::App,
        Self::Environment,
        Self::Package,
        Self::Backup,
        Self::Region,
        Self::RegionRequest,
        Self::Migration,
        Self::Person,
    ];

    /// The code in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::App => "app",
            Self::Environment => "environment",
            Self::Package => "package",
            Self::Backup => "backup",
            Self::Region => "region",
            Self::RegionRequest => "region_request",
            Self::Migration => "migration",
            Self::Person => "person",
        }
    }

    /// Reads a code.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// One thing, by its kind and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// What it is.
    pub kind: SubjectKind,
    /// Which one.
    pub id: Uuid,
}

impl Subject {
    /// The thing of this kind and id.
    pub const fn new(kind: SubjectKind, id: Uuid) -> Self {
        Self { kind, id }
    }
}
