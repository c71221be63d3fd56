//! How a step says that it could not do its work or that it waits, and why a start is refused.

use std::error::Error;

use thiserror::Error;

use crate::saga::SagaId;
use crate::text;
use crate::wait::Wait;

type Source = Box<dyn Error + Send + Sync>;

/// Why a step has not ended its work: what people read, what the log gets, and what the executor does about it.
#[derive(Debug, Error)]
#[error("{text}")]
pub struct StepError {
    pub(crate) remedy: Remedy,
    pub(crate) text: String,
    source: Option<Source>,
}

/// What the executor does about a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    Retry,
    Unwind,
    Cancel,
    Park(Wait),
}

impl StepError {
    /// May pass: the step is tried again, later each time, up to a limit, and then fails.
    pub fn retry(source: impl Into<Source>) -> Self {
        Self {
            remedy: Remedy::Retry,
            text: "A part of the platform did not answer as expected.".to_owned(),
            source: Some(source.into()),
        }
    }

    /// Will not pass: the run unwinds, and people read this sentence.
    pub fn fail(text: impl Into<String>) -> Self {
        Self {
            remedy: Remedy::Unwind,
            text: text::kept(&text.into()),
            source: None,
        }
    }

    /// The step saw that a cancel was asked for and stopped its work; the run unwinds.
    pub fn cancelled() -> Self {
        Self {
            remedy: Remedy::Cancel,
            text: "Cancelled.".to_owned(),
            source: None,
        }
    }

    /// The run is another worker's by now; whatever the step answers, it is not written down.
    pub(crate) fn lost() -> Self {
        Self {
            remedy: Remedy::Retry,
            text: "Another worker has taken this operation over.".to_owned(),
            source: None,
        }
    }

    /// The same failure with another sentence for people.
    #[must_use]
    pub fn with_text(self, text: impl Into<String>) -> Self {
        Self {
            text: text::kept(&text.into()),
            ..self
        }
    }

    /// The same failure with its cause, for the log only.
    #[must_use]
    pub fn with_source(self, source: impl Into<Source>) -> Self {
        Self {
            source: Some(source.into()),
            ..self
        }
    }

    /// What people read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the step is tried again.
    pub fn is_retry(&self) -> bool {
        self.remedy == Remedy::Retry
    }

    pub(crate) fn causes(&self) -> String {
        let mut chain = Vec::new();
        let mut cause = self.source();
        while let Some(error) = cause {
            chain.push(error.to_string());
            cause = error.source();
        }
        chain.join(": ")
    }
}

/// A step that waits answers with this in the place of a failure; it is none.
impl From<Wait> for StepError {
    fn from(wait: Wait) -> Self {
        Self {
            text: wait.detail().to_owned(),
            remedy: Remedy::Park(wait),
            source: None,
        }
    }
}

impl From<sqlx::Error> for StepError {
    fn from(error: sqlx::Error) -> Self {
        Self::retry(error).with_text("The database did not answer as expected.")
    }
}

/// Why a saga was not started.
#[derive(Debug, Error)]
pub enum StartError {
    /// An unfinished run has a lock that this one does not wait for, or waits for it.
    #[error("“{title}” is still under way")]
    Busy {
        /// The run that is in the way.
        other: SagaId,
        /// What people call it.
        title: String,
        /// Whether it waits for a person, because something could not be undone.
        stuck: bool,
    },
    /// The parameters cannot be written as JSON.
    #[error("the parameters of saga {saga} cannot be stored")]
    Params {
        /// The saga's name.
        saga: &'static str,
        /// What the serializer says.
        source: serde_json::Error,
    },
    /// The database refused or did not answer.
    #[error("the saga could not be written down")]
    Database(#[from] sqlx::Error),
}
