//! What a saga is to the code that defines and starts one.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::lane::Lane;
use crate::lock::Lock;
use crate::step::Step;

/// The id of one run.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct SagaId(pub Uuid);

impl fmt::Display for SagaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The code of one durable operation.
pub trait Saga: Sized + Send + Sync + 'static {
    /// Names the saga in the database: a storage format, for example `app_create`.
    const NAME: &'static str;
    /// Which list of steps this is. Other steps are another version; the old list stays in the registry
    /// until no run needs it.
    const VERSION: i16 = 1;
    /// Whose places its runs take.
    const LANE: Lane = Lane::Interactive;
    /// What a run is told at its start. Stored as JSON: add optional fields only, and no secrets.
    type Params: Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What the steps may see and use.
    type Context: Send + Sync + 'static;
    /// The steps in their order. Names and order are a storage format.
    fn steps() -> Vec<Step<Self>>;
}

/// The thing a run works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// What it is, for example `environment`: a storage format.
    pub kind: String,
    /// Its id.
    pub id: Uuid,
}

impl Subject {
    /// The thing of this kind with this id.
    pub fn new(kind: impl Into<String>, id: Uuid) -> Self {
        let kind = kind.into();
        Self { kind, id }
    }
}

/// Who starts a run. Names are what people read; they are not unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Starter {
    /// Somebody who is signed in.
    Person {
        /// The person's id.
        id: Uuid,
        /// The person's name.
        name: String,
    },
    /// A program, by its key.
    ApiKey {
        /// The key's id.
        id: Uuid,
        /// The key's name.
        name: String,
    },
    /// The installation itself.
    System {
        /// The part of it that acts, for example `Nightly backups`.
        name: String,
    },
}

/// What kind of starter a run has had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum StarterKind {
    /// Somebody who was signed in.
    Person,
    /// A program, by its key.
    ApiKey,
    /// The installation itself.
    System,
}

impl Starter {
    /// Which kind this is.
    pub const fn kind(&self) -> StarterKind {
        match self {
            Self::Person { .. } => StarterKind::Person,
            Self::ApiKey { .. } => StarterKind::ApiKey,
            Self::System { .. } => StarterKind::System,
        }
    }

    /// The id of the person or the key.
    pub const fn id(&self) -> Option<Uuid> {
        match self {
            Self::Person { id, .. } | Self::ApiKey { id, .. } => Some(*id),
            Self::System { .. } => None,
        }
    }

    /// What people read.
    pub fn name(&self) -> &str {
        match self {
            Self::Person { name, .. } | Self::ApiKey { name, .. } | Self::System { name } => name,
        }
    }
}

/// What is written down about a run when it starts.
#[derive(Clone, Debug)]
pub struct NewSaga {
    /// The id the caller has chosen, so that it can be answered at once.
    pub id: SagaId,
    /// The tenant: every later look at the run names it again.
    pub scope: Uuid,
    /// The thing the run works on.
    pub subject: Subject,
    /// What people call this run, for example "Create Shop".
    pub title: String,
    /// Who starts it.
    pub started_by: Starter,
    /// The locks it holds from its start to its end.
    pub locks: Vec<Lock>,
}
