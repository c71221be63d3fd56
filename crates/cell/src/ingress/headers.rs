//! Headers that end at the ingress and headers that only the ingress may set.

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        CONNECTION, EXPECT, FORWARDED, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
        TRANSFER_ENCODING, UPGRADE,
    },
    uri::Scheme,
};

use crate::ingress::{client_info::Origin, host::Host};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const HTTP: HeaderValue = HeaderValue::from_static("http");
const HTTPS: HeaderValue = HeaderValue::from_static("https");
/// The most header lines that an instance gets; many servers take no more.
const MOST_LINES: usize = 100;
/// How many lines are added at most.
const OWN_LINES: usize = 8;
/// The longest request id taken over from outside.
const LONGEST_REQUEST_ID: usize = 128;

/// Makes a client's headers those that an instance gets; false when they are too many.
pub(super) fn prepare_request(headers: &mut HeaderMap, host: &Host, origin: &Origin) -> bool {
    remove_hop_by_hop(headers);
    headers.reserve(OWN_LINES);
    headers.remove(EXPECT);
    headers.remove(PROXY_AUTHORIZATION);
    let reserved: Vec<HeaderName> = headers
        .keys()
        .filter(|name| is_reserved(name.as_str()))
        .cloned()
        .collect();
    for name in reserved {
        headers.remove(name);
    }
    let forwarded = format!(
        "for={};host=\"{}\";proto={}",
        origin.forwarded_for,
        host.header.to_str().unwrap_or_default(),
        origin.scheme
    );
    if let Ok(forwarded) = HeaderValue::try_from(forwarded) {
        headers.insert(FORWARDED, forwarded);
    }
    headers.insert(HOST, host.header.clone());
    headers.insert(X_FORWARDED_HOST, host.header.clone());
    headers.insert(X_FORWARDED_FOR, origin.address.clone());
    headers.insert(X_REAL_IP, origin.address.clone());
    let is_secure = origin.scheme == Scheme::HTTPS;
    headers.insert(X_FORWARDED_PROTO, if is_secure { HTTPS } else { HTTP });
    let id = headers.get(X_REQUEST_ID);
    if !id.is_some_and(|id| id.len() <= LONGEST_REQUEST_ID && !id.is_empty()) {
        let id = hex::encode(rand::random::<[u8; 16]>());
        if let Ok(id) = HeaderValue::try_from(id) {
            headers.insert(X_REQUEST_ID, id);
        }
    }
    headers.len() <= MOST_LINES
}

/// Removes what concerns one connection only, as named by the standard and by `Connection` itself.
pub(super) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|token| !token.eq_ignore_ascii_case("close"))
        .filter_map(|token| HeaderName::try_from(token).ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in [
        CONNECTION,
        KEEP_ALIVE,
        PROXY_CONNECTION,
        PROXY_AUTHENTICATE,
        TE,
        TRAILER,
        TRANSFER_ENCODING,
        UPGRADE,
        HTTP2_SETTINGS,
    ] {
        headers.remove(name);
    }
}

/// True for headers that an app believes because only a proxy can set them; underscores count as hyphens,
/// as they do for servers that hand headers on as variables.
fn is_reserved(name: &str) -> bool {
    let is = |reserved: &str| name.len() == reserved.len() && begins(name, reserved);
    begins(name, "x-forwarded-")
        || begins(name, "ssl-client-")
        || is("forwarded")
        || is("x-real-ip")
        || is("x-client-certificate")
        || is("x-forwarded")
}

fn begins(name: &str, start: &str) -> bool {
    name.len() >= start.len()
        && name
            .bytes()
            .zip(start.bytes())
            .all(|(a, b)| a == b || a == b'_' && b == b'-')
}

#[cfg(test)]
mod tests {
    use super::is_reserved;

    #[test]
    fn only_the_ingress_sets_what_apps_believe() {
        for name in [
            "x-forwarded-for",
            "x_forwarded_for",
            "x-forwarded-port",
            "ssl-client-s-dn",
            "ssl_client_verify",
            "x-client-certificate",
            "forwarded",
            "x-real-ip",
        ] {
            assert!(is_reserved(name), "{name}");
        }
        for name in [
            "cookie",
            "x-forward",
            "ssl-client",
            "x-real-ip-2",
            "x-request-id",
        ] {
            assert!(!is_reserved(name), "{name}");
        }
    }
}
