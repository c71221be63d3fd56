//! An object of JSON, of which only what is asked for matters.

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// The longest text that is taken.
const LONGEST: usize = 4096;

/// The fields. One whose name stands there twice has no value: which one is meant is not known.
#[derive(Debug)]
pub struct Fields(BTreeMap<String, Option<Value>>);

impl Fields {
    /// Reads an object; nothing where there is none.
    pub fn parse(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }

    /// Whether the field is there, with whatever value but none.
    pub fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|it| *it != Some(Value::Null))
    }

    /// A text that is not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.long_text(name, LONGEST)
    }

    /// A text that is not empty, of so many bytes at most.
    pub fn long_text(&self, name: &str, longest: usize) -> Option<&str> {
        let text = self.value(name)?.as_str()?;
        (1..=longest).contains(&text.len()).then_some(text)
    }

    /// A number of seconds; some issuers write fractions.
    pub fn seconds(&self, name: &str) -> Option<f64> {
        self.value(name)?.as_f64()
    }

    /// A truth; some issuers write it as a text.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.value(name)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) if text == "true" => Some(true),
            Value::String(text) if text == "false" => Some(false),
            _ => None,
        }
    }

    /// A list of texts, or one text.
    pub fn texts(&self, name: &str) -> Option<Vec<&str>> {
        match self.value(name)? {
            Value::Array(all) => all.iter().map(Value::as_str).collect(),
            one => Some(vec![one.as_str()?]),
        }
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)?.as_ref()
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Names)
    }
}

struct Names;

impl<'de> Visitor<'de> for Names {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            fields
                .entry(name)
                .and_modify(|value| *value = None)
                .or_insert(Some(value));
        }
        Ok(Fields(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::Fields;

    #[test]
    fn only_what_is_plain_counts() {
        let json = br#"{"a":"x","b":"","c":1,"d":"true","e":true,"f":"yes","g":["x",2],"h":["x"],"a2":1,"a2":2,"t":1.5}"#;
        let fields = Fields::parse(json).expect("an object");
        assert_eq!(fields.text("a"), Some("x"));
        for none in ["b", "c", "z", "a2"] {
            assert_eq!(fields.text(none), None, "{none}");
        }
        assert!(fields.has("a2") && !fields.has("z"));
        assert_eq!(fields.seconds("a2"), None, "which of the two?");
        assert_eq!(fields.seconds("t"), Some(1.5));
        assert_eq!(
            (fields.flag("d"), fields.flag("e")),
            (Some(true), Some(true))
        );
        assert_eq!((fields.flag("f"), fields.flag("c")), (None, None));
        assert_eq!(fields.texts("a"), Some(vec!["x"]));
        assert_eq!(fields.texts("h"), Some(vec!["x"]));
        assert_eq!(fields.texts("g"), None);
        for none in ["", "[]", "1", "{", "<html>"] {
            assert!(Fields::parse(none.as_bytes()).is_none(), "{none}");
        }
    }
}
