//! Shares of what there is little of: so many at once for each key.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// How many each key has, of how many it may have.
#[derive(Debug)]
pub struct Shares<K> {
    taken: Arc<Mutex<HashMap<K, usize>>>,
    at_most: usize,
}

/// One that is taken; it is given back when this is dropped.
#[derive(Debug)]
pub struct Share<K: Eq + Hash> {
    key: K,
    taken: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K: Eq + Hash + Copy> Shares<K> {
    /// So many for each key.
    pub fn new(at_most: usize) -> Self {
        Self {
            taken: Arc::default(),
            at_most,
        }
    }

    /// Takes one; none when the key has all that it may have.
    pub fn take(&self, key: K) -> Option<Share<K>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(key).or_default();
        if *count >= self.at_most {
            return None;
        }
        *count += 1;
        Some(Share {
            key,
            taken: Arc::clone(&self.taken),
        })
    }
}

impl<K: Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Shares;

    #[test]
    fn each_key_has_its_own_and_gives_it_back() {
        let shares = Shares::new(2);
        let first = shares.take("a").expect("one");
        let _second = shares.take("a").expect("two");
        assert!(shares.take("a").is_none() && shares.take("b").is_some());
        drop(first);
        assert!(shares.take("a").is_some());
        assert_eq!(
            shares.taken.lock().expect("no panic").len(),
            1,
            "b is forgotten"
        );
    }
}
