//! The portal's vocabulary: ids, names, states, rights and the rules a person can read.
//!
//! Pure data and functions, no I/O; builds for the server and for wasm, so the page that
//! explains a rule and the server that enforces it call the same code.

pub mod actors;
pub mod apps_address;
pub mod bad_row;
pub mod capabilities;
mod codes;
pub mod disk;
pub mod ids;
pub mod jurisdictions;
pub mod names;
pub mod networks;
pub mod plans;
pub mod quotas;
pub mod regions;
pub mod rights;
pub mod roles;
pub mod scaling;
pub mod states;
pub mod subjects;
pub mod topics;
pub mod versions;
pub mod what_may;
