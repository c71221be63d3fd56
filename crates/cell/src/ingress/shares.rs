//! How much of the ingress one client address holds.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::networks::household;

/// What each address holds; all of one household's IPv6 addresses are one.
pub(super) struct Shares {
    most: usize,
    held: Arc<Held>,
}

/// One of an address's, until this is dropped.
pub(super) struct Share {
    address: IpAddr,
    held: Arc<Held>,
}

#[derive(Default)]
struct Held(Mutex<HashMap<IpAddr, usize>>);

impl Shares {
    /// Each address may hold `most`.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            held: Arc::default(),
        }
    }

    /// One more for `address`; none when it holds all that it may.
    pub(super) fn take(&self, address: IpAddr) -> Option<Share> {
        let address = household(address);
        let mut held = self.held.lock();
        let number = held.entry(address).or_default();
        if *number >= self.most {
            return None;
        }
        *number += 1;
        Some(Share {
            address,
            held: Arc::clone(&self.held),
        })
    }
}

impl Held {
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.held.lock();
        if let Some(number) = held.get_mut(&self.address) {
            *number -= 1;
            if *number == 0 {
                held.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::Shares;

    #[test]
    fn an_address_holds_its_share_and_no_more_and_leaves_nothing_behind() {
        let address = |text: &str| text.parse::<IpAddr>().expect("an address");
        let shares = Shares::new(2);
        let first = shares.take(address("192.0.2.1")).expect("room");
        let second = shares.take(address("::ffff:192.0.2.1")).expect("room");
        assert!(shares.take(address("192.0.2.1")).is_none());
        let other = shares.take(address("192.0.2.2")).expect("others have room");
        drop(first);
        let again = shares.take(address("192.0.2.1")).expect("room again");
        let home = [1, 2].map(|host| shares.take(address(&format!("2001:db8::{host}"))));
        assert!(home.iter().all(Option::is_some));
        assert!(shares.take(address("2001:db8::3")).is_none());
        drop((second, other, again, home));
        assert!(shares.held.lock().is_empty());
    }
}
