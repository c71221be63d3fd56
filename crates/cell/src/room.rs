//! Room on this machine: what may still be promised to instances, and written to the disk.

pub mod disk;
pub mod memory;
