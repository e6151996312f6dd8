//! The curve of distances: a and b from `min_dist` and `spread`.

use crate::features::math;

/// Points at which the curve is fitted, up to three times the spread.
const N_POINTS: usize = 300;
const MAX_STEPS: usize = 200;

/// a and b such that `1 / (1 + a x^(2b))` is nearest, in squares, to 1 below `min_dist` and `exp(−(x − min_dist) / spread)`
/// beyond, by Levenberg (1944) & Marquardt (1963) from a = b = 1.
pub fn fit_curve(min_dist: f64, spread: f64) -> (f64, f64) {
    let x = |i: usize| 3.0 * spread * i as f64 / (N_POINTS - 1) as f64;
    let wanted = |x: f64| if x < min_dist { 1.0 } else { math::exp(-(x - min_dist) / spread) };
    let power = |x: f64, b: f64| if x > 0.0 { math::exp(2.0 * b * math::ln(x)) } else { 0.0 };
    let loss = |a: f64, b: f64| -> f64 {
        (0..N_POINTS).map(|i| (1.0 / (1.0 + a * power(x(i), b)) - wanted(x(i))).powi(2)).sum()
    };
    let (mut a, mut b, mut damping) = (1.0, 1.0, 1e-3);
    let mut best = loss(a, b);
    for _ in 0..MAX_STEPS {
        // Normal equations of the linearised curve.
        let (mut aa, mut ab, mut bb, mut ra, mut rb) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for x in (0..N_POINTS).map(x).filter(|&x| x > 0.0) {
            let p = power(x, b);
            let y = 1.0 / (1.0 + a * p);
            let (by_a, by_b, residual) = (-p * y * y, -2.0 * a * p * math::ln(x) * y * y, wanted(x) - y);
            aa += by_a * by_a;
            ab += by_a * by_b;
            bb += by_b * by_b;
            ra += by_a * residual;
            rb += by_b * residual;
        }
        let (da, db) = (aa * (1.0 + damping), bb * (1.0 + damping));
        let determinant = da * db - ab * ab;
        let step = ((db * ra - ab * rb) / determinant, (da * rb - ab * ra) / determinant);
        let (next_a, next_b) = (a + step.0, b + step.1);
        let next = loss(next_a, next_b);
        if next_a > 0.0 && next_b > 0.0 && next <= best {
            let settled = step.0.abs() < 1e-12 * a && step.1.abs() < 1e-12 * b;
            (a, b, best, damping) = (next_a, next_b, next, damping / 10.0);
            if settled {
                break;
            }
        } else if damping > 1e12 {
            break;
        } else {
            damping *= 10.0;
        }
    }
    (a, b)
}
