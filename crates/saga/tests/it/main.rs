//! Sagas on a real `PostgreSQL`, with workers that fail, stop and vanish.

mod cancel;
mod claims;
mod exclusive;
mod fenced;
mod harness;
mod lanes;
mod lifecycle;
mod locks;
mod migration;
mod per_tenant_limit;
mod post_office;
mod races;
mod starters;
mod stubborn;
mod takeover;
mod unwinding;
mod versions;
mod waiting;
mod waking;
mod workshop;
