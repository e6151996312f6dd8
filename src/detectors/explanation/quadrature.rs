//! Shapley values of products, as integrals.
//!
//! In a game where a coalition S is worth Π_{j ∈ S} a_j Π_{j ∉ S} b_j, the Shapley value of a player i is
//!
//! ```text
//! φ_i = (a_i − b_i) ∫₀¹ Π_{j ≠ i} (p a_j + (1 − p) b_j) dp
//! ```
//!
//! since the weight of a coalition of k others among m players, k! (m − k − 1)! / m!, is ∫₀¹ pᵏ (1 − p)^(m − k − 1) dp. The
//! integrand is a polynomial of degree m − 1, which ⌈m / 2⌉ points of Gauss and Legendre integrate exactly.

/// Points and weights on [0, 1].
#[derive(Debug, Clone, PartialEq)]
pub struct Quadrature {
    /// Ascending, within (0, 1).
    pub points: Vec<f64>,
    /// Above 0; they sum to 1.
    pub weights: Vec<f64>,
}

impl Quadrature {
    /// For products of `n_players` factors.
    pub fn for_players(n_players: usize) -> Self {
        Self::new(n_players.div_ceil(2).max(1))
    }

    /// `n` points: exact for polynomials up to degree 2n − 1. Roots of the Legendre polynomial by Newton's method.
    fn new(n: usize) -> Self {
        let (mut points, mut weights) = (Vec::with_capacity(n), Vec::with_capacity(n));
        for i in (1..=n).rev() {
            // Tricomi's first guess; the method converges from there.
            let mut x = libm::cos(std::f64::consts::PI * (i as f64 - 0.25) / (n as f64 + 0.5));
            let mut slope = 1.0;
            for _ in 0..100 {
                let (value, derivative) = legendre(n, x);
                slope = derivative;
                let step = value / derivative;
                x -= step;
                if step.abs() <= f64::EPSILON {
                    break;
                }
            }
            points.push((1.0 + x) / 2.0);
            weights.push(1.0 / ((1.0 - x * x) * slope * slope));
        }
        Self { points, weights }
    }
}

/// The Legendre polynomial of degree n ≥ 1 and its derivative at |x| < 1.
fn legendre(n: usize, x: f64) -> (f64, f64) {
    let (mut before, mut value) = (1.0, x);
    for k in 2..=n {
        let k = k as f64;
        let next = ((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k;
        before = value;
        value = next;
    }
    (value, n as f64 * (x * value - before) / (x * x - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_integrated_up_to_degree_2n_minus_1() {
        for n in 1..=64 {
            let rule = Quadrature::new(n);
            assert!(rule.points.is_sorted() && rule.points.iter().all(|&p| p > 0.0 && p < 1.0));
            for degree in 0..2 * n {
                let sum: f64 = rule.points.iter().zip(&rule.weights).map(|(p, w)| w * p.powi(degree as i32)).sum();
                let exact = 1.0 / (degree as f64 + 1.0);
                assert!((sum - exact).abs() < 1e-13, "{n} points, degree {degree}: {sum} for {exact}");
            }
            let beyond: f64 = rule.points.iter().zip(&rule.weights).map(|(p, w)| w * p.powi(2 * n as i32)).sum();
            assert!(n > 12 || beyond != 1.0 / (2.0 * n as f64 + 1.0), "a rule that is exact beyond its degree");
        }
    }
}
