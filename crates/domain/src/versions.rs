//! Versions of the runtime and of packages.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A runtime version: two to four numbers, such as `9.24.2` or `6.10.16.3041`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RuntimeVersion(Vec<u32>);

/// The oldest runtime that v4 runs.
pub const OLDEST_RUNTIME: &str = "6.0.0";

impl RuntimeVersion {
    /// Reads a version.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts: Result<Vec<u32>, _> = text.split('.').map(str::parse).collect();
        match parts {
            Ok(parts) if (2..=4).contains(&parts.len()) => Ok(Self(parts)),
            _ => Err(format!(
                "“{}” is no runtime version; one such as 9.24.2 is expected",
                text.escape_debug()
            )),
        }
    }

    /// Whether v4 can run this version (6.0.0 or higher).
    pub fn runs_on_v4(&self) -> bool {
        self.0.first().is_some_and(|major| *major >= 6)
    }
}

impl fmt::Display for RuntimeVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&parts.join("."))
    }
}

impl TryFrom<String> for RuntimeVersion {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<RuntimeVersion> for String {
    fn from(version: RuntimeVersion) -> Self {
        version.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_is_the_oldest() {
        for (text, runs) in [
            ("5.9", false),
            ("5.21.4", false),
            ("6.0.0", true),
            ("6.10.16.3041", true),
            ("10.24.0", true),
        ] {
            assert_eq!(
                RuntimeVersion::parse(text).map(|v| v.runs_on_v4()),
                Ok(runs),
                "{text}"
            );
        }
        for bad in ["", "9", "9.x", "9.1.2.3.4", "-1.0", "9..1"] {
            assert!(RuntimeVersion::parse(bad).is_err(), "{bad}");
        }
        assert!(RuntimeVersion::parse("9.9.0") < RuntimeVersion::parse("9.24.0"));
    }
}
