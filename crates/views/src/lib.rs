//! What use cases return: shapes for the screen and for programs, never a row.
//!
//! Times are seconds since 1970 (UTC), sizes are bytes; an optional time is none while it has not come.
//! A field of type `Access` answers whether the actor may do what it is called, now.

#![expect(
    missing_docs,
    reason = "a field is documented where its name does not say what it is"
)]

pub mod apps;
pub mod environments;
pub mod operations;
pub mod operator;
pub mod packages;
pub mod page;
pub mod people;
pub mod rights;
pub mod usage;
