//! The `portal` program: configuration, the router, sign-in, and what starts it all.
//!
//! Everything that answers a request is put together in [`router::router`], which the tests call too.

pub mod accounts;
pub mod answers;
pub mod assets;
pub mod background;
pub mod client_address;
pub mod config;
pub mod cross_site;
pub mod demo_people;
pub mod downloads;
pub mod events;
pub mod faults;
pub mod guard;
pub mod headers;
pub mod health;
pub mod leptos_context;
pub mod login;
pub mod logout;
pub mod notice;
pub mod one_host;
pub mod panics;
pub mod people;
pub mod postgres;
pub mod private_file;
pub mod rate_limit;
pub mod request_id;
pub mod router;
pub mod serve;
pub mod session;
pub mod socket_place;
pub mod state;
pub mod theme;
pub mod up;
pub mod uploads;
