//! Cells: groups by the hour, each once.
//!
//! Many rows of a log share their group and hour with none: these are kept as rows, in half of the room of an [`Entry`]. A table of places
//! beside them finds each by its key: a map that holds entries itself needs their room twice while it grows, and again to sort them.

mod alone;
mod builder;

pub use builder::CellBuilder;

use super::collect::Entry;
use super::key::CellKey;
use alone::Alone;
use builder::key;
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::borrow::Cow;
use std::hash::BuildHasher;
use std::sync::OnceLock;

/// All of them, in the order of their keys.
#[derive(Debug)]
pub struct Cells {
    alone: Vec<Alone>,
    shared: Vec<Entry>,
    order: Vec<Place>,
    /// Indices in `order`, by key; made when the first key is looked for, which nobody does in a stream.
    found: OnceLock<HashTable<u32>>,
    hasher: RandomState,
}

/// Where a cell is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Alone(u32),
    Shared(u32),
}

impl Cells {
    /// Of entries whose keys differ.
    pub fn of(mut entries: Vec<Entry>) -> Self {
        entries.sort_unstable_by_key(|entry| entry.key);
        Self::sorted(Vec::new(), entries)
    }

    /// Of rows and entries that are sorted and have no key in common.
    fn sorted(alone: Vec<Alone>, shared: Vec<Entry>) -> Self {
        let mut order = Vec::with_capacity(alone.len() + shared.len());
        let mut rows = alone.iter().enumerate().peekable();
        for (at, entry) in shared.iter().enumerate() {
            while let Some((row, _)) = rows.next_if(|(_, row)| row.key < entry.key) {
                order.push(Place::Alone(row as u32));
            }
            order.push(Place::Shared(at as u32));
        }
        order.extend(rows.map(|(row, _)| Place::Alone(row as u32)));
        Self { alone, shared, order, found: OnceLock::new(), hasher: RandomState::default() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// The key of one; `None` beyond the last.
    pub fn key(&self, at: usize) -> Option<&CellKey> {
        self.order.get(at).and_then(|place| key(&self.alone, &self.shared, *place))
    }

    /// All keys.
    pub fn keys(&self) -> impl Iterator<Item = &CellKey> {
        self.order.iter().filter_map(|place| key(&self.alone, &self.shared, *place))
    }

    /// One of them; `None` beyond the last.
    pub fn get(&self, at: usize) -> Option<Cow<'_, Entry>> {
        match *self.order.get(at)? {
            Place::Alone(at) => self.alone.get(at as usize).map(|row| Cow::Owned(row.entry())),
            Place::Shared(at) => self.shared.get(at as usize).map(Cow::Borrowed),
        }
    }

    /// Rows of one.
    pub fn flows(&self, at: usize) -> u64 {
        match self.order.get(at) {
            Some(Place::Alone(_)) => 1,
            Some(Place::Shared(at)) => self.shared.get(*at as usize).map_or(0, |entry| entry.tally.flows),
            None => 0,
        }
    }

    /// Whether the source of one is one of ours.
    pub fn is_source_local(&self, at: usize) -> bool {
        match self.order.get(at) {
            Some(Place::Alone(at)) => self.alone.get(*at as usize).is_some_and(|row| row.flow().is_source_local()),
            Some(Place::Shared(at)) => self.shared.get(*at as usize).is_some_and(|entry| entry.tally.local.0),
            None => false,
        }
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = Cow<'_, Entry>> {
        (0..self.len()).filter_map(|at| self.get(at))
    }

    /// The index of a key's cell.
    pub fn find(&self, key: &CellKey) -> Option<usize> {
        let is_it = |at: &u32| self.key(*at as usize) == Some(key);
        self.found().find(self.hasher.hash_one(key), is_it).map(|&at| at as usize)
    }

    fn found(&self) -> &HashTable<u32> {
        self.found.get_or_init(|| {
            let hash = |at: &u32| self.key(*at as usize).map_or(0, |key| self.hasher.hash_one(key));
            let mut found = HashTable::with_capacity(self.len());
            (0..self.len() as u32).for_each(|at| {
                found.insert_unique(hash(&at), at, hash);
            });
            found
        })
    }
}
