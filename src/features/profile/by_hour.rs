//! Training rows by the hour of the week, and what they lead one to expect of rows of other hours' shares.
//!
//! Traffic has a daily and a weekly cycle, so rows of a night differ from the training rows of a whole day without any
//! change. Where training rows of the same hours are at hand, what is expected of a bin is what they had, each hour by its
//! part of the rows compared:
//!
//! ```text
//! expected share(bin) = Σ_h share of these rows in hour h × share of the training rows of hour h in the bin
//! worth               = 1 / Σ_h (share of these rows in hour h)² / training rows of hour h
//! ```
//!
//! That is direct standardisation, as with rates by age (Fleiss 1981); the worth is how many rows drawn from the mixture
//! vary as much (Kish 1965), and stands for the number of training rows in what an index comes to by chance.
//!
//! An hour is kept from [`LEAST_ROWS`] training rows on, and as long as all hours together have at most [`MOST_NUMBERS`]
//! numbers, those of most rows first: a model grows by 3 MB at most. Bins are those of the whole profile, empty ones left out.

#[cfg(test)]
mod tests;

use super::count::hour_of_week;
use super::{Counts, HOURS, Profile, ProfiledRows, TrainingProfile};
use crate::features::plan::FeaturePlan;
use crate::{Error, Result};
use arrow_array::UInt32Array;
use arrow_select::take::take_record_batch;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// Fewest training rows of an hour that is compared with.
pub(super) const LEAST_ROWS: u64 = 30;
/// Numbers that are kept of all hours. In the file each takes 7 characters at most where an hour has fewer than a million rows.
const MOST_NUMBERS: usize = 400_000;

/// Training rows of one hour of the week.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HourCounts {
    /// From Monday 00, UTC.
    hour: usize,
    rows: u64,
    /// Parallel to the plan's encoders.
    columns: Vec<Sparse>,
    scores: Sparse,
}

/// Counts of missing values, then of bins, without the empty ones: of each how many are left out before it, and its count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Sparse(Vec<u64>);

/// Counts that may have been weighted.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Weighted {
    pub missing: f64,
    pub bins: Vec<f64>,
}

/// What training rows of the same hours lead one to expect.
pub(super) struct Expected {
    pub columns: Vec<Weighted>,
    pub scores: Weighted,
    /// Training rows in those hours.
    pub training_rows: u64,
    /// How many rows of the mixture they are worth.
    pub worth: f64,
}

/// Counts the rows of each hour.
pub(super) fn fit(training: &TrainingProfile, plan: &FeaturePlan, rows: ProfiledRows<'_>) -> Result<Vec<HourCounts>> {
    fit_within(training, plan, rows, MOST_NUMBERS)
}

fn fit_within(
    training: &TrainingProfile,
    plan: &FeaturePlan,
    rows: ProfiledRows<'_>,
    most: usize,
) -> Result<Vec<HourCounts>> {
    let mut of_hour: Vec<Vec<u32>> = vec![Vec::new(); HOURS];
    for (row, start) in (0..).zip(rows.starts) {
        let hour = start.map(hour_of_week);
        hour.and_then(|hour| of_hour.get_mut(hour)).into_iter().for_each(|rows| rows.push(row));
    }
    let mut all = Vec::new();
    for (hour, chosen) in of_hour.into_iter().enumerate().filter(|(_, rows)| rows.len() as u64 >= LEAST_ROWS) {
        let profile = Selected::new(rows, chosen)?.count(training, plan)?.0;
        let columns = profile.columns.iter().map(Sparse::of).collect();
        all.push(HourCounts { hour, rows: profile.rows, columns, scores: Sparse::of(&profile.scores) });
    }
    all.sort_by_key(|counts| (Reverse(counts.rows), counts.hour));
    let mut numbers = 0;
    all.retain(|counts| {
        let more = counts.numbers();
        let fits = numbers + more <= most;
        numbers += if fits { more } else { 0 };
        fits
    });
    all.sort_by_key(|counts| counts.hour);
    Ok(all)
}

/// What is to be expected of rows that are so many in each hour, all of them in `kept` hours; `None` of no row.
pub(super) fn expected(kept: &[HourCounts], met: &[u64]) -> Option<Expected> {
    let all: u64 = met.iter().sum();
    let mut expected = Expected { columns: Vec::new(), scores: Weighted::default(), training_rows: 0, worth: 0.0 };
    let mut variance = 0.0;
    for counts in kept {
        let here = met.get(counts.hour).copied().unwrap_or(0);
        if here == 0 {
            continue;
        }
        let share = here as f64 / all as f64;
        variance += share * share / counts.rows as f64;
        expected.training_rows += counts.rows;
        expected.columns.resize(counts.columns.len(), Weighted::default());
        let sums = expected.columns.iter_mut().zip(&counts.columns).chain([(&mut expected.scores, &counts.scores)]);
        sums.for_each(|(sum, counts_of)| sum.add(counts_of, share / counts.rows as f64));
    }
    if variance == 0.0 {
        return None;
    }
    expected.worth = 1.0 / variance;
    for sum in expected.columns.iter_mut().chain([&mut expected.scores]) {
        sum.times(expected.worth);
    }
    Some(expected)
}

