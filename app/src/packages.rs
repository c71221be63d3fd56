//! Screens of deployment packages: bringing one in, looking into it, taking it away.

pub mod api;
pub mod details;
pub mod list;
pub mod upload;
