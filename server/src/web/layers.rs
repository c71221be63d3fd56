//! What a request passes on its way in and an answer on its way out, a file per layer.

pub mod bodies;
pub mod canonical_host;
pub mod client_address;
pub mod cookies;
pub mod cross_site;
pub mod form_errors;
pub mod locations;
pub mod panics;
pub mod request_id;
pub mod security_headers;
pub mod session_guard;
pub mod status_codes;
