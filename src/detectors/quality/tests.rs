use super::*;
use proptest::prelude::*;

/// Every pair, straight from the definition.
fn auroc_oracle(rows: &[(f64, bool)]) -> f64 {
    let (mut right, mut pairs) = (0.0, 0.0);
    for (a, _) in rows.iter().filter(|r| r.1) {
        for (b, _) in rows.iter().filter(|r| !r.1) {
            pairs += 1.0;
            right += if a > b {
                1.0
            } else if a == b {
                0.5
            } else {
                0.0
            };
        }
    }
    right / pairs
}

/// Every threshold, straight from the definition.
fn average_precision_oracle(rows: &[(f64, bool)]) -> f64 {
    let mut thresholds: Vec<f64> = rows.iter().map(|r| r.0).collect();
    thresholds.sort_by(|a, b| b.total_cmp(a));
    thresholds.dedup();
    let positives = rows.iter().filter(|r| r.1).count() as f64;
    let (mut sum, mut recall) = (0.0, 0.0);
    for t in thresholds {
        let called = rows.iter().filter(|r| r.0 >= t).count() as f64;
        let right = rows.iter().filter(|r| r.0 >= t && r.1).count() as f64;
        sum += (right / positives - recall) * (right / called);
        recall = right / positives;
    }
    sum
}

fn rank(rows: &[(f64, bool)], exact_rows: usize) -> Quality {
    let mut ranking = Ranking::with_exact_rows(exact_rows);
    rows.iter().for_each(|&(score, label)| ranking.push(score, score > 0.5, label));
    ranking.finish()
}

#[test]
fn known_cases() {
    // scikit-learn's own documentation examples.
    let rows = [(0.1, false), (0.4, false), (0.35, true), (0.8, true)];
    let quality = rank(&rows, 100);
    assert_eq!(quality.auroc, Some(0.75));
    assert!((quality.average_precision.unwrap() - 0.833_333_333_333_333_3).abs() < 1e-15);
    assert_eq!((quality.precision, quality.recall, quality.f1), (Some(1.0), Some(0.5), Some(2.0 / 3.0)));
    assert_eq!((quality.positives, quality.negatives, quality.exact), (2, 2, true));
    // All tied: a coin, and the base rate.
    let rows = [(0.2, true), (0.2, false), (0.2, false), (0.2, false)];
    let quality = rank(&rows, 100);
    assert_eq!((quality.auroc, quality.average_precision), (Some(0.5), Some(0.25)));
    assert_eq!((quality.precision, quality.recall, quality.f1), (None, Some(0.0), Some(0.0)));
    // −0 ties with 0.
    assert_eq!(rank(&[(0.0, false), (-0.0, true)], 100).auroc, Some(0.5));
}

#[test]
fn nothing_to_measure() {
    for quality in [rank(&[], 10), rank(&[], 0)] {
        assert_eq!((quality.auroc, quality.average_precision, quality.recall, quality.f1), (None, None, None, None));
    }
    let quality = rank(&[(0.9, false)], 10);
    assert_eq!((quality.auroc, quality.average_precision, quality.precision), (None, None, Some(0.0)));
    let quality = rank(&[(0.9, true)], 10);
    assert_eq!((quality.auroc, quality.average_precision, quality.f1), (None, Some(1.0), Some(1.0)));
}

#[test]
fn bins_stay_bounded_and_in_order() {
    let mut ranking = Ranking::with_exact_rows(10);
    let mut state = 1u64;
    let mut rows = Vec::new();
    for i in 0..600_000u64 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Every binade and both signs: far more bins than may be kept.
        let score = f64::from_bits(state);
        if score.is_finite() {
            rows.push((score, i % 3 == 0));
        }
    }
    rows.iter().for_each(|r| ranking.push(r.0, false, r.1));
    let Scores::Binned(bins) = &ranking.scores else { panic!("not binned") };
    assert!(format!("{bins:?}").matches("Group").count() <= MAX_BINS);
    let binned = ranking.finish();
    let exact = rank(&rows, usize::MAX);
    assert!((binned.auroc.unwrap() - exact.auroc.unwrap()).abs() <= binned.auroc_error);
    assert!(binned.auroc_error < 1e-4 && !binned.exact);
    rows.reverse();
    assert_eq!(rank(&rows, 10).auroc, binned.auroc, "the order of rows does not matter");
    // Bins of different widths merge, both ways.
    let part = |rows: &[(f64, bool)]| {
        let mut ranking = Ranking::with_exact_rows(10);
        rows.iter().for_each(|r| ranking.push(r.0, false, r.1));
        ranking
    };
    let (few, many) = rows.split_at(5_000);
    for (mut first, second) in [(part(few), part(many)), (part(many), part(few))] {
        first.merge(second);
        assert_eq!(first.finish(), binned);
    }
}

#[test]
fn forest_scores_in_bins_are_close() {
    // 200,000 scores around ½, a tenth of them shifted up.
    let mut state = 5u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let rows: Vec<(f64, bool)> = (0..200_000)
        .map(|i| {
            let label = i % 10 == 0;
            (0.35 + 0.2 * uniform() * uniform() + if label { 0.05 } else { 0.0 }, label)
        })
        .collect();
    let (binned, exact) = (rank(&rows, 1_000), rank(&rows, usize::MAX));
    assert!(binned.auroc_error < 1e-4 && binned.average_precision_error < 2e-3);
    assert!((binned.auroc.unwrap() - exact.auroc.unwrap()).abs() <= binned.auroc_error);
    let off = (binned.average_precision.unwrap() - exact.average_precision.unwrap()).abs();
    assert!(off <= binned.average_precision_error, "{off}");
    assert!(off < 1e-4, "{off}");
}

fn rows() -> impl Strategy<Value = Vec<(f64, bool)>> {
    let score = prop_oneof![(0..12i32).prop_map(|i| f64::from(i) / 12.0), -2.0..2.0f64, 0.5..0.500_01f64];
    prop::collection::vec((score, any::<bool>()), 2..150)
}

proptest! {
    #[test]
    fn agrees_with_the_definition(rows in rows()) {
        let quality = rank(&rows, 1_000);
        if let Some(auroc) = quality.auroc {
            prop_assert!((auroc - auroc_oracle(&rows)).abs() < 1e-12);
        }
        if let Some(ap) = quality.average_precision {
            prop_assert!((ap - average_precision_oracle(&rows)).abs() < 1e-12);
        }
        prop_assert_eq!(quality.auroc_error, 0.0);
    }

    #[test]
    fn bounds_hold(rows in rows()) {
        let binned = rank(&rows, 1);
        if let Some(auroc) = binned.auroc {
            prop_assert!((auroc - auroc_oracle(&rows)).abs() <= binned.auroc_error + 1e-12);
        }
        if let Some(ap) = binned.average_precision {
            prop_assert!((ap - average_precision_oracle(&rows)).abs() <= binned.average_precision_error + 1e-12);
        }
    }

    #[test]
    fn merging_is_pushing(rows in rows(), cut in 0..150usize, exact_rows in 0..200usize) {
        let cut = cut.min(rows.len());
        let mut parts = [Ranking::with_exact_rows(exact_rows), Ranking::with_exact_rows(exact_rows)];
        for (i, &(score, label)) in rows.iter().enumerate() {
            parts[usize::from(i >= cut)].push(score, score > 0.5, label);
        }
        let [mut first, second] = parts;
        first.merge(second);
        prop_assert_eq!(first.finish(), rank(&rows, exact_rows));
    }
}
