//! Counters, in the shape of `runtime_statistics`.

use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Counters of one kind of request.
#[derive(Default)]
pub struct Requests {
    count: AtomicU64,
    last: AtomicU64,
}

impl Requests {
    /// Counts one.
    pub fn count(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.last.store(milliseconds_now(), Ordering::Relaxed);
    }

    fn feedback(&self, name: &str) -> Value {
        json!({
            "name": name,
            "value": self.count.load(Ordering::Relaxed),
            "last_request_timestamp": self.last.load(Ordering::Relaxed),
        })
    }
}

/// What this server counts.
#[derive(Default)]
pub struct Statistics {
    /// Requests for the package's own files.
    pub pages: Requests,
    /// Requests to `/api/`.
    pub api: Requests,
    /// Requests to `/debugger/`.
    pub debugger: Requests,
    /// Statements that read.
    pub selects: AtomicU64,
    /// Statements that add.
    pub inserts: AtomicU64,
    /// Statements that change.
    pub updates: AtomicU64,
}

impl Statistics {
    /// The whole, as the protocol has it.
    pub fn feedback(&self) -> Value {
        let [selects, inserts, updates] = [&self.selects, &self.inserts, &self.updates]
            .map(|counter| counter.load(Ordering::Relaxed));
        let used = memory_bytes();
        json!({
            "requests": [
                self.pages.feedback(""),
                self.api.feedback("api/"),
                self.debugger.feedback("debugger/"),
            ],
            "cache": { "total_count": 0 },
            "sessions": {
                "named_users": 0,
                "named_user_sessions": 0,
                "anonymous_sessions": 0,
                "user_sessions": {},
            },
            "connectionbus": {
                "select": selects,
                "insert": inserts,
                "update": updates,
                "delete": 0,
                "transaction": inserts + updates,
            },
            "memory": {
                "init_heap": 0, "used_heap": used, "committed_heap": used, "max_heap": used,
                "init_nonheap": 0, "used_nonheap": 0, "committed_nonheap": 0, "max_nonheap": 0,
                // Six pools of a Java machine are expected, or none beside the flat fields.
                "code": 0, "permanent": 0, "eden": 0, "survivor": 0, "tenured": used,
            },
            "languages": ["en_US"],
            "entities": 3,
        })
    }
}

fn milliseconds_now() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Resident memory of this process; 0 where the system does not tell.
fn memory_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.unwrap_or_default() * 1024
}
