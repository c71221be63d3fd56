//! The operator's page: how the installation itself is doing, and what no row of the portal knows.

pub mod api;
mod engines;
mod orphans;
pub mod overview;
mod tasks;
