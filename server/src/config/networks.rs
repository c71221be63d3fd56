//! Networks of addresses, written `10.0.0.0/8`, `2001:db8::/32`, or as one address.

use anyhow::{Context, Result};
use std::net::{IpAddr, Ipv6Addr};

/// A network; one address is a network too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Whether the address lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4()
            && first_bits(address, self.prefix) == first_bits(self.address, self.prefix)
    }

    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(longest);
        (prefix <= longest).then_some(Self { address, prefix })
    }
}

/// Reads networks with commas between them.
pub fn read_networks(name: &str, text: &str) -> Result<Vec<Network>> {
    let networks = text.split(',').map(str::trim).map(|part| {
        Network::parse(part).with_context(|| {
            format!("{name}: `{part}` is no address and no network; give such as 127.0.0.1 or 10.0.0.0/8, with commas between them")
        })
    });
    networks.collect()
}

/// The first `prefix` bits, the others zero.
fn first_bits(address: IpAddr, prefix: u8) -> u128 {
    let (bits, length) = match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    };
    bits.checked_shr(length - u32::from(prefix)).unwrap_or(0)
}

/// The network that limits count an address by: all of one household's IPv6 /64 are one.
pub fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
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
        ] {
            let read = read_networks("TRUSTED_PROXIES", network).expect("a network")[0];
            assert!(read.contains(address(inside)), "{inside} in {network}");
            assert!(!read.contains(address(outside)), "{outside} in {network}");
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
