//! How far rows are from what was usual.

use super::by_hour::{Expected, Selected, Weighted, expected};
use super::count::{Unseen, hour_of_week};
use super::hours::{HoursDrift, SameHours, hours, spans};
use super::{HOURS, Profile, ProfiledRows, TrainingProfile};
use crate::Result;
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
/// Share of the rows that must lie in hours with training rows, to be compared with these.
const COVERED: f64 = 0.5;

/// How far rows are from the training rows of a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drift {
    /// Training rows that were counted.
    pub training_rows: u64,
    /// Rows that were counted.
    pub rows: u64,
    /// What columns and score are compared with, and of which rows, in words.
    pub against: &'static str,
    /// Each column of the features, the farthest first.
    pub columns: Vec<ColumnDrift>,
    /// The scores.
    pub score: ColumnDrift,
    /// The rows that were left out of `columns` and `score`, where those are of the same hours of the week as training rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<Elsewhere>,
    /// When the rows were; `None` where the training rows or these tell no times.
    pub hours: Option<HoursDrift>,
}

/// Rows of hours of the week that training rows do not cover, or without a time, against all training rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Elsewhere {
    /// How many.
    pub rows: u64,
    /// Each column of the features, the farthest first.
    pub columns: Vec<ColumnDrift>,
    /// The scores.
    pub score: ColumnDrift,
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
    /// The index of all rows against all training rows, where `psi` is of the same hours of the week.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub psi_all_hours: Option<f64>,
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

impl Drift {
    /// The largest index beyond chance of a column or of the scores (`score`), but for those that are called so. Those of rows
    /// elsewhere are among them where they are one in twenty or more: a few rows of a strange hour are no drift.
    pub fn worst(&self, but: &[&str]) -> f64 {
        let elsewhere = self.elsewhere.iter().filter(|rows| rows.rows.saturating_mul(20) >= self.rows);
        let elsewhere = elsewhere.flat_map(|rows| rows.columns.iter().chain([&rows.score]));
        let all = self.columns.iter().chain([&self.score]).chain(elsewhere);
        all.filter(|column| !but.contains(&column.column.as_str())).map(ColumnDrift::beyond_chance).fold(0.0, f64::max)
    }
}

/// Columns, the farthest first, and scores.
type Compared = (Vec<ColumnDrift>, ColumnDrift);

impl TrainingProfile {
    /// Compares rows with the training rows: of the same hours of the week where at least half of the rows lie in hours that
    /// have enough of these, and what is left with all; else all with all.
    ///
    /// # Errors
    /// If columns are missing or of the wrong types.
    pub fn compare(&self, plan: &FeaturePlan, rows: ProfiledRows<'_>) -> Result<Drift> {
        let (met, unseen) = self.count(plan, rows)?;
        let (columns, score) = self.compared(plan, &self.plainly(), &met, &unseen);
        let mut drift = Drift {
            training_rows: self.usual.rows,
            rows: met.rows,
            against: "all rows against all training rows",
            columns,
            score,
            elsewhere: None,
            hours: hours(&self.usual.hours, &met.hours),
        };
        let Some(hours) = drift.hours.as_mut() else { return Ok(drift) };
        let (inside, outside) = self.covered(rows);
        let share = inside.len() as f64 / met.rows.max(1) as f64;
        let selected = Selected::new(rows, inside)?;
        let (here, unseen) = selected.count(self, plan)?;
        let too_few = spans(&self.too_few(&met.hours));
        let expected = expected(&self.by_hour, &here.hours);
        if expected.is_some() || !too_few.is_empty() {
            hours.same = Some(SameHours {
                used: share >= COVERED,
                rows: here.rows,
                share,
                training_rows: expected.as_ref().map_or(0, |expected| expected.training_rows),
                worth: expected.as_ref().map_or(0.0, |expected| expected.worth),
                too_few,
            });
        }
        let Some(expected) = expected.filter(|_| share >= COVERED) else { return Ok(drift) };
        let (columns, score) = self.compared(plan, &expected, &here, &unseen);
        let before = std::mem::replace(&mut drift.columns, columns);
        let before_of = |name: &str| before.iter().find(|column| column.column == name).map(|column| column.psi);
        drift.columns.iter_mut().for_each(|column| column.psi_all_hours = before_of(&column.column));
        drift.score = ColumnDrift { psi_all_hours: Some(drift.score.psi), ..score };
        drift.against = "rows against training rows of the same hours of the week";
        if !outside.is_empty() {
            let (there, unseen) = Selected::new(rows, outside)?.count(self, plan)?;
            let (columns, score) = self.compared(plan, &self.plainly(), &there, &unseen);
            drift.elsewhere = Some(Elsewhere { rows: there.rows, columns, score });
        }
        Ok(drift)
    }

    /// All training rows.
    fn plainly(&self) -> Expected {
        Expected {
            columns: self.usual.columns.iter().map(Weighted::from).collect(),
            scores: Weighted::from(&self.usual.scores),
            training_rows: self.usual.rows,
            worth: self.usual.rows as f64,
        }
    }

    /// Rows that lie in hours of which training rows are kept, and the others.
    fn covered(&self, rows: ProfiledRows<'_>) -> (Vec<u32>, Vec<u32>) {
        let is_kept = |hour: usize| self.by_hour.binary_search_by_key(&hour, |counts| counts.hour()).is_ok();
        let start = |row: &u32| rows.starts.get(*row as usize).copied().flatten();
        let all = 0..u32::try_from(rows.columns.num_rows()).unwrap_or(u32::MAX);
        all.partition(|row| start(row).is_some_and(|start| is_kept(hour_of_week(start))))
    }

