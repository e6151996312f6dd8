//! How often rows are drawn when a sample is drawn anew: Poisson bootstrap weights (Hanley & MacGibbon 2006; Chamandy et al. 2012).
//!
//! Each row counts Poisson(1) times, independently of the others, so that `n` rows of one kind together count Poisson(n)
//! times: rows that tie need one draw for all of them, and no row needs to be kept.

use crate::features::math;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson};

/// Means up to which the distribution is tabulated.
const TABULATED: usize = 16;
/// Entries of a table: what lies beyond has a chance below 2⁻⁶⁴ at every tabulated mean.
const ENTRIES: usize = 96;

/// Draws Poisson numbers of whole means.
#[derive(Debug)]
pub(super) struct Weights {
    /// By mean − 1: the chances of at most 0, 1, 2, …, in units of 2⁻⁶⁴.
    tables: Vec<Vec<u64>>,
}

impl Weights {
    pub(super) fn new() -> Self {
        Self { tables: (1..=TABULATED).map(table).collect() }
    }

    /// A Poisson number of mean `n`.
    pub(super) fn draw(&self, n: u64, random: &mut ChaCha8Rng) -> u64 {
        if n == 0 {
            return 0;
        }
        let table = usize::try_from(n - 1).ok().and_then(|at| self.tables.get(at));
        match (table, Poisson::new(n as f64)) {
            (Some(table), _) => {
                let chance = random.next_u64();
                // Few steps: a linear search ends near the mean.
                table.iter().take_while(|&&up_to| up_to <= chance).count() as u64
            }
            // A mean beyond any number of rows has no distribution: it is its mean.
            (None, Err(_)) => n,
            (None, Ok(poisson)) => {
                let drawn: f64 = poisson.sample(random);
                drawn as u64
            }
        }
    }
}

fn table(mean: usize) -> Vec<u64> {
    let mean = mean as f64;
    let mut chance = math::exp(-mean);
    let mut up_to = 0.0;
    (1..=ENTRIES)
        .map(|k| {
            up_to += chance;
            chance *= mean / k as f64;
            // 2⁶⁴; the cast saturates.
            (up_to * 18_446_744_073_709_551_616.0) as u64
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    /// Means and variances of Poisson numbers are their parameter, and so is the chance of 0 known.
    #[test]
    fn moments_are_those_of_the_distribution() {
        let weights = Weights::new();
        for n in [1u64, 2, 7, 16, 17, 40, 1_000, 1_000_000] {
            let mut random = ChaCha8Rng::seed_from_u64(n);
            let draws: Vec<f64> = (0..40_000).map(|_| weights.draw(n, &mut random) as f64).collect();
            let mean = draws.iter().sum::<f64>() / draws.len() as f64;
            let variance = draws.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>() / draws.len() as f64;
            let lambda = n as f64;
            // Five standard errors: sqrt(λ / N), and about λ sqrt(2 / N) + the part of the fourth moment.
            assert!((mean - lambda).abs() < 5.0 * (lambda / 40_000.0).sqrt(), "{n}: mean {mean}");
            let error = ((2.0 * lambda * lambda + lambda) / 40_000.0).sqrt();
            assert!((variance - lambda).abs() < 5.0 * error, "{n}: variance {variance}");
            if n == 1 {
                let none = draws.iter().filter(|d| **d == 0.0).count() as f64 / 40_000.0;
                assert!((none - 0.367_879).abs() < 0.013, "{none}");
            }
        }
        assert_eq!(weights.draw(0, &mut ChaCha8Rng::seed_from_u64(0)), 0);
    }
}
