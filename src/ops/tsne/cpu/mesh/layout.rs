//! Where the mesh lies.

use super::spline::ORDER;

/// Distance of nodes where points are spread widely. The kernel's waves fall with e^−k, so that this leaves 4·10⁻⁴ of it beyond
/// the mesh; on finished embeddings forces are off by 0.5 %. At 0.6 they are by 3 %, and t-SNE ends at a divergence larger by 0.14.
const SPACING: f64 = 0.4;
/// Cells along the longest side at least, so that a small cloud is resolved as well.
const LEAST_CELLS: f64 = 40.0;
/// Nodes beyond the points over which what a spline must undo has died away (0.43 a node).
const MARGIN: usize = 12;

/// A mesh of one spacing, around all points. In two dimensions the axis in the middle has one node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layout {
    /// Distance of neighbouring nodes.
    pub spacing: f64,
    /// Where the first node lies.
    pub origin: [f64; 3],
    /// Nodes that points touch.
    pub nodes: [usize; 3],
    /// Nodes with padding, such that distances between any two of `nodes` do not wrap round: even, or 1.
    pub size: [usize; 3],
}

impl Layout {
    /// Around points whose coordinates lie between `low` and `high`.
    pub fn new<const D: usize>(low: [f64; D], high: [f64; D]) -> Self {
        let longest = (0..D).map(|c| high[c] - low[c]).fold(0.0, f64::max);
        let spacing = match longest / LEAST_CELLS {
            fine if fine > 0.0 && fine < SPACING => fine,
            _ => SPACING,
        };
        let mut layout = Self { spacing, origin: [0.0; 3], nodes: [1; 3], size: [1; 3] };
        for c in 0..D {
            let axis = axis::<D>(c);
            let cells = ((high[c] - low[c]) / spacing) as usize;
            layout.origin[axis] = low[c] - (ORDER / 2 - 1) as f64 * spacing;
            layout.nodes[axis] = cells + ORDER;
            layout.size[axis] = fast(2 * (layout.nodes[axis] + MARGIN));
        }
        layout
    }

    /// Nodes that points touch.
    pub fn n_nodes(&self) -> usize {
        self.nodes.iter().product()
    }

    /// The first node of `c` that a point at `x` touches, and how far behind the middle cell's first node it lies.
    #[inline(always)]
    pub fn place<const D: usize>(&self, c: usize, x: f32) -> (usize, f32) {
        let axis = axis::<D>(c);
        let behind = (f64::from(x) - self.origin[axis]) / self.spacing - (ORDER / 2 - 1) as f64;
        // The last cell also holds what lies on its end.
        let cell = (behind as usize).min(self.nodes[axis] - ORDER);
        (cell, (behind - cell as f64) as f32)
    }
}

/// The axis of the mesh on which coordinate `c` lies.
#[inline(always)]
pub fn axis<const D: usize>(c: usize) -> usize {
    if D == 2 { 2 * c } else { c }
}

/// The least even number from `n` on that has no prime factor above 5.
fn fast(n: usize) -> usize {
    let smooth = |mut n: usize| {
        for factor in [2, 3, 5] {
            while n.is_multiple_of(factor) {
                n /= factor;
            }
        }
        n == 1
    };
    (n..).find(|&n| n.is_multiple_of(2) && smooth(n)).unwrap_or(n)
}
