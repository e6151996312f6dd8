//! Entries by their keys.

use super::collect::Entry;
use super::key::CellKey;
use super::starts::Starts;
use super::tally::Tally;
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use rayon::prelude::*;
use std::hash::BuildHasher;

/// One entry a group and hour. A table of places beside them finds each by its key: an entry has some 300 bytes, and a map of entries would
/// need twice their room while it grows, and as much again to sort them.
#[derive(Debug, Default)]
pub struct Cells {
    entries: Vec<Entry>,
    places: HashTable<u32>,
    hasher: RandomState,
}

impl Cells {
    /// Of entries with different keys.
    pub fn of(entries: Vec<Entry>) -> Self {
        let mut cells = Self { entries, ..Self::default() };
        cells.settle();
        cells
    }

    /// Counts a row into the entry of its key.
    pub fn add(&mut self, key: CellKey, row: &Tally, start: Option<i64>) {
        let at = self.find(&key).unwrap_or_else(|| self.push(key));
        if let Some(entry) = self.entries.get_mut(at) {
            entry.tally.absorb(row);
            if let Some(start) = start {
                entry.starts.note(start);
            }
        }
    }

    /// The index of a key's entry.
    pub fn find(&self, key: &CellKey) -> Option<usize> {
        let is_it = |&at: &u32| self.entries.get(at as usize).is_some_and(|entry| entry.key == *key);
        self.places.find(self.hasher.hash_one(key), is_it).map(|&at| at as usize)
    }

    /// Sorts the entries by key, and settles their starts.
    pub fn settle(&mut self) {
        self.entries.iter_mut().for_each(|entry| entry.starts.settle());
        self.entries.par_sort_unstable_by_key(|entry| entry.key);
        self.places.clear();
        for at in 0..self.entries.len() {
            self.place(at);
        }
    }

    /// In the order of keys, once settled.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn push(&mut self, key: CellKey) -> usize {
        let at = self.entries.len();
        self.entries.push(Entry { key, tally: Tally::default(), starts: Starts::default() });
        self.place(at);
        at
    }

    fn place(&mut self, at: usize) {
        let (entries, hasher) = (&self.entries, &self.hasher);
        let hash = |at: &u32| entries.get(*at as usize).map_or(0, |entry| hasher.hash_one(entry.key));
        let at = at as u32;
        self.places.insert_unique(hash(&at), at, hash);
    }
}
