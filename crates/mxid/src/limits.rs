//! How often anyone may try.
//!
//! Strict for one address trying one account, loose for an address and for an account. A success
//! clears the strict count. Who has signed in to an account before is not counted with strangers: an
//! address not against the account, and a browser, known by its cookie, neither against the account
//! nor with others at its address. A stranger's attempts lock nobody out of their own desk.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::secret_token;

/// Memory is given back once a table holds this many keys.
const SWEEP_AT: usize = 10_000;

type Key = [u8; 32];

/// The counts, in memory: each replica has its own.
pub(crate) struct Limits {
    pair: DefaultKeyedRateLimiter<(Key, u64)>,
    account: DefaultKeyedRateLimiter<Key>,
    address: DefaultKeyedRateLimiter<Key>,
    page: DefaultKeyedRateLimiter<Key>,
    record: DefaultKeyedRateLimiter<Key>,
    successes: Mutex<HashMap<Key, u64>>,
    clock: DefaultClock,
}

/// Too often: try again after this long.
#[derive(Debug)]
pub(crate) struct TooOften(pub(crate) Duration);

impl Limits {
    pub(crate) fn new() -> Self {
        Self {
            pair: RateLimiter::keyed(quota(10, Duration::from_secs(30))),
            account: RateLimiter::keyed(quota(200, Duration::from_secs(2))),
            address: RateLimiter::keyed(quota(120, Duration::from_secs(1))),
            page: RateLimiter::keyed(quota(600, Duration::from_millis(100))),
            record: RateLimiter::keyed(quota(10, Duration::from_mins(1))),
            successes: Mutex::new(HashMap::new()),
            clock: DefaultClock::default(),
        }
    }

    /// Counts one attempt to sign in; `device` is a browser that has done so before.
    pub(crate) fn attempt(
        &self,
        account: &str,
        network: &str,
        device: Option<&str>,
    ) -> Result<(), TooOften> {
        let pair = pair_key(account, network);
        if let Some(device) = device {
            // A success gives the browser another id, so its count needs no clearing.
            self.check(&self.address, &pair)?;
            return self.check(&self.pair, &(pair_key(account, device), 0));
        }
        let successes = self.successes(&pair);
        self.check(&self.address, &secret_token::hash(network))?;
        self.check(&self.pair, &(pair, successes))?;
        if successes == 0 {
            self.check(&self.account, &secret_token::hash(account))?;
        }
        Ok(())
    }

    /// Notes a success, which clears the count of the address for the account.
    pub(crate) fn succeeded(&self, account: &str, network: &str) {
        let mut successes = self
            .successes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *successes.entry(pair_key(account, network)).or_default() += 1;
    }

    /// Counts one request that asks the database something before anybody has signed in.
    pub(crate) fn page(&self, network: &str) -> Result<(), TooOften> {
        self.check(&self.page, &secret_token::hash(network))
    }

    /// Whether one more attempt that was too many is written down: a flood of them says nothing new.
    pub(crate) fn is_recorded(&self, network: &str) -> bool {
        self.check(&self.record, &secret_token::hash(network))
            .is_ok()
    }

    fn successes(&self, pair: &Key) -> u64 {
        let successes = self
            .successes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        successes.get(pair).copied().unwrap_or_default()
    }

    fn check<K>(&self, limiter: &DefaultKeyedRateLimiter<K>, key: &K) -> Result<(), TooOften>
    where
        K: std::hash::Hash + Eq + Clone,
    {
        if limiter.len() > SWEEP_AT {
            limiter.retain_recent();
        }
        limiter
            .check_key(key)
            .map_err(|until| TooOften(until.wait_time_from(self.clock.now())))
    }
}

fn quota(burst: u32, one_per: Duration) -> Quota {
    Quota::with_period(one_per)
        .expect("the periods above are longer than nothing")
        .allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN))
}

fn pair_key(account: &str, network: &str) -> Key {
    secret_token::hash(&format!("{account}\n{network}"))
}

#[cfg(test)]
mod tests {
    use super::Limits;

    #[test]
    fn one_address_is_stopped_and_another_is_not() {
        let limits = Limits::new();
        for _ in 0..10 {
            limits
                .attempt("ada", "192.0.2.1", None)
                .expect("within the limit");
        }
        let wait = limits
            .attempt("ada", "192.0.2.1", None)
            .expect_err("one too many")
            .0;
        assert!(!wait.is_zero());
        limits
            .attempt("ada", "192.0.2.2", None)
            .expect("another address");
        limits
            .attempt("bob", "192.0.2.1", None)
            .expect("another account");
    }

    #[test]
    fn a_success_clears_the_count() {
        let limits = Limits::new();
        for _ in 0..30 {
            limits
                .attempt("ada", "192.0.2.1", None)
                .expect("within the limit");
            limits.succeeded("ada", "192.0.2.1");
        }
    }

    #[test]
    fn strangers_do_not_lock_out_who_was_here_before() {
        let limits = Limits::new();
        limits.succeeded("ada", "192.0.2.1");
        let refused = (0..300).any(|n| {
            limits
                .attempt("ada", &format!("198.51.100.{n}"), None)
                .is_err()
        });
        assert!(refused, "the account has a limit of its own");
        limits
            .attempt("ada", "192.0.2.1", None)
            .expect("a known address");
        limits
            .attempt("ada", "203.0.113.1", Some("laptop"))
            .expect("a known browser");
    }

    #[test]
    fn a_known_browser_is_counted_by_itself() {
        let limits = Limits::new();
        let attempt = |device| limits.attempt("ada", "192.0.2.1", device);
        while attempt(None).is_ok() {}
        for _ in 0..10 {
            attempt(Some("laptop")).expect("within the limit");
        }
        attempt(Some("laptop")).expect_err("one too many");
        attempt(Some("phone")).expect("another browser");
    }
}
