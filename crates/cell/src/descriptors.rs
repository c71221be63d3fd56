//! File descriptors: every connection costs some, and without any left no instance can be watched.

use rustix::process::{Resource, getrlimit, setrlimit};

/// What everything but the ingress needs: files, health checks, the engine's interface.
const RESERVED: u64 = 512;
/// A client's connection, the one to the instance that answers it, and one that lies idle.
const FOR_EACH_CLIENT: u64 = 3;

/// Takes all the descriptors that the system grants; by default programs begin with a part of them.
pub fn raise_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        limit.current = limit.maximum;
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::warn!(%error, "the limit of open files could not be raised");
        }
    }
    let limit = getrlimit(Resource::Nofile).current;
    tracing::info!(limit, clients = clients(limit), "open files");
}

/// How many connections of clients there are descriptors for.
pub fn for_clients() -> usize {
    clients(getrlimit(Resource::Nofile).current)
}

fn clients(limit: Option<u64>) -> usize {
    let Some(limit) = limit else {
        return usize::MAX;
    };
    let free = limit - RESERVED.min(limit / 2);
    usize::try_from(free / FOR_EACH_CLIENT).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::clients;

    #[test]
    fn the_rest_of_the_program_keeps_its_share() {
        assert_eq!(clients(Some(1024)), 170);
        assert_eq!(clients(Some(256)), 42);
        assert_eq!(clients(Some(0)), 0);
        assert_eq!(clients(None), usize::MAX);
    }
}
