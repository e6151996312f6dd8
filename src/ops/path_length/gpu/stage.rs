//! One kernel of the chain with its resident data, cut into bindings, and the dispatches it needs.

use super::heaps::Heaps;
use super::kernels::{LARGE, RANK, SMALL, TOP, WORKGROUP_BYTES};
use super::levels::Levels;
use super::{CUTS, groups_of};
use crate::device::{Gpu, Kernel, Pipeline, Ring};
use crate::ops::dispatch::{Dispatch, LANES};
use crate::ops::path_length::Forest;
use crate::{Error, Result};

/// A kernel and what it reads of the forest.
#[derive(Debug)]
pub(super) struct Stage {
    pub kernel: &'static Kernel,
    pipeline: Pipeline,
    chunks: Vec<Chunk>,
    /// Group 0 of each slot, by the slot's index.
    slots: Vec<wgpu::BindGroup>,
    cut: Cut,
}

/// How a stage divides its chunks.
#[derive(Debug, Clone, Copy)]
enum Cut {
    /// One dispatch a chunk, a workgroup row each word.
    Words,
    /// Loops over trees or groups of them, as many a dispatch as time allows; node visits of a row in each.
    Trees { visits: u64 },
}

/// A part of the forest that fits a binding.
#[derive(Debug)]
struct Chunk {
    /// Words before it; trees are counted from the chunk's beginning.
    first: u32,
    /// Words, trees or groups of trees.
    count: u32,
    group: wgpu::BindGroup,
}

/// One dispatch.
#[derive(Debug)]
pub(super) struct Step {
    pub stage: usize,
    pub dispatch: Dispatch,
    /// Node visits it takes.
    pub visits: u64,
    chunk: usize,
    groups: (u32, u32),
}

impl Stage {
    /// The stages of `forest`, and the words of a row between them.
    pub fn of(forest: &Forest, gpu: &Gpu) -> Result<(Vec<Self>, usize)> {
        if forest.n_features() == 0 || forest.trees().is_empty() {
            return Ok((Vec::new(), 0));
        }
        // Where a pair of features does not fit a binding, trees are walked by keys instead.
        match Heaps::new(forest).filter(|heaps| fits(heaps, gpu.max_binding_bytes())) {
            Some(heaps) => Ok((vec![Self::rank(&heaps, gpu)?, Self::small(&heaps, gpu)?], heaps.n_words)),
            None => Ok((vec![Self::large(&Levels::new(forest)?, forest.n_features(), gpu)?], 0)),
        }
    }

    pub fn n_chunks(&self) -> usize {
        self.chunks.len()
    }

    fn rank(heaps: &Heaps, gpu: &Gpu) -> Result<Self> {
        let pipeline = gpu.pipeline(&RANK, &[])?;
        let limit = gpu.max_binding_bytes() as usize / 4;
        let pairs: Vec<_> = heaps.thresholds.chunks(2).collect();
        let mut chunks = Vec::new();
        let mut first = 0;
        while first < pairs.len() {
            let mut starts = vec![0u32];
            let mut keys: Vec<u32> = Vec::new();
            let mut count = 0;
            for pair in &pairs[first..] {
                let more: usize = pair.iter().map(Vec::len).sum();
                if count > 0 && keys.len() + more > limit {
                    break;
                }
                for feature in *pair {
                    keys.extend(feature);
                    starts.push(keys.len() as u32);
                }
                count += 1;
            }
            let starts = gpu.resident("starts", bytemuck::cast_slice(&starts))?;
            let keys = gpu.resident("thresholds", bytemuck::cast_slice(&keys))?;
            let group = gpu.bind(&RANK, &pipeline, 1, &[&starts, &keys])?;
            chunks.push(Chunk { first: first as u32, count: count as u32, group });
            first += count;
        }
        Ok(Self { kernel: &RANK, pipeline, chunks, slots: Vec::new(), cut: Cut::Words })
    }

    fn small(heaps: &Heaps, gpu: &Gpu) -> Result<Self> {
        let staged = (4 * LANES as usize) * heaps.n_words + 2 * heaps.group_words();
        let wide = staged > WORKGROUP_BYTES;
        let constants = [
            ("LEVELS", f64::from(heaps.levels)),
            ("N_WORDS", heaps.n_words as f64),
            ("WIDE", if wide { 1.0 } else { 0.0 }),
        ];
        let pipeline = gpu.pipeline(&SMALL, &constants)?;
        let group_words = heaps.group_words();
        let per_binding = (gpu.max_binding_bytes() as usize / 4 / group_words).max(1);
        let chunks = heaps
            .words
            .chunks(per_binding * group_words)
            .map(|words| {
                let buffer = gpu.resident("heaps", bytemuck::cast_slice(words))?;
                let group = gpu.bind(&SMALL, &pipeline, 1, &[&buffer])?;
                Ok(Chunk { first: 0, count: (words.len() / group_words) as u32, group })
            })
            .collect::<Result<_>>()?;
        let cut = Cut::Trees { visits: heaps.visits_per_group() };
        Ok(Self { kernel: &SMALL, pipeline, chunks, slots: Vec::new(), cut })
    }

