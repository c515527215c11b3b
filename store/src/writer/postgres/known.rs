//! What this gateway remembers of the book, so that most batches need not read before they write.
//!
//! None of it is believed: whatever is decided over it is guarded by the statement that writes it, and what another
//! gateway changed meanwhile makes that statement fail. Forgetting costs a look at the book, nothing else.

use std::collections::HashMap;
use std::hash::Hash;

use domain::{Balance, Hold, HoldId, HoldState, TransferId};
use uuid::Uuid;

use crate::writer::decide::Effects;

/// Entries of each kind that are kept at least, and half of those that are kept at most.
const KEPT: usize = 16_384;
/// The same of keys and quotes, of which only a few bytes are kept.
const SEEN: usize = 131_072;

/// What was used lately: two generations, of which the older one goes when the younger is full.
pub(super) struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    size: usize,
}

impl<K: Hash + Eq + Clone, V: Clone> Recent<K, V> {
    fn new(size: usize) -> Recent<K, V> {
        Recent { young: HashMap::new(), old: HashMap::new(), size }
    }

    pub fn get(&mut self, key: &K) -> Option<&V> {
        if !self.young.contains_key(key) {
            let value = self.old.remove(key)?;
            self.put(key.clone(), value);
        }
        self.young.get(key)
    }

    pub fn put(&mut self, key: K, value: V) {
        if self.young.len() >= self.size && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    pub fn forget(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
    }

    fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

/// What is remembered.
pub(super) struct Known {
    /// The bucket that took the last key.
    pub bucket: Option<i64>,
    pub balances: Recent<Uuid, Balance>,
    /// Those that are open.
    pub holds: Recent<HoldId, Hold>,
    /// Versions.
    pub transfers: Recent<TransferId, i64>,
    claims: Recent<u64, ()>,
    quotes: Recent<u64, ()>,
}

impl Known {
    pub fn nothing() -> Known {
        Known {
            bucket: None,
            balances: Recent::new(KEPT),
            holds: Recent::new(KEPT),
            transfers: Recent::new(KEPT),
            claims: Recent::new(SEEN),
            quotes: Recent::new(SEEN),
        }
    }

    /// Whether this key may have been used: then the book is asked.
    pub fn may_have_claim(&mut self, claim: &[u8]) -> bool {
        self.claims.get(&short(claim)).is_some()
    }

    /// Whether this quote may serve a transfer already.
    pub fn may_have_quote(&mut self, quote: Uuid) -> bool {
        self.quotes.get(&short(quote.as_bytes().as_slice())).is_some()
    }

    /// After a commit of these effects.
    pub fn learn(&mut self, effects: &Effects) {
        for claim in &effects.claims {
            self.claims.put(short(&claim.claim), ());
        }
        for write in effects.new_transfers.iter().chain(effects.transfers.iter().map(|(write, _)| write)) {
            self.transfers.put(write.transfer.id, write.transfer.version);
        }
        for write in &effects.new_transfers {
            self.quotes.put(short(write.transfer.quote.uuid().as_bytes().as_slice()), ());
        }
        for balance in &effects.balances {
            self.balances.put(balance.account.id().uuid(), balance.clone());
        }
        for hold in effects.new_holds.iter().chain(&effects.holds) {
            match hold.state {
                HoldState::Open => self.holds.put(hold.id, hold.clone()),
                _ => self.holds.forget(&hold.id),
            }
        }
    }

    /// Another gateway was in the way. Keys and quotes that were used stay used.
    pub fn forget(&mut self) {
        self.bucket = None;
        self.balances.clear();
        self.holds.clear();
        self.transfers.clear();
    }
}

/// The last eight bytes, which are random in all that is kept so.
fn short(bytes: &[u8]) -> u64 {
    let tail = bytes.last_chunk::<8>().copied().unwrap_or_default();
    u64::from_le_bytes(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_goes_in_time() {
        let mut recent = Recent::new(3);
        for number in 0..3 {
            recent.put(number, number * 10);
        }
        recent.put(3, 30);
        assert_eq!(recent.get(&0), Some(&0), "of the older generation, and young again");
        recent.put(4, 40);
        recent.put(5, 50);
        assert_eq!([1, 2].map(|key| recent.get(&key).copied()), [None; 2], "nobody asked for them");
        assert_eq!(recent.get(&0), Some(&0));
        recent.forget(&0);
        assert_eq!(recent.get(&0), None);
        assert!(recent.young.len() <= 3 && recent.old.len() <= 3);
    }
}