impl HourCounts {
    /// Its hour of the week.
    pub fn hour(&self) -> usize {
        self.hour
    }

    fn numbers(&self) -> usize {
        self.columns.iter().chain([&self.scores]).map(|sparse| sparse.0.len()).sum()
    }

    /// Whether it can have been counted in so many bins of each column and of scores, missing values not among them.
    fn fits(&self, bins: &[usize], score_bins: usize) -> bool {
        let mut columns = self.columns.iter().zip(bins).chain([(&self.scores, &score_bins)]);
        self.columns.len() == bins.len()
            && self.rows >= LEAST_ROWS
            && columns.all(|(sparse, bins)| sparse.rows_within(bins + 1) == Some(self.rows))
    }
}

/// Whether hours read from a file can have been counted in these bins, as parts of these rows by the hour.
pub(super) fn sound(kept: &[HourCounts], bins: &[usize], score_bins: usize, hours: &[u64]) -> bool {
    kept.windows(2).all(|pair| matches!(pair, [a, b] if a.hour < b.hour))
        && kept.iter().map(HourCounts::numbers).sum::<usize>() <= MOST_NUMBERS
        && kept.iter().all(|counts| {
            hours.get(counts.hour).is_some_and(|rows| *rows == counts.rows) && counts.fits(bins, score_bins)
        })
}

impl Sparse {
    fn of(counts: &Counts) -> Self {
        let (mut numbers, mut skipped) = (Vec::new(), 0);
        for &count in [&counts.missing].into_iter().chain(&counts.bins) {
            if count == 0 {
                skipped += 1;
            } else {
                numbers.extend([std::mem::take(&mut skipped), count]);
            }
        }
        Self(numbers)
    }

    /// Places and counts; a place beyond all that there are is cut off.
    fn places(&self) -> impl Iterator<Item = (usize, u64)> {
        let mut next = 0usize;
        self.0.as_chunks::<2>().0.iter().map(move |&[skipped, count]| {
            let place = next.saturating_add(usize::try_from(skipped).unwrap_or(usize::MAX));
            next = place.saturating_add(1);
            (place, count)
        })
    }

    /// The rows that it counts, if it has whole pairs and no place from `places` on.
    fn rows_within(&self, places: usize) -> Option<u64> {
        let whole = self.0.len().is_multiple_of(2) && self.places().all(|(place, count)| place < places && count > 0);
        self.places().try_fold(0u64, |sum, (_, count)| sum.checked_add(count)).filter(|_| whole)
    }
}

impl Weighted {
    fn add(&mut self, sparse: &Sparse, by: f64) {
        for (place, count) in sparse.places() {
            let weighted = by * count as f64;
            match place.checked_sub(1) {
                None => self.missing += weighted,
                Some(bin) => {
                    self.bins.resize(self.bins.len().max(bin + 1), 0.0);
                    self.bins.iter_mut().skip(bin).take(1).for_each(|sum| *sum += weighted);
                }
            }
        }
    }

    fn times(&mut self, by: f64) {
        self.missing *= by;
        self.bins.iter_mut().for_each(|sum| *sum *= by);
    }

    /// The same with at least so many bins.
    pub fn with_bins(mut self, n: usize) -> Self {
        self.bins.resize(self.bins.len().max(n), 0.0);
        self
    }

    /// Rows that have a value.
    pub fn present(&self) -> f64 {
        self.bins.iter().sum()
    }
}

impl From<&Counts> for Weighted {
    fn from(counts: &Counts) -> Self {
        Self { missing: counts.missing as f64, bins: counts.bins.iter().map(|count| *count as f64).collect() }
    }
}

/// Some of the rows, copied.
pub(super) struct Selected {
    columns: arrow_array::RecordBatch,
    scores: Vec<f64>,
    starts: Vec<Option<i64>>,
}

impl Selected {
    pub fn new(rows: ProfiledRows<'_>, chosen: Vec<u32>) -> Result<Self> {
        fn of<T: Copy>(all: &[T], chosen: &[u32]) -> Vec<T> {
            chosen.iter().filter_map(|row| all.get(*row as usize).copied()).collect()
        }
        let (scores, starts) = (of(rows.scores, &chosen), of(rows.starts, &chosen));
        let columns = take_record_batch(rows.columns, &UInt32Array::from(chosen))
            .map_err(|e| Error::Schema(format!("rows of an hour could not be copied: {e}")))?;
        Ok(Self { columns, scores, starts })
    }

    pub fn count(&self, training: &TrainingProfile, plan: &FeaturePlan) -> Result<(Profile, super::Unseen)> {
        training.count(plan, ProfiledRows { columns: &self.columns, scores: &self.scores, starts: &self.starts })
    }
}
