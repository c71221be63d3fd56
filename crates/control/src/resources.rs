//! What is provisioned for environments, and how: databases and the role that makes them, buckets, engines, room on
//! disk.

pub(crate) mod buckets;
pub(crate) mod databases;
pub(crate) mod disk_space;
pub mod engines;
pub mod provisioner;
pub(crate) mod regions;
