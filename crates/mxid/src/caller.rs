//! Who calls: the address, the request's id, the cookies, and whether the call is cross-site.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum_extra::extract::CookieJar;
use http::header::ORIGIN;
use http::request::Parts;

use crate::{device, session};

/// What is known of a caller from the connection and the headers.
pub(crate) struct Caller {
    pub(crate) address: String,
    /// The address for limits: one for each IPv6 network, since a household has all of its /64.
    pub(crate) network: String,
    pub(crate) request_id: String,
    pub(crate) session_token: Option<String>,
    pub(crate) device_cookie: Option<String>,
    fetch_site: Option<String>,
    origin: Option<String>,
}

impl Caller {
    /// Whether the request was sent by a page of ours.
    pub(crate) fn is_same_origin(&self, own_origin: &str) -> bool {
        match (&self.fetch_site, &self.origin) {
            (Some(site), _) => site == "same-origin",
            (None, Some(origin)) => origin == own_origin,
            (None, None) => false,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let address = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|it| it.0.ip().to_canonical());
        let header = |name: &str| {
            let value = parts.headers.get(name)?.to_str().ok()?;
            Some(value.chars().take(128).collect::<String>())
        };
        let cookies = CookieJar::from_headers(&parts.headers);
        let cookie = |name: &str| cookies.get(name).map(|it| it.value().to_owned());
        Ok(Self {
            address: address.map_or_else(|| "unknown".to_owned(), |it| it.to_string()),
            network: address.map_or_else(|| "unknown".to_owned(), network),
            request_id: header("x-request-id").unwrap_or_default(),
            session_token: cookie(session::COOKIE),
            device_cookie: cookie(device::COOKIE),
            fetch_site: header("sec-fetch-site"),
            origin: header(ORIGIN.as_str()),
        })
    }
}

fn network(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::network;

    #[test]
    fn addresses_of_one_household_share_their_limit() {
        let of = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(of("2001:db8:1:2::a"), of("2001:db8:1:2:ffff::b"));
        assert_ne!(of("2001:db8:1:2::a"), of("2001:db8:1:3::a"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
