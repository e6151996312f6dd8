use super::*;

#[test]
fn a_perplexity_out_of_range_names_the_limit() {
    let said = n_neighbors(60.0, 150).unwrap_err().to_string();
    assert_eq!(said, "perplexity is 60; with 150 rows it must be at most 49.66, (n_rows − 1) / 3");
    assert!(n_neighbors(1.0, 150).is_err() && n_neighbors(f64::NAN, 150).is_err());
    assert_eq!(n_neighbors(30.0, 500).unwrap(), 90);
}

#[test]
fn the_entropy_is_met_at_every_scale() {
    for scale in [1e-30, 1.0, 1e30] {
        let sq_dist: Vec<f64> = (1..=90).map(|i| scale * (f64::from(i) * 0.37).powi(2)).collect();
        let mut p = vec![0.0; 90];
        solve(&sq_dist, 30.0, math::ln(30.0), &mut p);
        let entropy: f64 = -p.iter().filter(|&&p| p > 0.0).map(|p| p * math::ln(*p)).sum::<f64>();
        assert!((entropy - math::ln(30.0)).abs() < 1e-12, "{scale}: {entropy}");
    }
}

#[test]
fn duplicates_share_evenly() {
    let mut p = [0.0; 9];
    let beta = solve(&[0.0; 9], 3.0, math::ln(3.0), &mut p);
    assert!(beta.is_infinite() && p.iter().all(|&p| p == 1.0 / 9.0));
}

#[test]
fn rows_merge_by_column() {
    let mut met = Vec::new();
    merge(&[1, 4, 9], &[0.5, 0.25, 0.0], &[(0, 1.0), (4, 2.0), (11, 3.0)], |j, p| met.push((j, p)));
    assert_eq!(met, [(0, 1.0), (1, 0.5), (4, 2.25), (11, 3.0)]);
}
