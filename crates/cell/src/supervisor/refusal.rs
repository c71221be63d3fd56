//! Why a wanted state is not taken.

/// A sentence for people.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
pub struct Refusal {
    sentence: String,
    no_room: bool,
}

impl Refusal {
    /// A refusal with a sentence for people.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
            no_room: false,
        }
    }

    /// A refusal since there is too little room; the sentence names the need and the room.
    pub fn no_room(sentence: impl Into<String>) -> Self {
        Self {
            no_room: true,
            ..Self::new(sentence)
        }
    }

    /// Whether there is too little room.
    pub fn is_no_room(&self) -> bool {
        self.no_room
    }
}
