//! The `portal` program: configuration, the router, sign-in, and what starts it all.
//!
//! Everything that answers a request is put together in [`web::router::router`], which the tests call too.

pub mod accounts;
pub mod background;
pub mod cli;
pub mod config;
pub mod control_plane;
pub mod descriptors;
pub mod fault_injection;
pub mod identity;
pub mod local;
pub mod private_file;
pub mod routes;
pub mod schema;
pub mod serve;
pub mod socket_path;
pub mod state;
pub mod web;
