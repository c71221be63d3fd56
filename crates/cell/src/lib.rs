//! The local engine: keeps one machine's instances as wanted and routes requests to them.
//!
//! [`supervisor`] makes what is and what is wanted meet, inside the walls of [`sandbox`];
//! [`ingress`] brings requests to the instances that are ready; [`api`] is how the control plane
//! speaks to both; [`init`] is the first process inside each sandbox.

mod accept;
pub mod api;
mod api_server;
pub mod config;
mod crash_policy;
mod database_socket;
pub mod descriptors;
mod disk;
mod disk_uses;
mod disk_walk;
pub mod file_limit;
pub mod ingress;
pub mod init;
mod journal;
mod keep_alive;
mod layout;
mod local_path;
pub mod oom_score;
mod packages;
mod process;
mod record;
mod room;
pub mod sandbox;
pub mod serve;
mod shared_folder;
mod stored;
pub mod supervisor;
mod uids;
mod unlinked;
mod usage;
mod watched_task;
mod words;
