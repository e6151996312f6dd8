//! A made daily cycle: the same hours of another week are no drift, a change within them is.
#![allow(clippy::disallowed_methods, reason = "an oracle may use std's")]

use super::super::{Drift, ProfiledRows, TrainingProfile};
use super::{HOURS, LEAST_ROWS, fit_within};
use crate::features::{ColumnDrift, FeatureOptions, FeaturePlan, RoleOverrides, infer_roles};
use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

const HOUR: i64 = 3_600_000_000;
/// A Monday.
const MONDAY: i64 = 1_713_139_200_000_000;

/// Rows with times.
struct Made {
    columns: RecordBatch,
    scores: Vec<f64>,
    starts: Vec<Option<i64>>,
    sizes: Vec<f64>,
    services: Vec<&'static str>,
}

impl Made {
    fn rows(&self) -> ProfiledRows<'_> {
        ProfiledRows { columns: &self.columns, scores: &self.scores, starts: &self.starts }
    }

    fn plan(&self) -> FeaturePlan {
        let roles = infer_roles(&self.columns, &RoleOverrides::new()).unwrap();
        FeaturePlan::fit(&self.columns, &roles, &FeatureOptions::default()).unwrap()
    }
}

/// In each hour so many rows: by night backups of a megabyte, by day web traffic of kilobytes, with what is between.
/// `factor` multiplies sizes.
fn made(seed: u64, hours: impl Iterator<Item = i64>, rows: usize, factor: f64) -> Made {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut uniform = || f64::from(rng.next_u32()) / f64::from(u32::MAX);
    let (mut sizes, mut services, mut starts, mut scores) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for hour in hours {
        let day = (std::f64::consts::TAU * (hour % 24 - 2) as f64 / 24.0).cos();
        for _ in 0..rows {
            let night = uniform() < 0.5 + 0.45 * day;
            let size = if night { 1e6 * (0.5 + uniform()) } else { 1e3 * (0.1 + uniform()) };
            sizes.push((factor * size).round());
            services.push(if night { "backup" } else { ["http", "dns", "ssh"][(uniform() * 2.999) as usize] });
            scores.push(if night { 0.6 } else { 0.4 } + 0.1 * uniform());
            starts.push(Some(MONDAY + hour * HOUR + (uniform() * HOUR as f64) as i64));
        }
    }
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("size", Arc::new(Float64Array::from(sizes.clone()))),
        ("service", Arc::new(StringArray::from(services.clone()))),
    ];
    Made { columns: RecordBatch::try_from_iter(columns).unwrap(), scores, starts, sizes, services }
}

fn fitted(training: &Made) -> (FeaturePlan, TrainingProfile) {
    let plan = training.plan();
    let profile = TrainingProfile::fit(&plan, training.rows()).unwrap();
    assert_eq!(profile.complaint(&plan), None);
    (plan, profile)
}

fn of<'a>(drift: &'a Drift, name: &str) -> &'a ColumnDrift {
    drift.columns.iter().find(|column| column.column == name).unwrap()
}

/// From 0 to 5 o'clock of each day of the next week.
fn nights() -> impl Iterator<Item = i64> {
    (168..336).filter(|hour| hour % 24 < 5)
}

#[test]
fn nights_are_no_drift_from_a_week_though_all_hours_say_so() {
    let (plan, training) = fitted(&made(1, 0..168, 60, 1.0));
    assert_eq!(training.by_hour.len(), HOURS);
    let found = training.compare(&plan, made(2, nights(), 60, 1.0).rows()).unwrap();
    let same = found.hours.as_ref().unwrap().same.as_ref().unwrap();
    assert!(same.used && same.share == 1.0 && same.too_few.is_empty() && found.elsewhere.is_none(), "{same:?}");
    assert_eq!((same.rows, same.training_rows), (35 * 60, 35 * 60));
    assert!((same.worth - 2_100.0).abs() < 1e-6, "all hours weigh the same: {}", same.worth);
    for column in found.columns.iter().chain([&found.score]) {
        let plain = column.psi_all_hours.unwrap();
        assert!(plain > 0.5, "the cycle is in every column: {column:?}");
        assert!(column.psi < 0.03 && column.psi < 3.0 * column.psi_by_chance, "{column:?}");
    }
    assert!(found.worst(&[]) < 0.02 && of(&found, "size").ks.unwrap() < 0.05, "{found:?}");
}

