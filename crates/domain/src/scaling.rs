//! Scaling: what a choice of instances and memory means, said before it is made.

use crate::plans::Plan;
use serde::{Deserialize, Serialize};

/// The smallest and largest memory of one instance, MiB.
pub const INSTANCE_MEMORY_MIB: (u32, u32) = (128, 32 * 1024);

/// The distance between two amounts of memory, MiB.
pub const MEMORY_STEP_MIB: u32 = 128;

/// Database connections that one runtime instance may open (`ConnectionPoolingMaxActive`).
pub const POOL_PER_INSTANCE: u32 = 10;

/// Instances and memory that are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scale {
    /// Number of instances.
    pub instances: u16,
    /// Memory of each, MiB.
    pub memory_mib: u32,
}

/// A refusal: the field and the sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScaleError {
    /// `instances` or `memory`; `memory_mib` where its text is no number.
    pub field: &'static str,
    /// Rule and remedy.
    pub message: String,
}

/// What a change of scale will do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// One or two short sentences.
    pub summary: String,
    /// The sums behind it.
    pub sums: String,
}

impl Scale {
    /// What a new environment starts with: one instance, a quarter of the plan's memory, at most 1 GiB.
    pub fn initial(plan: &Plan) -> Self {
        let quarter = (plan.app_memory_mib / 4).min(1024);
        Self {
            instances: 1,
            memory_mib: (quarter / MEMORY_STEP_MIB * MEMORY_STEP_MIB).max(INSTANCE_MEMORY_MIB.0),
        }
    }

    /// Reads what was typed into a form; every field that is no number is refused at once.
    pub fn parse(instances: &str, memory_mib: &str) -> Result<Self, Vec<ScaleError>> {
        let refused = |field, message: &str| ScaleError {
            field,
            message: message.to_owned(),
        };
        let instances = instances.trim().parse().map_err(|_| {
            let rule = "Instances must be a whole number, such as 2.";
            refused("instances", rule)
        });
        let memory_mib = memory_mib.trim().parse().map_err(|_| {
            let rule = "Memory must be a whole number of MB, such as 1024.";
            refused("memory_mib", rule)
        });
        match (instances, memory_mib) {
            (Ok(instances), Ok(memory_mib)) => Ok(Self {
                instances,
                memory_mib,
            }),
            (instances, memory_mib) => Err([instances.err(), memory_mib.err()]
                .into_iter()
                .flatten()
                .collect()),
        }
    }

    /// Memory of all instances, MiB.
    pub fn total_memory_mib(self) -> u32 {
        u32::from(self.instances) * self.memory_mib
    }

    /// Checks the choice against the plan and its `connections` to the database.
    pub fn check(self, plan: &Plan, connections: u32) -> Result<(), ScaleError> {
        let refuse = |field, message| Err(ScaleError { field, message });
        if self.instances == 0 {
            return refuse(
                "instances",
                "At least 1 instance; to run none, stop the environment.".to_owned(),
            );
        }
        if self.instances > plan.max_instances {
            return refuse(
                "instances",
                format!(
                    "Plan {} allows {} instances; choose at most {}.",
                    plan.code, plan.max_instances, plan.max_instances
                ),
            );
        }
        let (least, most) = INSTANCE_MEMORY_MIB;
        if !(least..=most).contains(&self.memory_mib) {
            return refuse(
                "memory",
                format!("Memory of an instance is {least} MB to {} GB.", most / 1024),
            );
        }
        if !self.memory_mib.is_multiple_of(MEMORY_STEP_MIB) {
            let below = self.memory_mib / MEMORY_STEP_MIB * MEMORY_STEP_MIB;
            return refuse(
                "memory",
                format!(
                    "Memory goes in steps of {MEMORY_STEP_MIB} MB; choose {below} or {} MB.",
                    below + MEMORY_STEP_MIB
                ),
            );
        }
        if self.total_memory_mib() > plan.app_memory_mib {
            return refuse(
                "memory",
                format!(
                    "{} × {} = {}, and plan {} has {}; choose fewer instances or less memory.",
                    self.instances,
                    mib(self.memory_mib),
                    mib(self.total_memory_mib()),
                    plan.code,
                    mib(plan.app_memory_mib)
                ),
            );
        }
        let needed = u32::from(self.instances) * POOL_PER_INSTANCE;
        if needed > connections {
            return refuse(
                "instances",
                format!(
                    "{} instances open up to {needed} database connections, and the database has {connections}; choose fewer instances.",
                    self.instances
                ),
            );
        }
        Ok(())
    }

