//! Rows as types. Nothing here knows use cases or SQL.

pub mod apps;
pub mod environments;
pub(crate) mod orphans;
pub(crate) mod packages;
pub mod regions;
pub mod tasks;
pub(crate) mod usage;
