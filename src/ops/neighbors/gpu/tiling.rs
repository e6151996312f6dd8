//! What one dispatch does of a batch, as kernels read it.

pub(super) use crate::ops::blocks::{BLOCK, Shape};

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

impl Shape {
    /// The factor and the addend by which f32 distances are widened into a limit: what the margin of `order` is.
    pub fn slope_and_tiny(&self) -> (f32, f32) {
        // Zeros of the padding add nothing and round nothing, but fused or not they are terms of the sum.
        let n = self.padded as f64;
        let gamma = (n + 2.0) * 2f64.powi(-23);
        (((1.0 + 3.0 * gamma) as f32).next_up(), ((n * 2f64.powi(-120)) as f32).next_up())
    }
}
