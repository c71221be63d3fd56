//! The portal's vocabulary: ids, names, states, permissions and the rules a person can read.
//!
//! Pure data and functions, no I/O; builds for the server and for wasm, so the page that
//! explains a rule and the server that enforces it call the same code.

pub mod capabilities;
pub mod ids;
pub mod names;
pub mod permissions;
pub mod plans;
pub mod regions;
pub mod scaling;
pub mod states;
pub mod versions;
