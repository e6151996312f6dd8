//! What is usual of each column: training rows counted in bins, and how far other rows, counted in the same bins, are from
//! them.
//!
//! **Bins.** Of a numeric column the bins' edges are the 1st to 99th percentiles of the values that are present (as
//! features are made of them, before logarithm and scale), equal ones once; a value belongs to the first edge that is not
//! below it, or behind the last. Of a categorical column each category is a bin, and what training did not hold is another. Counts
//! of parts of a set of rows add up to those of the whole, in any order.
//!
//! **PSI**, the population stability index, is Σ (aᵢ − bᵢ) ln(aᵢ / bᵢ) over the shares of training rows and others
//! (Jeffreys' divergence; Siddiqi 2006). Neighbouring bins of a numeric column are joined until each has a twentieth of the
//! training rows; categories under a hundredth are one bin; missing values and unseen categories are bins of their own where there
//! are any. Each count is taken as half a row more, so that an empty bin has no infinite weight. By custom 0.1 is a shift to look at and
//! 0.25 a large one; two samples of the same rows come to (bins − 1) (1/n + 1/m) by chance.
//!
//! **KS**, the distance of Kolmogorov and Smirnov, is the largest difference of the two shares of values up to some edge. Between
//! edges it could be larger by at most the largest share of one bin.
//!
//! **Hours.** Where training rows are of the same hours of the week as most of the rows, these are compared with those, hour by
//! hour (`by_hour`); what is left is compared with all training rows.

mod by_hour;
mod compare;
mod count;
mod hours;
#[cfg(test)]
mod tests;

pub use compare::{ColumnDrift, Drift, Elsewhere};
pub use count::Unseen;
pub use hours::{HoursDrift, SameHours};

use by_hour::HourCounts;

use super::categorical::Lookup;
use super::plan::{ColumnEncoder, FeaturePlan};
use crate::{Error, Result};
use arrow_array::RecordBatch;
use serde::{Deserialize, Serialize};

/// Hours of a week.
pub(crate) const HOURS: usize = 7 * 24;
/// Edges are percentiles: so many bins at most.
const BINS: usize = 100;

/// What was usual among training rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingProfile {
    /// Of each of the plan's encoders the edges of its bins; empty for categories.
    edges: Vec<Vec<f64>>,
    /// The same of scores.
    score_edges: Vec<f64>,
    usual: Profile,
    /// Training rows of the hours of the week that have enough, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    by_hour: Vec<HourCounts>,
}

/// Rows counted in bins.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    rows: u64,
    /// Parallel to the plan's encoders.
    columns: Vec<Counts>,
    scores: Counts,
    /// Rows by the hour of the week in which they began, UTC, Monday 00 first; empty where no row tells a time.
    hours: Vec<u64>,
}

/// Values of one column, counted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counts {
    missing: u64,
    /// Of a categorical column the last bin is of what training did not hold.
    bins: Vec<u64>,
}

/// Rows to be counted.
#[derive(Debug, Clone, Copy)]
pub struct ProfiledRows<'a> {
    /// The columns that features are made of.
    pub columns: &'a RecordBatch,
    /// Of each row its score.
    pub scores: &'a [f64],
    /// When each row began: µs since 1970, UTC. Empty: it is not known of any.
    pub starts: &'a [Option<i64>],
}

impl TrainingProfile {
    /// Of training rows that `plan` was fitted on, or that are of the same kind.
    ///
    /// # Errors
    /// If columns are missing or of the wrong types.
    pub fn fit(plan: &FeaturePlan, rows: ProfiledRows<'_>) -> Result<Self> {
        let mut edges = Vec::new();
        for encoder in plan.encoders() {
            edges.push(match encoder {
                ColumnEncoder::Categorical(_) => Vec::new(),
                ColumnEncoder::Numeric(encoder) => {
                    count::edges(count::numbers(rows.columns, &encoder.name, encoder.negative_is_missing)?)
                }
            });
        }
        let (score_edges, usual) = (count::edges(rows.scores.to_vec()), Profile::default());
        let empty = Self { edges, score_edges, usual, by_hour: Vec::new() };
        let usual = empty.count(plan, rows)?.0;
        let by_hour = by_hour::fit(&empty, plan, rows)?;
        Ok(Self { usual, by_hour, ..empty })
    }

