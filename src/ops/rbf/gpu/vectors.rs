//! Vectors with their weights, in blocks, as the kernels read them.

use crate::device::FENCE_BYTES;
use crate::ops::blocks::{BLOCK, Shape};
use crate::ops::rbf::Storage;
use crate::{Error, Result};
use half::f16;

/// Most blocks of a span: a lane adds up 4 products of each, so that 8 blocks and 16 lanes are 48 roundings for 512 vectors.
const SPAN_BLOCKS: usize = 8;
/// Most spans of a binding: a dispatch has at most 65,535 workgroups of one dimension.
const MOST_SPANS: usize = 65_535;

/// How rows and vectors lie in their bindings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub shape: Shape,
    storage: Storage,
    /// Blocks of vectors whose products are summed on the device.
    pub span_blocks: usize,
    /// Spans of vectors that a binding takes.
    pub most_spans: usize,
    /// Blocks of rows that a binding takes.
    pub most_row_blocks: usize,
}

impl Layout {
    /// Spans are as long as sums stay accurate, or as a binding allows.
    ///
    /// # Errors
    /// If a block does not fit a binding.
    pub fn new(shape: Shape, storage: Storage, max_binding_bytes: u64) -> Result<Self> {
        let mut layout = Self { shape, storage, span_blocks: 1, most_spans: 1, most_row_blocks: 1 };
        let limit = max_binding_bytes.saturating_sub(FENCE_BYTES);
        let fit = (limit / (4 * layout.block_words() as u64)) as usize;
        layout.most_row_blocks = (limit / shape.block_bytes()) as usize;
        if fit == 0 || layout.most_row_blocks == 0 {
            let met = shape.n_features;
            let message = format!(
                "{BLOCK} rows of {met} features do not fit a binding of {max_binding_bytes} bytes; use --device cpu"
            );
            return Err(Error::Device(message));
        }
        layout.span_blocks = fit.min(SPAN_BLOCKS);
        layout.most_spans = (fit / layout.span_blocks).min(MOST_SPANS);
        Ok(layout)
    }

    /// Spans of this many blocks of vectors.
    pub fn spans(&self, n_blocks: usize) -> usize {
        n_blocks.div_ceil(self.span_blocks)
    }

    /// Words of a block of vectors and their weights.
    pub fn block_words(&self) -> usize {
        BLOCK
            + match self.storage {
                Storage::F32 => self.shape.block_values(),
                Storage::F16 => self.shape.block_values() / 2,
            }
    }

    /// Vectors with one weight each as the words of whole blocks; the last is filled up with vectors of weight 0.
    pub fn pack<'a>(&self, mut vectors: impl Iterator<Item = &'a [f32]>, weights: &[f64]) -> Vec<u32> {
        let mut block = vec![0f32; self.shape.block_values()];
        let mut words = Vec::with_capacity(weights.len().div_ceil(BLOCK) * self.block_words());
        for weights in weights.chunks(BLOCK) {
            self.shape.fill(vectors.by_ref().take(weights.len()), &mut block);
            match self.storage {
                Storage::F32 => words.extend(block.iter().map(|value| value.to_bits())),
                Storage::F16 => words.extend(block.chunks_exact(2).map(|pair| {
                    let bits = |i| pair.get(i).map_or(0, |value| u32::from(f16::from_f32(*value).to_bits()));
                    bits(0) | bits(1) << 16
                })),
            }
            words.extend(weights.iter().map(|weight| (*weight as f32).to_bits()));
            words.resize(words.len().next_multiple_of(self.block_words()), 0);
        }
        words
    }
}
