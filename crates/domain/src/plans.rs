//! Plans: what an environment of an app may use.
//!
//! Which plans there are is data of the installation; what makes a plan usable is decided here.

use crate::bad_row::BadRow;
use crate::codes::code;
use crate::names::NameError;
use crate::scaling::INSTANCE_MEMORY_MIB;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

code!(
    /// The code of a plan, which is also its name: `M20`.
    PlanCode,
    1..=20,
    |b| b.is_ascii_alphanumeric() || b == b'-',
    "1 to 20 letters, digits and hyphens, such as M20"
);

/// A plan that can be used; the limits hold for each environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The code, which is also its name.
    pub code: PlanCode,
    /// Memory of all instances together, MiB.
    pub app_memory_mib: u32,
    /// Most instances.
    pub max_instances: u16,
    /// Processor share of one instance, thousandths of a core.
    pub instance_cpu_milli: u32,
    /// Database memory, MiB; decides the number of connections.
    pub database_memory_mib: u32,
    /// Database disk, GiB.
    pub database_disk_gib: u32,
    /// File storage, GiB.
    pub files_gib: u32,
}

/// A plan as it is written down, before it is checked; the fields are those of [`Plan`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "they would repeat the fields of the plan")]
pub struct UncheckedPlan {
    pub code: String,
    pub app_memory_mib: i32,
    pub max_instances: i32,
    pub instance_cpu_milli: i32,
    pub database_memory_mib: i32,
    pub database_disk_gib: i32,
    pub files_gib: i32,
}

/// The most of anything that a plan may give, so that no sum of it overflows; and the most instances.
const MOST: u32 = 10_000_000;
const MOST_INSTANCES: u32 = 1_000;

impl UncheckedPlan {
    /// The plan, or the first field that breaks a rule.
    pub fn check(&self) -> Result<Plan, NameError> {
        let code = PlanCode::parse(&self.code).ok_or_else(|| NameError {
            field: "code",
            message: format!("A plan's code has {}.", PlanCode::RULE),
        })?;
        let (smallest, _) = INSTANCE_MEMORY_MIB;
        let instances = within(1..=MOST_INSTANCES, "max_instances", self.max_instances)?;
        Ok(Plan {
            code,
            app_memory_mib: within(smallest..=MOST, "app_memory_mib", self.app_memory_mib)?,
            max_instances: u16::try_from(instances).unwrap_or(u16::MAX),
            instance_cpu_milli: within(1..=MOST, "instance_cpu_milli", self.instance_cpu_milli)?,
            database_memory_mib: within(1..=MOST, "database_memory_mib", self.database_memory_mib)?,
            database_disk_gib: within(1..=MOST, "database_disk_gib", self.database_disk_gib)?,
            files_gib: within(1..=MOST, "files_gib", self.files_gib)?,
        })
    }
}

fn within(range: RangeInclusive<u32>, field: &'static str, value: i32) -> Result<u32, NameError> {
    let number = u32::try_from(value).ok();
    number
        .filter(|number| range.contains(number))
        .ok_or_else(|| NameError {
            field,
            message: format!(
                "{value} does not fit; it must be from {} to {}.",
                range.start(),
                range.end()
            ),
        })
}

/// A plan in the picker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanOffer {
    /// The plan, or the row that cannot be used.
    pub plan: Result<Plan, BadRow>,
    /// Whether a new app is offered this one first.
    pub is_default: bool,
}

impl PlanOffer {
    /// Its code, as the row has it.
    pub fn code(&self) -> &str {
        match &self.plan {
            Ok(plan) => plan.code.as_str(),
            Err(row) => &row.code,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn m20() -> UncheckedPlan {
        UncheckedPlan {
            code: "M20".to_owned(),
            app_memory_mib: 4096,
            max_instances: 8,
            instance_cpu_milli: 1000,
            database_memory_mib: 2048,
            database_disk_gib: 20,
            files_gib: 40,
        }
    }

    #[test]
    fn a_plan_that_nothing_fits_in_is_refused_by_its_column() {
        assert!(m20().check().is_ok());
        let refused = |plan: UncheckedPlan| plan.check().map_err(|error| error.field);
        let no_memory = UncheckedPlan {
            app_memory_mib: 0,
            ..m20()
        };
        assert_eq!(refused(no_memory), Err("app_memory_mib"));
        let no_instance = UncheckedPlan {
            max_instances: 0,
            ..m20()
        };
        assert_eq!(refused(no_instance), Err("max_instances"));
        let below_nothing = UncheckedPlan {
            files_gib: -1,
            ..m20()
        };
        assert_eq!(refused(below_nothing), Err("files_gib"));
        let nameless = UncheckedPlan {
            code: "M 20".to_owned(),
            ..m20()
        };
        assert_eq!(refused(nameless), Err("code"));
    }

    #[test]
    fn codes_are_stored_as_they_always_were() {
        let code: PlanCode = serde_json::from_str("\"XL20\"").expect("is read");
        assert_eq!(
            serde_json::to_string(&code).expect("is written"),
            "\"XL20\""
        );
    }
}
