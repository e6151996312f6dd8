//! When rows were, by the hour of the week.

use super::HOURS;
use super::compare::share;
use serde::Serialize;

/// When rows were, by the hour of the week in UTC.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HoursDrift {
    /// Hours of the week that training rows cover: `Mon 00-08, Tue 10-11`.
    pub training: String,
    /// Hours of the week that these rows cover.
    pub rows: String,
    /// Share of these rows that lie in hours which training rows do not cover.
    pub outside: f64,
    /// Rows that can be compared with training rows of the same hours; `None` where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same: Option<SameHours>,
}

/// Rows in hours of the week of which enough training rows are kept.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SameHours {
    /// Whether the figures are of these rows: at least half of all.
    pub used: bool,
    /// How many.
    pub rows: u64,
    /// Their share of all.
    pub share: f64,
    /// Training rows in these hours.
    pub training_rows: u64,
    /// How many training rows they are worth, weighted as these rows lie in the hours.
    pub worth: f64,
    /// Hours of the week that these rows cover and training rows too, but with fewer than 30 rows, or beyond what a model
    /// keeps; empty where there are none.
    pub too_few: String,
}

/// `None` where one of them tells no times.
pub(super) fn hours(usual: &[u64], met: &[u64]) -> Option<HoursDrift> {
    if usual.len() != HOURS || met.len() != HOURS {
        return None;
    }
    let outside: u64 = met.iter().zip(usual).filter(|(_, before)| **before == 0).map(|(n, _)| n).sum();
    let outside = share(outside as f64, met.iter().sum::<u64>() as f64);
    Some(HoursDrift { training: spans(usual), rows: spans(met), outside, same: None })
}

/// `Mon 00-08, Tue 10-11`: each span from the beginning of its first hour to the end of its last, days by themselves; whole days run
/// together: `Mon-Fri`.
pub(super) fn spans(hours: &[u64]) -> String {
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
