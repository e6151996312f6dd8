//! The candidates of one query while it is searched for.

use super::super::order::Margin;
use super::super::{References, order};

/// Distinct rows that may be among the nearest: all met so far whose f32 distance is within the limit.
#[derive(Debug, Default)]
pub(super) struct Nearest {
    found: Vec<(f32, u32)>,
    limit: f32,
}

/// What candidates are measured by.
#[derive(Clone, Copy)]
pub(super) struct Measure<'a> {
    pub references: &'a References,
    pub margin: Margin,
    /// Distinct rows that are wanted.
    pub wanted: usize,
}

impl Nearest {
    pub fn clear(&mut self) {
        self.found.clear();
        self.limit = f32::INFINITY;
    }

    /// No row beyond it is needed.
    pub fn limit(&self) -> f32 {
        self.limit
    }

    pub fn found(&self) -> &[(f32, u32)] {
        &self.found
    }

    #[inline]
    pub fn push(&mut self, distance: f32, row: u32) {
        self.found.push((distance, row));
    }

    /// Lowers the limit where that is due: as soon as there are as many rows as wanted, then whenever there are half as
    /// many again.
    #[inline]
    pub fn tighten(&mut self, measure: Measure<'_>, query: &[f32]) {
        let full = measure.wanted + (measure.wanted / 2).max(16);
        if self.found.len() >= full || (self.limit == f32::INFINITY && self.found.len() >= measure.wanted) {
            self.shrink(measure, query, full);
        }
    }

    fn shrink(&mut self, measure: Measure<'_>, query: &[f32], full: usize) {
        let by_distance = |a: &(f32, u32), b: &(f32, u32)| a.0.total_cmp(&b.0);
        let (_, last, _) = self.found.select_nth_unstable_by(measure.wanted - 1, by_distance);
        self.limit = measure.margin.limit(last.0);
        let limit = self.limit;
        self.found.retain(|found| found.0 <= limit);
        if self.found.len() < full {
            return;
        }
        // More rows than f32 tells apart: the key decides now. The next row after the wanted ones is kept too, since whether
        // f32 could have told it from them is counted.
        let references = measure.references;
        let first = |row: u32| references.members(row).first().copied().unwrap_or(u32::MAX);
        let mut keyed: Vec<(f64, u32, (f32, u32))> = (self.found.iter())
            .map(|&found| (order::sq_dist(query, references.unique(found.1)), first(found.1), found))
            .collect();
        keyed.select_nth_unstable_by(measure.wanted, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        keyed.truncate(measure.wanted + 1);
        let farthest = keyed.iter().take(measure.wanted).map(|key| key.0).fold(0.0, f64::max);
        self.limit = measure.margin.limit_of_key(farthest).min(limit);
        self.found.clear();
        self.found.extend(keyed.into_iter().map(|key| key.2));
    }
}
