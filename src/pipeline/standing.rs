//! How a row's values stand among flows like it: of the same protocol and service (where none is known, port), and of the
//! same source. All flows of the input are counted, so the answer is exact.

use crate::Result;
use crate::features::FeaturePlan;
use crate::features::windows::Event;
use crate::flows::record::Flows;
use arrow_array::RecordBatch;
use serde::Serialize;
use std::collections::BTreeMap;

/// Flows of a source below which nothing is said of how a row stands among them.
const LEAST_OF_SOURCE: u64 = 100;

/// How one value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Among flows of its protocol and service, itself counted; `None` where neither is known.
    pub of_service: Option<Place>,
    /// Among flows of its source, where there are 100 or more.
    pub of_source: Option<Place>,
}

/// A place in an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Place {
    /// Flows.
    pub flows: u64,
    /// Flows with a smaller value; 0 for values without an order.
    pub below: u64,
    /// Flows with the same value.
    pub equal: u64,
    /// Flows with a larger value; 0 for values without an order.
    pub above: u64,
}

/// What is counted for one row.
#[derive(Debug, Clone)]
pub(super) struct Standings {
    service: Option<u64>,
    source: Option<u64>,
    columns: Vec<usize>,
    values: Vec<f64>,
    of_service: Vec<Place>,
    of_source: Vec<Place>,
}

impl Standings {
    /// Nothing counted yet for a row with these values of these columns.
    pub fn new(event: &Event, columns: Vec<usize>, values: Vec<f64>) -> Self {
        let places = vec![Place::default(); columns.len()];
        let (service, source) = (event.service, event.source);
        Self { service, source, columns, values, of_service: places.clone(), of_source: places }
    }

    /// Counts the flows of a batch for each row of `all`.
    pub fn count(
        all: &mut [Self],
        plan: &FeaturePlan,
        table: &RecordBatch,
        flows: &Flows,
        superseded: &[bool],
    ) -> Result<()> {
        let mut columns: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        for column in all.iter().flat_map(|row| row.columns.iter().copied()) {
            if let std::collections::btree_map::Entry::Vacant(entry) = columns.entry(column) {
                entry.insert(plan.comparable(column, table)?);
            }
        }
        for row in (0..flows.n_rows()).filter(|&row| !superseded.get(row).copied().unwrap_or(false)) {
            let event = Event::of(flows, row, 0);
            for standing in all.iter_mut() {
                let same_service = standing.service.is_some() && standing.service == event.service;
                let same_source = standing.source.is_some() && standing.source == event.source;
                for (at, (column, value)) in standing.columns.iter().zip(&standing.values).enumerate() {
                    let other = columns.get(column).and_then(|values| values.get(row)).copied().unwrap_or(f64::NAN);
                    let place = Place::of(*value, other, plan.is_number(*column));
                    if same_service && let Some(sum) = standing.of_service.get_mut(at) {
                        sum.add(&place);
                    }
                    if same_source && let Some(sum) = standing.of_source.get_mut(at) {
                        sum.add(&place);
                    }
                }
            }
        }
        Ok(())
    }

    /// Adds what was counted elsewhere.
    pub fn add(&mut self, other: &Self) {
        self.of_service.iter_mut().zip(&other.of_service).for_each(|(sum, place)| sum.add(place));
        self.of_source.iter_mut().zip(&other.of_source).for_each(|(sum, place)| sum.add(place));
    }

    /// One standing a column.
    pub fn finish(self) -> Vec<Standing> {
        let places = self.of_service.into_iter().zip(self.of_source);
        let standing = |(of_service, of_source): (Place, Place)| Standing {
            of_service: (of_service.flows > 0).then_some(of_service),
            of_source: (of_source.flows >= LEAST_OF_SOURCE).then_some(of_source),
        };
        places.map(standing).collect()
    }
}

impl Place {
    /// Of a value beside one other. What is missing is like what is missing and has no order.
    fn of(value: f64, other: f64, ordered: bool) -> Self {
        let equal = value == other || (value.is_nan() && other.is_nan());
        let one = |is: bool| u64::from(is);
        Self { flows: 1, below: one(ordered && other < value), equal: one(equal), above: one(ordered && other > value) }
    }

    fn add(&mut self, other: &Self) {
        self.flows += other.flows;
        self.below += other.below;
        self.equal += other.equal;
        self.above += other.above;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_below_equal_and_above() {
        let mut place = Place::default();
        [1.0, 2.0, 2.0, 3.0, f64::NAN].iter().for_each(|other| place.add(&Place::of(2.0, *other, true)));
        assert_eq!(place, Place { flows: 5, below: 1, equal: 2, above: 1 });
        let mut missing = Place::default();
        [1.0, f64::NAN].iter().for_each(|other| missing.add(&Place::of(f64::NAN, *other, true)));
        assert_eq!(missing, Place { flows: 2, below: 0, equal: 1, above: 0 });
        assert_eq!(Place::of(2.0, 1.0, false), Place { flows: 1, below: 0, equal: 0, above: 0 });
    }
}
