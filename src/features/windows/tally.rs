//! Counts by key.

use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// A table from digests; it is looked up and never walked, so its order is nowhere to be seen.
pub(super) type Table<V> = HashMap<u64, V, RandomState>;

/// What an entry of a table is counted with: itself, a byte of control, and as much again for room that is not used.
pub(super) const fn entry_bytes<V>() -> usize {
    2 * (size_of::<(u64, V)>() + 1)
}

/// How many there are of each key; a key that there is none of takes no room.
#[derive(Debug, Default)]
pub(super) struct Tally(Table<u32>);

impl Tally {
    /// One more of it; says how many there are.
    pub fn raise(&mut self, key: u64) -> u32 {
        let n = self.0.entry(key).or_insert(0);
        *n += 1;
        *n
    }

    /// One less of it; says how many are left.
    pub fn lower(&mut self, key: u64) -> u32 {
        let Entry::Occupied(mut entry) = self.0.entry(key) else { return 0 };
        *entry.get_mut() -= 1;
        let left = *entry.get();
        if left == 0 {
            entry.remove();
        }
        left
    }

    /// Bytes it is counted with.
    pub fn bytes(&self) -> usize {
        self.0.len() * entry_bytes::<u32>()
    }
}