    fn large(levels: &Levels, n_features: usize, gpu: &Gpu) -> Result<Self> {
        let narrow = 4 * LANES as usize * n_features + 8 * TOP <= WORKGROUP_BYTES;
        let constants = [
            ("FEATURE_BITS", f64::from(levels.feature_bits)),
            ("N_STAGED", if narrow { n_features as f64 } else { 0.0 }),
        ];
        let pipeline = gpu.pipeline(&LARGE, &constants)?;
        let limit = gpu.max_binding_bytes() as usize / 8;
        let mut chunks = Vec::new();
        let mut rest = levels.trees.as_slice();
        while let Some(largest) = rest.first().map(Vec::len) {
            if largest > limit {
                return Err(Error::Device(format!(
                    "a tree of {largest} nodes does not fit a binding, which takes {limit}; use --device cpu"
                )));
            }
            let mut starts = vec![0u32];
            let mut nodes: Vec<[u32; 2]> = Vec::new();
            for tree in rest {
                if nodes.len() + tree.len() > limit {
                    break;
                }
                nodes.extend(tree);
                starts.push(nodes.len() as u32);
            }
            let count = starts.len() - 1;
            let starts = gpu.resident("starts", bytemuck::cast_slice(&starts))?;
            let nodes = gpu.resident("nodes", bytemuck::cast_slice(&nodes))?;
            let group = gpu.bind(&LARGE, &pipeline, 1, &[&starts, &nodes])?;
            chunks.push(Chunk { first: 0, count: count as u32, group });
            rest = &rest[count..];
        }
        let cut = Cut::Trees { visits: levels.visits_per_tree };
        Ok(Self { kernel: &LARGE, pipeline, chunks, slots: Vec::new(), cut })
    }

    /// Makes group 0 of every slot.
    pub fn bind_slots(&mut self, gpu: &Gpu, ring: &Ring) -> Result<()> {
        let mut slots = ring.for_each_slot(|slot| {
            let (from, to) = match self.cut {
                Cut::Words => (&slot.input, &slot.scratch),
                Cut::Trees { .. } if self.kernel.name == SMALL.name => (&slot.scratch, &slot.output),
                Cut::Trees { .. } => (&slot.input, &slot.output),
            };
            gpu.bind(self.kernel, &self.pipeline, 0, &[&slot.uniforms, from, to]).map(|group| (slot.index, group))
        })?;
        slots.sort_by_key(|(index, _)| *index);
        self.slots = slots.into_iter().map(|(_, group)| group).collect();
        Ok(())
    }

    /// The dispatches of a batch, none of more than `budget` node visits where it can be cut.
    pub fn steps(&self, stage: usize, each: Dispatch, budget: u64) -> Vec<Step> {
        let groups = groups_of(each.n_rows);
        let mut steps = Vec::new();
        for (chunk, part) in self.chunks.iter().enumerate() {
            match self.cut {
                Cut::Words => {
                    let dispatch = Dispatch { first: part.first, count: part.count, ..each };
                    steps.push(Step { stage, dispatch, visits: 0, chunk, groups: (groups, part.count) });
                }
                Cut::Trees { visits } => {
                    let visits = visits * u64::from(each.n_rows);
                    let all: u32 = self.chunks.iter().map(|c| c.count).sum();
                    // At most CUTS more dispatches than chunks: that is what a slot has uniforms for.
                    let piece =
                        (budget / visits.max(1)).min(u64::from(all)).max(u64::from(all).div_ceil(CUTS as u64)) as u32;
                    let mut first = 0;
                    while first < part.count {
                        let count = piece.min(part.count - first);
                        let accumulate = u32::from(!steps.is_empty());
                        let dispatch = Dispatch { first, count, accumulate, ..each };
                        let visits = visits * u64::from(count);
                        steps.push(Step { stage, dispatch, visits, chunk, groups: (groups, 1) });
                        first += count;
                    }
                }
            }
        }
        steps
    }

    /// Records one of [`steps`](Self::steps) for the slot with this index.
    pub fn record(&self, gpu: &Gpu, pass: &mut wgpu::ComputePass<'_>, slot: usize, step: &Step, offset: u32) {
        pass.set_pipeline(&self.pipeline.pipeline);
        pass.set_bind_group(0, &self.slots[slot], &[offset]);
        pass.set_bind_group(1, &self.chunks[step.chunk].group, &[]);
        pass.dispatch_workgroups(step.groups.0, step.groups.1, 1);
        gpu.count_dispatch();
    }
}

/// Whether each pair of features' thresholds fits a binding.
fn fits(heaps: &Heaps, max_binding_bytes: u64) -> bool {
    let largest = heaps.thresholds.chunks(2).map(|pair| pair.iter().map(Vec::len).sum::<usize>()).max().unwrap_or(0);
    4 * largest as u64 <= max_binding_bytes && 4 * heaps.group_words() as u64 <= max_binding_bytes
}
