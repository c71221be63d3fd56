//! What may be done now: facts in, an answer with its reason out.
//!
//! A page asks for its buttons and a use case asks before the deed, so both give the same sentence.
//! Who may do it at all is decided in `rights`.

pub mod apps;
pub mod environments;
pub mod operations;
pub mod packages;