#[test]
fn a_change_within_the_hours_is_drift() {
    let (plan, training) = fitted(&made(1, 0..168, 60, 1.0));
    let found = training.compare(&plan, made(3, nights(), 60, 3.0).rows()).unwrap();
    assert!(found.hours.as_ref().unwrap().same.as_ref().unwrap().used);
    assert!(of(&found, "size").psi > 0.25 && found.worst(&[]) > 0.25, "{found:?}");
    assert!(of(&found, "service").psi < 0.03, "the services are as before: {found:?}");
    // Days where nights are due: as all rows of the week they may be, for their hours they are not.
    let mut days = made(4, (168..336).filter(|hour| hour % 24 / 5 == 2), 60, 1.0);
    days.starts.iter_mut().flatten().for_each(|start| *start -= 10 * HOUR);
    let found = training.compare(&plan, days.rows()).unwrap();
    assert!(found.worst(&[]) > 1.0, "{found:?}");
}

/// Against shares that are weighted by hand, hour by hour, from the values themselves.
#[test]
fn expected_shares_are_the_hours_own_weighted() {
    let training = made(5, (0..48).filter(|hour| hour % 3 > 0), 80, 1.0);
    let (plan, profile) = fitted(&training);
    // Twice as many rows in some hours as in others.
    let after = made(6, (168..192).chain(170..180).filter(|hour| hour % 3 > 0), 40, 1.2);
    let found = profile.compare(&plan, after.rows()).unwrap();
    let hour = |start: &Option<i64>| ((start.unwrap() - MONDAY) / HOUR % 168) as usize;
    let by_hour = |made: &Made| {
        let mut rows = [0.0; HOURS];
        made.starts.iter().for_each(|start| rows[hour(start)] += 1.0);
        rows
    };
    let (in_training, in_after) = (by_hour(&training), by_hour(&after));
    let n = after.starts.len() as f64;
    let expected = |is: &dyn Fn(usize) -> bool| -> f64 {
        let of_row = |(row, start): (usize, &Option<i64>)| {
            let at = hour(start);
            if is(row) { in_after[at] / n / in_training[at] } else { 0.0 }
        };
        training.starts.iter().enumerate().map(of_row).sum()
    };
    let worth = 1.0 / (0..HOURS).map(|at| (in_after[at] / n).powi(2) / in_training[at].max(1.0)).sum::<f64>();
    let same = found.hours.as_ref().unwrap().same.as_ref().unwrap();
    assert!(same.used && (same.worth - worth).abs() < 1e-6 * worth, "{same:?} {worth}");
    let by_hand: f64 = ["backup", "http", "dns", "ssh"]
        .iter()
        .map(|service| {
            let a = (worth * expected(&|row| training.services[row] == *service) + 0.5) / (worth + 2.0);
            let b = (after.services.iter().filter(|s| *s == service).count() as f64 + 0.5) / (n + 2.0);
            (a - b) * (a / b).ln()
        })
        .sum();
    assert!((of(&found, "service").psi - by_hand).abs() < 1e-9, "{} {by_hand}", of(&found, "service").psi);
    let chance = 3.0 * (1.0 / worth + 1.0 / n);
    assert!((of(&found, "service").psi_by_chance - chance).abs() < 1e-9);
    // The largest difference of the shares up to x, over all x; edges are a hundredth of the training rows apart.
    let ks = training.sizes.iter().step_by(31).map(|x| {
        let up_to = after.sizes.iter().filter(|size| *size <= x).count() as f64 / n;
        (expected(&|row| training.sizes[row] <= *x) - up_to).abs()
    });
    let ks = ks.fold(0.0, f64::max);
    assert!((of(&found, "size").ks.unwrap() - ks).abs() < 0.05, "{:?} {ks}", of(&found, "size"));
}

#[test]
fn training_rows_are_no_drift_from_themselves() {
    let training = made(7, 10..90, 40, 1.0);
    let (plan, profile) = fitted(&training);
    let found = profile.compare(&plan, training.rows()).unwrap();
    let same = found.hours.as_ref().unwrap().same.as_ref().unwrap();
    assert!(same.used && (same.worth - 3_200.0).abs() < 1e-6);
    for column in found.columns.iter().chain([&found.score]) {
        assert!(column.psi.abs() < 1e-12 && column.ks.unwrap_or(0.0) < 1e-12, "{column:?}");
    }
    let text = serde_json::to_string(&profile).unwrap();
    assert_eq!(serde_json::from_str::<TrainingProfile>(&text).unwrap(), profile);
}

