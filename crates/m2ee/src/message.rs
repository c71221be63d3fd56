//! What goes over the wire, for both ends.

use crate::codes;
use crate::error::CallError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::fmt;

/// One call. Its parameters may hold passwords, so `Debug` leaves them out.
#[derive(Clone, Serialize, Deserialize)]
pub struct Request {
    /// What is asked for, such as `runtime_status`.
    pub action: String,
    /// The action's parameters.
    #[serde(default)]
    pub params: Value,
}

impl fmt::Debug for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Request")
            .field("action", &self.action)
            .finish_non_exhaustive()
    }
}

/// The answer to one call.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Reply {
    /// 0 when the call did what it should; see [`crate::codes`].
    pub result: i64,
    /// What the action gives back.
    #[serde(default)]
    pub feedback: Value,
    /// What went wrong, in the runtime's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Why it went wrong, in the runtime's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The runtime's stack at that moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stacktrace: Option<String>,
}

impl Reply {
    /// Done, with `feedback`.
    pub fn done(feedback: Value) -> Self {
        Self {
            feedback,
            ..Self::default()
        }
    }

    /// Not done, because of `result`.
    pub fn refused(result: i64, message: impl Into<String>) -> Self {
        Self {
            result,
            feedback: json!({}),
            message: Some(message.into()),
            ..Self::default()
        }
    }

    /// The feedback of a call that did what it should.
    pub fn into_feedback(self, action: &str) -> Result<Map<String, Value>, CallError> {
        if self.result != codes::OK {
            return Err(CallError::Refused {
                action: action.to_owned(),
                result: self.result,
                said: self.said(),
            });
        }
        match self.feedback {
            Value::Object(feedback) => Ok(feedback),
            _ => Ok(Map::new()),
        }
    }

    /// Message and cause in one line, for people, plain and cut where nobody reads on; empty when the runtime
    /// said nothing.
    pub fn said(&self) -> String {
        let mut said = Vec::new();
        for part in [&self.message, &self.cause].into_iter().flatten() {
            let part = part.trim();
            if !part.is_empty() && !said.contains(&part) {
                said.push(part);
            }
        }
        plain(&said.join(": "))
    }
}

/// The longest text of a runtime that is passed on, in characters: it is kept, logged and shown in many places.
const LONGEST_SAID: usize = 2_000;

/// What a runtime said, with an end and without control characters: databases refuse them, terminals obey them.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .take(LONGEST_SAID)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Reply, Request};
    use serde_json::json;

    #[test]
    fn debug_of_a_request_hides_its_parameters() {
        let request = Request {
            action: "enable_debugger".into(),
            params: json!({ "password": "hush" }),
        };
        assert!(!format!("{request:?}").contains("hush"));
    }

    #[test]
    fn what_a_runtime_says_without_end_is_cut() {
        let text = json!({ "result": 1, "message": "é".repeat(1 << 20) });
        let reply: Reply = serde_json::from_value(text).expect("a reply");
        assert_eq!(reply.said().chars().count(), super::LONGEST_SAID);
    }

    #[test]
    fn what_a_runtime_says_holds_nothing_that_a_database_refuses() {
        let text = json!({ "result": 1, "message": "bo\0om\u{1b}[31m", "cause": "a\n\tb" });
        let reply: Reply = serde_json::from_value(text).expect("a reply");
        assert_eq!(reply.said(), "boom[31m: a\n\tb");
    }

    #[test]
    fn a_reply_may_leave_out_all_but_the_result() {
        let reply: Reply = serde_json::from_str(r#"{"result":0}"#).expect("a reply");
        assert!(reply.into_feedback("echo").expect("no refusal").is_empty());
    }

    #[test]
    fn a_refusal_says_message_and_cause_once() {
        let reply = Reply {
            cause: Some("no such thing".into()),
            ..Reply::refused(-5, "no such thing")
        };
        assert_eq!(reply.said(), "no such thing");
        let error = reply.into_feedback("conjure").expect_err("refused");
        assert!(error.to_string().contains("conjure"), "{error}");
    }
}
