//! Everything on this machine with one command: the database, the cell and the portal.

pub mod cell;
pub mod demo_people;
pub mod log_size;
mod part;
pub mod postgres;
pub mod up;
