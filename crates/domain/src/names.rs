//! Names people type: parsed once at the edge, valid ever after.
//!
//! Each refusal is a [`NameError`]: which field, which rule, what to do.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a name was refused: the rule that it breaks and the remedy, as one sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NameError {
    /// The form field, as it is called in the form.
    pub field: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

fn refuse<T>(field: &'static str, message: impl Into<String>) -> Result<T, NameError> {
    Err(NameError {
        field,
        message: message.into(),
    })
}

/// Subdomains that would pass for the platform's own addresses, or for an environment's.
const RESERVED: [&str; 20] = [
    "admin",
    "api",
    "app",
    "apps",
    "auth",
    "cell",
    "cloud",
    "console",
    "debugger",
    "help",
    "localhost",
    "login",
    "mail",
    "mxid",
    "ns",
    "portal",
    "root",
    "status",
    "support",
    "www",
];

/// The longest part of a host name between two dots, in characters.
const LONGEST_LABEL: usize = 63;

/// Ends of a subdomain that the addresses of environments use.
const ENVIRONMENT_ENDINGS: [&str; 3] = ["-test", "-accp", "-prod"];

macro_rules! text_name {
    ($name:ident) => {
        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::parse(&text)
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}

/// The name of an app as people read it: 2 to 60 characters of letters, digits, space and `- _ . & '`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AppName(String);
text_name!(AppName);

impl AppName {
    /// Reads a name; surrounding space is dropped.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        const FIELD: &str = "name";
        let text = text.trim();
        let length = text.chars().count();
        if length == 0 {
            return refuse(FIELD, "Give the app a name, for example “Shop”.");
        }
        if !(2..=60).contains(&length) {
            return refuse(
                FIELD,
                format!("A name has 2 to 60 characters; this one has {length}."),
            );
        }
        if let Some(bad) = text
            .chars()
            .find(|c| !(c.is_alphanumeric() || " -_.&'".contains(*c)))
        {
            let shown = if bad.is_control() {
                "a control character".to_owned()
            } else {
                format!("“{bad}”")
            };
            return refuse(
                FIELD,
                format!("A name has letters, digits, spaces and - _ . & ' only; take {shown} out."),
            );
        }
        Ok(Self(text.to_owned()))
    }
}

/// The first label of an app's addresses: 3 to 40 of `a-z 0-9 -`, a letter first, no `-` last or twice in a row.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subdomain(String);
text_name!(Subdomain);

impl Subdomain {
    /// Reads a subdomain. Nothing is corrected silently: an address must be what was typed.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        const FIELD: &str = "subdomain";
        let text = text.trim();
        if text.is_empty() {
            return refuse(FIELD, "Give the app an address, for example “shop”.");
        }
        if let Some(bad) = text
            .chars()
            .find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-'))
        {
            return refuse(
                FIELD,
                format!(
                    "An address has the letters a to z, digits and hyphens only; take “{}” out.",
                    bad.escape_debug()
                ),
            );
        }
        if !(3..=40).contains(&text.len()) {
            return refuse(
                FIELD,
                format!(
                    "An address has 3 to 40 characters; this one has {}.",
                    text.len()
                ),
            );
        }
        if !text.starts_with(|c: char| c.is_ascii_lowercase()) {
            return refuse(FIELD, "An address starts with a letter.");
        }
        if text.ends_with('-') || text.contains("--") {
            return refuse(
                FIELD,
                "An address neither ends with a hyphen nor has two in a row.",
            );
        }
        if RESERVED.contains(&text) {
            return refuse(
                FIELD,
                format!("“{text}” is kept for the platform; choose another address."),
            );
        }
        if let Some(end) = ENVIRONMENT_ENDINGS.iter().find(|end| text.ends_with(**end)) {
            return refuse(
                FIELD,
                format!(
                    "“{end}” at the end is kept for the addresses of environments; leave it out."
                ),
            );
        }
        Ok(Self(text.to_owned()))
    }

    /// A subdomain made from an app's name, as a proposal; it may still be refused or taken.
    pub fn propose(name: &str) -> String {
        let mut out = String::new();
        for c in name.trim().chars() {
            if c.is_ascii_alphanumeric() {
                out.push(c.to_ascii_lowercase());
            } else if !out.is_empty() && !out.ends_with('-') {
                out.push('-');
            }
        }
        out.truncate(40);
        out.trim_matches('-').to_owned()
    }
}

