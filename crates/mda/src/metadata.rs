//! `model/metadata.json`: what a package says about itself. The one reader of it: what an upload
//! accepts is what a start reads.

use crate::METADATA_BYTES;
use crate::directory::Entry;
use crate::manifest::Constant;
use crate::refusal::{Refusal, Rule};
use serde_json::{Map, Value};

/// Where it is in a package.
pub const FILE: &str = "model/metadata.json";

const OLDEST_RUNTIME: u32 = 6;
const LONGEST_TEXT: usize = 4000;
const LONGEST_NAME: usize = 200;
const MOST_ITEMS: usize = 10_000;
/// The longest default of one constant, and of all of them, bytes: they are handed to every instance.
const LONGEST_DEFAULT: usize = 64 << 10;
const LONGEST_DEFAULTS: usize = 1 << 20;

/// What a package says about itself, as [`crate::manifest::Manifest`] has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The app's name, when the package says it.
    pub name: Option<String>,
    /// The version of the model.
    pub version: String,
    /// The runtime it is made for.
    pub runtime_version: String,
    /// The Java version it is made for, when the package says it.
    pub java_version: Option<u32>,
    /// A few words; may be empty.
    pub description: String,
    /// Values that are set for each environment, in the package's order.
    pub constants: Vec<Constant>,
    /// Names of what runs by the clock.
    pub scheduled_events: Vec<String>,
}

/// The fields as they stand, whether or not there is a byte order mark before them.
pub fn fields(bytes: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| bad("is not UTF-8 text"))?;
    let value: Value =
        serde_json::from_str(text).map_err(|error| bad(&format!("is not JSON ({error})")))?;
    match value {
        Value::Object(fields) => Ok(fields),
        _ => Err(bad("is not a JSON object")),
    }
}

/// What the file says, by the rules for packages. A field that is `null` is as good as missing.
pub fn parse(bytes: &[u8]) -> Result<Metadata, Refusal> {
    let fields = fields(bytes)?;
    let name = text_of(fields.get("ProjectName"), LONGEST_NAME);
    Ok(Metadata {
        name: (!name.is_empty()).then_some(name),
        version: model_version(&fields)?,
        runtime_version: runtime_version(&fields)?,
        java_version: java_version(fields.get("JavaVersion")),
        description: text_of(fields.get("Description"), LONGEST_TEXT),
        constants: constants(&fields)?,
        scheduled_events: items(&fields, "ScheduledEvents")?
            .map(|event| item_name("ScheduledEvents", event))
            .collect::<Result<_, _>>()?,
    })
}

/// Says what stands there in its place, where that can be told.
pub(crate) fn missing(entries: &[Entry]) -> Refusal {
    let wrapped = entries.iter().find_map(|entry| {
        let folder = entry.name.strip_suffix(FILE)?.strip_suffix('/')?;
        let inside = |other: &Entry| {
            let rest = other.name.strip_prefix(folder);
            rest.is_some_and(|rest| rest.starts_with('/')) || folder.starts_with(other.path())
        };
        entries.iter().all(inside).then_some(folder)
    });
    let is_there = |ending: &str| entries.iter().any(|entry| entry.name.ends_with(ending));
    let message = match wrapped {
        Some(folder) => format!(
            "Everything in the package lies in the folder “{folder}”; {FILE} must be at the top. \
             Create the archive from what is inside that folder, not from the folder itself."
        ),
        None if is_there(".mpr") => format!(
            "The package has no {FILE}: this is a project or a module (.mpr, .mpk), not a \
             deployment package. Create one with “Create deployment package” in Studio Pro."
        ),
        None => format!(
            "The package has no {FILE}, so it is not a deployment package. Create one with \
             “Create deployment package” in Studio Pro; a project's own file cannot be deployed."
        ),
    };
    Refusal::new(Rule::Metadata, message)
}

pub(crate) fn too_large() -> Refusal {
    bad(&format!("is larger than {} MiB", METADATA_BYTES >> 20))
}

fn bad(what: &str) -> Refusal {
    Refusal::new(
        Rule::Metadata,
        format!("{FILE} {what}. Create the package again in Studio Pro."),
    )
}

fn model_version(fields: &Map<String, Value>) -> Result<String, Refusal> {
    let refused = |what: &str| {
        Refusal::new(
            Rule::ModelVersion,
            format!(
                "ModelVersion in {FILE} {what}; it must have 1 to 64 printable characters. Give \
                 the package a version such as 1.0.0."
            ),
        )
    };
    let version = match fields.get("ModelVersion") {
        Some(Value::String(version)) => version.trim(),
        Some(_) => return Err(refused("is not a text")),
        None => return Err(refused("is missing")),
    };
    match version.chars().count() {
        0 => Err(refused("is empty")),
        65.. => Err(refused("is too long")),
        _ if version.chars().any(is_unprintable) => Err(refused("has unprintable characters")),
        _ => Ok(version.to_owned()),
    }
}

