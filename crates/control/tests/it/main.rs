//! Tests of the control plane on a real PostgreSQL, in one binary.
#![expect(missing_docs, reason = "tests are documented by their names")]

mod apps;
mod environments;
mod packages;
mod people;
mod sagas;
mod world;
