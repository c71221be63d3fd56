//! Networks of addresses, written `10.0.0.0/8`, `2001:db8::/32`, or as one address.

use anyhow::{Context, Result};
use ipnet::{IpNet, Ipv6Net};
use std::net::IpAddr;

/// Bits of an address that all of one household's share.
const HOUSEHOLD: u8 = 64;

/// Reads networks with commas between them.
pub fn read_networks(name: &str, text: &str) -> Result<Vec<IpNet>> {
    let networks = text.split(',').map(str::trim).map(|part| {
        let network = part.parse().ok();
        let network = network.or_else(|| Some(IpNet::from(part.parse::<IpAddr>().ok()?)));
        network.with_context(|| {
            format!("{name}: `{part}` is no address and no network; give such as 127.0.0.1 or 10.0.0.0/8, with commas between them")
        })
    });
    networks.collect()
}

/// Whether the address lies in one of them.
pub fn contain(networks: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    networks.iter().any(|network| network.contains(&address))
}

/// The address that limits count by: all of one household's IPv6 /64 are one.
pub fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Net::new_assert(address, HOUSEHOLD).network().into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn an_address_lies_in_a_network_or_not() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.255.1.2", "11.0.0.1"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
            ("192.0.2.128/25", "192.0.2.129", "192.0.2.127"),
            ("0.0.0.0/0", "203.0.113.9", "::1"),
            ("::/0", "2001:db8::1", "203.0.113.9"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"),
            ("127.0.0.1", "::ffff:127.0.0.1", "::1"),
            ("10.1.2.3/8", "10.9.9.9", "11.1.2.3"),
        ] {
            let read = read_networks("TRUSTED_PROXIES", network).expect("a network");
            assert!(contain(&read, address(inside)), "{inside} in {network}");
            assert!(!contain(&read, address(outside)), "{outside} in {network}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused_by_name() {
        for text in ["proxy", "10.0.0.0/33", "10.0.0.0/", "10.0.0.1,,", "1.2.3"] {
            let error = read_networks("TRUSTED_PROXIES", text).expect_err("is refused");
            assert!(error.to_string().contains("TRUSTED_PROXIES"), "{error}");
        }
    }

    #[test]
    fn a_household_is_counted_as_one() {
        assert_eq!(
            household(address("2001:db8:1:2:3::a")),
            address("2001:db8:1:2::")
        );
        assert_eq!(household(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }
}
