//! The whole engine: the real program, real sandboxes, real runtimes, a real PostgreSQL server.
//!
//! Needs the server of `DATABASE_URL` (as a superuser), root with `runc` for the tests of limits,
//! and the built `sample-runtime` beside the tests' own programs.

#[path = "cell/adoption.rs"]
mod adoption;
#[path = "cell/basics.rs"]
mod basics;
#[path = "cell/bench.rs"]
mod bench;
#[path = "cell/database.rs"]
mod database;
#[path = "cell/healing.rs"]
mod healing;
#[path = "cell/hostile.rs"]
mod hostile;
#[path = "cell/load.rs"]
mod load;
#[path = "cell/ports.rs"]
mod ports;
#[path = "cell/rollout.rs"]
mod rollout;
#[path = "cell/room.rs"]
mod room;
#[path = "cell/serving_first.rs"]
mod serving_first;
#[path = "cell/stored.rs"]
mod stored;
#[path = "cell/surroundings.rs"]
mod surroundings;