    /// Counts rows in these bins; and of each categorical column, by its place among encoders, the values that training did
    /// not hold.
    ///
    /// # Errors
    /// If columns are missing or of the wrong types.
    pub fn count(&self, plan: &FeaturePlan, rows: ProfiledRows<'_>) -> Result<(Profile, Unseen)> {
        count::count(self, plan, rows)
    }

    /// Rows that were counted.
    pub fn rows(&self) -> u64 {
        self.usual.rows
    }

    /// What is unsound about a profile read from a file.
    pub fn complaint(&self, plan: &FeaturePlan) -> Option<String> {
        let wrong = |what: String| Some(format!("its training statistics are inconsistent: {what}"));
        let encoders = plan.encoders();
        if self.edges.len() != encoders.len() || self.usual.columns.len() != encoders.len() {
            return wrong(format!("they are of {} columns, and features of {}", self.edges.len(), encoders.len()));
        }
        let rises = |edges: &[f64]| edges.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
        let bins_of = |encoder: &ColumnEncoder, edges: &[f64]| match encoder {
            ColumnEncoder::Categorical(encoder) => encoder.categories.len() + 1,
            ColumnEncoder::Numeric(_) => edges.len() + 1,
        };
        let counted = |counts: &Counts, bins: usize| {
            let rows = counts.bins.iter().try_fold(counts.missing, |sum, n| sum.checked_add(*n));
            counts.bins.len() == bins && rows == Some(self.usual.rows)
        };
        for ((encoder, edges), counts) in encoders.iter().zip(&self.edges).zip(&self.usual.columns) {
            if !rises(edges) || !counted(counts, bins_of(encoder, edges)) {
                return wrong(format!("column `{}`", encoder.name()));
            }
        }
        if !rises(&self.score_edges) || !counted(&self.usual.scores, self.score_edges.len() + 1) {
            return wrong("the scores".to_owned());
        }
        if !self.usual.hours.is_empty() && self.usual.hours.len() != HOURS {
            return wrong(format!("{} hours of the week", self.usual.hours.len()));
        }
        let bins: Vec<usize> =
            encoders.iter().zip(&self.edges).map(|(encoder, edges)| bins_of(encoder, edges)).collect();
        if !by_hour::sound(&self.by_hour, &bins, self.score_edges.len() + 1, &self.usual.hours) {
            return wrong("rows by the hour".to_owned());
        }
        None
    }
}

impl Profile {
    /// Adds rows that were counted in the same bins.
    pub fn merge(&mut self, other: &Self) {
        fn add(to: &mut Vec<u64>, more: &[u64]) {
            to.resize(to.len().max(more.len()), 0);
            to.iter_mut().zip(more).for_each(|(to, n)| *to += n);
        }
        self.rows += other.rows;
        self.columns.resize(self.columns.len().max(other.columns.len()), Counts::default());
        let all = self.columns.iter_mut().zip(&other.columns).chain([(&mut self.scores, &other.scores)]);
        for (to, more) in all {
            to.missing += more.missing;
            add(&mut to.bins, &more.bins);
        }
        add(&mut self.hours, &other.hours);
    }

    /// Rows that were counted.
    pub fn rows(&self) -> u64 {
        self.rows
    }
}

impl Lookup {
    /// Counts a column's categories by their place, what was not met last; `unseen` is shown each of these.
    fn count(&self, array: &dyn arrow_array::Array, mut unseen: impl FnMut(&str)) -> Result<Counts> {
        let mut counts = Counts { missing: 0, bins: vec![0; self.n_codes()] };
        super::texts::visit(array, 0..array.len(), |_, text| {
            let code = self.code(text) as usize;
            if code + 1 == self.n_codes() {
                unseen(text.unwrap_or("(missing)"));
            }
            counts.bins.iter_mut().skip(code).take(1).for_each(|n| *n += 1);
        })?;
        Ok(counts)
    }
}

fn absent(name: &str) -> Error {
    Error::Schema(format!("column `{name}` of the features is not there to be counted"))
}
