//! Records that an input has more than once: a file beside its packed self, rotated logs that overlap. The first one counts.

use crate::features::windows::Event;
use crate::flows::record::{Flows, Marks, mix, text_digest};
use arrow_array::Array;
use foldhash::fast::RandomState;
use std::collections::HashSet;

/// Records that are remembered, in some 18 bytes each: what comes after them may be a copy and is not known for one.
const MOST: usize = 4_000_000;

/// What tells a record of a flow that has ended from others: its log's name for the flow, when that began, and the sensor. `None` where
/// the log has no names for flows: two records may then be alike and two flows.
pub fn record(flows: &Flows, sensors: &[u64], row: usize) -> Option<u64> {
    let has_ended = flows.marks.get(row).is_some_and(|marks| !marks.has(Marks::STILL_OPEN));
    let is_named = has_ended && row < flows.session.len() && flows.session.is_valid(row);
    let start = flows.start.get(row).copied().flatten()?;
    is_named.then(|| {
        let of_log = mix(text_digest(flows.session.value(row)), start as u64);
        mix(of_log, sensors.get(row).copied().unwrap_or(0))
    })
}

/// Finds them, in input order.
#[derive(Debug, Default)]
pub struct Copying {
    met: HashSet<u64, RandomState>,
    copies: Copies,
}

impl Copying {
    /// Takes a batch's records in, whose copies stand outside of windows from now on. Their positions.
    pub fn take(&mut self, records: &[Option<u64>], events: &mut [Event]) -> Vec<u64> {
        let mut positions = Vec::new();
        for (record, event) in records.iter().zip(events) {
            let Some(record) = *record else { continue };
            let is_known = self.met.contains(&record);
            if is_known {
                positions.push(event.position);
                self.copies.add(event.position);
                *event = Event::outside(event.position);
            } else if self.met.len() < MOST {
                self.met.insert(record);
            }
        }
        positions
    }

    /// All of them.
    pub fn finish(self) -> Copies {
        self.copies
    }
}

/// Where copies are in the stream.
#[derive(Debug, Default)]
pub struct Copies {
    /// First and last of those that follow each other: copied files take little room.
    runs: Vec<(u64, u64)>,
    n: u64,
}

impl Copies {
    fn add(&mut self, position: u64) {
        self.n += 1;
        match self.runs.last_mut() {
            Some((_, last)) if *last + 1 == position => *last = position,
            _ => self.runs.push((position, position)),
        }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.n
    }

    /// Marks those of the rows at these positions that are copies; without marks there are none so far.
    pub fn mark(&self, marks: &mut Vec<bool>, positions: impl ExactSizeIterator<Item = u64>) {
        if self.runs.is_empty() {
            return;
        }
        marks.resize(positions.len(), false);
        for (mark, position) in marks.iter_mut().zip(positions) {
            *mark |= self.has(position);
        }
    }

    fn has(&self, position: u64) -> bool {
        let after = self.runs.partition_point(|(first, _)| *first <= position);
        after.checked_sub(1).and_then(|at| self.runs.get(at)).is_some_and(|(_, last)| position <= *last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_records_counts() {
        let mut copying = Copying::default();
        let mut found = Vec::new();
        let records = [Some(1), None, Some(2), Some(1), Some(2), None, Some(3), Some(1)];
        for (first, part) in [(0, &records[..3]), (3, &records[3..])] {
            let mut events: Vec<Event> = (0..part.len() as u64).map(|i| Event::outside(first + i)).collect();
            found.extend(copying.take(part, &mut events));
        }
        assert_eq!(found, [3, 4, 7]);
        let copies = copying.finish();
        assert_eq!((copies.count(), copies.runs.as_slice()), (3, [(3, 4), (7, 7)].as_slice()));
        let mut marks = vec![true; 2];
        copies.mark(&mut marks, [0, 1, 2, 3, 4, 5, 6, 7].into_iter());
        assert_eq!(marks, [true, true, false, true, true, false, false, true]);
    }
}
