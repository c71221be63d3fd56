//! Tests of the control plane on a real PostgreSQL, in one binary.

mod apps;
mod environments;
mod operations;
mod outages;
mod packages;
mod people;
mod reconcilers;
mod regions;
mod sagas;
mod second_postgres;
mod silent_engine;
mod tenants;
mod world;
