//! Whom a request comes from when it came through proxies.
//!
//! [`networks::client`] says whose word is taken. Everything further in sees that address as the one of the
//! connection.

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use domain::networks;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

const HEADER: &str = "x-forwarded-for";

/// Puts the client's address in the place of a trusted proxy's.
pub async fn set(
    State(trusted): State<Arc<[IpNet]>>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    if let Some(&ConnectInfo(peer)) = peer {
        let client = client(&trusted, peer.ip(), request.headers());
        let seen = SocketAddr::new(client, peer.port());
        request.extensions_mut().insert(ConnectInfo(seen));
    }
    next.run(request).await
}

/// The client of a request that `peer` has sent.
pub fn client(trusted: &[IpNet], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let lines = headers.get_all(HEADER).iter();
    networks::client(trusted, peer, lines.map(HeaderValue::as_bytes)).0
}

#[cfg(test)]
mod tests {
    use super::client;
    use axum::http::HeaderMap;
    use domain::networks::read_networks;
    use std::net::IpAddr;

    const PROXY: &str = "10.0.0.1";
    const EVE: &str = "203.0.113.9";

    fn seen(peer: &str, lines: &[&str]) -> String {
        let trusted = read_networks("TRUSTED_PROXIES", "10.0.0.0/24, ::1").expect("networks");
        let peer: IpAddr = peer.parse().expect("an address");
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", line.parse().expect("a value"));
        }
        client(&trusted, peer, &headers).to_string()
    }

    #[test]
    fn who_is_not_trusted_speaks_for_nobody() {
        assert_eq!(seen(EVE, &["192.0.2.1"]), EVE);
        assert_eq!(seen(EVE, &[PROXY]), EVE);
        assert_eq!(seen(EVE, &[]), EVE);
    }

    #[test]
    fn the_last_entry_that_is_no_proxy_of_ours_is_the_client() {
        for (lines, client) in [
            (&["192.0.2.1"][..], "192.0.2.1"),
            (&["192.0.2.1, 10.0.0.2"], "192.0.2.1"),
            (&["192.0.2.1", "10.0.0.2, 10.0.0.3"], "192.0.2.1"),
            (&["198.51.100.1, 192.0.2.1"], "192.0.2.1"),
            (&["10.0.0.9, 192.0.2.1"], "192.0.2.1"),
            (&["192.0.2.1:4711"], "192.0.2.1"),
            (&["[2001:db8::1]:443"], "2001:db8::1"),
            (&["::ffff:192.0.2.1"], "192.0.2.1"),
            (&["unknown, 10.0.0.2"], "10.0.0.2"),
            (&["192.0.2.1, "], PROXY),
            (&[], PROXY),
        ] {
            assert_eq!(seen(PROXY, lines), client, "{lines:?}");
        }
        assert_eq!(seen("::1", &["192.0.2.1"]), "192.0.2.1");
    }
}
