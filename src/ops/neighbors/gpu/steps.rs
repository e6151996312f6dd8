//! The dispatches of a batch.

use super::NeighborsGpu;
use super::chunks::Chunk;
use super::plan::Plan;
use super::tiling::{BLOCK, Tiling};
use crate::device::{Pipeline, UNIFORM_STRIDE};

/// Dispatches into which the distances of a batch can be cut, beyond those that bindings force.
pub(super) const CUTS: usize = 64;

/// One dispatch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub stage: Stage,
    pub tiling: Tiling,
    groups: (u32, u32),
}

/// What it runs, and the chunk it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Minima(usize),
    Bound,
    Collect(usize),
}

/// Group 0 of the kernels for one slot.
#[derive(Debug)]
pub(super) struct SlotGroups {
    pub index: usize,
    pub minima: wgpu::BindGroup,
    pub bound: wgpu::BindGroup,
    pub collect: wgpu::BindGroup,
}

impl NeighborsGpu {
    /// The dispatches of a batch of `n_queries`: all distances, bounds, lists. None computes more than `budget` terms of
    /// distances where it can be cut.
    pub(super) fn steps(&self, plan: Plan, n_queries: usize, budget: u64) -> Vec<Step> {
        let width = 1usize << plan.width_log2;
        let span = width.max(BLOCK);
        let (slope, tiny) = self.shape.slope_and_tiny();
        let each = Tiling {
            n_queries: n_queries as u32,
            n_features: self.shape.padded as u32,
            width_log2: plan.width_log2,
            n_tiles: plan.n_tiles as u32,
            rank: plan.k as u32,
            room: plan.room as u32,
            slope,
            tiny,
            ..Tiling::default()
        };
        let of_chunk = |chunk: &Chunk| Tiling {
            n_references: chunk.n_references as u32,
            count: chunk.n_references.div_ceil(width) as u32,
            base: (chunk.base / width) as u32,
            base_reference: chunk.base as u32,
            ..each
        };
        let chunks = &self.references.chunks;
        let all_spans: usize = chunks.iter().map(|chunk| chunk.n_references.div_ceil(span)).sum();
        let terms = (span * n_queries.next_multiple_of(BLOCK) * self.shape.padded) as u64;
        // At most CUTS more dispatches than chunks: that is what a slot has uniforms for.
        let piece = (budget / terms).clamp(1, all_spans.max(1) as u64).max(all_spans.div_ceil(CUTS) as u64) as usize;
        let blocks = n_queries.div_ceil(BLOCK) as u32;
        let mut steps = Vec::new();
        for (index, chunk) in chunks.iter().enumerate() {
            let spans = chunk.n_references.div_ceil(span);
            for first in (0..spans).step_by(piece) {
                let groups = (blocks, piece.min(spans - first) as u32);
                let tiling = Tiling { first: first as u32, ..of_chunk(chunk) };
                steps.push(Step { stage: Stage::Minima(index), tiling, groups });
            }
        }
        let groups = (n_queries as u32, 1);
        steps.push(Step { stage: Stage::Bound, tiling: each, groups });
        let collect = |(index, chunk)| Step { stage: Stage::Collect(index), tiling: of_chunk(chunk), groups };
        steps.extend(chunks.iter().enumerate().map(collect));
        steps
    }

    /// Records the dispatches for a slot.
    pub(super) fn record(&self, pass: &mut wgpu::ComputePass<'_>, slot: usize, steps: &[Step]) {
        let Some(slot) = self.slots.iter().find(|groups| groups.index == slot) else {
            return;
        };
        for (i, step) in (0..).zip(steps) {
            let (pipeline, own, references): (&Pipeline, _, _) = match step.stage {
                Stage::Minima(chunk) => {
                    (&self.minima, &slot.minima, self.references.chunks.get(chunk).map(|chunk| &chunk.minima))
                }
                Stage::Bound => (&self.bound, &slot.bound, None),
                Stage::Collect(chunk) => {
                    (&self.collect, &slot.collect, self.references.chunks.get(chunk).map(|chunk| &chunk.collect))
                }
            };
            pass.set_pipeline(&pipeline.pipeline);
            pass.set_bind_group(0, own, &[i * UNIFORM_STRIDE as u32]);
            if let Some(references) = references {
                pass.set_bind_group(1, references, &[]);
            }
            pass.dispatch_workgroups(step.groups.0, step.groups.1, 1);
            self.gpu.count_dispatch();
        }
    }
}
