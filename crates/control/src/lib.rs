//! The product: use cases, durable operations and background work. Knows neither HTTP nor Leptos.
//!
//! A use case takes a [`ctx::Ctx`] first: who acts, for which company, at what time. It parses
//! its input into domain types, asks `domain::rights`, owns the transaction, writes the audit row,
//! and returns a view. Work that takes longer than a request is a saga, started in the same transaction.

mod access;
pub mod apps;
pub mod audit;
pub mod background;
mod change;
pub mod clock;
pub mod config;
pub mod ctx;
mod db;
mod desired_state;
pub mod environments;
pub mod error;
pub mod live_updates;
mod look_alikes;
pub mod model;
pub mod objects;
pub mod operations;
pub mod operator;
pub mod orphans;
pub mod packages;
pub mod page;
pub mod people;
pub mod plans;
pub mod quotas;
pub mod regions;
pub mod resources;
pub mod retention;
pub mod rights;
pub mod sagas;
pub mod scram;
pub mod secrets;
pub mod sessions;
pub mod state;
pub mod upgrade;
mod usage;

/// The schema of the portal's own database.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");
