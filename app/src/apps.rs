//! Screens of apps: the list, making one, looking at one, ending one.

pub mod api;
pub mod choice;
pub mod create;
pub mod list;
pub mod overview;
pub mod region;
pub mod settings;