    /// Of hours that have training rows, but too few to be kept, how many of `met` they have.
    fn too_few(&self, met: &[u64]) -> Vec<u64> {
        let mut few: Vec<u64> = met.iter().zip(&self.usual.hours).map(|(n, usual)| n * u64::from(*usual > 0)).collect();
        for counts in &self.by_hour {
            few.iter_mut().skip(counts.hour()).take(1).for_each(|n| *n = 0);
        }
        few.resize(HOURS, 0);
        few
    }

    /// Rows that were counted in these bins, against what is expected of them.
    fn compared(&self, plan: &FeaturePlan, usual: &Expected, met: &Profile, unseen: &Unseen) -> Compared {
        let of = |all: &[Weighted], at: usize, n: usize| all.get(at).cloned().unwrap_or_default().with_bins(n);
        let none = Weighted::default();
        let counted: Vec<Weighted> = met.columns.iter().map(Weighted::from).collect();
        let mut columns = Vec::new();
        for (at, (encoder, edges)) in plan.encoders().iter().zip(&self.edges).enumerate() {
            let b = counted.get(at).unwrap_or(&none);
            let a = of(&usual.columns, at, b.bins.len());
            columns.push(match encoder {
                ColumnEncoder::Numeric(encoder) => numeric(&encoder.name, edges, &a, b),
                ColumnEncoder::Categorical(encoder) => {
                    let names: Vec<Option<&str>> = encoder.categories.iter().map(|c| c.text.as_deref()).collect();
                    let mut column = categorical(&encoder.name, &names, &a, b);
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
        let met = Weighted::from(&met.scores);
        let usual = usual.scores.clone().with_bins(met.bins.len());
        (columns, numeric("score", &self.score_edges, &usual, &met))
    }
}

pub(super) fn share(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole }
}

fn numeric(name: &str, edges: &[f64], usual: &Weighted, met: &Weighted) -> ColumnDrift {
    let (n, m) = (usual.present(), met.present());
    let mut joined: Vec<[f64; 2]> = Vec::new();
    let mut open = [0.0, 0.0];
    for (&a, &b) in usual.bins.iter().zip(&met.bins) {
        open = [open[0] + a, open[1] + b];
        // A sum of weights may come out a little below the whole number that it stands for.
        if open[0] * (1.0 + 1e-9) >= NUMERIC_SHARE * n && open[0] > 0.0 {
            joined.push(std::mem::take(&mut open));
        }
    }
    // What is left at the upper end is too little for a bin of its own.
    match joined.last_mut() {
        Some(last) => *last = [last[0] + open[0], last[1] + open[1]],
        None => joined.push(open),
    }
    let (psi, psi_by_chance) = index(with_missing(joined, usual.missing, met.missing));
    let (mut ks, mut sums) = (0.0_f64, [0.0, 0.0]);
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
        psi_all_hours: None,
        ks: (n > 0.0 && m > 0.0).then_some(ks),
        training_missing,
        missing,
        unseen: None,
        unseen_values: Vec::new(),
        change,
    }
}

/// The edge up to which half of the values lie: `about 5`, `over 7` behind the last edge.
fn median(edges: &[f64], counts: &Weighted, n: f64) -> Option<String> {
    let mut sum = 0.0;
    let bin = counts.bins.iter().position(|count| {
        sum += count;
        2.0 * sum * (1.0 + 1e-9) >= n && n > 0.0
    })?;
    let rounded = |value: f64| format!("{:.4}", value).trim_end_matches('0').trim_end_matches('.').to_owned();
    match (edges.get(bin), edges.last()) {
        (Some(&edge), _) => Some(rounded(edge)),
        (None, Some(&last)) => Some(format!("over {}", rounded(last))),
        (None, None) => None,
    }
}

fn categorical(name: &str, names: &[Option<&str>], usual: &Weighted, met: &Weighted) -> ColumnDrift {
    let (n, m) = (usual.present(), met.present());
    let (mut bins, mut rare) = (Vec::new(), [0.0, 0.0]);
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
    let unseen = [usual, met].map(|counts| counts.bins.get(names.len()).copied().unwrap_or(0.0));
    bins.extend([rare, unseen].into_iter().filter(|bin| bin[0] + bin[1] > 0.0));
    let (psi, psi_by_chance) = index(bins);
    let unseen = share(unseen[1], m);
    if unseen > most {
        change = format!("{} unseen", percent(unseen));
    }
    ColumnDrift {
        column: name.to_owned(),
        psi,
        psi_by_chance,
        psi_all_hours: None,
        ks: None,
        training_missing,
        missing,
        unseen: Some(unseen),
        unseen_values: Vec::new(),
        change,
    }
}

fn with_missing(mut bins: Vec<[f64; 2]>, usual: f64, met: f64) -> Vec<[f64; 2]> {
    if usual + met > 0.0 {
        bins.push([usual, met]);
    }
    bins
}

/// The index, and what it comes to by chance.
fn index(bins: Vec<[f64; 2]>) -> (f64, f64) {
    let sum = |of: usize| bins.iter().filter_map(|bin| bin.get(of)).sum::<f64>();
    let (n, m, k) = (sum(0), sum(1), bins.len() as f64);
    if n == 0.0 || m == 0.0 {
        return (0.0, 0.0);
    }
    let smoothed = |count: f64, all: f64| (count + 0.5) / (all + 0.5 * k);
    let term = |[a, b]: [f64; 2]| {
        let (a, b) = (smoothed(a, n), smoothed(b, m));
        (a - b) * (math::ln(a) - math::ln(b))
    };
    (bins.into_iter().map(term).sum(), (k - 1.0) * (1.0 / n + 1.0 / m))
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}
