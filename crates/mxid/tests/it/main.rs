//! The provider through its router, with a real database for each test.

mod accounts;
mod authorization;
mod browser;
mod end_session;
mod flow;
mod headers;
mod hints;
mod keys;
mod limits;
mod pages;
mod provider;
mod sign_in;
mod token;
