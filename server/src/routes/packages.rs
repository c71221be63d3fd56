//! Packages as files: sent to the portal and taken from it.

pub mod download;
pub mod upload;
