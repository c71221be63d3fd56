//! Why a call gave no answer.

use crate::codes;

/// Why a call gave no answer, or not the one asked for.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nothing listens at the address.
    #[error("the runtime's admin address {address} cannot be reached")]
    Unreachable {
        /// Where.
        address: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The connection ended before the whole answer was there.
    #[error("the runtime ended the connection during {action}")]
    Dropped {
        /// The call's action.
        action: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No answer in time.
    #[error("the runtime did not answer {action} within {seconds} s")]
    TimedOut {
        /// The call's action.
        action: String,
        /// The time it had.
        seconds: u64,
    },
    /// An answer larger than is read.
    #[error("the runtime's answer to {action} is larger than the {bytes} bytes that are read")]
    TooLarge {
        /// The call's action.
        action: String,
        /// The most that is read.
        bytes: usize,
    },
    /// An answer that is not of this protocol.
    #[error("the answer to {action} is not one of a runtime: {reason}")]
    Malformed {
        /// The call's action.
        action: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The runtime answered that it did not do it.
    #[error("the runtime refused {action} with result {result}{}", explain(*.result, .said))]
    Refused {
        /// The call's action.
        action: String,
        /// The result.
        result: i64,
        /// The runtime's own words; may be empty.
        said: String,
    },
}

impl CallError {
    /// Whether asking again later may work.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::Dropped { .. } | Self::TimedOut { .. }
        )
    }
}

fn explain(result: i64, said: &str) -> String {
    match (codes::meaning(result), said) {
        (Some(meaning), "") => format!(", {meaning}"),
        (Some(meaning), said) => format!(", {meaning}: {said}"),
        (None, "") => String::new(),
        (None, said) => format!(": {said}"),
    }
}
