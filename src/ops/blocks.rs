//! Rows in blocks, as kernels that compare many rows with many rows read them.

/// Rows of a block: `BLOCK` of the kernels.
pub(crate) const BLOCK: usize = 64;
/// Most features that are staged at a time.
const SLAB: usize = 8;

/// How rows are laid out for the kernels: [block][feature][row of the block].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
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

    /// Writes up to [`BLOCK`] rows into `block` (zeros, or an earlier block); lanes behind the rows get copies of the last.
    pub fn fill<'a>(&self, rows: impl Iterator<Item = &'a [f32]>, block: &mut [f32]) {
        let mut lanes: [&[f32]; BLOCK] = [&[]; BLOCK];
        let mut last: &[f32] = &[];
        let mut rows = rows.take(BLOCK);
        for lane in &mut lanes {
            last = rows.next().unwrap_or(last);
            *lane = last;
        }
        // Written in order, read in strides: the rows of a block stay in the nearest cache.
        for (feature, values) in block.chunks_exact_mut(BLOCK).take(self.n_features).enumerate() {
            for (value, row) in values.iter_mut().zip(lanes) {
                *value = row.get(feature).copied().unwrap_or_default();
            }
        }
    }
}