fn runtime_version(fields: &Map<String, Value>) -> Result<String, Refusal> {
    let refused = |what: &str| {
        Refusal::new(
            Rule::RuntimeVersion,
            format!("RuntimeVersion in {FILE} {what}"),
        )
    };
    let Some(Value::String(version)) = fields.get("RuntimeVersion") else {
        return Err(refused(
            "is missing. Create the package again in Studio Pro.",
        ));
    };
    let parts: Option<Vec<u32>> = version
        .split('.')
        .map(|part| {
            let digits = (1..=9).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| part.parse().ok()).flatten()
        })
        .collect();
    match parts.as_deref() {
        Some([major, _, ..]) if parts.as_ref().is_some_and(|parts| parts.len() <= 4) => {
            if *major < OLDEST_RUNTIME {
                return Err(refused(&format!(
                    "is {version}; runtimes from {OLDEST_RUNTIME}.0.0 on are supported. Upgrade \
                     the app to a newer Studio Pro."
                )));
            }
            Ok(version.clone())
        }
        _ => Err(refused(
            "is not a version such as 9.24.2. Create the package again.",
        )),
    }
}

fn java_version(value: Option<&Value>) -> Option<u32> {
    match value? {
        Value::Number(number) => number.as_u64()?.try_into().ok(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn constants(fields: &Map<String, Value>) -> Result<Vec<Constant>, Refusal> {
    let mut room = LONGEST_DEFAULTS;
    items(fields, "Constants")?
        .map(|constant| {
            let name = item_name("Constants", constant)?;
            let default_value = whole_text(constant.get("DefaultValue"));
            if default_value.len() > LONGEST_DEFAULT || default_value.contains('\0') {
                return Err(bad(&format!(
                    "has a default value of the constant {name} that is over {} KiB or no text",
                    LONGEST_DEFAULT >> 10
                )));
            }
            room = room.checked_sub(default_value.len()).ok_or_else(|| {
                let most = LONGEST_DEFAULTS >> 20;
                bad(&format!(
                    "has default values of constants of over {most} MiB in all"
                ))
            })?;
            Ok(Constant {
                name,
                kind: text_of(constant.get("Type"), LONGEST_NAME),
                default_value,
                description: text_of(constant.get("Description"), LONGEST_TEXT),
            })
        })
        .collect()
}

fn items<'a>(
    fields: &'a Map<String, Value>,
    list: &str,
) -> Result<std::slice::Iter<'a, Value>, Refusal> {
    match fields.get(list) {
        None | Some(Value::Null) => Ok([].iter()),
        Some(Value::Array(items)) if items.len() <= MOST_ITEMS => Ok(items.iter()),
        Some(Value::Array(_)) => Err(bad(&format!("has over {MOST_ITEMS} items in {list}"))),
        Some(_) => Err(bad(&format!("has {list} that is not a list"))),
    }
}

fn item_name(list: &str, item: &Value) -> Result<String, Refusal> {
    match item.get("Name") {
        Some(Value::String(name))
            if (1..=LONGEST_NAME).contains(&name.chars().count())
                && !name.chars().any(is_unprintable) =>
        {
            Ok(name.clone())
        }
        _ => Err(bad(&format!("has an item in {list} without a proper Name"))),
    }
}

/// Text for people: of limited length, without what cannot be printed.
fn text_of(value: Option<&Value>, longest: usize) -> String {
    let text = value.and_then(Value::as_str).unwrap_or_default();
    let printable = text
        .chars()
        .filter(|c| matches!(c, '\n' | '\t') || !is_unprintable(*c));
    printable
        .take(longest)
        .collect::<String>()
        .trim()
        .to_owned()
}

/// A value, as it is.
fn whole_text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Control characters, and those that turn the direction of the text around them.
fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::refusal::Rule;

    fn rule_of(text: &str) -> Option<Rule> {
        parse(text.as_bytes()).err().map(|refusal| refusal.rule)
    }

    #[test]
    fn everything_said_is_read() {
        let metadata = parse(
            "\u{feff}{\"ProjectName\":\"Shop\",\"RuntimeVersion\":\"10.6.3.19203\",\"ModelVersion\":\"2.4.1\",
              \"JavaVersion\":\"17\",\"Description\":\" Faster. \",
              \"Constants\":[{\"Name\":\"Shop.Greeting\",\"Type\":\"String\",\"DefaultValue\":\"Hi\",\"Description\":\"Says hi\"},
                             {\"Name\":\"Shop.Most\",\"Type\":\"Integer\",\"DefaultValue\":7}],
              \"ScheduledEvents\":[{\"Name\":\"Shop.Nightly\"}],\"Unknown\":{}}"
                .as_bytes(),
        )
        .expect("good metadata");
        assert_eq!(metadata.name.as_deref(), Some("Shop"));
        assert_eq!(metadata.version, "2.4.1");
        assert_eq!(metadata.runtime_version, "10.6.3.19203");
        assert_eq!(metadata.java_version, Some(17));
        assert_eq!(metadata.description, "Faster.");
        assert_eq!(metadata.constants[0].default_value, "Hi");
        assert_eq!(metadata.constants[1].default_value, "7");
        assert_eq!(metadata.constants[1].description, "");
        assert_eq!(metadata.scheduled_events, ["Shop.Nightly"]);
    }

    #[test]
    fn defaults_of_constants_have_a_limit_each_and_together() {
        let with = |count: usize, default: &str| {
            let constant = |n| format!(r#"{{"Name":"Shop.C{n}","DefaultValue":"{default}"}}"#);
            let constants: Vec<String> = (0..count).map(constant).collect();
            let text = format!(
                r#"{{"ModelVersion":"1","RuntimeVersion":"9.24.2","Constants":[{}]}}"#,
                constants.join(",")
            );
            parse(text.as_bytes()).map_err(|refusal| refusal.message)
        };
        let longest = "x".repeat(64 << 10);
        assert!(with(16, &longest).is_ok());
        let refusals = [
            (with(17, &longest), "1 MiB in all"),
            (with(1, &format!("{longest}x")), "Shop.C0"),
            (with(1, r"a\u0000b"), "no text"),
        ];
        for (refused, words) in refusals {
            let message = refused.expect_err("is refused");
            assert!(message.contains(words), "{message}");
        }
    }

    #[test]
    fn each_broken_rule_has_its_name() {
        for (rule, text) in [
            (Rule::Metadata, ""),
            (Rule::Metadata, "[]"),
            (Rule::Metadata, "{"),
            (Rule::RuntimeVersion, r#"{"ModelVersion":"1"}"#),
            (
                Rule::RuntimeVersion,
                r#"{"ModelVersion":"1","RuntimeVersion":"5.9"}"#,
            ),
            (
                Rule::RuntimeVersion,
                r#"{"ModelVersion":"1","RuntimeVersion":"5.21.11"}"#,
            ),
            (
                Rule::RuntimeVersion,
                r#"{"ModelVersion":"1","RuntimeVersion":"nine"}"#,
            ),
            (
                Rule::RuntimeVersion,
                r#"{"ModelVersion":"1","RuntimeVersion":"9"}"#,
            ),
            (
                Rule::RuntimeVersion,
                r#"{"ModelVersion":"1","RuntimeVersion":"9..1"}"#,
            ),
            (
                Rule::RuntimeVersion,
                r#"{"ModelVersion":"1","RuntimeVersion":"9.1.2.3.4"}"#,
            ),
            (
                Rule::RuntimeVersion,
                r#"{"ModelVersion":"1","RuntimeVersion":"+9.1.2"}"#,
            ),
            (Rule::ModelVersion, r#"{"RuntimeVersion":"9.24.2"}"#),
            (
                Rule::ModelVersion,
                r#"{"RuntimeVersion":"9.24.2","ModelVersion":" "}"#,
            ),
            (
                Rule::ModelVersion,
                r#"{"RuntimeVersion":"9.24.2","ModelVersion":"1\u0007"}"#,
            ),
            (
                Rule::ModelVersion,
                r#"{"RuntimeVersion":"9.24.2","ModelVersion":1}"#,
            ),
            (
                Rule::Metadata,
                r#"{"RuntimeVersion":"9.24.2","ModelVersion":"1","Constants":{}}"#,
            ),
            (
                Rule::Metadata,
                r#"{"RuntimeVersion":"9.24.2","ModelVersion":"1","Constants":[{}]}"#,
            ),
        ] {
            assert_eq!(rule_of(text), Some(rule), "{text}");
        }
        let long = format!(
            r#"{{"RuntimeVersion":"9.24.2","ModelVersion":"{}"}}"#,
            "1".repeat(65)
        );
        assert_eq!(rule_of(&long), Some(Rule::ModelVersion));
        assert_eq!(
            parse(b"\xff\xfe").err().map(|refusal| refusal.rule),
            Some(Rule::Metadata)
        );
        for good in [
            r#"{"RuntimeVersion":"6.0.0","ModelVersion":"1"}"#,
            r#"{"RuntimeVersion":"9.24.2","ModelVersion":"1","ProjectName":null,"Description":null,"JavaVersion":null,"Constants":null,"ScheduledEvents":null}"#,
        ] {
            assert_eq!(rule_of(good), None, "{good}");
        }
    }
}
