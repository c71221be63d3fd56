//! Loops that make desired and actual meet: no input, idempotent, woken by time and by events.

pub(crate) mod events;
pub(crate) mod per_engine;
pub(crate) mod workloads;
