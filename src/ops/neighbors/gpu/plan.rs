//! How a search for `k` is cut: the width of tiles, the room of lists, the queries of a batch.

use super::tiling::{BLOCK, Shape};

/// Widths of tiles that the kernels know, as powers of two, widest first. The last keeps every distance.
const WIDTHS_LOG2: [u32; 4] = [8, 6, 2, 0];
/// The fewest tiles there must be for each neighbour wanted: with four, 1.15 k references lie within the k-th smallest
/// minimum of randomly filled tiles (4k · ln 4/3), with more of them fewer.
const TILES_PER_NEIGHBOR: usize = 4;

/// What depends on `k`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    /// Neighbours wanted.
    pub k: usize,
    /// Tiles are of 2^this references.
    pub width_log2: u32,
    /// Tiles of all references.
    pub n_tiles: usize,
    /// References a list takes.
    pub room: usize,
    /// Queries of a batch.
    pub batch: usize,
}

/// What a search has room for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    /// Queries whose values fit.
    pub queries: usize,
    /// Words for tile minima.
    pub scratch_words: usize,
    /// Words for lists.
    pub output_words: usize,
    /// Widest tile of which buffers hold whole ones.
    pub widest_log2: u32,
}

/// References a list of a search for `k` takes.
pub(super) fn room_of(k: usize) -> usize {
    k + k / 2 + 32
}

impl Plan {
    /// None: not even one query's minima and list fit, or there are too few references to need any of it.
    pub fn new(n_references: usize, k: usize, shape: Shape, sizes: Sizes) -> Option<Self> {
        let width_log2 = width_log2(n_references, k, shape, sizes.widest_log2);
        let n_tiles = n_references.div_ceil(1 << width_log2);
        let room = room_of(k);
        let batch = sizes.queries.min(sizes.scratch_words / (n_tiles + 1)).min(sizes.output_words / (room + 1));
        // Whole blocks, where there is more than one.
        let batch = if batch > BLOCK { batch - batch % BLOCK } else { batch };
        (batch > 0 && k > 0 && k <= n_tiles).then_some(Self { k, width_log2, n_tiles, room, batch })
    }
}

/// The width that moves the fewest words for a query: each tile minimum is written, read four times to find the bound and
/// once more to find the tiles within it; these tiles, about 1.2 k of them, are read whole.
fn width_log2(n_references: usize, k: usize, shape: Shape, widest_log2: u32) -> u32 {
    let words =
        |log2: u32| (6 * (n_references >> log2)) as f64 + 1.2 * (k * shape.padded) as f64 * f64::from(1 << log2);
    WIDTHS_LOG2
        .into_iter()
        .filter(|&log2| log2 > 0 && log2 <= widest_log2 && n_references >> log2 >= TILES_PER_NEIGHBOR * k)
        .min_by(|&a, &b| words(a).total_cmp(&words(b)))
        .unwrap_or(0)
}
