//! Sagas on a real `PostgreSQL`, with workers that fail, stop and vanish.

mod cancel;
mod exclusive;
mod harness;
mod lifecycle;
mod share;
mod stubborn;
mod takeover;
mod unwinding;
mod workshop;
