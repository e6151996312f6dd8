//! Rows counted in the bins of a profile.

use super::{BINS, Counts, HOURS, Profile, ProfiledRows, TrainingProfile, absent};
use crate::Result;
use crate::features::numbers::Numbers;
use crate::features::numeric::clean;
use crate::features::plan::{ColumnEncoder, FeaturePlan};
use crate::flows::record::when::HOUR;
use arrow_array::RecordBatch;
use std::collections::BTreeMap;

/// Different unseen values of one column that are told apart; more are counted, but not by name.
const MOST_UNSEEN: usize = 1_000;
/// Characters of an unseen value that are kept.
const MOST_CHARACTERS: usize = 60;

/// By the place of a categorical column among encoders, how often each value came that training did not hold.
pub type Unseen = BTreeMap<usize, BTreeMap<String, u64>>;

pub(super) fn count(
    training: &TrainingProfile,
    plan: &FeaturePlan,
    rows: ProfiledRows<'_>,
) -> Result<(Profile, Unseen)> {
    let mut unseen = Unseen::new();
    let mut columns = Vec::new();
    for (at, (encoder, edges)) in plan.encoders().iter().zip(&training.edges).enumerate() {
        columns.push(match encoder {
            ColumnEncoder::Numeric(encoder) => {
                in_bins(edges, &numbers(rows.columns, &encoder.name, encoder.negative_is_missing)?)
            }
            ColumnEncoder::Categorical(encoder) => {
                let array = rows.columns.column_by_name(&encoder.name).ok_or_else(|| absent(&encoder.name))?;
                let values = unseen.entry(at).or_default();
                encoder.lookup().count(array, |text| remember(values, text))?
            }
        });
    }
    unseen.retain(|_, values| !values.is_empty());
    let scores = in_bins(&training.score_edges, rows.scores);
    let profile = Profile { rows: rows.columns.num_rows() as u64, columns, scores, hours: hours(rows.starts) };
    Ok((profile, unseen))
}

fn remember(values: &mut BTreeMap<String, u64>, text: &str) {
    let text: String = text.chars().take(MOST_CHARACTERS).collect();
    let room = values.len() < MOST_UNSEEN;
    match values.get_mut(&text) {
        Some(n) => *n += 1,
        None if room => drop(values.insert(text, 1)),
        None => {}
    }
}

/// The values of a numeric column as features are made of them, NaN where they are missing.
pub(super) fn numbers(rows: &RecordBatch, name: &str, negative_is_missing: bool) -> Result<Vec<f64>> {
    let array = rows.column_by_name(name).ok_or_else(|| absent(name))?;
    let mut values = vec![f64::NAN; array.len()];
    Numbers::new(array)?.read(0, &mut values);
    values.iter_mut().for_each(|value| *value = clean(*value, negative_is_missing));
    Ok(values)
}

/// The percentiles of what is present, equal ones once. Each is one of the values.
pub(super) fn edges(mut values: Vec<f64>) -> Vec<f64> {
    values.retain(|value| !value.is_nan());
    values.sort_unstable_by(f64::total_cmp);
    let at = |k: usize| values.get((values.len() * k).div_ceil(BINS).saturating_sub(1)).copied();
    let mut edges: Vec<f64> = (1..BINS).filter_map(at).collect();
    edges.dedup();
    edges
}

fn in_bins(edges: &[f64], values: &[f64]) -> Counts {
    let mut counts = Counts { missing: 0, bins: vec![0; edges.len() + 1] };
    for &value in values {
        if value.is_nan() {
            counts.missing += 1;
            continue;
        }
        let bin = edges.partition_point(|&edge| edge < value);
        counts.bins.iter_mut().skip(bin).take(1).for_each(|n| *n += 1);
    }
    counts
}

/// The hour of the week in UTC of a time in µs since 1970, which began on a Thursday; Monday 00 is 0.
pub(super) fn hour_of_week(start: i64) -> usize {
    (start.div_euclid(HOUR) + 3 * 24).rem_euclid(HOURS as i64) as usize
}

fn hours(starts: &[Option<i64>]) -> Vec<u64> {
    if starts.iter().all(Option::is_none) {
        return Vec::new();
    }
    let mut hours = vec![0; HOURS];
    for start in starts.iter().flatten() {
        hours.iter_mut().skip(hour_of_week(*start)).take(1).for_each(|n| *n += 1);
    }
    hours
}
