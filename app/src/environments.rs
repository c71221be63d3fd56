//! Screens of environments: how one does, deploying to it, scaling it, its debugger.

pub mod api;
pub mod debugger;
pub mod deploy;
pub mod header;
pub mod instances;
pub mod overview;
pub mod scale;
