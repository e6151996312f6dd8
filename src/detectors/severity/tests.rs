use super::*;
use proptest::prelude::*;

/// Tails, straight from the definition, in O(n²).
fn tail(scores: &[f64], score: f64) -> f64 {
    let above = scores.iter().filter(|s| **s > score).count() as f64;
    let equal = scores.iter().filter(|s| **s == score).count() as f64;
    (above + equal / 2.0) / scores.len() as f64
}

#[allow(clippy::disallowed_methods)]
fn map(tail: f64) -> f64 {
    let d = -tail.log10();
    let table = [(0.0, 0.0), (1.0, 0.3), (2.0, 0.7), (3.0, 0.9)];
    for pair in table.windows(2) {
        if d <= pair[1].0 {
            return pair[0].1 + (pair[1].1 - pair[0].1) * (d - pair[0].0);
        }
    }
    1.0 - 0.1 * 2f64.powf(3.0 - d)
}

fn hazen(sorted: &[f64], p: f64) -> f64 {
    let h = (p * sorted.len() as f64 - 0.5).clamp(0.0, sorted.len() as f64 - 1.0);
    let (i, f) = (h.floor() as usize, h.fract());
    sorted[i] + f * (sorted[(i + 1).min(sorted.len() - 1)] - sorted[i])
}

/// Scores like a forest's, from a cheap generator.
fn forest_like(n: usize) -> Vec<f64> {
    let mut state = 7u64;
    (0..n)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let u = (state >> 11) as f64 / (1u64 << 53) as f64;
            0.36 + 0.1 * u + 0.4 * u.powi(40)
        })
        .collect()
}

#[test]
fn the_three_percentiles_are_exact() {
    for n in [1_000, 5_003, 100_000] {
        let mut scores = forest_like(n);
        let severity = Severity::fit(&scores).unwrap();
        scores.sort_by(f64::total_cmp);
        for (p, expected) in [(0.9, 0.3), (0.99, 0.7), (0.999, 0.9)] {
            assert!((severity.of(hazen(&scores, p)) - expected).abs() < 1e-9, "n {n} p {p}");
        }
        assert!(severity.knots().0.len() <= MAX_KNOTS);
    }
}

#[test]
fn every_distinct_score_follows_the_definition() {
    let scores = forest_like(700);
    let severity = Severity::fit(&scores).unwrap();
    for &s in &scores {
        assert!((severity.of(s) - map(tail(&scores, s))).abs() < 1e-12);
    }
}

#[test]
fn many_scores_are_within_a_step_and_strictly_increasing() {
    let mut scores = forest_like(200_000);
    let severity = Severity::fit(&scores).unwrap();
    scores.sort_by(f64::total_cmp);
    scores.dedup();
    assert!(scores.len() > 100_000);
    let n = scores.len() as f64;
    let mut last = -1.0;
    for (i, &s) in scores.iter().enumerate() {
        let y = severity.of(s);
        assert!(y > last, "position {i}");
        last = y;
        assert!((y - map((n - i as f64 - 0.5) / n)).abs() <= 1.0 / 2_000.0, "position {i}");
    }
    let tail_knots = severity.knots().1.iter().filter(|y| **y > 0.7).count();
    assert!(tail_knots > 400, "{tail_knots} knots for the last hundredth");
}

#[test]
fn ties_take_the_lowest_percentile_they_cover() {
    // 95 equal rows cover the 90th percentile; 5 rows above them.
    let mut scores = vec![0.4; 95];
    scores.extend([0.5, 0.6, 0.7, 0.8, 0.9]);
    let severity = Severity::fit(&scores).unwrap();
    assert_eq!(severity.of(0.4), 0.3);
    // A run over the 90th and the 99th.
    let mut scores = vec![0.1; 50];
    scores.extend(vec![0.4; 947]);
    scores.extend([0.5, 0.6, 0.7]);
    assert_eq!(Severity::fit(&scores).unwrap().of(0.4), 0.3);
    // Covering the top: all equal.
    let severity = Severity::fit(&vec![0.5; 1_000]).unwrap();
    assert_eq!(severity.of(0.5), 0.3);
    assert!(severity.of(0.5000001) > 0.3 && severity.of(0.4999999) < 0.3);
}

