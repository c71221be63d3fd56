//! Plans: what an environment of an app may use. Source: the plan table of Mendix Cloud (S20 to XL20).

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// A plan; the limits hold for each environment.
#[derive(Debug, PartialEq, Eq)]
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

/// The code of a plan in the table below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "String")]
pub struct PlanCode(&'static str);

impl PlanCode {
    /// The code as text.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// Reads a code; only codes of the table exist.
    pub fn parse(text: &str) -> Option<Self> {
        PLANS
            .iter()
            .find(|plan| plan.code.0 == text)
            .map(|plan| plan.code)
    }

    /// The plan of this code.
    pub fn plan(self) -> &'static Plan {
        PLANS
            .iter()
            .find(|plan| plan.code == self)
            .expect("a code is only made from the table")
    }
}

impl fmt::Display for PlanCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl TryFrom<String> for PlanCode {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("“{text}” is no plan of this portal"))
    }
}

impl<'de> Deserialize<'de> for PlanCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl From<PlanCode> for String {
    fn from(code: PlanCode) -> Self {
        code.0.to_owned()
    }
}

const fn plan(
    code: &'static str,
    memory_gib: u32,
    max_instances: u16,
    cpu: u32,
    database: (u32, u32),
    files_gib: u32,
) -> Plan {
    Plan {
        code: PlanCode(code),
        app_memory_mib: memory_gib * 1024,
        max_instances,
        instance_cpu_milli: cpu,
        database_memory_mib: database.0 * 1024,
        database_disk_gib: database.1,
        files_gib,
    }
}

/// Every plan, smallest first.
pub const PLANS: [Plan; 4] = [
    plan("S20", 2, 4, 500, (2, 10), 20),
    plan("M20", 4, 8, 1000, (2, 20), 40),
    plan("L20", 8, 16, 2000, (4, 40), 80),
    plan("XL20", 16, 32, 4000, (8, 80), 160),
];

/// The plan that a new app is offered first: room for three instances of a quarter of it, and one more.
pub const DEFAULT_PLAN: PlanCode = PlanCode("M20");
