//! Jurisdictions: the areas whose law holds for data, and where each lets backups lie.
//!
//! The rules are data of the installation, versioned; what follows from them is decided here.

use crate::codes::code;
use serde::{Deserialize, Serialize};

code!(
    /// The code of a jurisdiction, which is also its tag: `EU`.
    JurisdictionCode,
    2..=8,
    |b| b.is_ascii_uppercase(),
    "2 to 8 upper-case letters, such as EU"
);

/// An area whose law holds for the data in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jurisdiction {
    /// Its code.
    pub code: JurisdictionCode,
    /// Its name inside a sentence: `the EU`.
    pub name: String,
}

/// Where the backups of data in a jurisdiction may lie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResidencyRule {
    /// The jurisdiction of the data.
    pub jurisdiction: Jurisdiction,
    /// The jurisdictions that backups may lie in.
    pub backups: Vec<JurisdictionCode>,
}

/// The residency rules in force, one for each jurisdiction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Residency(Vec<ResidencyRule>);

impl Residency {
    /// These rules.
    pub const fn new(rules: Vec<ResidencyRule>) -> Self {
        Self(rules)
    }

    /// The jurisdiction of a code, or what is wrong with the code.
    pub fn jurisdiction(&self, code: &str) -> Result<&Jurisdiction, String> {
        self.rule(code).map(|rule| &rule.jurisdiction)
    }

    /// Whether data in one jurisdiction may have its backups in another, else why not.
    pub fn check(&self, data: &Jurisdiction, backups: &Jurisdiction) -> Result<(), String> {
        let rule = self.rule(data.code.as_str())?;
        if rule.backups.contains(&backups.code) {
            return Ok(());
        }
        Err(format!(
            "data in {} may have its backups in {} only, and this place is in {}.",
            data.name,
            list(&rule.backups),
            backups.name
        ))
    }

    fn rule(&self, code: &str) -> Result<&ResidencyRule, String> {
        let mut rules = self.0.iter();
        let found = rules.find(|rule| rule.jurisdiction.code.as_str() == code);
        found.ok_or_else(|| {
            let known: Vec<_> = self
                .0
                .iter()
                .map(|rule| rule.jurisdiction.code.clone())
                .collect();
            format!(
                "“{}” is no jurisdiction that a residency rule is in force for; there are {}.",
                code.escape_debug(),
                list(&known)
            )
        })
    }
}

fn list(codes: &[JurisdictionCode]) -> String {
    if codes.is_empty() {
        return "none".to_owned();
    }
    let codes: Vec<&str> = codes.iter().map(JurisdictionCode::as_str).collect();
    codes.join(", ")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn code(text: &str) -> JurisdictionCode {
        JurisdictionCode::parse(text).expect("a code")
    }

    /// A rule for each of these, as `("UK", "the UK", "UK EU")`.
    pub(crate) fn residency(rules: &[(&str, &str, &str)]) -> Residency {
        let rule = |(data, name, backups): &(&str, &str, &str)| ResidencyRule {
            jurisdiction: Jurisdiction {
                code: code(data),
                name: (*name).to_owned(),
            },
            backups: backups.split(' ').map(code).collect(),
        };
        Residency::new(rules.iter().map(rule).collect())
    }

    #[test]
    fn backups_lie_where_the_rule_of_the_data_lets_them() {
        let rules = residency(&[("EU", "the EU", "EU"), ("UK", "the UK", "UK EU")]);
        let place = |code| rules.jurisdiction(code).expect("has a rule");
        let may = |data, backups| rules.check(place(data), place(backups));
        assert_eq!(may("UK", "EU"), Ok(()));
        assert!(may("EU", "UK").is_err_and(|why| why.contains("the UK") && why.contains("EU")));
        let unknown = rules.jurisdiction("MARS").expect_err("has no rule");
        assert!(
            unknown.contains("MARS") && unknown.contains("EU, UK"),
            "{unknown}"
        );
    }

    #[test]
    fn codes() {
        for bad in ["", "E", "eu", "E1", "EU ", "ABCDEFGHI"] {
            assert_eq!(JurisdictionCode::parse(bad), None, "{bad}");
        }
    }
}
