//! Codes: the short names of regions, plans and jurisdictions in rows, settings and addresses.

/// Makes a parsed code over text. `$is_good` decides on text of `$shortest` to `$longest` bytes.
macro_rules! code {
    ($(#[$doc:meta])* $name:ident, $shortest:literal..=$longest:literal, $is_good:expr, $rule:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What a code must be, inside a sentence.
            pub const RULE: &'static str = $rule;

            /// Reads a code; none unless it follows the rule.
            pub fn parse(text: &str) -> Option<Self> {
                let is_good: fn(u8) -> bool = $is_good;
                let fits = ($shortest..=$longest).contains(&text.len());
                (fits && text.bytes().all(is_good)).then(|| Self(text.to_owned()))
            }

            /// The code as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                Self::parse(&text)
                    .ok_or_else(|| format!("“{}” is no code: it has {}", text.escape_debug(), Self::RULE))
            }
        }

        impl From<$name> for String {
            fn from(code: $name) -> Self {
                code.0
            }
        }
    };
}

pub(crate) use code;
