//! The routes that are neither pages nor server functions, a file per noun.

pub mod events;
pub mod health;
pub mod login;
pub mod logout;
pub mod packages;
pub mod theme;
