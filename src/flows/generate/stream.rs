//! Random variables from one ChaCha stream, with pinned arithmetic.

use crate::features::math;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of random numbers.
pub(super) struct Stream(ChaCha8Rng);

impl Stream {
    /// Stream `index` of `seed`.
    pub(super) fn new(seed: u64, index: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(index);
        Self(rng)
    }

    /// Uniform in (0, 1): odd multiples of 2⁻⁵³, so that neither end is met.
    pub(super) fn uniform(&mut self) -> f64 {
        ((self.0.next_u64() >> 12) as f64 + 0.5) * (1.0 / (1u64 << 52) as f64)
    }

    /// True with probability `p`.
    pub(super) fn chance(&mut self, p: f64) -> bool {
        self.uniform() < p
    }

    /// A whole number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.uniform() * (high - low + 1) as f64) as i64
    }

    /// An index, with the given weights (which need not sum to 1).
    pub(super) fn pick(&mut self, weights: &[f64]) -> usize {
        let mut rest = self.uniform() * weights.iter().sum::<f64>();
        for (index, weight) in weights.iter().enumerate() {
            if rest < *weight {
                return index;
            }
            rest -= weight;
        }
        weights.len().saturating_sub(1)
    }

    /// One of `values`, all equally likely; the default if there are none.
    pub(super) fn one_of<T: Copy + Default>(&mut self, values: &[T]) -> T {
        let index = (self.uniform() * values.len() as f64) as usize;
        values.get(index).copied().unwrap_or_default()
    }

    /// Standard normal: the inverse distribution function at a uniform.
    pub(super) fn normal(&mut self) -> f64 {
        inverse_normal(self.uniform())
    }

    /// Log-normal with this median and this standard deviation of its logarithm.
    pub(super) fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * math::exp(sigma * self.normal())
    }

    /// 1 + a geometric number with this mean.
    pub(super) fn run(&mut self, mean: f64) -> i64 {
        1 + (math::ln(self.uniform()) / math::ln_1p(-1.0 / (mean + 1.0))) as i64
    }
}

/// The quantile of the standard normal distribution at `p` in (0, 1), to a relative error of 1.2e-9 (P. J. Acklam 2003):
/// rational functions, and a logarithm in the tails alone.
fn inverse_normal(p: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 6] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
        1.0,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 5] =
        [7.784_695_709_041_462e-3, 3.224_671_290_700_398e-1, 2.445_134_137_142_996, 3.754_408_661_907_416, 1.0];
    const TAIL: f64 = 0.024_25;
    let horner = |coefficients: &[f64], x: f64| coefficients.iter().fold(0.0, |sum, c| sum * x + c);
    let tail = |p: f64| {
        let q = (-2.0 * math::ln(p)).sqrt();
        horner(&C, q) / horner(&D, q)
    };
    if p < TAIL {
        tail(p)
    } else if p > 1.0 - TAIL {
        -tail(1.0 - p)
    } else {
        let q = p - 0.5;
        horner(&A, q * q) * q / horner(&B, q * q)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_the_normal_distribution() {
        // R: qnorm(c(.5, .841344746068543, .975, .99, .999, 1e-6))
        let known = [
            (0.5, 0.0),
            (0.841_344_746_068_543, 1.0),
            (0.975, 1.959_963_984_540_054),
            (0.99, 2.326_347_874_040_841),
            (0.999, 3.090_232_306_167_814),
            (1e-6, -4.753_424_308_822_899),
        ];
        for (p, z) in known {
            assert!((inverse_normal(p) - z).abs() < 1e-8, "{p}");
            assert!((inverse_normal(1.0 - p) + z).abs() < 1e-8, "{p}");
        }
    }

    #[test]
    fn moments() {
        let mut stream = Stream::new(1, 2);
        let n = 200_000;
        let mean = |f: &mut dyn FnMut() -> f64| (0..n).map(|_| f()).sum::<f64>() / f64::from(n);
        assert!((mean(&mut || stream.uniform()) - 0.5).abs() < 0.004);
        assert!(mean(&mut || stream.normal()).abs() < 0.01);
        assert!((mean(&mut || stream.normal().powi(2)) - 1.0).abs() < 0.02);
        assert!((mean(&mut || stream.run(4.0) as f64) - 5.0).abs() < 0.06);
        assert!((mean(&mut || stream.between(3, 5) as f64) - 4.0).abs() < 0.01);
        assert!((mean(&mut || stream.pick(&[1.0, 0.0, 3.0]) as f64) - 1.5).abs() < 0.01);
        assert!((mean(&mut || stream.log_normal(100.0, 0.5)) - 100.0 * 1.133_148_453).abs() < 1.0);
    }
}
