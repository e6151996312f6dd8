use super::*;
use proptest::prelude::*;

fn options() -> FeatureOptions {
    FeatureOptions::default()
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

/// NumPy's and SciPy's answers, computed elsewhere: `np.quantile([1, 2, 4, 8, 16, 1000], q)`, `scipy.stats.skew`.
#[test]
fn statistics_are_numpys() {
    let values = [1.0, 2.0, 4.0, 8.0, 16.0, 1000.0];
    for (q, expected) in [(0.0, 1.0), (0.25, 2.5), (0.5, 6.0), (0.75, 14.0), (1.0, 1000.0), (0.1, 1.5)] {
        assert_eq!(quantile(&values, q), expected);
    }
    assert!((skewness(&values) - 1.788_129_238_800_011_6).abs() < 1e-12, "{}", skewness(&values));
    assert!((mean(&values) - 171.833_333_333_333_33).abs() < 1e-9);
    assert!((standard_deviation(&values, mean(&values)) - 370.400_871_429_260_47).abs() < 1e-9);
    assert!(quantile(&[], 0.5).is_nan());
    assert_eq!(skewness(&[1e100, 1e100, 1e100]), 0.0);
}

#[test]
fn heavy_tails_take_a_logarithm_and_even_ones_do_not() {
    let heavy: Vec<f64> =
        (0..1000).map(|i| f64::from(i) * f64::from(i) * if i % 50 == 0 { 1e3 } else { 1.0 }).collect();
    assert!(ValueFeature::fit(sorted(heavy.clone()), &options()).unwrap().log1p);
    let even: Vec<f64> = (0..1000).map(f64::from).collect();
    assert!(!ValueFeature::fit(even, &options()).unwrap().log1p);
    let never = FeatureOptions { log_skewness: None, ..options() };
    assert!(!ValueFeature::fit(sorted(heavy), &never).unwrap().log1p);
}

#[test]
fn zeros_and_ones_stay_what_they_are() {
    let rare: Vec<f64> = (0..1000).map(|i| f64::from(u8::from(i == 999))).collect();
    let feature = ValueFeature::fit(rare, &options()).unwrap();
    assert!(!feature.log1p);
    assert_eq!((feature.encode(0.0), feature.encode(1.0)), (0.0, 1.0));
}

#[test]
fn scales_have_their_fallbacks() {
    let mostly_zero = sorted((0..100).map(|i| if i < 10 { f64::from(i) } else { 0.0 }).collect());
    let robust = fit_scaler(&mostly_zero, Scaling::Robust);
    assert_eq!(robust.center, 0.0);
    assert_eq!(robust.scale, standard_deviation(&mostly_zero, mean(&mostly_zero)));
    // The squares of these deviations underflow; the range is 0 as well.
    let mut tiny = vec![0.0; 99];
    tiny.push(1e-200);
    assert_eq!(fit_scaler(&tiny, Scaling::Robust).scale, 1.0);
}

#[test]
fn what_is_missing_and_what_is_not() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(clean(value, false).is_nan());
    }
    assert_eq!(clean(-1.0, false), -1.0);
    assert!(clean(-1.0, true).is_nan());
    assert_eq!(clean(-0.0, true).to_bits(), 0);
    assert_eq!(clean(f64::MAX, false), 1e100);
}

proptest! {
    /// Fit on anything, encode anything: finite, monotone, and in the middle for the median.
    #[test]
    fn features_are_finite_and_monotone(
        sample in prop::collection::vec(prop::num::f64::ANY, 1..60),
        others in prop::collection::vec(prop::num::f64::ANY, 1..20),
        scaling in prop::sample::select(vec![Scaling::Robust, Scaling::Standard, Scaling::None]),
        skewness in prop::option::of(0.0..3.0_f64),
    ) {
        let options = FeatureOptions { scaling, log_skewness: skewness, ..options() };
        let present = |values: &[f64]| sorted(values.iter().map(|v| clean(*v, false)).filter(|v| !v.is_nan()).collect());
        let sample = present(&sample);
        let Some(feature) = ValueFeature::fit(sample.clone(), &options) else {
            prop_assert!(sample.first() == sample.last());
            return Ok(());
        };
        prop_assert!(feature.scaler.is_sound() && feature.median.is_finite());
        let mut all = present(&others);
        all.extend([f64::MAX, f64::MIN, 0.0].map(|v| clean(v, false)));
        all.extend(sample);
        let encoded: Vec<f32> = sorted(all).into_iter().map(|v| feature.encode(v)).collect();
        prop_assert!(encoded.iter().all(|v| v.is_finite()));
        prop_assert!(encoded.windows(2).all(|pair| pair[0] <= pair[1]), "{:?}", encoded);
    }
}
