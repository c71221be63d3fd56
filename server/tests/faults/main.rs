//! The product under faults: real processes that are killed, stopped, cut off and put under load.
//!
//! Needs the PostgreSQL server of `DATABASE_URL` (as a superuser), and `cell` and `sample-runtime`
//! built beside the portal. One test runs at a time: they share two processors with what they start.

mod app_creation;
mod app_deletion;
#[path = "../it/browser.rs"]
#[expect(dead_code, reason = "the router's tests use all of it, these a part")]
mod browser;
mod cell_killed;
#[path = "../it/clusters.rs"]
#[expect(
    dead_code,
    reason = "the tests of the clusters use all of it, these a part"
)]
mod clusters;
mod database;
mod database_silent;
mod deeds;
mod deployment;
mod hostile_company;
mod leftovers;
mod load;
mod pages;
mod program;
mod proxy;
mod replicas;
#[path = "../../../crates/control/tests/it/second_postgres.rs"]
mod second_postgres;
mod second_region;
mod under_load;
mod wait;
mod whole;
mod world;
