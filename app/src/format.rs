//! Numbers, moments and spans of time as people read them.

pub mod bytes;
pub mod date;
pub mod duration;