#[test]
fn rows_of_other_hours_are_compared_with_all() {
    // Monday to Friday against a Monday and the Saturday.
    let (plan, training) = fitted(&made(8, 0..120, 50, 1.0));
    let hours = || (168..192).chain(168 + 120..168 + 140);
    let found = training.compare(&plan, made(9, hours(), 50, 1.0).rows()).unwrap();
    let told = found.hours.as_ref().unwrap();
    let same = told.same.as_ref().unwrap();
    assert!(same.used && same.rows == 1_200 && (told.outside - 1_000.0 / 2_200.0).abs() < 1e-12, "{told:?}");
    let elsewhere = found.elsewhere.as_ref().unwrap();
    assert_eq!((elsewhere.rows, found.rows, elsewhere.columns.len()), (1_000, 2_200, 2));
    assert!(elsewhere.columns.iter().all(|column| column.psi_all_hours.is_none()));
    // What is odd on Saturday only is not lost.
    let mut odd = made(9, hours(), 50, 1.0);
    odd.scores.iter_mut().skip(1_200).for_each(|score| *score = 0.99);
    let found = training.compare(&plan, odd.rows()).unwrap();
    assert!(found.score.psi < 0.05 && found.worst(&[]) > 1.0, "{found:?}");
    // Rows without a time are of no hour.
    let mut timeless = made(9, 168..192, 50, 1.0);
    timeless.starts.iter_mut().take(100).for_each(|start| *start = None);
    let found = training.compare(&plan, timeless.rows()).unwrap();
    assert_eq!(found.elsewhere.unwrap().rows, 100);
}

#[test]
fn hours_of_few_rows_are_named_and_left() {
    let mut training = made(10, 0..6, LEAST_ROWS as usize, 1.0);
    training.starts[0] = Some(MONDAY + HOUR);
    let (plan, profile) = fitted(&training);
    let kept: Vec<usize> = profile.by_hour.iter().map(|counts| counts.hour()).collect();
    assert_eq!(kept, [1, 2, 3, 4, 5], "29 rows are too few, 30 are enough");
    let found = profile.compare(&plan, made(11, 0..6, 40, 1.0).rows()).unwrap();
    let told = found.hours.unwrap();
    let same = told.same.unwrap();
    assert_eq!((same.too_few.as_str(), same.rows, told.outside), ("Mon 00-01", 200, 0.0));
    assert_eq!(found.elsewhere.unwrap().rows, 40);
    // With no hour of enough rows all are compared with all, and it is said.
    let (plan, profile) = fitted(&made(12, 0..20, 10, 1.0));
    let found = profile.compare(&plan, made(13, 5..10, 40, 1.0).rows()).unwrap();
    let same = found.hours.unwrap().same.unwrap();
    assert_eq!((same.used, same.rows, same.too_few.as_str()), (false, 0, "Mon 05-10"));
    assert!(found.elsewhere.is_none() && found.against.contains("all training rows"));
}

#[test]
fn the_hours_of_most_rows_are_kept_where_not_all_can_be() {
    let some = |hours: std::ops::Range<i64>, rows| made(12, hours, rows, 1.0);
    let training = {
        let (a, b) = (some(0..10, 40), some(10..12, 90));
        let columns = arrow_select::concat::concat_batches(&a.columns.schema(), [&a.columns, &b.columns]).unwrap();
        Made {
            columns,
            scores: [a.scores, b.scores].concat(),
            starts: [a.starts, b.starts].concat(),
            sizes: Vec::new(),
            services: Vec::new(),
        }
    };
    let (plan, profile) = fitted(&training);
    let all: usize = profile.by_hour.iter().map(|counts| counts.numbers()).sum();
    let within = |most| fit_within(&profile, &plan, training.rows(), most).unwrap();
    assert_eq!(within(all), profile.by_hour);
    let few = within(all / 2);
    let numbers: usize = few.iter().map(|counts| counts.numbers()).sum();
    assert!(numbers <= all / 2 && (2..12).contains(&few.len()), "{numbers} of {all} in {} hours", few.len());
    assert!(few.iter().any(|counts| counts.hour() == 10) && few.iter().any(|counts| counts.hour() == 11));
    assert!(within(0).is_empty());
}

#[test]
fn hours_that_cannot_be_are_refused() {
    let (plan, profile) = fitted(&made(13, 0..4, 40, 1.0));
    let refused = |lie: &dyn Fn(&mut TrainingProfile)| {
        let mut lying = profile.clone();
        lie(&mut lying);
        lying.complaint(&plan).is_some_and(|said| said.contains("by the hour"))
    };
    assert!(!refused(&|_| {}));
    assert!(refused(&|p| p.by_hour[1].hour = 0), "twice the same hour");
    assert!(refused(&|p| p.by_hour[3].hour = 168));
    assert!(refused(&|p| p.by_hour[3].hour = 9), "an hour without rows");
    assert!(refused(&|p| p.by_hour[0].rows = 41));
    assert!(refused(&|p| p.by_hour[0].columns[0].0[1] += 1));
    assert!(refused(&|p| p.by_hour[0].columns[0].0.truncate(1)), "half a pair");
    assert!(refused(&|p| p.by_hour[0].columns[0].0[0] = u64::MAX), "a bin that there is not");
    assert!(refused(&|p| p.by_hour[0].columns[0].0[1] = u64::MAX));
    assert!(refused(&|p| drop(p.by_hour[0].columns.pop())));
    assert!(refused(&|p| p.by_hour[0].scores.0.clear()));
}
