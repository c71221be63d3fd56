//! Regions: where an app runs, where its backups go, and whether that leaves the jurisdiction.
//!
//! Which regions there are is data of the installation; the rules here are the same for all of them.

use crate::bad_row::BadRow;
use crate::codes::code;
use crate::jurisdictions::{Jurisdiction, Residency};
use crate::names::NameError;
use serde::{Deserialize, Serialize};

code!(
    /// The code of a region in rows, settings and addresses: `eu-frankfurt`.
    RegionCode,
    2..=40,
    |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-',
    "2 to 40 lower-case letters, digits and hyphens, such as eu-frankfurt"
);

/// A place where data can lie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// City or area and country.
    pub place: String,
    /// The jurisdiction of the place.
    pub jurisdiction: Jurisdiction,
}

/// A region that follows the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Region {
    /// Its code.
    pub code: RegionCode,
    /// The name in the picker.
    pub name: String,
    /// Short city, for tables.
    pub city: String,
    /// Where the app runs and its data lies.
    pub data: Location,
    /// Where its backups are kept as well.
    pub backups: Location,
}

impl Region {
    /// Whether backups stay in the jurisdiction of the data.
    pub fn backups_stay(&self) -> bool {
        self.data.jurisdiction.code == self.backups.jurisdiction.code
    }

    /// What the backup location means, as the picker says it.
    pub fn residency_sentence(&self) -> String {
        let name = &self.data.jurisdiction.name;
        if self.backups_stay() {
            format!("Stays in {name}")
        } else {
            format!("Backups leave {name}")
        }
    }

    /// Whether a company that demands residency may use this region, else why not.
    pub fn allowed_for(&self, residency_required: bool) -> Result<(), String> {
        if residency_required && !self.backups_stay() {
            return Err(format!(
                "Not allowed: backups go to {}, and your company requires that data stays in its political region.",
                self.backups.place
            ));
        }
        Ok(())
    }
}

/// A region as it is written down, before it is checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UncheckedRegion {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its city.
    pub city: String,
    /// Where its data lies.
    pub data_place: String,
    /// The jurisdiction of that place, by its code.
    pub data_jurisdiction: String,
    /// Where its backups lie.
    pub backups_place: String,
    /// The jurisdiction of that place, by its code.
    pub backups_jurisdiction: String,
}

impl UncheckedRegion {
    /// The region, or the first field that breaks a rule.
    pub fn check(&self, residency: &Residency) -> Result<Region, NameError> {
        let code = RegionCode::parse(&self.code).ok_or_else(|| NameError {
            field: "code",
            message: format!("A region's code has {}.", RegionCode::RULE),
        })?;
        let location = |place: (&'static str, &str), jurisdiction: (&'static str, &str)| {
            let (field, code) = jurisdiction;
            let known = residency.jurisdiction(code);
            Ok::<_, NameError>(Location {
                place: words(place.0, place.1)?,
                jurisdiction: known
                    .map_err(|message| NameError { field, message })?
                    .clone(),
            })
        };
        let data = location(
            ("data_place", &self.data_place),
            ("data_jurisdiction", &self.data_jurisdiction),
        )?;
        let backups = location(
            ("backups_place", &self.backups_place),
            ("backups_jurisdiction", &self.backups_jurisdiction),
        )?;
        residency
            .check(&data.jurisdiction, &backups.jurisdiction)
            .map_err(|message| NameError {
                field: "backups_jurisdiction",
                message,
            })?;
        Ok(Region {
            code,
            name: words("name", &self.name)?,
            city: words("city", &self.city)?,
            data,
            backups,
        })
    }
}

/// Text that people read: 1 to 60 characters, none of them invisible.
fn words(field: &'static str, text: &str) -> Result<String, NameError> {
    let text = text.trim();
    if (1..=60).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(NameError {
        field,
        message: "It must be 1 to 60 characters of plain text.".to_owned(),
    })
}

/// A region in the picker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionOffer {
    /// The region, or the row that cannot be used.
    pub region: Result<Region, BadRow>,
    /// Why it cannot be chosen; none if it can.
    pub refusal: Option<String>,
}