/// The name of an environment: 2 to 30 of letters, digits and `-`, no `-` first or last.
///
/// Rule of the environment page of Mendix Cloud. With a long subdomain a name may be too long all the
/// same: see [`EnvironmentName::check_host_label`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EnvironmentName(String);
text_name!(EnvironmentName);

impl EnvironmentName {
    /// Reads a name.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        const FIELD: &str = "environments";
        let text = text.trim();
        if text.is_empty() {
            return refuse(FIELD, "Choose at least one environment.");
        }
        if !(2..=30).contains(&text.len()) {
            return refuse(
                FIELD,
                format!(
                    "The name of an environment has 2 to 30 characters; “{text}” has {}.",
                    text.chars().count()
                ),
            );
        }
        if !text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            || text.starts_with('-')
            || text.ends_with('-')
            || text.contains("--")
        {
            return refuse(
                FIELD,
                format!(
                    "The name of an environment has letters a to z, digits and single hyphens inside; “{}” does not.",
                    text.escape_debug()
                ),
            );
        }
        Ok(Self(text.to_owned()))
    }

    /// The environments every app starts with.
    pub fn defaults() -> [Self; 3] {
        ["Test", "Acceptance", "Production"].map(|name| Self(name.to_owned()))
    }

    /// Whether this is the environment whose address is the bare subdomain.
    pub fn is_production(&self) -> bool {
        self.0.eq_ignore_ascii_case("production")
    }

    /// The name in addresses and paths: lower case.
    pub fn slug(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// The first label of this environment's address: `shop`, `shop-accp`, `shop-test`, `shop-NAME`.
    pub fn host_label(&self, subdomain: &Subdomain) -> String {
        match self.suffix() {
            None => subdomain.0.clone(),
            Some(suffix) => format!("{subdomain}-{suffix}"),
        }
    }

    /// Refuses an environment whose address no resolver takes: a label has 63 characters at most.
    pub fn check_host_label(&self, subdomain: &Subdomain) -> Result<(), NameError> {
        let length = self.host_label(subdomain).len();
        if length > LONGEST_LABEL {
            return refuse(
                "environments",
                format!(
                    "The address of “{self}” would begin with {length} characters before the first dot; {LONGEST_LABEL} are possible. Choose a shorter name or a shorter address."
                ),
            );
        }
        Ok(())
    }

    /// What follows the subdomain in the address; nothing for production.
    pub fn suffix(&self) -> Option<String> {
        match self.slug().as_str() {
            "production" => None,
            "acceptance" => Some("accp".to_owned()),
            slug => Some(slug.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn app_names() {
        for good in [
            "Shop",
            "  Shop  ",
            "Müller & Co.",
            "店舗管理",
            "Q1-2026",
            "O'Hara_2",
            "Магазин",
            "Καφέ",
        ] {
            assert!(AppName::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            " ",
            "x",
            "<b>Shop</b>",
            "a\u{0}b",
            "emoji 🙂",
            &"x".repeat(61),
        ] {
            assert_eq!(
                AppName::parse(bad).map_err(|e| e.field),
                Err("name"),
                "{bad}"
            );
        }
    }

    #[test]
    fn subdomains() {
        for good in ["shop", "shop-2", "abc", &"a".repeat(40)] {
            assert!(Subdomain::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "ab",
            "Shop",
            "shöp",
            "-shop",
            "shop-",
            "sh--op",
            "1shop",
            "sh\u{043e}p",
            "portal",
            "shop-test",
            "<script>",
            "a.b",
            &"a".repeat(41),
        ] {
            assert_eq!(
                Subdomain::parse(bad).map_err(|e| e.field),
                Err("subdomain"),
                "{bad}"
            );
        }
        assert_eq!(Subdomain::propose("My  Shop & Co."), "my-shop-co");
    }

    #[test]
    fn environment_addresses() {
        let shop = Subdomain::parse("shop").expect("a good name");
        let labels = EnvironmentName::defaults().map(|name| name.host_label(&shop));
        assert_eq!(labels, ["shop-test", "shop-accp", "shop"]);
        let long = Subdomain::parse(&"a".repeat(40)).expect("a good name");
        for (length, fits) in [(22, true), (23, false)] {
            let name = EnvironmentName::parse(&"x".repeat(length)).expect("a good name");
            assert_eq!(name.check_host_label(&long).is_ok(), fits, "{length}");
            assert!(name.check_host_label(&shop).is_ok(), "{length}");
        }
        for bad in ["", "x", "-a", "a-", "a b", "é1", "a--b", &"x".repeat(31)] {
            assert!(EnvironmentName::parse(bad).is_err(), "{bad}");
        }
    }
}
