//! Measures against plain definitions, intervals against a bootstrap of rows written out here.

use super::*;
use crate::pipeline::record_hash;
use proptest::prelude::*;

/// A row: score, kind of anomaly (0: normal).
type Row = (f64, u8);

const NO_BOOTSTRAP: Resampling = Resampling { replicates: 0, seed: 0 };

fn assess(rows: &[Row], exact_rows: usize, how: Resampling) -> Assessed {
    let mut assessment = Assessment::with_exact_rows(exact_rows);
    for (i, &(score, kind)) in rows.iter().enumerate() {
        let name = kind.to_string();
        let lot = record_hash(1, i as u64);
        assessment.push(&Judged { lot, score, called: score > 0.5, label: kind > 0, kind: Some(&name), rival: None });
    }
    assessment.finish(how)
}

/// Every pair, straight from the definition.
fn auroc(positive: &[f64], negative: &[f64]) -> f64 {
    let won = |a: f64, b: f64| {
        if a > b {
            1.0
        } else if a == b {
            0.5
        } else {
            0.0
        }
    };
    let all = positive.iter().flat_map(|&a| negative.iter().map(move |&b| won(a, b)));
    all.sum::<f64>() / (positive.len() * negative.len()) as f64
}

/// Every threshold, straight from the definition.
fn average_precision(positive: &[f64], negative: &[f64]) -> f64 {
    let mut thresholds: Vec<f64> = positive.iter().chain(negative).copied().collect();
    thresholds.sort_by(|a, b| b.total_cmp(a));
    thresholds.dedup();
    let at_least = |scores: &[f64], t: f64| scores.iter().filter(|s| **s >= t).count() as f64;
    let (mut sum, mut before) = (0.0, 0.0);
    for t in thresholds {
        let (right, wrong) = (at_least(positive, t), at_least(negative, t));
        let recall = right / positive.len() as f64;
        sum += (recall - before) * right / (right + wrong);
        before = recall;
    }
    sum
}

/// The mean over all orders in which rows of equal scores can come: each of `n` places has, on average, the share of its
/// score's rows that is anomalous.
fn precision_at_n(positive: &[f64], negative: &[f64]) -> f64 {
    let mut all: Vec<f64> = positive.iter().chain(negative).copied().collect();
    all.sort_by(|a, b| b.total_cmp(a));
    let share = |score: f64| {
        let of = |scores: &[f64]| scores.iter().filter(|s| **s == score).count() as f64;
        of(positive) / (of(positive) + of(negative))
    };
    all.iter().take(positive.len()).map(|&score| share(score)).sum::<f64>() / positive.len() as f64
}

fn of(rows: &[Row], kind: impl Fn(u8) -> bool) -> Vec<f64> {
    rows.iter().filter(|row| kind(row.1)).map(|row| row.0).collect()
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let score = prop_oneof![(0..9i32).prop_map(|i| f64::from(i) / 8.0), -1.0..1.0f64];
    prop::collection::vec((score, 0..4u8), 1..120)
}

