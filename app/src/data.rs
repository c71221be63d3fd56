//! Data of a page: the server reads it before it sends the page, a browser takes it from there and reads it anew
//! whenever something has changed.
//!
//! On the server it is a resource of the framework, which waits for it and writes it into the page. A browser
//! waits for nothing, so there it is a signal and one task that is the same code for every kind of data.

#[cfg(not(feature = "ssr"))]
mod in_browser;
#[cfg(feature = "ssr")]
mod on_server;

#[cfg(not(feature = "ssr"))]
pub use in_browser::Data;
#[cfg(feature = "ssr")]
pub use on_server::Data;