    /// Says what going from `self` to `to` will do while the app runs (`running`) or not.
    pub fn effect(self, to: Self, running: bool, plan: &Plan, connections: u32) -> Effect {
        let difference = i32::from(to.instances) - i32::from(self.instances);
        let count = difference.unsigned_abs();
        let noun = if count == 1 { "instance" } else { "instances" };
        let number = match difference {
            0 => String::new(),
            1.. => format!("Adds {count} {noun}."),
            _ => format!("Removes {count} {noun} after their last request."),
        };
        let memory = if to.memory_mib == self.memory_mib {
            if difference == 0 {
                "Nothing changes.".to_owned()
            } else {
                "Nothing restarts.".to_owned()
            }
        } else {
            format!(
                "Each instance is replaced by one with {}, one after another; no request is lost.",
                mib(to.memory_mib)
            )
        };
        let summary = if running {
            format!("{number} {memory}")
        } else {
            "Takes effect at the next start.".to_owned()
        };
        Effect {
            summary: summary.trim().to_owned(),
            sums: format!(
                "{} × {} = {} of {}. Connections: {} × {POOL_PER_INSTANCE} of {connections}.",
                to.instances,
                mib(to.memory_mib),
                mib(to.total_memory_mib()),
                mib(plan.app_memory_mib),
                to.instances
            ),
        }
    }
}

/// Memory as people read it: `512 MB`, `1.5 GB`.
pub fn mib(value: u32) -> String {
    match value {
        0..1024 => format!("{value} MB"),
        _ if value.is_multiple_of(1024) => format!("{} GB", value / 1024),
        _ => format!("{}.{} GB", value / 1024, value % 1024 * 10 / 1024),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::UncheckedPlan;

    fn m20() -> Plan {
        crate::plans::tests::m20().check().expect("a plan")
    }

    #[test]
    fn what_a_new_environment_starts_with_is_allowed_by_any_plan() {
        for app_memory_mib in [128, 200, 1000, 4096, 65_536] {
            let plan = UncheckedPlan {
                app_memory_mib,
                ..crate::plans::tests::m20()
            };
            let plan = plan.check().expect("a plan");
            assert_eq!(Scale::initial(&plan).check(&plan, 200), Ok(()));
        }
    }

    #[test]
    fn what_is_no_number_is_refused_at_its_field() {
        let refused = |instances, memory| -> Vec<&str> {
            let errors = Scale::parse(instances, memory).expect_err("is refused");
            errors.into_iter().map(|error| error.field).collect()
        };
        assert_eq!(refused("", "1024"), ["instances"]);
        assert_eq!(refused("2.5", "a lot"), ["instances", "memory_mib"]);
        let scale = Scale::parse(" 3 ", "1024").expect("numbers");
        assert_eq!((scale.instances, scale.memory_mib), (3, 1024));
    }

    #[test]
    fn the_plan_is_the_limit() {
        let check = |instances, memory_mib, connections| {
            Scale {
                instances,
                memory_mib,
            }
            .check(&m20(), connections)
            .map_err(|e| e.field)
        };
        assert_eq!(check(3, 1024, 200), Ok(()));
        assert_eq!(check(4, 1024, 200), Ok(()));
        assert_eq!(check(5, 1024, 200), Err("memory"));
        assert_eq!(check(0, 1024, 200), Err("instances"));
        assert_eq!(check(9, 128, 200), Err("instances"));
        assert_eq!(check(1, 64, 200), Err("memory"));
        assert_eq!(check(1, 1025, 200), Err("memory"));
        assert_eq!(check(3, 512, 20), Err("instances"));
    }

    #[test]
    fn the_effect_says_what_happens() {
        let from = Scale {
            instances: 1,
            memory_mib: 1024,
        };
        let say = |instances, memory_mib, running| {
            from.effect(
                Scale {
                    instances,
                    memory_mib,
                },
                running,
                &m20(),
                200,
            )
            .summary
        };
        assert_eq!(say(3, 1024, true), "Adds 2 instances. Nothing restarts.");
        assert_eq!(say(1, 1024, true), "Nothing changes.");
        assert_eq!(
            say(1, 1536, true),
            "Each instance is replaced by one with 1.5 GB, one after another; no request is lost."
        );
        assert_eq!(say(2, 512, false), "Takes effect at the next start.");
    }
}
