//! The product: use cases, durable operations and reconcilers. Knows neither HTTP nor Leptos.
//!
//! A use case takes a [`ctx::Ctx`] first: who acts, for which company, at what time. It parses
//! its input into domain types, asks `domain::permissions`, owns the transaction, and writes the
//! audit row. Work that takes longer than a request is a saga, started in the same transaction.

pub mod apps;
pub mod audit;
pub mod background;
pub mod changes;
pub mod clock;
pub mod config;
pub mod ctx;
mod db;
pub mod environments;
pub mod error;
pub mod operations;
pub mod packages;
pub mod page;
pub mod people;
mod reconcilers;
pub mod sagas;
pub mod scram;
pub mod secrets;

/// The schema of the portal's own database.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");
