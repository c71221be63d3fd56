//! The private database clusters, which are started when no other database is named.
//!
//! The one for the apps holds what is made for tenants and is every region's server unless another is set. The
//! one for the portal holds the portal's own database and nothing else: no app is ever led to its socket. Both
//! listen on a unix socket alone and ask everyone for a password. Started by root they run as an
//! unprivileged user.

mod binaries;
mod bootstrap;
pub mod cluster;
mod folders;
mod owner;
pub mod portal_database;
pub mod server;
mod settings;
pub mod single_cluster;
mod tools;
