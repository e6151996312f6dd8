//! Counts, PSI and KS against values worked out by hand or by plain definitions.
#![allow(clippy::disallowed_methods, reason = "an oracle may use std's")]

use super::compare::ColumnDrift;
use super::*;
use crate::features::{FeatureOptions, RoleOverrides, infer_roles};
use arrow_array::{ArrayRef, Float64Array, StringArray};
use std::sync::Arc;

fn table(numbers: &[Option<f64>], texts: &[&str]) -> RecordBatch {
    let numbers: ArrayRef = Arc::new(Float64Array::from(numbers.to_vec()));
    let texts: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
    RecordBatch::try_from_iter_with_nullable([("size", numbers, true), ("service", texts, true)]).unwrap()
}

fn rows<'a>(columns: &'a RecordBatch, scores: &'a [f64], starts: &'a [Option<i64>]) -> ProfiledRows<'a> {
    ProfiledRows { columns, scores, starts }
}

fn plan(of: &RecordBatch) -> FeaturePlan {
    let roles = infer_roles(of, &RoleOverrides::new()).unwrap();
    FeaturePlan::fit(of, &roles, &FeatureOptions::default()).unwrap()
}

/// A plain generator.
fn numbers(n: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    (0..n)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 53) as f64
        })
        .collect()
}

