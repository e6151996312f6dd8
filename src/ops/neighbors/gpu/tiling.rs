//! What one dispatch does of a batch, as kernels read it.

/// The uniform of the kernels; its twin is `shaders/common/tiling.wgsl`, and the contract test compares the two.
#[derive(Debug, Clone, Copy, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Tiling {
    /// Queries of the batch.
    pub n_queries: u32,
    /// Values in a row, padded with zeros to whole slabs.
    pub n_features: u32,
    /// References in the bound buffer.
    pub n_references: u32,
    /// Tiles are of 2^this references: 1, 4, 64 or 256.
    pub width_log2: u32,
    /// First span of the dispatch in the bound buffer: a tile, or a block where tiles are smaller.
    pub first: u32,
    /// Tiles of the bound buffer.
    pub count: u32,
    /// Tiles of the buffers before.
    pub base: u32,
    /// References of the buffers before.
    pub base_reference: u32,
    /// Tiles of all buffers.
    pub n_tiles: u32,
    /// Which smallest tile minimum is the bound.
    pub rank: u32,
    /// References a query's list takes.
    pub room: u32,
    /// The limit is `slope · bound + tiny`.
    pub slope: f32,
    /// See `slope`.
    pub tiny: f32,
}

/// Rows of a block: `BLOCK` of the kernels.
pub(super) const BLOCK: usize = 64;
/// Most features that are staged at a time.
const SLAB: usize = 8;

/// How rows are laid out for the kernels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Values in a row.
    pub n_features: usize,
    /// Features staged at a time: `SLAB` of the kernels.
    pub slab: usize,
    /// Features with padding: whole slabs.
    pub padded: usize,
}

impl Shape {
    /// Slabs as high as possible, all equally high, so that padding is less than one feature a slab.
    pub fn new(n_features: usize) -> Self {
        let n_slabs = n_features.div_ceil(SLAB).max(1);
        let slab = n_features.div_ceil(n_slabs).max(1);
        Self { n_features, slab, padded: slab * n_slabs }
    }

    /// Values of a block.
    pub fn block_values(&self) -> usize {
        self.padded * BLOCK
    }

    /// Bytes of a block.
    pub fn block_bytes(&self) -> u64 {
        4 * self.block_values() as u64
    }

    /// Writes up to [`BLOCK`] rows into `block` (zeros, or an earlier block), [feature][row]; lanes behind the rows get
    /// copies of the last.
    pub fn fill<'a>(&self, rows: impl Iterator<Item = &'a [f32]>, block: &mut [f32]) {
        let mut n_rows = 0;
        for (lane, row) in rows.take(BLOCK).enumerate() {
            for (place, &value) in block.iter_mut().skip(lane).step_by(BLOCK).zip(row) {
                *place = value;
            }
            n_rows = lane + 1;
        }
        if n_rows == 0 || n_rows == BLOCK {
            return;
        }
        for values in block.chunks_exact_mut(BLOCK) {
            let (rows, rest) = values.split_at_mut(n_rows);
            rest.fill(rows.last().copied().unwrap_or_default());
        }
    }

    /// The factor and the addend by which f32 distances are widened into a limit: what the margin of `order` is.
    pub fn slope_and_tiny(&self) -> (f32, f32) {
        // Zeros of the padding add nothing and round nothing, but fused or not they are terms of the sum.
        let n = self.padded as f64;
        let gamma = (n + 2.0) * 2f64.powi(-23);
        (((1.0 + 3.0 * gamma) as f32).next_up(), ((n * 2f64.powi(-120)) as f32).next_up())
    }
}
