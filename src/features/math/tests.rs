use super::*;
use rand::RngExt as _;
use rand::SeedableRng;

/// Every magnitude an f64 can have, the borders of the branches, and integers as flow records hold them.
fn values() -> Vec<f64> {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let mut values = vec![0.0, f64::MIN_POSITIVE, 5e-324, 1e-300, 2f64.powi(-53), 2f64.powi(-54), 1.0, f64::MAX, 1e100];
    for border in [2f64.sqrt() - 1.0, f64::from_bits(0x3fda_827a_0000_0000), 2f64.powi(53), 2f64.powi(54), 1.0, 3.0] {
        for step in -40i64..=40 {
            values.push(f64::from_bits((border.to_bits() as i64 + step) as u64));
        }
    }
    for _ in 0..300_000 {
        values.push(f64::from_bits(rng.random_range(0..0x7ff0_0000_0000_0000_u64)));
        values.push(f64::from_bits(rng.random_range(0x3c00_0000_0000_0000..0x4400_0000_0000_0000_u64)));
        values.push(rng.random_range(0..100_000_u32) as f64);
    }
    values
}

#[test]
fn signed_ln_1p_has_the_bits_of_libm() {
    let values = values();
    for sign in [1.0, -1.0] {
        let mut all: Vec<f64> = values.iter().map(|v| v * sign).collect();
        signed_ln_1p_each(&mut all);
        for (&x, &got) in values.iter().zip(&all) {
            let expected = sign * libm::log1p(x);
            assert_eq!(got.to_bits(), expected.to_bits(), "x = {x:e}: {got:e}, libm {expected:e}");
        }
    }
}

/// An oracle that shares nothing with the polynomial: ln(1 + x) = 2 atanh(x / (2 + x)) as a series in double-double
/// would be heavier than needed; the platform's own `ln_1p` is within 1 ulp almost everywhere.
#[test]
#[allow(clippy::disallowed_methods)]
fn signed_ln_1p_is_within_two_ulp_of_the_platform() {
    for x in values() {
        let (got, expected) = (signed_ln_1p(x), x.ln_1p());
        let ulps = (got.to_bits() as i64 - expected.to_bits() as i64).abs();
        assert!(ulps <= 2, "x = {x:e}: {got:e} is {ulps} ulp from {expected:e}");
    }
}

#[test]
fn nan_stays_nan_and_zero_keeps_its_sign() {
    assert!(signed_ln_1p(f64::NAN).is_nan());
    assert_eq!(signed_ln_1p(-0.0).to_bits(), (-0.0f64).to_bits());
}
