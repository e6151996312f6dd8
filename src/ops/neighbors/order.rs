//! The order of neighbours, and what f32 distances tell about it.

/// One neighbour of a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbor {
    /// Squared Euclidean distance: Σ over the features, in their order, of f64 squares of f64 differences of the f32
    /// values, without fused operations.
    pub sq_dist: f64,
    /// The reference's row number.
    pub index: u32,
}

/// The distance of the key.
pub(super) fn sq_dist(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (&a, &b)| {
        let difference = f64::from(a) - f64::from(b);
        sum + difference * difference
    })
}

/// How far f32 distances of `n_features` terms may lie from the key's.
///
/// A difference is off by one rounding, which its square doubles, and the square by another; a sum of n terms in any order,
/// fused or not, adds n − 1 more to each: at most n + 2 roundings of u = 2⁻²⁴, so f32 and f64 differ by less than γ / 2
/// in relation to the f64 distance, with γ = (n + 2) 2⁻²³ (the second half covers the products of errors). Squares that
/// underflow, or are flushed to zero, are off by less than 2⁻¹²⁶ each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Margin {
    gamma: f64,
    tiny: f64,
}

impl Margin {
    pub fn new(n_features: usize) -> Self {
        let n = n_features as f64;
        Self { gamma: (n + 2.0) * 2f64.powi(-23), tiny: n * 2f64.powi(-120) }
    }

    /// The f32 distance that no neighbour exceeds whose key's distance is at most that of a reference at f32 distance
    /// `distance`, and that no reference exceeds which f32 cannot tell from it.
    pub fn limit(self, distance: f32) -> f32 {
        self.up(f64::from(distance) * (1.0 + 3.0 * self.gamma) + self.tiny)
    }

    /// The same from a key's distance.
    pub fn limit_of_key(self, sq_dist: f64) -> f32 {
        self.up(sq_dist * (1.0 + 3.0 * self.gamma) + self.tiny)
    }

    fn up(self, limit: f64) -> f32 {
        (limit as f32).next_up()
    }

    /// Whether f32 distances can put these two key's distances, `nearer <= farther`, in the wrong order.
    pub fn is_near_tie(self, nearer: f64, farther: f64) -> bool {
        farther - nearer <= self.gamma * farther + self.tiny
    }
}
