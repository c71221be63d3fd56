//! What a runtime said reaches people through many hands: made harmless once, where it comes in.

use serde_json::Value;

/// The longest text that is passed on, in characters.
const LONGEST: usize = 4_000;

/// The same as [`plain_within`], with the length at which nobody reads on.
pub fn plain(text: &str) -> String {
    plain_within(text, LONGEST)
}

/// The text without control characters, which databases refuse and terminals obey,
/// and with an end: `longest` characters.
pub fn plain_within(text: &str, longest: usize) -> String {
    text.chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .take(longest)
        .collect()
}

/// Makes every text in an answer plain, names of fields too.
pub fn sanitize(value: &mut Value) {
    match value {
        Value::String(text) => *text = plain(text),
        Value::Array(items) => items.iter_mut().for_each(sanitize),
        Value::Object(fields) => {
            if fields.keys().any(|name| plain(name) != *name) {
                let named = std::mem::take(fields).into_iter();
                *fields = named.map(|(name, value)| (plain(&name), value)).collect();
            }
            fields.values_mut().for_each(sanitize);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, plain, sanitize};
    use serde_json::json;

    #[test]
    fn control_characters_and_endless_texts_end_here() {
        assert_eq!(plain("bo\0om\u{1b}[31m\n\té"), "boom[31m\n\té");
        assert_eq!(plain(&"é".repeat(LONGEST + 1)).chars().count(), LONGEST);
    }

    #[test]
    fn texts_are_made_plain_however_deep_they_are() {
        let mut value = json!({ "rollout": { "log": ["a\0b", 7, null] }, "i\0d": "c\0" });
        sanitize(&mut value);
        assert_eq!(
            value,
            json!({ "rollout": { "log": ["ab", 7, null] }, "id": "c" })
        );
    }
}
