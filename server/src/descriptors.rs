//! File descriptors: every connection costs one, and without any left the portal reaches neither database nor engine.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Takes all that the system grants, since programs begin with a part of them; how many they are.
pub fn raise_limit() -> u64 {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        limit.current = limit.maximum;
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::warn!(%error, "the limit of open files could not be raised");
        }
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
