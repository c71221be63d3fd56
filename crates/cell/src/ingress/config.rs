//! Limits and patience of the ingress.

use std::{net::IpAddr, time::Duration};

use domain::networks;
use http::uri::Scheme;
use ipnet::IpNet;

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
    /// While a client is waited for, to send a body or to take an answer, this much time must move …
    pub slow_window: Duration,
    /// … so many bytes.
    pub slow_least: usize,
    /// How long an upgraded connection may be silent.
    pub tunnel_silence: Duration,
    /// How long an answer is waited for when the client has ended its side and may be gone.
    pub leaving: Duration,
    /// How long a client that is told off is listened to, so that it hears why.
    pub lingering: Duration,
    /// The most client connections held at once, if there are descriptors for so many.
    pub max_connections: usize,
    /// The most of them from one client address: connections, or requests that trusted proxies send for it. At most
    /// a quarter of all.
    pub max_per_address: usize,
    /// The most requests that one app answers at once. At most half of all connections.
    pub max_per_host: usize,
    /// Whose word on where a request comes from is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// The scheme of what a trusted proxy passes on without saying it.
    pub scheme: Scheme,
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
            slow_window: Duration::from_mins(1),
            slow_least: 4 * 1024,
            tunnel_silence: Duration::from_hours(1),
            leaving: Duration::from_secs(10),
            lingering: Duration::from_secs(30),
            max_connections: 16_384,
            max_per_address: 4_096,
            max_per_host: 8_192,
            trusted_proxies: Vec::new(),
            scheme: Scheme::HTTP,
            closing: Duration::from_secs(10),
        }
    }
}

impl IngressConfig {
    /// With the limits that go with no more than `places` connections.
    pub(super) fn within(mut self, places: usize) -> Self {
        self.max_connections = self.max_connections.min(places);
        let most = |part: usize| (self.max_connections / part).max(1);
        self.max_per_address = self.max_per_address.min(most(4));
        self.max_per_host = self.max_per_host.min(most(2));
        self
    }

    /// Whether `address` is a trusted proxy's.
    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        networks::contain(&self.trusted_proxies, address)
    }
}