proptest! {
    #[test]
    fn all_rows_and_each_kind_agree_with_the_definitions(rows in rows()) {
        let found = assess(&rows, 10_000, NO_BOOTSTRAP);
        let negative = of(&rows, |kind| kind == 0);
        let mut checks = vec![(of(&rows, |kind| kind > 0), found.measures)];
        for kind in &found.kinds {
            let number: u8 = kind.kind.parse().unwrap();
            checks.push((of(&rows, |k| k == number), kind.measures));
        }
        for (positive, measures) in checks {
            prop_assert_eq!((measures.positives, measures.negatives), (positive.len() as u64, negative.len() as u64));
            if positive.is_empty() {
                prop_assert_eq!((measures.auroc.value, measures.precision_at_n.value), (None, None));
                continue;
            }
            let close = |met: Option<f64>, wanted: f64| met.is_some_and(|met| (met - wanted).abs() < 1e-12);
            prop_assert!(close(measures.average_precision.value, average_precision(&positive, &negative)));
            prop_assert!(close(measures.precision_at_n.value, precision_at_n(&positive, &negative)));
            if !negative.is_empty() {
                prop_assert!(close(measures.auroc.value, auroc(&positive, &negative)));
            }
            let called = |scores: &[f64]| scores.iter().filter(|s| **s > 0.5).count();
            let (right, wrong) = (called(&positive), called(&negative));
            prop_assert!(close(measures.recall.value, right as f64 / positive.len() as f64));
            prop_assert_eq!(measures.called, (right + wrong) as u64);
            if right + wrong > 0 {
                prop_assert!(close(measures.precision.value, right as f64 / (right + wrong) as f64));
            }
        }
    }

    /// The measures of the sparse table, on which intervals rest, are those of the ranking.
    #[test]
    fn the_table_of_the_bootstrap_measures_the_same(rows in rows(), exact_rows in 0..2usize) {
        let found = assess(&rows, exact_rows * 10_000, NO_BOOTSTRAP);
        let mut ranking = Ranking::with_exact_rows(exact_rows * 10_000);
        let (mut benign, mut odd) = (ranking.clone(), ranking.clone());
        for &(score, kind) in &rows {
            ranking.push(score, score > 0.5, kind > 0);
            if kind > 0 { &mut odd } else { &mut benign }.push(score, score > 0.5, kind > 0);
        }
        if exact_rows == 0 {
            benign.bin();
            odd.bin();
        }
        let scores = table::ScoreTable::coarse(&ranking, &benign, &[&odd]);
        let ranked = table::ranked(&scores.union(), &table::cumulated(scores.negatives.iter().copied()));
        let close = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-12,
            (a, b) => a == b,
        };
        let quality = ranking.finish();
        prop_assert!(close(ranked.auroc, quality.auroc) && close(ranked.average_precision, quality.average_precision));
        prop_assert!(close(found.measures.auroc.value, quality.auroc));
    }

    #[test]
    fn the_curve_passes_through_every_threshold(rows in rows()) {
        let found = assess(&rows, 10_000, NO_BOOTSTRAP);
        for point in &found.curve {
            let at_least = |label: bool| rows.iter().filter(|r| (r.1 > 0) == label && r.0 >= point.score).count() as u64;
            prop_assert_eq!((point.true_positives, point.false_positives), (at_least(true), at_least(false)));
        }
        let mut scores: Vec<f64> = rows.iter().map(|r| r.0 + 0.0).collect();
        scores.sort_by(|a, b| b.total_cmp(a));
        scores.dedup();
        prop_assert_eq!(scores, found.curve.iter().map(|p| p.score).collect::<Vec<_>>());
    }
}

/// A plain generator of its own.
struct Numbers(u64);

impl Numbers {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Sum of 12 uniforms, less 6: nearly normal.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    /// `n` rows, a fifth of them anomalous and a standard deviation higher; scores in steps, so that they tie.
    fn rows(&mut self, n: usize) -> Vec<Row> {
        (0..n)
            .map(|_| {
                let kind = u8::from(self.uniform() < 0.2);
                (((self.normal() + f64::from(kind)) * 4.0).round() / 4.0, kind)
            })
            .collect()
    }
}

fn percentile(mut values: Vec<f64>, q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * q).round() as usize]
}

/// Rows drawn with replacement, each measure by its definition.
#[test]
fn intervals_are_those_of_a_bootstrap_of_rows() {
    let mut numbers = Numbers(3);
    let rows = numbers.rows(300);
    let found = assess(&rows, 10_000, Resampling { replicates: 4_000, seed: 5 });
    let mut drawn: [Vec<f64>; 4] = Default::default();
    for _ in 0..2_000 {
        let again: Vec<Row> = rows.iter().map(|_| rows[(numbers.uniform() * rows.len() as f64) as usize]).collect();
        let (positive, negative) = (of(&again, |k| k > 0), of(&again, |k| k == 0));
        let recall = positive.iter().filter(|s| **s > 0.5).count() as f64 / positive.len() as f64;
        let values = [
            auroc(&positive, &negative),
            average_precision(&positive, &negative),
            precision_at_n(&positive, &negative),
            recall,
        ];
        drawn.iter_mut().zip(values).for_each(|(all, value)| all.push(value));
    }
    let m = &found.measures;
    for (values, estimate) in drawn.into_iter().zip([m.auroc, m.average_precision, m.precision_at_n, m.recall]) {
        let (low, high) = (percentile(values.clone(), 0.025), percentile(values, 0.975));
        // Three standard errors of such a percentile are about a tenth of the interval's width.
        let off = 0.1 * (high - low);
        assert!(
            (estimate.low.unwrap() - low).abs() < off && (estimate.high.unwrap() - high).abs() < off,
            "{low} to {high}: {estimate:?}"
        );
    }
}

