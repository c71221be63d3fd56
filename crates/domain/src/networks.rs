//! Networks of addresses, written `10.0.0.0/8`, `2001:db8::/32`, or as one address, and what proxies in them say.

use ipnet::{IpNet, Ipv6Net};
use std::net::{IpAddr, SocketAddr};

/// Bits of an address that all of one household's share.
const HOUSEHOLD: u8 = 64;
/// Bits of an address that all of one site's share: providers give a site this much at most.
const SITE: u8 = 48;

/// A text that names no network.
#[derive(Debug, thiserror::Error)]
#[error(
    "{setting}: `{part}` is no address and no network; give such as 127.0.0.1 or 10.0.0.0/8, with commas between them"
)]
pub struct InvalidNetwork {
    setting: String,
    part: String,
}

/// Reads networks with commas between them, as the setting `name` has them.
pub fn read_networks(name: &str, text: &str) -> Result<Vec<IpNet>, InvalidNetwork> {
    let networks = text.split(',').map(str::trim).map(|part| {
        let network = part.parse().ok();
        let network = network.or_else(|| Some(IpNet::from(part.parse::<IpAddr>().ok()?)));
        network.ok_or_else(|| InvalidNetwork {
            setting: name.to_owned(),
            part: part.to_owned(),
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
    network(address, HOUSEHOLD)
}

/// The address that wider limits count by: all of one site's IPv6 /48 are one, however many /64 it has.
pub fn site(address: IpAddr) -> IpAddr {
    network(address, SITE)
}

fn network(address: IpAddr, bits: u8) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Net::new_assert(address, bits).network().into(),
        address @ IpAddr::V4(_) => address,
    }
}

/// The client of a request that `peer` has sent, whose lines of `X-Forwarded-For` are `lines`.
///
/// A proxy adds the address that it was asked from at the end; what stands before was said by others. From the end
/// on, each trusted proxy vouches for the entry before its own; the first address that is none of theirs is the
/// client's. Beside it, how many entries were believed.
pub fn client<'a>(
    trusted: &[IpNet],
    peer: IpAddr,
    lines: impl Iterator<Item = &'a [u8]>,
) -> (IpAddr, usize) {
    let entries: Vec<Option<IpAddr>> = lines
        .flat_map(|line| line.split(|byte| *byte == b','))
        .map(entry)
        .collect();
    let (mut client, mut believed) = (peer.to_canonical(), 0);
    for entry in entries.into_iter().rev() {
        // Something that is no address ends what can be known.
        let Some(address) = entry.filter(|_| contain(trusted, client)) else {
            break;
        };
        client = address;
        believed += 1;
    }
    (client, believed)
}

/// An address, which some proxies write with a port.
fn entry(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let with_port = || text.parse().ok().map(|it: SocketAddr| it.ip());
    let address = text.parse().ok().or_else(with_port)?;
    Some(address.to_canonical())
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
        assert_eq!(site(address("2001:db8:1:2:3::a")), address("2001:db8:1::"));
        assert_eq!(household(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }
}
