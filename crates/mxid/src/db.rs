//! Every SQL statement of the provider, a file per table.

pub(crate) mod access_tokens;
pub(crate) mod accounts;
pub(crate) mod authorization_requests;
pub(crate) mod codes;
pub(crate) mod events;
pub(crate) mod expired;
pub(crate) mod keys;
pub(crate) mod sessions;
