//! Normal random numbers.

use crate::features::math;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// One of mean 0 and variance 1, by the polar method (Marsaglia & Bray 1964).
pub fn normal(random: &mut ChaCha8Rng) -> f64 {
    loop {
        let (u, v) = (random.random_range(-1.0..1.0f64), random.random_range(-1.0..1.0f64));
        let s = u * u + v * v;
        if s > 0.0 && s < 1.0 {
            return u * (-2.0 * math::ln(s) / s).sqrt();
        }
    }
}
