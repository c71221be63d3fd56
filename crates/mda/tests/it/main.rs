//! Packages as people and attackers make them, through the crate's public functions.

mod accepted;
mod archive_builder;
mod bombs;
mod hostile;
mod unpacking;
