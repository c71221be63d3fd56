//! Who is at the other end of a client's connection, and whom its requests come from.

use std::{borrow::Cow, net::IpAddr, sync::Arc};

use domain::networks;
use http::{HeaderMap, HeaderName, HeaderValue, uri::Scheme};
use tokio::sync::OwnedSemaphorePermit;

use crate::ingress::{config::IngressConfig, connection_state::ConnectionState, shares::Share};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// One connection.
pub(super) struct ClientInfo {
    pub(super) state: Arc<ConnectionState>,
    /// Kept by an upgraded connection too.
    pub(super) place: Arc<Place>,
    peer: IpAddr,
    /// The other end is a proxy whose word is taken.
    is_proxy: bool,
    origin: Origin,
}

/// A connection's place among those that there may be.
pub(super) struct Place {
    _of_all: OwnedSemaphorePermit,
    /// None for proxies, whose requests count for their clients.
    _of_address: Option<Share>,
}

/// Where a request comes from.
#[derive(Clone)]
pub(super) struct Origin {
    pub(super) ip: IpAddr,
    /// The address as a header's value.
    pub(super) address: HeaderValue,
    /// And as it is written in `Forwarded`.
    pub(super) forwarded_for: String,
    /// `http` or `https`, as the client's browser has it.
    pub(super) scheme: Scheme,
}

impl Place {
    pub(super) fn new(of_all: OwnedSemaphorePermit, of_address: Option<Share>) -> Self {
        Self {
            _of_all: of_all,
            _of_address: of_address,
        }
    }
}

impl ClientInfo {
    /// A connection from `peer`.
    pub(super) fn new(config: &IngressConfig, peer: IpAddr, place: Place) -> Self {
        let is_proxy = config.trusts(peer);
        let scheme = if is_proxy {
            config.scheme.clone()
        } else {
            Scheme::HTTP
        };
        Self {
            state: Arc::default(),
            place: Arc::new(place),
            peer,
            is_proxy,
            origin: Origin::new(peer, scheme),
        }
    }

    /// Whether requests come from others than the other end of the connection.
    pub(super) fn is_proxy(&self) -> bool {
        self.is_proxy
    }

    /// Where a request with these headers comes from.
    pub(super) fn origin(&self, config: &IngressConfig, headers: &HeaderMap) -> Cow<'_, Origin> {
        if !self.is_proxy {
            return Cow::Borrowed(&self.origin);
        }
        let lines = headers.get_all(X_FORWARDED_FOR).iter();
        let lines = lines.map(HeaderValue::as_bytes);
        let (client, believed) = networks::client(&config.trusted_proxies, self.peer, lines);
        let scheme = told_scheme(headers, believed).unwrap_or_else(|| self.origin.scheme.clone());
        Cow::Owned(Origin::new(client, scheme))
    }
}

impl Origin {
    fn new(ip: IpAddr, scheme: Scheme) -> Self {
        let ip = ip.to_canonical();
        Self {
            ip,
            address: HeaderValue::try_from(ip.to_string())
                .unwrap_or(HeaderValue::from_static("unknown")),
            forwarded_for: forwarded_for(ip),
            scheme,
        }
    }
}

/// The scheme that the outermost of so many proxies was asked by; each adds its own at the end, or the first alone
/// says it.
fn told_scheme(headers: &HeaderMap, proxies: usize) -> Option<Scheme> {
    let lines = headers.get_all(X_FORWARDED_PROTO).iter();
    let told = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    let told: Vec<&[u8]> = told.map(<[u8]>::trim_ascii).collect();
    let told = told.get(told.len().saturating_sub(proxies.max(1)))?;
    if told.eq_ignore_ascii_case(b"https") {
        Some(Scheme::HTTPS)
    } else if told.eq_ignore_ascii_case(b"http") {
        Some(Scheme::HTTP)
    } else {
        None
    }
}

fn forwarded_for(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("\"[{ip}]\""),
    }
}
