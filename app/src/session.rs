//! Who is signed in, as pages see it.

pub mod api;
