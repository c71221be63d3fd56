//! What a step waits for without a worker.

use time::OffsetDateTime;

use crate::text;

/// A step's answer that parks the run: `return Err(Wait::for_signal("converged").into())`. The run has neither
/// lease nor slot until it is woken; then the step is run again. Being woken is no failure.
///
/// A signal that the step has not seen yet wakes it at once, also when it came before the step has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    pub(crate) signal: Option<String>,
    pub(crate) until: Option<OffsetDateTime>,
    detail: String,
}

impl Wait {
    /// Until somebody gives the run a signal of this name.
    pub fn for_signal(name: impl Into<String>) -> Self {
        Self {
            signal: Some(name.into()),
            until: None,
            detail: String::new(),
        }
    }

    /// Until this moment.
    pub fn until(moment: OffsetDateTime) -> Self {
        Self {
            signal: None,
            until: Some(moment),
            detail: String::new(),
        }
    }

    /// The same, but not longer than until this moment.
    #[must_use]
    pub fn or_until(self, moment: OffsetDateTime) -> Self {
        Self {
            until: Some(moment),
            ..self
        }
    }

    /// What people read meanwhile, for example "Waits for the backup server."
    #[must_use]
    pub fn saying(self, detail: impl Into<String>) -> Self {
        Self {
            detail: text::kept(&detail.into()),
            ..self
        }
    }

    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }
}
