//! A bounded cache of columns of the kernel matrix.
//!
//! Columns are kept by stripes of rows: [stripe][slot][row of the stripe], so that threads that each work on a stripe
//! write to columns without meeting.

use std::collections::HashMap;

/// Rows of a stripe: a stripe of sums in f64 takes 4 KiB, one of a column 2 KiB.
pub const STRIPE: usize = 512;

/// Which rows' columns are kept, and where.
#[derive(Debug, Default)]
pub struct Columns {
    values: Vec<f32>,
    slots: usize,
    /// The row and the call of the last use, by slot.
    used: Vec<(u32, u64)>,
    slot_of: HashMap<u32, u32>,
    call: u64,
}

/// Where the column of a chosen row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a slot, from an earlier call.
    Kept(u32),
    /// In a slot, to be filled now.
    New(u32),
    /// Nowhere: there is no room.
    None,
}

impl Columns {
    /// Room for columns of `n_rows` rows in `bytes` bytes.
    pub fn new(n_rows: usize, bytes: u64) -> Self {
        let stripes = n_rows.div_ceil(STRIPE);
        let column_bytes = (stripes * STRIPE * size_of::<f32>()).max(1) as u64;
        let mut slots = (bytes / column_bytes).min(n_rows as u64) as usize;
        // A cache changes no result: where the system has less to give, it is smaller.
        while slots > 0 && Vec::<f32>::new().try_reserve_exact(slots * stripes * STRIPE).is_err() {
            slots /= 2;
        }
        // Pages are taken as they are first written.
        Self { values: vec![0.0; slots * stripes * STRIPE], slots, ..Self::default() }
    }

    /// Columns there is room for.
    #[cfg(test)]
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// Finds a place for the column of each chosen row. Kept ones stay; others take free slots, then those whose last use
    /// is longest ago, none of which may be of this call.
    pub fn place(&mut self, chosen: &[u32]) -> Vec<Place> {
        self.call += 1;
        let call = self.call;
        for row in chosen {
            if let Some(used) = self.slot_of.get(row).and_then(|&slot| self.used.get_mut(slot as usize)) {
                used.1 = call;
            }
        }
        let mut old: Vec<(u64, u32)> =
            (0u32..).zip(&self.used).filter(|(_, used)| used.1 != call).map(|(slot, used)| (used.1, slot)).collect();
        old.sort_unstable_by(|a, b| b.cmp(a));
        let place = |row: &u32| match self.slot_of.get(row) {
            Some(&slot) if self.used.get(slot as usize).is_some_and(|used| used.1 == call) => Place::Kept(slot),
            _ => Place::None,
        };
        let mut places: Vec<Place> = chosen.iter().map(place).collect();
        for (place, &row) in places.iter_mut().zip(chosen) {
            if *place != Place::None || self.slot_of.contains_key(&row) {
                continue;
            }
            if let Some(slot) = self.free_slot(&mut old) {
                if let Some(used) = self.used.get_mut(slot as usize) {
                    self.slot_of.remove(&used.0);
                    *used = (row, call);
                }
                self.slot_of.insert(row, slot);
                *place = Place::New(slot);
            }
        }
        places
    }

    fn free_slot(&mut self, old: &mut Vec<(u64, u32)>) -> Option<u32> {
        if self.used.len() < self.slots {
            self.used.push((u32::MAX, 0));
            return u32::try_from(self.used.len() - 1).ok();
        }
        old.pop().map(|(_, slot)| slot)
    }

    /// All columns by stripes; empty slices where there are no slots.
    pub fn stripes(&mut self, n_stripes: usize) -> Vec<&mut [f32]> {
        match self.slots {
            0 => (0..n_stripes).map(|_| Default::default()).collect(),
            slots => self.values.chunks_mut(slots * STRIPE).collect(),
        }
    }
}
