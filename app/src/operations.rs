//! Screens of long operations: what is under way, what happened, and why.

pub mod api;
pub mod details;
pub mod list;
pub mod progress;
pub mod status_text;
