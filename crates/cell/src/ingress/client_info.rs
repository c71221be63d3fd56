//! Who is at the other end of a client's connection.

use std::{net::IpAddr, sync::Arc};

use http::HeaderValue;
use tokio::sync::OwnedSemaphorePermit;

use crate::ingress::head_tap::TwoLengths;

/// One client.
pub(super) struct ClientInfo {
    pub(super) address: HeaderValue,
    /// Its address as it is written in `Forwarded`.
    pub(super) forwarded_for: String,
    pub(super) two_lengths: TwoLengths,
    /// Its place among the connections there may be; kept by an upgraded connection too.
    pub(super) place: Arc<OwnedSemaphorePermit>,
}

impl ClientInfo {
    pub(super) fn new(ip: IpAddr, place: OwnedSemaphorePermit) -> Self {
        let ip = ip.to_canonical();
        Self {
            address: HeaderValue::try_from(ip.to_string())
                .unwrap_or(HeaderValue::from_static("unknown")),
            forwarded_for: forwarded_for(ip),
            two_lengths: TwoLengths::default(),
            place: Arc::new(place),
        }
    }
}

fn forwarded_for(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("\"[{ip}]\""),
    }
}
