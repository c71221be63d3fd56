//! Everything on this machine with one command: the database, the cell and the portal.

pub mod cell;
pub mod log_size;
pub mod demo_people;
mod part;
pub mod postgres;
pub mod up;
