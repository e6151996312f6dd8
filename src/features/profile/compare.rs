//! How far rows are from what was usual.

use super::count::Unseen;
use super::{Counts, HOURS, Profile, TrainingProfile};
use crate::features::math;
use crate::features::plan::{ColumnEncoder, FeaturePlan};
use serde::Serialize;
use std::cmp::Reverse;

/// Share of the training rows that a bin of a numeric column is to have.
const NUMERIC_SHARE: f64 = 0.05;
/// Share of the training rows from which a category is a bin of its own.
const CATEGORY_SHARE: f64 = 0.01;
/// Unseen values that are named.
const NAMED: usize = 3;

/// How far rows are from the training rows of a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drift {
    /// Training rows that were counted.
    pub training_rows: u64,
    /// Rows that were counted.
    pub rows: u64,
    /// Each column of the features, the farthest first.
    pub columns: Vec<ColumnDrift>,
    /// The scores.
    pub score: ColumnDrift,
    /// When the rows were; `None` where the training rows or these tell no times.
    pub hours: Option<HoursDrift>,
}

/// How far the values of a column are from those of training rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnDrift {
    /// The column.
    pub column: String,
    /// Population stability index.
    pub psi: f64,
    /// What the index comes to by chance.
    pub psi_by_chance: f64,
    /// Distance of Kolmogorov and Smirnov at the edges of bins; `None` for categories.
    pub ks: Option<f64>,
    /// Share of training rows without a value.
    pub training_missing: f64,
    /// Share of these rows without a value.
    pub missing: f64,
    /// Share of these rows whose category training did not hold; `None` for numbers.
    pub unseen: Option<f64>,
    /// The most frequent of these categories, with the rows that have them.
    pub unseen_values: Vec<(String, u64)>,
    /// What changed most, in words.
    pub change: String,
}

impl ColumnDrift {
    /// What the index is more than chance.
    pub fn beyond_chance(&self) -> f64 {
        (self.psi - self.psi_by_chance).max(0.0)
    }
}

/// When rows were, by the hour of the week in UTC.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HoursDrift {
    /// Hours of the week that training rows cover: `Mon 00-08, Tue 10-11`.
    pub training: String,
    /// Hours of the week that these rows cover.
    pub rows: String,
    /// Share of these rows that lie in hours which training rows do not cover.
    pub outside: f64,
}

