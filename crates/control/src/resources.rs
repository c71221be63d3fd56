//! What is provisioned for environments, and how: databases, buckets, engines, room on disk.

pub(crate) mod buckets;
pub(crate) mod databases;
pub(crate) mod disk_space;
pub mod engines;
pub(crate) mod regions;
