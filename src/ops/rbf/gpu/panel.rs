//! What one dispatch does, and how work is cut into dispatches.

use super::kernels::{F16, F32};
use super::vectors::Layout;
use crate::Result;
use crate::device::{Gpu, Kernel, Pipeline, Slot, UNIFORM_STRIDE};
use crate::ops::blocks::{BLOCK, Shape};
use crate::ops::rbf::Storage;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// The uniform of the kernels; its twin is `shaders/common/panel.wgsl`, and the contract test compares the two.
#[derive(Debug, Clone, Copy, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Panel {
    /// Rows of the batch.
    pub n_rows: u32,
    /// Values in a row, padded with zeros to whole slabs.
    pub n_features: u32,
    /// Block of the bound rows that the first workgroup takes.
    pub first_block: u32,
    /// Number of its first row in the batch.
    pub first_row: u32,
    /// Blocks of vectors in the bound buffer.
    pub n_blocks: u32,
    /// Blocks of vectors in a span.
    pub span_blocks: u32,
    /// Spans of the buffers before.
    pub base: u32,
    /// −γ log₂ e.
    pub slope: f32,
}

/// Dispatches into which the work on one binding can be cut.
pub(super) const CUTS: usize = 64;
/// Terms of distances a second before the device's rate is known: a slow GPU's.
const FIRST_RATE: f64 = 2e10;

/// A compiled kernel, and how long a dispatch of it may be.
#[derive(Debug)]
pub(super) struct Panels {
    pub gpu: Arc<Gpu>,
    pub layout: Layout,
    pub kernel: &'static Kernel,
    pub pipeline: Pipeline,
    slope: f32,
    /// Terms of distances that a dispatch may compute.
    terms: AtomicU64,
}

/// The vectors of one binding.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spans {
    /// Spans of the bindings before.
    pub base: usize,
    pub n_blocks: usize,
}

/// One dispatch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub panel: Panel,
    /// Which of the bindings it was cut from.
    pub chunk: usize,
    groups: (u32, u32),
}

impl Panels {
    pub fn new(gpu: &Arc<Gpu>, n_features: usize, gamma: f64, storage: Storage) -> Result<Self> {
        let shape = Shape::new(n_features);
        let kernel = match storage {
            Storage::F32 => &F32,
            Storage::F16 => &F16,
        };
        Ok(Self {
            gpu: Arc::clone(gpu),
            layout: Layout::new(shape, storage, gpu.max_binding_bytes())?,
            kernel,
            pipeline: gpu.pipeline(kernel, &[("SLAB", shape.slab as f64)])?,
            slope: (-gamma * std::f64::consts::LOG2_E) as f32,
            terms: AtomicU64::new((FIRST_RATE * gpu.dispatch_time().as_secs_f64()) as u64),
        })
    }

    /// Terms of distances of a block of rows with this many blocks of vectors.
    pub fn terms(&self, n_blocks: usize) -> u64 {
        (BLOCK * BLOCK * self.layout.shape.padded) as u64 * n_blocks as u64
    }

    /// The dispatches of a batch of `n_rows` that begin with block `first_block` of the bound rows: at most [`CUTS`] for each
    /// binding of vectors, and as far as that allows none of more terms than the device computes in the wanted time. Cut
    /// between blocks of rows, so that no result depends on it.
    pub fn cut(&self, n_rows: usize, first_block: usize, chunks: impl Iterator<Item = Spans>) -> Vec<Step> {
        let blocks = n_rows.div_ceil(BLOCK);
        let budget = self.terms.load(Relaxed);
        let mut steps = Vec::new();
        for (chunk, spans) in chunks.enumerate() {
            let fit = (budget / self.terms(spans.n_blocks).max(1)).clamp(1, blocks.max(1) as u64) as usize;
            let piece = fit.max(blocks.div_ceil(CUTS));
            for first in (0..blocks).step_by(piece) {
                let panel = Panel {
                    n_rows: n_rows as u32,
                    n_features: self.layout.shape.padded as u32,
                    first_block: (first_block + first) as u32,
                    first_row: (first * BLOCK) as u32,
                    n_blocks: spans.n_blocks as u32,
                    span_blocks: self.layout.span_blocks as u32,
                    base: spans.base as u32,
                    slope: self.slope,
                };
                let groups = (piece.min(blocks - first) as u32, self.layout.spans(spans.n_blocks) as u32);
                steps.push(Step { panel, chunk, groups });
            }
        }
        steps
    }

    /// Writes the uniforms of a batch, and `input` in pieces, into staging memory; returns the bytes of the input.
    pub fn write(&self, slot: &Slot, steps: &[Step], fill: impl FnOnce(&mut dyn FnMut(&[u8]))) -> Result<u64> {
        let mut view = slot.staging()?;
        for (i, step) in steps.iter().enumerate() {
            let at = i * UNIFORM_STRIDE as usize;
            view.slice(at..at + size_of::<Panel>()).copy_from_slice(bytemuck::bytes_of(&step.panel));
        }
        let mut at = slot.input_offset();
        fill(&mut |bytes| {
            view.slice(at..at + bytes.len()).copy_from_slice(bytes);
            at += bytes.len();
        });
        Ok((at - slot.input_offset()) as u64)
    }

    /// Records the dispatches; `groups` says what is bound for each.
    pub fn record<'g>(
        &self,
        pass: &mut wgpu::ComputePass<'_>,
        steps: &[Step],
        groups: impl Fn(usize) -> Option<[&'g wgpu::BindGroup; 3]>,
    ) {
        pass.set_pipeline(&self.pipeline.pipeline);
        for (i, step) in (0..).zip(steps) {
            let Some([own, rows, vectors]) = groups(step.chunk) else {
                continue;
            };
            pass.set_bind_group(0, own, &[i * UNIFORM_STRIDE as u32]);
            pass.set_bind_group(1, rows, &[]);
            pass.set_bind_group(2, vectors, &[]);
            pass.dispatch_workgroups(step.groups.0, step.groups.1, 1);
            self.gpu.count_dispatch();
        }
    }

    /// Lets the next batches use dispatches of the wanted duration at the rate just seen. Only how work is cut depends on
    /// it, never a result.
    pub fn adapt(&self, terms: u64, kernel: Duration) {
        if kernel > Duration::ZERO {
            let wanted = terms as f64 * self.gpu.dispatch_time().as_secs_f64() / kernel.as_secs_f64();
            self.terms.store(wanted as u64, Relaxed);
        }
    }
}
