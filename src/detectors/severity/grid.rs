//! Finds a score's place among the knots without a search through all of them.

/// Cells of equal width over the knots' range.
const CELLS: usize = 4_096;

/// For each cell the first knot in it or beyond. A score's cell is computed the same way as a knot's, by operations that
/// keep the order, so knots of lower cells are below the score and knots of higher cells above it: the result is exact.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grid {
    smallest: f64,
    cells_per_unit: f64,
    starts: Vec<usize>,
}

impl Grid {
    /// The grid of `knots`, which are strictly increasing.
    pub(super) fn new(knots: &[f64]) -> Self {
        let (smallest, largest) = (knots.first().copied().unwrap_or(0.0), knots.last().copied().unwrap_or(0.0));
        let mut grid = Self { smallest, cells_per_unit: CELLS as f64 / (largest - smallest), starts: Vec::new() };
        grid.starts = (0..=CELLS).map(|cell| knots.partition_point(|&knot| grid.cell(knot) < cell)).collect();
        grid
    }

    /// How many knots are at or below `score`.
    pub(super) fn above(&self, knots: &[f64], score: f64) -> usize {
        let cell = self.cell(score);
        let (start, end) = match (self.starts.get(cell), self.starts.get(cell + 1)) {
            (Some(&start), Some(&end)) => (start, end),
            _ => (0, knots.len()),
        };
        start + knots.get(start..end).unwrap_or_default().partition_point(|&knot| knot <= score)
    }

    /// Scores below the smallest knot are in cell 0; one knot alone, whose range is empty, is in cell 0 too.
    fn cell(&self, score: f64) -> usize {
        (((score - self.smallest) * self.cells_per_unit) as usize).min(CELLS - 1)
    }
}
