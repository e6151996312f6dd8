//! References on the device: shuffled, in blocks, cut into as many bindings as they need.

use super::kernels::{COLLECT, MINIMA};
use super::tiling::{BLOCK, Shape};
use crate::device::{Gpu, Pipeline};
use crate::{Error, Result};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Blocks of the widest tile.
const WIDEST: usize = 256 / BLOCK;
/// Most blocks of a binding: a dispatch has at most 65,535 workgroups of one dimension. A multiple of [`WIDEST`].
const MOST_BLOCKS: usize = 65_532;
/// Of the shuffle: any order of the references that has nothing to do with where they lie will do.
const SEED: u64 = 0x6e65_6967_6862_6f72;

/// A part of the references that fits a binding.
#[derive(Debug)]
pub(super) struct Chunk {
    /// References before it.
    pub base: usize,
    pub n_references: usize,
    /// Group 1 of `neighbors_minima` and of `neighbors_collect`.
    pub minima: wgpu::BindGroup,
    pub collect: wgpu::BindGroup,
}

/// All references.
#[derive(Debug)]
pub(super) struct Chunks {
    pub chunks: Vec<Chunk>,
    /// `order[number on the device]` is the row.
    pub order: Vec<u32>,
    /// The widest tile of which every chunk but the last holds whole ones, as a power of two.
    pub widest_log2: u32,
}

impl Chunks {
    /// Tiles have to be random samples of the references, or the nearest would share few of them and bounds be loose:
    /// hence the shuffle.
    pub fn new(unique: &[f32], shape: Shape, gpu: &Gpu, minima: &Pipeline, collect: &Pipeline) -> Result<Self> {
        let n_rows = unique.len() / shape.n_features.max(1);
        let limit = gpu.max_binding_bytes();
        let fit = ((limit / shape.block_bytes()) as usize).min(MOST_BLOCKS);
        let (blocks, widest_log2) = match fit {
            0 => {
                let met = shape.n_features;
                let message =
                    format!("{BLOCK} rows of {met} features do not fit a binding of {limit} bytes; use --device cpu");
                return Err(Error::Device(message));
            }
            1..WIDEST => (fit, BLOCK.ilog2()),
            _ => (fit - fit % WIDEST, (BLOCK * WIDEST).ilog2()),
        };
        let mut order: Vec<u32> = (0..n_rows as u32).collect();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(SEED));
        let row = |row: &u32| {
            let begin = *row as usize * shape.n_features;
            unique.get(begin..begin + shape.n_features).unwrap_or_default()
        };
        let mut chunks = Vec::new();
        let mut base = 0;
        for rows in order.chunks(blocks * BLOCK) {
            let mut values = vec![0f32; rows.len().div_ceil(BLOCK) * shape.block_values()];
            for (rows, block) in rows.chunks(BLOCK).zip(values.chunks_exact_mut(shape.block_values())) {
                shape.fill(rows.iter().map(row), block);
            }
            let buffer = gpu.resident("references", bytemuck::cast_slice(&values))?;
            chunks.push(Chunk {
                base,
                n_references: rows.len(),
                minima: gpu.bind(&MINIMA, minima, 1, &[&buffer])?,
                collect: gpu.bind(&COLLECT, collect, 1, &[&buffer])?,
            });
            base += rows.len();
        }
        Ok(Self { chunks, order, widest_log2 })
    }
}