impl RegionOffer {
    /// What a company is offered: `takes_apps` says whether the region takes new apps at all.
    pub fn new(region: Result<Region, BadRow>, takes_apps: bool, residency_required: bool) -> Self {
        let refusal = match &region {
            Err(row) => Some(row.to_string()),
            Ok(_) if !takes_apps => Some("This region takes no new apps at present.".to_owned()),
            Ok(region) => region.allowed_for(residency_required).err(),
        };
        Self { region, refusal }
    }

    /// Its code, as the row has it.
    pub fn code(&self) -> &str {
        match &self.region {
            Ok(region) => region.code.as_str(),
            Err(row) => &row.code,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jurisdictions::tests::residency;

    fn region(data: &str, backups: &str) -> Result<Region, NameError> {
        let rules = [
            ("EU", "the EU", "EU"),
            ("JP", "Japan", "JP AU"),
            ("AU", "Australia", "AU"),
            ("UK", "the UK", "UK EU"),
        ];
        unchecked(data, backups).check(&residency(&rules))
    }

    fn unchecked(data: &str, backups: &str) -> UncheckedRegion {
        UncheckedRegion {
            code: "ap-tokyo".to_owned(),
            name: "Asia Pacific".to_owned(),
            city: "Tokyo".to_owned(),
            data_place: "Tokyo, Japan".to_owned(),
            data_jurisdiction: data.to_owned(),
            backups_place: "Sydney, Australia".to_owned(),
            backups_jurisdiction: backups.to_owned(),
        }
    }

    #[test]
    fn a_company_that_demands_residency_is_told_why_not() {
        let leaves = region("JP", "AU").expect("is allowed");
        assert_eq!(leaves.residency_sentence(), "Backups leave Japan");
        assert!(leaves.allowed_for(false).is_ok());
        let offer = RegionOffer::new(Ok(leaves), true, true);
        assert!(offer.refusal.is_some_and(|why| why.contains("Sydney")));
        let stays = region("EU", "EU").expect("is allowed");
        assert_eq!(stays.residency_sentence(), "Stays in the EU");
        assert_eq!(RegionOffer::new(Ok(stays), true, true).refusal, None);
    }

    #[test]
    fn a_row_that_breaks_a_rule_is_named_with_the_column() {
        for (data, backups, column) in [
            ("XX", "EU", "data_jurisdiction"),
            ("EU", "", "backups_jurisdiction"),
            ("EU", "UK", "backups_jurisdiction"),
        ] {
            assert_eq!(region(data, backups).map_err(|e| e.field), Err(column));
        }
        let error = region("XX", "EU").expect_err("is refused");
        let row = BadRow::new("regions", "ap-tokyo", &error);
        let offer = RegionOffer::new(Err(row), true, false);
        assert_eq!(offer.code(), "ap-tokyo");
        let said = offer.refusal.expect("cannot be chosen");
        for words in ["regions", "ap-tokyo", "data_jurisdiction", "XX", "correct"] {
            assert!(said.contains(words), "{said}");
        }
        let nameless = UncheckedRegion {
            name: " ".to_owned(),
            ..unchecked("EU", "EU")
        };
        let rules = residency(&[("EU", "the EU", "EU")]);
        assert_eq!(nameless.check(&rules).map_err(|e| e.field), Err("name"));
    }

    #[test]
    fn codes() {
        for good in ["eu-frankfurt", "ap1", &"a".repeat(40)] {
            let code = RegionCode::parse(good).expect("a code");
            let json = serde_json::to_string(&code).expect("is written");
            assert_eq!(json, format!("\"{good}\""), "as it has always been stored");
            assert_eq!(serde_json::from_str::<RegionCode>(&json).ok(), Some(code));
        }
        for bad in ["", "a", "EU", "eu_west", "eu west", "../x", &"a".repeat(41)] {
            assert_eq!(RegionCode::parse(bad), None, "{bad}");
        }
    }
}
