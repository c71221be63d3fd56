//! Text from outside, made fit to be kept: a step may pass on whatever a program or a server said.

use serde_json::Value;

/// The longest text that is kept, in characters.
const LONGEST: usize = 4_000;

/// The text without what `PostgreSQL` refuses, and not longer than what anybody reads.
pub(crate) fn kept(text: &str) -> String {
    text.chars().filter(|c| *c != '\0').take(LONGEST).collect()
}

/// The value without what `PostgreSQL` refuses in any of its texts.
pub(crate) fn kept_json(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(without_nul(text)),
        Value::Array(values) => values.into_iter().map(kept_json).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (without_nul(name), kept_json(value)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

/// Whether a text in the value, or the name of a field, holds what `PostgreSQL` refuses.
pub(crate) fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(holds_nul),
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| name.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn without_nul(text: String) -> String {
    if text.contains('\0') {
        text.replace('\0', "")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, holds_nul, kept, kept_json};
    use serde_json::json;

    #[test]
    fn a_value_is_kept_without_the_character_that_no_text_may_hold() {
        let said = json!({ "a\0": ["b\0c", { "d": "\0" }], "e": 1 });
        assert!(holds_nul(&said));
        let kept = kept_json(said);
        assert_eq!(kept, json!({ "a": ["bc", { "d": "" }], "e": 1 }));
        assert!(!holds_nul(&kept));
    }

    #[test]
    fn what_cannot_be_kept_is_dropped() {
        assert_eq!(kept("bo\0om\n\u{e9}"), "boom\n\u{e9}");
        assert_eq!(kept(&"x".repeat(LONGEST + 1)).len(), LONGEST);
    }
}