/// Compares rows that were counted in the bins of `training` with the training rows.
pub fn drift(plan: &FeaturePlan, training: &TrainingProfile, met: &Profile, unseen: &Unseen) -> Drift {
    let usual = &training.usual;
    let none = Counts::default();
    let mut columns = Vec::new();
    for (at, (encoder, edges)) in plan.encoders().iter().zip(&training.edges).enumerate() {
        let (a, b) = (usual.columns.get(at).unwrap_or(&none), met.columns.get(at).unwrap_or(&none));
        columns.push(match encoder {
            ColumnEncoder::Numeric(encoder) => numeric(&encoder.name, edges, a, b),
            ColumnEncoder::Categorical(encoder) => {
                let names: Vec<Option<&str>> = encoder.categories.iter().map(|c| c.text.as_deref()).collect();
                let mut column = categorical(&encoder.name, &names, a, b);
                let mut values: Vec<(String, u64)> =
                    unseen.get(&at).into_iter().flatten().map(|(text, n)| (text.clone(), *n)).collect();
                values.sort_by(|a, b| (Reverse(a.1), &a.0).cmp(&(Reverse(b.1), &b.0)));
                values.truncate(NAMED);
                column.unseen_values = values;
                column
            }
        });
    }
    // Stable: columns that are equally far stay in the order of the features.
    columns.sort_by(|a, b| b.psi.total_cmp(&a.psi));
    let score = numeric("score", &training.score_edges, &usual.scores, &met.scores);
    Drift { training_rows: usual.rows, rows: met.rows, columns, score, hours: hours(&usual.hours, &met.hours) }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn numeric(name: &str, edges: &[f64], usual: &Counts, met: &Counts) -> ColumnDrift {
    let present = |counts: &Counts| counts.bins.iter().sum::<u64>();
    let (n, m) = (present(usual), present(met));
    let mut joined: Vec<[u64; 2]> = Vec::new();
    let mut open = [0, 0];
    for (&a, &b) in usual.bins.iter().zip(&met.bins) {
        open = [open[0] + a, open[1] + b];
        if open[0] as f64 >= NUMERIC_SHARE * n as f64 && open[0] > 0 {
            joined.push(std::mem::take(&mut open));
        }
    }
    // What is left at the upper end is too little for a bin of its own.
    match joined.last_mut() {
        Some(last) => *last = [last[0] + open[0], last[1] + open[1]],
        None => joined.push(open),
    }
    let (psi, psi_by_chance) = index(with_missing(joined, usual.missing, met.missing));
    let (mut ks, mut sums) = (0.0_f64, [0, 0]);
    for (a, b) in usual.bins.iter().zip(&met.bins) {
        sums = [sums[0] + a, sums[1] + b];
        ks = ks.max((share(sums[0], n) - share(sums[1], m)).abs());
    }
    let (training_missing, missing) = (share(usual.missing, n + usual.missing), share(met.missing, m + met.missing));
    let change = match (median(edges, usual, n), median(edges, met, m)) {
        (Some(before), Some(now)) if before != now => format!("median {before} → {now}"),
        (Some(before), Some(_)) if (missing - training_missing).abs() < 0.01 => format!("median {before} as before"),
        _ => format!("missing {} → {}", percent(training_missing), percent(missing)),
    };
    ColumnDrift {
        column: name.to_owned(),
        psi,
        psi_by_chance,
        ks: (n > 0 && m > 0).then_some(ks),
        training_missing,
        missing,
        unseen: None,
        unseen_values: Vec::new(),
        change,
    }
}

/// The edge up to which half of the values lie: `about 5`, `over 7` behind the last edge.
fn median(edges: &[f64], counts: &Counts, n: u64) -> Option<String> {
    let mut sum = 0;
    let bin = counts.bins.iter().position(|count| {
        sum += count;
        2 * sum >= n && n > 0
    })?;
    let rounded = |value: f64| format!("{:.4}", value).trim_end_matches('0').trim_end_matches('.').to_owned();
    match (edges.get(bin), edges.last()) {
        (Some(&edge), _) => Some(rounded(edge)),
        (None, Some(&last)) => Some(format!("over {}", rounded(last))),
        (None, None) => None,
    }
}

fn categorical(name: &str, names: &[Option<&str>], usual: &Counts, met: &Counts) -> ColumnDrift {
    let (n, m): (u64, u64) = (usual.bins.iter().sum(), met.bins.iter().sum());
    let (mut bins, mut rare) = (Vec::new(), [0, 0]);
    let (mut most, mut change) = (0.0, String::new());
    let [mut training_missing, mut missing] = [0.0, 0.0];
    for ((name, &a), &b) in names.iter().zip(&usual.bins).zip(&met.bins) {
        let (before, now) = (share(a, n), share(b, m));
        if (before - now).abs() > most {
            most = (before - now).abs();
            let name: String = name.unwrap_or("(missing)").chars().take(40).collect();
            change = format!("`{name}` {} → {}", percent(before), percent(now));
        }
        if name.is_none() {
            (training_missing, missing) = (before, now);
        }
        if before >= CATEGORY_SHARE { bins.push([a, b]) } else { rare = [rare[0] + a, rare[1] + b] }
    }
    let unseen = [usual, met].map(|counts| counts.bins.get(names.len()).copied().unwrap_or(0));
    bins.extend([rare, unseen].into_iter().filter(|bin| bin[0] + bin[1] > 0));
    let (psi, psi_by_chance) = index(bins);
    let unseen = share(unseen[1], m);
    if unseen > most {
        change = format!("{} unseen", percent(unseen));
    }
    ColumnDrift {
        column: name.to_owned(),
        psi,
        psi_by_chance,
        ks: None,
        training_missing,
        missing,
        unseen: Some(unseen),
        unseen_values: Vec::new(),
        change,
    }
}

fn with_missing(mut bins: Vec<[u64; 2]>, usual: u64, met: u64) -> Vec<[u64; 2]> {
    if usual + met > 0 {
        bins.push([usual, met]);
    }
    bins
}

/// The index, and what it comes to by chance.
fn index(bins: Vec<[u64; 2]>) -> (f64, f64) {
    let sum = |of: usize| bins.iter().filter_map(|bin| bin.get(of)).sum::<u64>();
    let (n, m, k) = (sum(0), sum(1), bins.len() as f64);
    if n == 0 || m == 0 {
        return (0.0, 0.0);
    }
    let smoothed = |count: u64, all: u64| (count as f64 + 0.5) / (all as f64 + 0.5 * k);
    let term = |[a, b]: [u64; 2]| {
        let (a, b) = (smoothed(a, n), smoothed(b, m));
        (a - b) * (math::ln(a) - math::ln(b))
    };
    (bins.into_iter().map(term).sum(), (k - 1.0) * (1.0 / n as f64 + 1.0 / m as f64))
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn hours(usual: &[u64], met: &[u64]) -> Option<HoursDrift> {
    if usual.len() != HOURS || met.len() != HOURS {
        return None;
    }
    let outside: u64 = met.iter().zip(usual).filter(|(_, before)| **before == 0).map(|(n, _)| n).sum();
    Some(HoursDrift { training: spans(usual), rows: spans(met), outside: share(outside, met.iter().sum()) })
}

/// `Mon 00-08, Tue 10-11`: each span from the beginning of its first hour to the end of its last, days by themselves; whole days run
/// together: `Mon-Fri`.
fn spans(hours: &[u64]) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let mut parts: Vec<String> = Vec::new();
    let mut whole: Option<(usize, usize)> = None;
    let named = |(from, to): (usize, usize)| match (DAYS.get(from), DAYS.get(to)) {
        (Some(from), Some(to)) if from != to => format!("{from}-{to}"),
        (Some(day), _) => (*day).to_owned(),
        _ => String::new(),
    };
    for (day, (name, hours)) in DAYS.iter().zip(hours.chunks(24)).enumerate() {
        if hours.iter().all(|n| *n > 0) {
            whole = Some((whole.map_or(day, |(from, _)| from), day));
            continue;
        }
        parts.extend(whole.take().map(named));
        let mut from = 0;
        for of_one in hours.chunk_by(|a, b| (*a > 0) == (*b > 0)) {
            let to = from + of_one.len();
            if of_one.first().is_some_and(|n| *n > 0) {
                parts.push(format!("{name} {from:02}-{to:02}"));
            }
            from = to;
        }
    }
    parts.extend(whole.map(named));
    parts.join(", ")
}
