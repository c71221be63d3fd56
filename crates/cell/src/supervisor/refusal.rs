//! Why a wanted state is not taken.

/// Whether the same wanted state can be taken later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It is not one: a field is wrong.
    Invalid,
    /// It does not fit what the engine has.
    Conflict,
    /// It would need more than the machine has left.
    NoRoom,
    /// Nothing is wrong with it; the machine cannot take it at this moment.
    NotNow,
}

/// A sentence for people, and what follows from it.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
pub struct Refusal {
    /// Whether it can be taken later.
    pub kind: Kind,
    sentence: String,
}

impl Refusal {
    /// A wanted state that never works; the sentence names the field and the rule.
    pub fn invalid(sentence: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, sentence)
    }

    /// One that is older than the engine's, or another of the same revision.
    pub fn conflict(sentence: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, sentence)
    }

    /// One to be applied again later.
    pub fn not_now(sentence: impl Into<String>) -> Self {
        Self::new(Kind::NotNow, sentence)
    }

    /// One that there is too little room for; the sentence names the need and the room.
    pub fn no_room(sentence: impl Into<String>) -> Self {
        Self::new(Kind::NoRoom, sentence)
    }

    /// One that the disk did not take.
    pub fn not_written(error: &std::io::Error) -> Self {
        Self::not_now(format!(
            "the wanted state cannot be written to the engine's disk: {error}"
        ))
    }

    fn new(kind: Kind, sentence: impl Into<String>) -> Self {
        let sentence = sentence.into();
        Self { kind, sentence }
    }
}
