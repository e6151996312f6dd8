//! The problem of a working set: sequential minimal optimisation with second-order selection (Fan, Chen & Lin,
//! "Working Set Selection Using Second Order Information", JMLR 2005), in f64, on a block of the kernel matrix.

use ndarray::{Array2, ArrayView1};

/// Smallest curvature along a pair, as libsvm has it: rows that are copies of each other have none.
const LEAST_CURVATURE: f64 = 1e-12;

/// Steps a row after which a working set is given back as it is: the search goes on with the next.
const MOST_STEPS: u64 = 1000;

/// Variables of a working set.
#[derive(Debug)]
pub struct Block {
    pub kernel: Array2<f64>,
    pub alpha: Vec<f64>,
    pub gradient: Vec<f64>,
}

impl Block {
    /// Moves weight between pairs until no pair violates optimality by more than `tolerance`; the sum of α stays. Gives
    /// the number of steps.
    pub fn solve(&mut self, tolerance: f64) -> u64 {
        let largest = self.gradient.iter().fold(0.0, |most: f64, gradient| most.max(gradient.abs()));
        // Violations of a few units in the last place are rounding, and would be moved to and fro without end.
        let tolerance = tolerance.max(16.0 * f64::EPSILON * largest);
        let most_steps = MOST_STEPS * self.alpha.len() as u64;
        let mut steps = 0;
        // Weight moves to where the gradient is least among α < 1, from where it is larger among α > 0.
        while let Some((to, from)) = self.pair(tolerance) {
            if !self.step(to, from) {
                break;
            }
            steps += 1;
            if steps == most_steps {
                break;
            }
        }
        steps
    }

    fn pair(&self, tolerance: f64) -> Option<(usize, usize)> {
        let (mut to, mut least) = (None, f64::INFINITY);
        for (i, (&gradient, &alpha)) in self.gradient.iter().zip(&self.alpha).enumerate() {
            if alpha < 1.0 && gradient < least {
                (to, least) = (Some(i), gradient);
            }
        }
        let to = to?;
        let (row, diagonal) = (self.kernel.row(to), self.kernel.diag());
        let own = diagonal.get(to).copied().unwrap_or(1.0);
        let (mut from, mut best, mut most) = (None, 0.0, f64::NEG_INFINITY);
        let others = self.gradient.iter().zip(&self.alpha).zip(row.iter().zip(diagonal)).enumerate();
        for (j, ((&gradient, &alpha), (&kernel, &other))) in others {
            if alpha > 0.0 {
                most = if gradient > most { gradient } else { most };
                let violation = gradient - least;
                let gain = violation * violation / (own + other - 2.0 * kernel).max(LEAST_CURVATURE);
                if violation > 0.0 && gain > best {
                    (from, best) = (Some(j), gain);
                }
            }
        }
        (most - least > tolerance).then_some((to, from?))
    }

    /// Moves as much weight as is best between two; false where that is none.
    fn step(&mut self, to: usize, from: usize) -> bool {
        let (rows, kernel) = ((self.kernel.row(to), self.kernel.row(from)), |i, j| self.kernel.get((i, j)).copied());
        let (Some(own), Some(other), Some(both)) = (kernel(to, to), kernel(from, from), kernel(to, from)) else {
            return false;
        };
        let (Some(&g_to), Some(&g_from)) = (self.gradient.get(to), self.gradient.get(from)) else { return false };
        let (Some(&a_to), Some(&a_from)) = (self.alpha.get(to), self.alpha.get(from)) else { return false };
        let best = (g_from - g_to) / (own + other - 2.0 * both).max(LEAST_CURVATURE);
        let (room, left) = (1.0 - a_to, a_from);
        let moved = best.min(room).min(left);
        // Whoever reaches its bound is set to it, so that no rounding keeps it inside.
        let (new_to, new_from) =
            (if moved >= room { 1.0 } else { a_to + moved }, if moved >= left { 0.0 } else { a_from - moved });
        if new_to == a_to && new_from == a_from {
            return false;
        }
        if let Some(alpha) = self.alpha.get_mut(to) {
            *alpha = new_to;
        }
        if let Some(alpha) = self.alpha.get_mut(from) {
            *alpha = new_from;
        }
        add(&mut self.gradient, rows.0, rows.1, new_to - a_to, new_from - a_from);
        true
    }
}

fn add(gradient: &mut [f64], to: ArrayView1<'_, f64>, from: ArrayView1<'_, f64>, gained: f64, lost: f64) {
    for (gradient, (&to, &from)) in gradient.iter_mut().zip(to.iter().zip(from)) {
        *gradient += gained * to + lost * from;
    }
}
