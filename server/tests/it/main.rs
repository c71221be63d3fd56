//! The portal through its router, on a real database, with a real sign-in.

mod access;
mod architecture;
mod browser;
mod clusters;
mod cross_site;
mod events;
mod headers;
mod local_cell;
mod logs;
mod people;
mod postgres;
mod proxies;
mod schema;
mod sessions;
mod sign_in;
mod stub_engine;
mod test_app;
mod two_clusters;
mod uploads;
