//! Tests of the control plane on a real PostgreSQL, in one binary.

mod apps;
mod environments;
mod operations;
mod outages;
mod packages;
mod people;
mod queries;
mod reconcilers;
mod sagas;
mod tenants;
mod world;
