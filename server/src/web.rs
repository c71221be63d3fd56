//! The web side: the router, the layers around it, and what several routes share.

pub mod assets;
pub mod connections;
pub mod error_page;
pub mod layers;
pub mod leptos_context;
pub mod local_path;
pub mod rate_limit;
pub mod router;
pub mod session;
