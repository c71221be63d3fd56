//! Tests of the control plane on a real PostgreSQL, in one binary.

mod apps;
mod environments;
mod packages;
mod people;
mod sagas;
mod world;
