//! Who calls: the address, the request's id, the cookies, and whether the call is cross-site.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::HeaderMap;
use http::header::{COOKIE, ORIGIN};
use http::request::Parts;

use crate::{device, session};

/// The longest cookie value that is looked at; ours are shorter.
const LONGEST_COOKIE: usize = 256;

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
        let cookie = |name: &str| cookie(&parts.headers, name);
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

/// A cookie's value. They are read byte by byte: what others set for this host is no text, or not always.
fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(COOKIE).into_iter();
    let mut pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs.find_map(|pair| {
        let value = pair
            .trim_ascii()
            .strip_prefix(name.as_bytes())?
            .strip_prefix(b"=")?;
        let value = std::str::from_utf8(value).ok()?;
        (value.len() <= LONGEST_COOKIE).then(|| value.to_owned())
    })
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
    use super::{cookie, network};
    use http::{HeaderMap, HeaderValue};

    #[test]
    fn a_cookie_is_found_whatever_stands_beside_it() {
        let mut headers = HeaderMap::new();
        for line in [
            &b"x__Host-mxid=1; city=caf\xe9;;flag"[..],
            b"a=\xff; __Host-mxid=own ;b=c",
        ] {
            headers.append("cookie", HeaderValue::from_bytes(line).expect("a value"));
        }
        assert_eq!(cookie(&headers, "__Host-mxid").as_deref(), Some("own"));
        assert_eq!(cookie(&headers, "city"), None);
        assert_eq!(cookie(&headers, "flag"), None);
    }

    #[test]
    fn addresses_of_one_household_share_their_limit() {
        let of = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(of("2001:db8:1:2::a"), of("2001:db8:1:2:ffff::b"));
        assert_ne!(of("2001:db8:1:2::a"), of("2001:db8:1:3::a"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
