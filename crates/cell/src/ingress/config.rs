//! Limits and patience of the ingress.

use std::time::Duration;

/// What the ingress allows, and how long it waits.
#[derive(Clone, Debug)]
pub struct IngressConfig {
    /// How long a client may take to send a request's head, and may stay silent between two requests.
    pub header_timeout: Duration,
    /// The largest request head accepted, in bytes.
    pub max_header_bytes: usize,
    /// How long an instance may be silent before the head of its answer.
    pub answer_timeout: Duration,
    /// How long a request waits for an instance when none is left or the first is starting.
    pub patience: Duration,
    /// How long a client may take nothing of what is sent to it.
    pub send_timeout: Duration,
    /// The most client connections held at once, if there are descriptors for so many; more wait to be
    /// accepted.
    pub max_connections: usize,
    /// How long requests may go on after the shutdown was asked for.
    pub closing: Duration,
}

impl Default for IngressConfig {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(30),
            max_header_bytes: 64 * 1024,
            answer_timeout: Duration::from_mins(5),
            patience: Duration::from_secs(5),
            send_timeout: Duration::from_mins(1),
            max_connections: 16_384,
            closing: Duration::from_secs(10),
        }
    }
}
