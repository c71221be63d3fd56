//! Regions as data: where an app runs, where its backups go, and whether that leaves the political region.
//!
//! Source: the cloud FAQ (EU data stays in the EU and is not backed up in the UK; the UK is backed up
//! elsewhere in the EU; US stays in the US; Japan is backed up in Australia).

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// A political region: the area whose law holds for the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Zone {
    /// European Union.
    Eu,
    /// United States.
    Us,
    /// Japan.
    Jp,
    /// United Kingdom.
    Uk,
    /// Australia.
    Au,
}

impl Zone {
    /// The two letters on the tag.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Eu => "EU",
            Self::Us => "US",
            Self::Jp => "JP",
            Self::Uk => "UK",
            Self::Au => "AU",
        }
    }

    /// The name inside a sentence.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Eu => "the EU",
            Self::Us => "the US",
            Self::Jp => "Japan",
            Self::Uk => "the UK",
            Self::Au => "Australia",
        }
    }
}

/// A place where data can lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    /// City or area and country.
    pub place: &'static str,
    /// The political region of the place.
    pub zone: Zone,
}

/// A region that an app can be created in.
#[derive(Debug, PartialEq, Eq)]
pub struct Region {
    /// The code in configuration and URLs.
    pub code: RegionCode,
    /// The name in the picker.
    pub name: &'static str,
    /// Short city, for tables.
    pub city: &'static str,
    /// Where the app runs and its data lies.
    pub data: Location,
    /// Where its backups are kept as well.
    pub backups: Location,
}

impl Region {
    /// Whether backups stay in the political region of the data.
    pub fn backups_stay(&self) -> bool {
        self.data.zone == self.backups.zone
    }

    /// What the backup location means, as the picker says it.
    pub fn residency_sentence(&self) -> String {
        if self.backups_stay() {
            format!("Stays in {}", self.data.zone.name())
        } else {
            format!("Backups leave {}", self.data.zone.name())
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

/// The code of a region in the table below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(into = "String")]
pub struct RegionCode(&'static str);

impl RegionCode {
    /// The code as text.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// Reads a code; only codes of the table exist.
    pub fn parse(text: &str) -> Option<Self> {
        REGIONS
            .iter()
            .find(|region| region.code.0 == text)
            .map(|region| region.code)
    }

    /// The region of this code.
    pub fn region(self) -> &'static Region {
        REGIONS
            .iter()
            .find(|region| region.code == self)
            .expect("a code is only made from the table")
    }
}

impl fmt::Display for RegionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl TryFrom<String> for RegionCode {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("“{text}” is no region of this portal"))
    }
}

impl<'de> Deserialize<'de> for RegionCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl From<RegionCode> for String {
    fn from(code: RegionCode) -> Self {
        code.0.to_owned()
    }
}

const EU: Location = Location {
    place: "Frankfurt, Germany",
    zone: Zone::Eu,
};

/// Every region, in the order of the picker.
pub const REGIONS: [Region; 4] = [
    Region {
        code: RegionCode("eu-frankfurt"),
        name: "Europe",
        city: "Frankfurt",
        data: EU,
        backups: Location {
            place: "Dublin, Ireland",
            zone: Zone::Eu,
        },
    },
    Region {
        code: RegionCode("us-north-virginia"),
        name: "United States",
        city: "North Virginia",
        data: Location {
            place: "North Virginia",
            zone: Zone::Us,
        },
        backups: Location {
            place: "Oregon",
            zone: Zone::Us,
        },
    },
    Region {
        code: RegionCode("ap-tokyo"),
        name: "Asia Pacific",
        city: "Tokyo",
        data: Location {
            place: "Tokyo, Japan",
            zone: Zone::Jp,
        },
        backups: Location {
            place: "Sydney, Australia",
            zone: Zone::Au,
        },
    },
    Region {
        code: RegionCode("uk-london"),
        name: "United Kingdom",
        city: "London",
        data: Location {
            place: "London",
            zone: Zone::Uk,
        },
        backups: Location {
            place: "Dublin, Ireland",
            zone: Zone::Eu,
        },
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn residency_follows_the_faq() {
        let stays: Vec<_> = REGIONS
            .iter()
            .map(|r| (r.data.zone.code(), r.backups.zone.code(), r.backups_stay()))
            .collect();
        assert_eq!(
            stays,
            [
                ("EU", "EU", true),
                ("US", "US", true),
                ("JP", "AU", false),
                ("UK", "EU", false)
            ]
        );
        assert!(
            REGIONS
                .iter()
                .filter(|r| r.data.zone == Zone::Eu)
                .all(|r| r.backups.zone != Zone::Uk)
        );
    }

    #[test]
    fn a_company_that_demands_residency_is_told_why_not() {
        let tokyo = RegionCode::parse("ap-tokyo")
            .expect("in the table")
            .region();
        assert!(tokyo.allowed_for(false).is_ok());
        assert!(
            tokyo
                .allowed_for(true)
                .is_err_and(|why| why.contains("Sydney"))
        );
        assert_eq!(RegionCode::parse("mars-1"), None);
    }
}