fn services(n: usize, shares: &[(&'static str, usize)]) -> Vec<&'static str> {
    let all: usize = shares.iter().map(|s| s.1).sum();
    (0..n)
        .map(|i| {
            let mut at = i % all;
            shares
                .iter()
                .find(|s| {
                    if at < s.1 {
                        true
                    } else {
                        at -= s.1;
                        false
                    }
                })
                .map_or("", |s| s.0)
        })
        .collect()
}

fn of<'a>(drift: &'a Drift, name: &str) -> &'a ColumnDrift {
    drift.columns.iter().find(|c| c.column == name).unwrap()
}

/// The largest difference of the two shares of values up to x, over all x.
fn ks_oracle(a: &[f64], b: &[f64]) -> f64 {
    let share = |of: &[f64], x: f64| of.iter().filter(|v| **v <= x).count() as f64 / of.len() as f64;
    a.iter().chain(b).map(|&x| (share(a, x) - share(b, x)).abs()).fold(0.0, f64::max)
}

#[test]
fn training_rows_do_not_drift_from_themselves() {
    let sizes = numbers(5_000, 1);
    let some: Vec<Option<f64>> = sizes.iter().enumerate().map(|(i, v)| (i % 10 > 0).then_some(*v)).collect();
    let batch = table(&some, &services(5_000, &[("http", 6), ("dns", 3), ("ssh", 1)]));
    let plan = plan(&batch);
    let training = TrainingProfile::fit(&plan, rows(&batch, &sizes, &[])).unwrap();
    assert_eq!(training.complaint(&plan), None);
    let (met, unseen) = training.count(&plan, rows(&batch, &sizes, &[])).unwrap();
    assert!(unseen.is_empty());
    let found = training.compare(&plan, rows(&batch, &sizes, &[])).unwrap();
    for column in found.columns.iter().chain([&found.score]) {
        assert!(column.psi.abs() < 1e-12 && column.ks.unwrap_or(0.0) == 0.0, "{column:?}");
    }
    assert!((of(&found, "size").missing - 0.1).abs() < 1e-12 && found.hours.is_none());
    // Parts add up to the whole, whatever their order.
    let mut whole = Profile::default();
    for part in [2_000..5_000, 0..700, 700..2_000] {
        let slice = batch.slice(part.start, part.len());
        whole.merge(&training.count(&plan, rows(&slice, &sizes[part], &[])).unwrap().0);
    }
    assert_eq!(whole, met);
    let text = serde_json::to_string(&training).unwrap();
    assert_eq!(serde_json::from_str::<TrainingProfile>(&text).unwrap(), training);
}

/// Two categories, worked out by hand: 60 and 40 of 100 rows against 30, 60 and 10 unseen of 100.
#[test]
fn psi_of_categories_by_hand() {
    let sizes: Vec<Option<f64>> = numbers(100, 3).into_iter().map(Some).collect();
    let before = table(&sizes, &services(100, &[("http", 6), ("dns", 4)]));
    let after = table(&sizes, &services(100, &[("http", 3), ("dns", 6), ("irc", 1)]));
    let plan = plan(&before);
    let scores = vec![0.5; 100];
    let training = TrainingProfile::fit(&plan, rows(&before, &scores, &[])).unwrap();
    let found = training.compare(&plan, rows(&after, &scores, &[])).unwrap();
    // Three bins: shares (count + ½) / (100 + 3/2).
    let term = |a: f64, b: f64| (a - b) / 101.5 * (a / b).ln();
    let by_hand = term(60.5, 30.5) + term(40.5, 60.5) + term(0.5, 10.5);
    let service = &found.columns[0];
    assert_eq!(service.column, "service", "the farthest comes first");
    assert!((service.psi - by_hand).abs() < 1e-12, "{} {by_hand}", service.psi);
    assert!((service.psi_by_chance - 2.0 * (0.01 + 0.01)).abs() < 1e-15);
    assert_eq!((service.unseen, service.ks), (Some(0.1), None));
    assert_eq!(service.unseen_values, [("irc".to_owned(), 10)]);
    assert!(service.change.contains("http") && service.change.contains("60.0 % → 30.0 %"), "{}", service.change);
    assert!(of(&found, "size").psi < 1e-12 && found.score.psi == 0.0);
}

/// Twenty bins of a twentieth each; the other rows all in the upper half.
#[test]
fn psi_and_ks_of_numbers_by_hand() {
    // In no order: a column that counts up with the rows is an identifier.
    let before: Vec<Option<f64>> = (0..1_000).map(|i| Some(f64::from(i * 617 % 1_000 + 1))).collect();
    let after: Vec<Option<f64>> = (0..1_000).map(|i| Some(f64::from(501 + i % 500))).collect();
    let same = services(1_000, &[("http", 6), ("dns", 4)]);
    let (before, after) = (table(&before, &same), table(&after, &same));
    let plan = plan(&before);
    let scores = vec![0.0; 1_000];
    let training = TrainingProfile::fit(&plan, rows(&before, &scores, &[])).unwrap();
    let size = of(&training.compare(&plan, rows(&after, &scores, &[])).unwrap(), "size").clone();
    let term = |a: f64, b: f64| (a - b) / 1_010.0 * (a / b).ln();
    let by_hand = 10.0 * term(50.5, 0.5) + 10.0 * term(50.5, 100.5);
    assert!((size.psi - by_hand).abs() < 1e-9, "{} {by_hand}", size.psi);
    assert!((size.ks.unwrap() - 0.5).abs() < 1e-12, "{:?}", size.ks);
    assert_eq!(size.change, "median 500 → 750");
}

#[test]
fn ks_is_within_a_bin_of_every_value() {
    for (seed, power) in [(1, 1.0), (2, 1.3), (3, 3.0)] {
        let a = numbers(3_000, seed);
        let b: Vec<f64> = numbers(2_000, seed + 10).iter().map(|v| v.powf(power)).collect();
        let same = services(3_000, &[("http", 6), ("dns", 4)]);
        let as_table = |v: &[f64]| table(&v.iter().copied().map(Some).collect::<Vec<_>>(), &same[..v.len()]);
        let (before, after) = (as_table(&a), as_table(&b));
        let plan = plan(&before);
        let training = TrainingProfile::fit(&plan, rows(&before, &a, &[])).unwrap();
        let found = training.compare(&plan, rows(&after, &b, &[])).unwrap();
        let (met, truth) = (found.score.ks.unwrap(), ks_oracle(&a, &b));
        assert!(met <= truth + 1e-12 && truth - met <= 0.011, "{met} {truth}");
        assert_eq!(of(&found, "size").ks, found.score.ks);
    }
}

#[test]
fn hours_of_the_week_are_named_and_the_confounding_told() {
    let n = 400;
    let sizes: Vec<Option<f64>> = numbers(n, 3).into_iter().map(Some).collect();
    let batch = table(&sizes, &services(n, &[("http", 6), ("dns", 4)]));
    let plan = plan(&batch);
    let scores = vec![0.5; n];
    // 2024-04-15 was a Monday: 00 to 08 UTC; then a Saturday from 10 to 12, and a quarter of the rows that Monday.
    let monday = 1_713_139_200_000_000_i64;
    let hour = 3_600_000_000_i64;
    let quiet: Vec<Option<i64>> = (0..n as i64).map(|i| Some(monday + i % 8 * hour)).collect();
    let later: Vec<Option<i64>> = (0..n as i64)
        .map(|i| Some(if i % 4 == 0 { monday + 7 * 24 * hour } else { monday + (5 * 24 + 10 + i % 2) * hour }))
        .collect();
    let training = TrainingProfile::fit(&plan, rows(&batch, &scores, &quiet)).unwrap();
    let found = training.compare(&plan, rows(&batch, &scores, &later)).unwrap();
    let hours = found.hours.unwrap();
    assert_eq!((hours.training.as_str(), hours.rows.as_str()), ("Mon 00-08", "Mon 00-01, Sat 10-12"));
    assert!((hours.outside - 0.75).abs() < 1e-12);
    // A quarter is too little to be what is told of all.
    let same = hours.same.unwrap();
    assert_eq!((same.used, same.rows, same.training_rows), (false, 100, 50));
    assert!(found.elsewhere.is_none() && found.against.contains("all training rows"));
}

#[test]
fn a_profile_of_another_plan_is_refused() {
    let sizes: Vec<Option<f64>> = numbers(300, 3).into_iter().map(Some).collect();
    let batch = table(&sizes, &services(300, &[("http", 6), ("dns", 4)]));
    let other = table(&sizes, &services(300, &[("http", 6), ("dns", 3), ("ssh", 1)]));
    let training = TrainingProfile::fit(&plan(&batch), rows(&batch, &[0.5; 300], &[])).unwrap();
    assert!(training.complaint(&plan(&other)).unwrap().contains("service"));
    let mut lying = training.clone();
    lying.usual.columns[0].bins[0] += 1;
    assert!(lying.complaint(&plan(&batch)).is_some());
    let mut lying = training.clone();
    lying.usual.columns[0].missing = u64::MAX;
    assert!(lying.complaint(&plan(&batch)).is_some());
    let mut lying = training;
    lying.usual.hours = vec![1; 3];
    assert!(lying.complaint(&plan(&batch)).unwrap().contains("3 hours"));
}