/// The share of intervals that hold the true value, which is known: P(a > b) of two normals a deviation apart, Φ(1/√2).
#[test]
fn intervals_hold_the_true_value_as_often_as_they_say() {
    let truth = 0.7602;
    let mut numbers = Numbers(11);
    let held = (0..200).filter(|&seed| {
        let rows = numbers.rows(400);
        let estimate = assess(&rows, 10_000, Resampling { replicates: 200, seed }).measures.auroc;
        (estimate.low.unwrap()..=estimate.high.unwrap()).contains(&truth)
    });
    let held = held.count();
    assert!((178..=199).contains(&held), "{held} of 200");
}

#[test]
fn intervals_depend_on_rows_and_seed_alone() {
    let rows = Numbers(2).rows(2_000);
    let how = Resampling { replicates: 100, seed: 9 };
    let in_pool = |threads: usize, rows: &[Row]| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| assess(rows, 10_000, how)).measures
    };
    let one = in_pool(1, &rows);
    let turned: Vec<Row> = rows.iter().rev().copied().collect();
    assert_eq!(one, in_pool(3, &turned));
    assert_ne!(one, assess(&rows, 10_000, Resampling { seed: 10, ..how }).measures);
    // Beyond the rows that are kept, bins stand for scores; these have too few bits to fall together.
    let binned = assess(&rows, 10, how).measures;
    let off = (binned.auroc.low.unwrap() - one.auroc.low.unwrap()).abs();
    assert!(off < 1e-12 && binned.auroc.value == one.auroc.value, "{off}");
}

#[test]
fn a_model_compared_with_itself_and_with_noise() {
    let mut numbers = Numbers(4);
    let rows = numbers.rows(1_500);
    let compare = |other: &mut dyn FnMut(f64) -> f64| {
        let mut assessment = Assessment::new();
        for (i, &(score, kind)) in rows.iter().enumerate() {
            let second = other(score);
            assessment.push(&Judged {
                lot: record_hash(0, i as u64),
                score,
                called: score > 0.5,
                label: kind > 0,
                kind: None,
                rival: Some((second, second > 0.5)),
            });
        }
        assessment.finish(Resampling { replicates: 300, seed: 0 }).comparison.unwrap()
    };
    let same = compare(&mut |score| score);
    for estimate in [same.difference.auroc, same.difference.average_precision, same.difference.f1] {
        assert_eq!((estimate.value, estimate.low, estimate.high), (Some(0.0), Some(0.0), Some(0.0)));
    }
    let worse = compare(&mut |score| score + 0.5 * numbers.normal());
    let (low, high) = (worse.difference.auroc.low.unwrap(), worse.difference.auroc.high.unwrap());
    assert!(low > 0.0 && high < 0.1, "{low} to {high}");
    let (positive, negative) = (of(&rows, |k| k > 0), of(&rows, |k| k == 0));
    assert!((worse.model.auroc.value.unwrap() - auroc(&positive, &negative)).abs() < 1e-12);
    // What both models have in common cancels: the interval of the difference is narrower than either's own.
    let own = assess(&rows, 10_000, Resampling { replicates: 300, seed: 0 }).measures.auroc;
    assert!(high - low < 0.8 * (own.high.unwrap() - own.low.unwrap()));
    assert_eq!((worse.rows, worse.of_rows), (1_500, 1_500));
}

#[test]
fn kinds_beyond_the_limit_are_counted_together() {
    let mut assessment = Assessment::new();
    let push = |assessment: &mut Assessment, kind: Option<&str>, label| {
        assessment.push(&Judged { lot: 0, score: 0.1, called: false, label, kind, rival: None });
    };
    push(&mut assessment, None, false);
    for i in 0..MAX_KINDS + 10 {
        push(&mut assessment, Some(&format!("kind {i}")), true);
    }
    let found = assessment.finish(NO_BOOTSTRAP);
    assert_eq!(found.kinds.len(), MAX_KINDS + 1);
    assert_eq!((found.kinds[0].kind.as_str(), found.kinds[0].measures.positives), ("(other kinds)", 10));
    assert_eq!(found.measures.positives, MAX_KINDS as u64 + 10);
    assert!(found.bootstrap.is_none() && found.comparison.is_none());
}
