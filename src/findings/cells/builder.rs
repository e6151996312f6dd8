//! Cells while rows come in.

use super::alone::Alone;
use super::{Cells, Place};
use crate::findings::collect::Entry;
use crate::findings::key::CellKey;
use crate::findings::rows::Flow;
use crate::findings::tally::Tally;
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use rayon::prelude::*;
use std::hash::BuildHasher;
use std::sync::Arc;

/// Takes rows in, in any order.
#[derive(Debug, Default)]
pub struct CellBuilder {
    alone: Vec<Alone>,
    shared: Vec<Entry>,
    places: HashTable<Place>,
    hasher: RandomState,
}

impl CellBuilder {
    /// Counts a row into the cell of its key; `service` is the row's own, shared.
    pub fn add(&mut self, key: CellKey, flow: &Flow<'_>, service: Option<Arc<str>>) {
        let at = match self.find(&key) {
            Some(Place::Shared(at)) => at as usize,
            Some(Place::Alone(at)) => self.share(at),
            None => match Alone::of(key, flow, service.clone()) {
                Some(alone) => {
                    self.alone.push(alone);
                    return self.place(Place::Alone(self.alone.len() as u32 - 1));
                }
                None => {
                    self.shared.push(Entry { key, tally: Tally::default(), starts: Default::default() });
                    self.place(Place::Shared(self.shared.len() as u32 - 1));
                    self.shared.len() - 1
                }
            },
        };
        if let Some(entry) = self.shared.get_mut(at) {
            entry.tally.absorb(&Tally::of(flow, service));
            flow.start.into_iter().for_each(|start| entry.starts.note(start));
        }
    }

    /// Sorts them by key.
    pub fn settle(self) -> Cells {
        let Self { mut alone, mut shared, places, .. } = self;
        drop(places);
        shared.iter_mut().for_each(|entry| entry.starts.settle());
        alone.par_sort_unstable_by_key(|row| row.key);
        shared.par_sort_unstable_by_key(|entry| entry.key);
        Cells::sorted(alone, shared)
    }

    /// Makes the row at `at` of those that are alone an entry that others can be counted into; the index of that.
    fn share(&mut self, at: u32) -> usize {
        let Some(last) = self.alone.len().checked_sub(1) else { return usize::MAX };
        let shared = self.shared.len();
        self.move_to(Place::Alone(at), Place::Shared(shared as u32));
        if at as usize != last {
            self.move_to(Place::Alone(last as u32), Place::Alone(at));
        }
        self.shared.push(self.alone.swap_remove(at as usize).entry());
        shared
    }

    /// Notes that what is at `from` will be at `to`.
    fn move_to(&mut self, from: Place, to: Place) {
        let Some(key) = self.key(from) else { return };
        let hash = self.hasher.hash_one(key);
        if let Some(place) = self.places.find_mut(hash, |place| *place == from) {
            *place = to;
        }
    }

    fn find(&self, key: &CellKey) -> Option<Place> {
        self.places.find(self.hasher.hash_one(key), |place| self.key(*place) == Some(key)).copied()
    }

    fn key(&self, place: Place) -> Option<&CellKey> {
        key(&self.alone, &self.shared, place)
    }

    fn place(&mut self, place: Place) {
        let Self { alone, shared, places, hasher } = self;
        let hash = |place: &Place| key(alone, shared, *place).map_or(0, |key| hasher.hash_one(key));
        places.insert_unique(hash(&place), place, hash);
    }
}

/// The key of what is at a place.
pub fn key<'a>(alone: &'a [Alone], shared: &'a [Entry], place: Place) -> Option<&'a CellKey> {
    match place {
        Place::Alone(at) => alone.get(at as usize).map(|row| &row.key),
        Place::Shared(at) => shared.get(at as usize).map(|entry| &entry.key),
    }
}
