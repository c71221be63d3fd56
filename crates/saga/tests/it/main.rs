//! Sagas on a real `PostgreSQL`, with workers that fail, stop and vanish.

mod cancel;
mod exclusive;
mod harness;
mod lifecycle;
mod per_tenant_limit;
mod stubborn;
mod takeover;
mod unwinding;
mod workshop;