#[test]
fn few_rows_claim_little() {
    let one = Severity::fit(&[0.5]).unwrap();
    assert!((one.of(0.5) - map(0.5)).abs() < 1e-15);
    let two = Severity::fit(&[0.4, 0.6]).unwrap();
    assert!((two.of(0.4) - map(0.75)).abs() < 1e-15);
    assert!((two.of(0.6) - map(0.25)).abs() < 1e-15);
    let equal = Severity::fit(&[0.0, -0.0]).unwrap();
    assert!((equal.of(0.0) - map(0.5)).abs() < 1e-15);
    let ten = Severity::fit(&forest_like(10)).unwrap();
    assert!(ten.of(ten.range().1) < 0.5, "the largest of ten is no one-in-a-hundred");
}

#[test]
fn beyond_the_ends() {
    let severity = Severity::fit(&forest_like(2_000)).unwrap();
    let (smallest, largest) = severity.range();
    let mut last = severity.of(largest);
    for d in [1e-9, 1e-6, 1e-3, 0.1, 1.0, 10.0, 1e6] {
        let y = severity.of(largest + d);
        assert!(y > last && y < 1.0, "{d}");
        last = y;
    }
    let mut last = severity.of(smallest);
    for d in [1e-9, 1e-6, 1e-3, 0.1, 1.0, 10.0, 1e6] {
        let y = severity.of(smallest - d);
        assert!(y < last && y >= 0.0, "{d}");
        last = y;
    }
    for extreme in [f64::MAX, f64::INFINITY, f64::MIN, f64::NEG_INFINITY, f64::NAN] {
        assert!((0.0..1.0).contains(&severity.of(extreme)), "{extreme}");
    }
}

#[test]
fn refused() {
    assert!(Severity::fit(&[]).is_err());
    for bad in [f64::NAN, f64::INFINITY, 1e301] {
        assert!(Severity::fit(&[0.5, bad]).is_err());
    }
    let part = |scores: &[f64], severities: &[f64]| Severity::from_parts(3, 1.0, scores.to_vec(), severities.to_vec());
    assert!(part(&[0.1, 0.2], &[0.1, 0.2]).is_ok());
    assert!(part(&[0.1, 0.1], &[0.1, 0.2]).is_err());
    assert!(part(&[0.1, 0.2], &[0.2, 0.2]).is_err());
    assert!(part(&[0.1, f64::NAN], &[0.1, 0.2]).is_err());
    assert!(part(&[0.1, 0.2], &[0.1, 1.0]).is_err());
    assert!(part(&[0.1, 0.2], &[0.1]).is_err());
    assert!(part(&[], &[]).is_err());
}

proptest! {
    #[test]
    fn monotone_bounded_and_invertible(
        scores in prop::collection::vec(prop_oneof![-1e3..1e3f64, (0..20i32).prop_map(|i| f64::from(i) / 20.0), Just(0.5)], 1..300),
        probes in prop::collection::vec(-2e3..2e3f64, 1..50),
        levels in prop::collection::vec(0.0..1.0f64, 1..20),
    ) {
        let severity = Severity::fit(&scores).unwrap();
        let mut all = probes;
        all.extend(&scores);
        all.sort_by(f64::total_cmp);
        let values: Vec<f64> = all.iter().map(|&s| severity.of(s)).collect();
        prop_assert!(values.iter().all(|y| (0.0..1.0).contains(y)));
        prop_assert!(values.windows(2).all(|w| w[0] <= w[1]));
        let mut distinct: Vec<f64> = scores.iter().map(|s| s + 0.0).collect();
        distinct.sort_by(f64::total_cmp);
        distinct.dedup();
        prop_assert!(distinct.windows(2).all(|w| severity.of(w[0]) < severity.of(w[1])));
        for level in levels.into_iter().chain([0.0, 0.3, 0.7, 0.9, values[0]]) {
            let threshold = severity.score_at(level);
            for (&s, &y) in all.iter().zip(&values) {
                prop_assert_eq!(s > threshold, y > level, "score {} severity {} level {} threshold {}", s, y, level, threshold);
            }
            if threshold.abs() < 1e9 {
                let around = [severity.of(threshold), severity.of(threshold.next_up())];
                prop_assert!(around[0] <= level && level < around[1]);
            }
        }
    }

    #[test]
    fn at_most_the_tail_is_flagged(scores in prop::collection::vec((0..40i32).prop_map(f64::from), 1_000..1_200)) {
        let severity = Severity::fit(&scores).unwrap();
        for (level, share) in [(0.3, 0.1), (0.7, 0.01), (0.9, 0.001)] {
            let flagged = scores.iter().filter(|s| severity.of(**s) > level).count() as f64;
            prop_assert!(flagged <= share * scores.len() as f64 + 0.5);
        }
    }
}
