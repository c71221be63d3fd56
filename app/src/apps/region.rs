//! A region as lists and pages name it, also where its row cannot be used.

use crate::ui::chip::Tag;
use domain::bad_row::BadRow;
use domain::regions::Region;
use leptos::prelude::*;

/// A region, or the row that cannot be used.
pub type AppRegion = Result<Region, BadRow>;

/// The mark of its jurisdiction.
pub fn tag(region: &AppRegion) -> String {
    region.as_ref().map_or_else(
        |_| "?".to_owned(),
        |region| region.data.jurisdiction.code.to_string(),
    )
}

/// Its city in a table, or which row cannot be used and what to do.
#[component]
pub fn RegionName(
    /// The region.
    region: AppRegion,
) -> impl IntoView {
    let mark = tag(&region);
    match region {
        Ok(region) => {
            view! { <span class="region"><Tag label=mark /> {region.city}</span> }.into_any()
        }
        Err(row) => view! {
            <span class="region"><Tag label=mark /> {row.code.clone()}</span>
            <small>{row.to_string()}</small>
        }
        .into_any(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use domain::jurisdictions::{Jurisdiction, JurisdictionCode};
    use domain::plans::{Plan, PlanCode};
    use domain::regions::{Location, RegionCode};

    /// A region of this code in Frankfurt.
    pub(crate) fn region(code: &str) -> Region {
        let location = |place: &str| Location {
            place: place.to_owned(),
            jurisdiction: Jurisdiction {
                code: JurisdictionCode::parse("EU").expect("a code"),
                name: "the EU".to_owned(),
            },
        };
        Region {
            code: RegionCode::parse(code).expect("a code"),
            name: "Europe".to_owned(),
            city: "Frankfurt".to_owned(),
            data: location("Frankfurt, Germany"),
            backups: location("Dublin, Ireland"),
        }
    }

    pub(crate) fn frankfurt() -> Region {
        region("eu-frankfurt")
    }

    /// A plan of this code with the limits of M20.
    pub(crate) fn plan(code: &str) -> Plan {
        Plan {
            code: PlanCode::parse(code).expect("a code"),
            app_memory_mib: 4096,
            max_instances: 8,
            instance_cpu_milli: 1000,
            database_memory_mib: 2048,
            database_disk_gib: 20,
            files_gib: 40,
        }
    }

    pub(crate) fn m20() -> Plan {
        plan("M20")
    }

    #[test]
    fn a_row_that_cannot_be_used_still_has_a_mark_and_says_what_to_do() {
        assert_eq!(tag(&Ok(frankfurt())), "EU");
        let row = BadRow::missing("regions", "ap-x");
        assert_eq!(tag(&Err(row.clone())), "?");
        let owner = Owner::new();
        owner.set();
        let html = view! { <RegionName region=Err(row) /> }.to_html();
        for words in ["ap-x", "regions", "operator must correct"] {
            assert!(html.contains(words), "{html}");
        }
    }
}
