//! What a saga is to the code that defines and starts one.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
    /// What a run is told at its start. Stored as JSON: add optional fields only, and no secrets.
    type Params: Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What the steps may see and use.
    type Context: Send + Sync + 'static;
    /// The steps in their order. Names and order are a storage format.
    fn steps() -> Vec<Step<Self>>;
}

/// What is written down about a run when it starts.
#[derive(Clone, Debug)]
pub struct NewSaga {
    /// The id the caller has chosen, so that it can be answered at once.
    pub id: SagaId,
    /// The tenant: every later look at the run names it again.
    pub scope: Uuid,
    /// The thing the run works on.
    pub subject: Uuid,
    /// What people call this run, for example "Create Shop".
    pub title: String,
    /// The name of the person who started it.
    pub started_by: String,
    /// The id of that person: names are not unique.
    pub started_by_id: Uuid,
    /// At most one unfinished run has this key.
    pub exclusive: Option<String>,
}
