//! Why a wanted state is not taken.

/// A sentence for people.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(String);

impl Refusal {
    /// A refusal with a sentence for people.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}
