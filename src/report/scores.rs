//! How many rows have which score, in bins that grow with what they have to hold.
//!
//! A bin is `width` wide, a power of two, and numbered by ⌊score / width⌋. Whenever more than [`MOST_BINS`] are in use, the width
//! doubles and neighbours join. The last width is the least at which all rows need no more bins, so the result is the same for any
//! order and any split of the rows.

use std::collections::BTreeMap;

/// Most bins in use.
pub const MOST_BINS: usize = 4_096;
/// The first width is 2 to this power.
const FINEST: i32 = -20;

/// Rows of a bin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bin {
    /// All.
    pub flows: u64,
    /// Those with the verdict.
    pub anomalies: u64,
    /// Those that a label calls ordinary.
    pub normal: u64,
    /// Those that a label calls an anomaly.
    pub odd: u64,
}

impl Bin {
    fn add(&mut self, other: Self) {
        self.flows += other.flows;
        self.anomalies += other.anomalies;
        self.normal += other.normal;
        self.odd += other.odd;
    }
}

/// The bins, and the smallest and largest score.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    exponent: i32,
    bins: BTreeMap<i64, Bin>,
    range: Option<(f64, f64)>,
}

impl Default for Scores {
    fn default() -> Self {
        Self { exponent: FINEST, bins: BTreeMap::new(), range: None }
    }
}

impl Scores {
    /// One row. Scores that are not finite are not counted.
    pub fn add(&mut self, score: f64, anomaly: bool, label: Option<bool>) {
        if !score.is_finite() {
            return;
        }
        let bin = Bin {
            flows: 1,
            anomalies: u64::from(anomaly),
            normal: u64::from(label == Some(false)),
            odd: u64::from(label == Some(true)),
        };
        self.bins.entry((score / self.width()).floor() as i64).or_default().add(bin);
        self.widen_to(score, score);
        while self.bins.len() > MOST_BINS {
            self.double();
        }
    }

    /// All that another counted.
    pub fn merge(&mut self, mut other: Self) {
        while self.exponent < other.exponent {
            self.double();
        }
        while other.exponent < self.exponent {
            other.double();
        }
        if let Some((low, high)) = other.range {
            self.widen_to(low, high);
        }
        for (at, bin) in other.bins {
            self.bins.entry(at).or_default().add(bin);
        }
        while self.bins.len() > MOST_BINS {
            self.double();
        }
    }

    /// The smallest and the largest score.
    pub fn range(&self) -> Option<(f64, f64)> {
        self.range
    }

    /// Bins in use, from the smallest scores up: begin, end, rows.
    pub fn bins(&self) -> impl DoubleEndedIterator<Item = (f64, f64, Bin)> {
        let width = self.width();
        self.bins.iter().map(move |(&at, &bin)| (at as f64 * width, (at as f64 + 1.0) * width, bin))
    }

    fn width(&self) -> f64 {
        2.0_f64.powi(self.exponent)
    }

    fn widen_to(&mut self, from: f64, to: f64) {
        let (low, high) = self.range.unwrap_or((from, to));
        self.range = Some((low.min(from), high.max(to)));
    }

    fn double(&mut self) {
        self.exponent += 1;
        let mut joined: BTreeMap<i64, Bin> = BTreeMap::new();
        for (at, bin) in std::mem::take(&mut self.bins) {
            joined.entry(at.div_euclid(2)).or_default().add(bin);
        }
        self.bins = joined;
    }
}
