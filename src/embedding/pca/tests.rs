use super::*;

#[test]
fn components_are_orthogonal_and_ordered_and_hold_the_variance() {
    let rows = Array2::from_shape_fn((5000, 3), |(i, c)| {
        let noise = |factor: usize| (i * factor % 997) as f32 / 500.0 - 1.0;
        let (a, b) = (noise(331), noise(577));
        [3.0 * a + 7.0, 3.0 * a + b, b - 2.0][c]
    });
    let met = pca(rows.view(), 3).unwrap();
    let product = met.t().dot(&met);
    for (i, j) in [(0, 1), (0, 2), (1, 2)] {
        assert!(product[[i, j]].abs() < 1e-6 * product[[0, 0]]);
    }
    assert!(product[[0, 0]] > product[[1, 1]] && product[[2, 2]] < 1e-6 * product[[1, 1]]);
    let centred = rows.mapv(f64::from) - rows.mapv(f64::from).mean_axis(Axis(0)).unwrap();
    let total: f64 = centred.iter().map(|x| x * x).sum();
    assert!((product.diag().sum() - total).abs() < 1e-9 * total);
    assert!(met.sum_axis(Axis(0)).iter().all(|sum| sum.abs() < 1e-6));
}

#[test]
fn more_components_than_features_are_zero() {
    let met = pca(Array2::from_shape_fn((10, 1), |(i, _)| i as f32).view(), 2).unwrap();
    assert_eq!(met.column(0).to_vec(), (0..10).map(|i| f64::from(i) - 4.5).collect::<Vec<_>>());
    assert!(met.column(1).iter().all(|&x| x == 0.0));
}

#[test]
fn values_that_are_not_finite_are_refused() {
    let error = pca(ndarray::array![[1.0, f32::NAN]].view(), 2).unwrap_err().to_string();
    assert!(error.contains("finite"), "{error}");
}
