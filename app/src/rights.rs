//! Rights: who may do what.

pub mod api;
pub mod list;
