//! The built program as a process of its own, with a real database, driven as a platform does it.

mod instance;
mod life;
mod protocol;
mod requests;
mod starts;
