//! The GPU body of `tsne`: the host side of `shaders/tsne_*.wgsl`.
//!
//! Everything stays on the device: points, gradients, updates and gains in one buffer, the affinities in as many bindings as
//! they need, cut between rows. A step is five kernels: repulsion of all pairs, tile by tile through workgroup memory, two
//! points a lane; the parts' sums; Z; gradients, sixteen lanes a row of affinities; the update. Many steps go into one
//! submission, and points come back only when they are asked for.
//!
//! **Sums.** A lane adds up to 256 pairs of a tile in f32, then tiles, then parts, each in their order; Z is a tree over
//! points. Parts are made where there are few blocks of points, so that a device has enough to do; how many depends on the
//! number of points alone. So the bytes are the same on one device whatever the timing.
//!
//! Compiled for RDNA2 by Mesa's RADV, as they run (bounds proven, see [`kernels`]): no spills, no scratch memory.
//!
//! | kernel, 2 and 3 dimensions | instructions | vector registers | workgroup memory | subgroups per SIMD |
//! |---|---|---|---|---|
//! | repulsion | 115, 131 | 32, 40 | 2, 3 KiB | 32, 24 |
//! | combine | 71 | 16 | 1 KiB | 32 |
//! | total | 54, 55 | 8 | 1 KiB | 32 |
//! | slope | 119, 176 | 32 | 1, 1.5 KiB | 32 |
//! | update | 65, 81 | 16, 24 | none | 32 |
//!
//! **Time.** Repulsion is cut into dispatches between blocks of points, and steps into submissions, by the rate that the device
//! has shown.

mod cut;
mod kernels;
mod state;
mod steps;

use super::divergence::{Entropy, divergence};
use super::{Affinities, Body, Gradient, Step, rows};
use crate::device::{Gpu, Kernel, Pipeline, Ring, RingSizes};
use crate::{Error, Result};
use cut::{part_affinities, piece};
use ndarray::{Array2, ArrayView2};
use state::State;
use std::sync::Arc;
use std::time::Duration;
use steps::TOTAL;
use wgpu::BufferUsages as Usage;

/// The kernels, for the list of operations.
pub(super) const KERNELS: &[&Kernel] = &[
    &kernels::REPULSION[0],
    &kernels::REPULSION[1],
    &kernels::COMBINE[0],
    &kernels::COMBINE[1],
    &kernels::TOTAL[0],
    &kernels::TOTAL[1],
    &kernels::SLOPE[0],
    &kernels::SLOPE[1],
    &kernels::UPDATE[0],
    &kernels::UPDATE[1],
];

/// Points of a block and of a tile: `BLOCK` of the kernels.
const BLOCK: usize = 256;
/// Rows of affinities of a workgroup.
const GROUP_ROWS: usize = 8;
/// Lanes of the update.
const UPDATE_LANES: usize = 128;
/// Workgroups that keep a large device busy.
const WANTED_GROUPS: usize = 512;
/// Tiles that a part has at least: partial sums of fewer are not worth their memory.
const LEAST_TILES: usize = 2;
/// Most workgroups of a dispatch in one direction.
const MOST_GROUPS: usize = 65_535;
/// Dispatches into which the repulsion of a step can be cut.
const CUTS: usize = 64;
/// Most steps of a submission.
const MOST_STEPS: usize = 50;
/// Pairs a second before the device's rate is known: a slow GPU's.
const FIRST_RATE: f64 = 1e10;

/// The uniform of the kernels; its twin is `shaders/common/descent.wgsl`, and the contract test compares the two.
#[derive(Debug, Clone, Copy, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct DescentStep {
    /// Points, and rows of all affinities.
    pub n_points: u32,
    /// First block of points, or number of the first row of the bound affinities.
    pub first: u32,
    /// Rows of the bound affinities.
    pub n_rows: u32,
    /// Tiles of a part.
    pub part_tiles: u32,
    /// Parts into which all tiles are cut.
    pub n_parts: u32,
    /// Of the update.
    pub learning_rate: f32,
    /// Of the update.
    pub momentum: f32,
    /// Affinities count as often.
    pub exaggeration: f32,
}

/// Points on their way down, on a GPU.
#[derive(Debug)]
pub struct TsneGpu {
    gpu: Arc<Gpu>,
    affinities: Affinities<f32>,
    entropy: Entropy,
    state: State,
    ring: Ring,
    pipelines: [Pipeline; 5],
    /// Group 0 of each kernel.
    own: [wgpu::BindGroup; 5],
    chunks: Vec<Chunk>,
    part_tiles: usize,
    n_parts: usize,
    /// Pairs a second.
    rate: f64,
}

/// Rows of affinities in one set of bindings.
#[derive(Debug)]
struct Chunk {
    first: usize,
    n_rows: usize,
    group: wgpu::BindGroup,
}

/// A gradient with what lies behind it; see [`TsneGpu::poisoned_gradient`].
#[derive(Debug, Clone, PartialEq)]
pub struct Fenced {
    /// As it is without poison.
    pub gradient: Gradient,
    /// The words behind the state, which must all still be the poison.
    pub fence: Vec<u32>,
}

impl TsneGpu {
    /// At rest at `points` (`n_rows × 2` or `× 3`).
    ///
    /// # Errors
    /// If the points or 8 rows of affinities do not fit a binding, or the device fails.
    pub fn prepare(affinities: Affinities, points: ArrayView2<'_, f64>, gpu: &Arc<Gpu>) -> Result<Self> {
        let entropy = Entropy::of(&affinities);
        let affinities = affinities.map(|p| p as f32);
        let n = affinities.n_rows();
        let state = State::new(n, points.ncols());
        let n_blocks = n.div_ceil(BLOCK);
        let part_tiles = n_blocks.div_ceil(WANTED_GROUPS.div_ceil(n_blocks).min(n_blocks)).max(LEAST_TILES);
        let n_parts = n_blocks.div_ceil(part_tiles);
        let partials = 16 * (n * n_parts) as u64;
        let limit = gpu.max_binding_bytes();
        let largest = state.bytes().max(partials) + crate::device::FENCE_BYTES;
        if largest > limit || n.div_ceil(UPDATE_LANES) > MOST_GROUPS {
            let message =
                format!("{n} points need a binding of {largest} bytes, the device has {limit}; use --device cpu");
            return Err(Error::Device(message));
        }
        let parts = part_affinities(&affinities, limit)?;
        let kernel = |kernels: &'static [Kernel; 2]| &kernels[points.ncols() - 2];
        let all =
            [&kernels::REPULSION, &kernels::COMBINE, &kernels::TOTAL, &kernels::SLOPE, &kernels::UPDATE].map(kernel);
        let pipelines = [0, 1, 2, 3, 4].map(|at| gpu.pipeline(all[at], &[]));
        let [a, b, c, d, e] = pipelines;
        let pipelines = [a?, b?, c?, d?, e?];
        let sizes = RingSizes {
            slots: 1,
            dispatches: CUTS + 3 + parts.len(),
            input: 0,
            scratch: partials,
            output: state.bytes(),
        };
        let ring = Ring::new(gpu, sizes)?;
        let weights = gpu.buffer("weights", 4 * n_blocks as u64, Usage::STORAGE | Usage::COPY_DST)?;
        let own = ring.for_each_slot(|slot| {
            gpu.write(&slot.output, 0, &state.start(points));
            let bind = |at: usize, buffers: &[&wgpu::Buffer]| gpu.bind(all[at], &pipelines[at], 0, buffers);
            let (step, state, partials) = (&slot.uniforms, &slot.output, &slot.scratch);
            Ok([
                bind(0, &[step, state, partials])?,
                bind(1, &[step, partials, &weights])?,
                bind(2, &[step, state, &weights])?,
                bind(3, &[step, state, partials])?,
                bind(4, &[step, state])?,
            ])
        })?;
        let own = own.into_iter().next().ok_or_else(|| Error::Internal("a ring without a slot".into()))?;
        let chunk = |rows: &std::ops::Range<usize>| {
            let (offsets, columns, values) = piece(&affinities, rows.clone());
            let offsets = gpu.resident("offsets", bytemuck::cast_slice(&offsets))?;
            let columns = gpu.resident("columns", bytemuck::cast_slice(columns))?;
            let values = gpu.resident("values", bytemuck::cast_slice(values))?;
            let group = gpu.bind(all[3], &pipelines[3], 1, &[&offsets, &columns, &values])?;
            Ok(Chunk { first: rows.start, n_rows: rows.len(), group })
        };
        let chunks = parts.iter().map(chunk).collect::<Result<_>>()?;
        Ok(Self {
            gpu: Arc::clone(gpu),
            affinities,
            entropy,
            state,
            ring,
            pipelines,
            own,
            chunks,
            part_tiles,
            n_parts,
            rate: FIRST_RATE,
        })
    }

    /// Takes `n_steps` steps.
    ///
    /// # Errors
    /// If the device fails.
    pub fn advance(&mut self, n_steps: usize, step: Step) -> Result<()> {
        let mut left = n_steps;
        while left > 0 {
            let wanted = self.rate * 4.0 * self.gpu.dispatch_time().as_secs_f64();
            let many = ((wanted / self.pairs()) as usize).clamp(1, MOST_STEPS).min(left);
            let launches = self.launches(step);
            let slot = self.ring.take()?;
            let (_, kernel) = self.submit(slot, &launches, many, 0, |_| ())?;
            self.adapt(many, kernel);
            left -= many;
        }
        Ok(())
    }

    /// The gradient where the points are.
    ///
    /// # Errors
    /// If the device fails.
    pub fn gradient(&mut self, exaggeration: f64) -> Result<Gradient> {
        let mut launches = self.launches(Step { learning_rate: 0.0, momentum: 0.0, exaggeration });
        launches.pop();
        let slot = self.ring.take()?;
        let state = self.state;
        let (read, _) = self.submit(slot, &launches, 1, state.bytes(), |bytes| {
            (state.points(bytes), state.gradients(bytes), state.z(bytes))
        })?;
        let (points, rows, z) = read;
        Ok(Gradient { rows, divergence: self.cost(points.view(), z) })
    }

    /// [`gradient`](Self::gradient) with everything that kernels write for it filled with `poison` before, and with what lies
    /// behind the state: for the contract test.
    ///
    /// # Errors
    /// If the device fails.
    pub fn poisoned_gradient(&mut self, exaggeration: f64, poison: u32) -> Result<Fenced> {
        let mut launches = self.launches(Step { learning_rate: 0.0, momentum: 0.0, exaggeration });
        launches.pop();
        let slot = self.ring.take()?;
        let state = self.state;
        let fill = |bytes: u64| bytemuck::cast_slice(&vec![poison; (bytes / 4) as usize]).to_vec();
        self.gpu.write(&slot.scratch, 0, &fill(slot.scratch.size()));
        self.gpu.write(&slot.output, state.gradient_offset(), &fill(state.points_bytes()));
        self.gpu.write(&slot.output, state.z_offset(), &fill(slot.output.size() - state.z_offset()));
        let all = slot.output.size();
        let (read, _) = self.submit(slot, &launches, 1, all, |bytes| {
            let fence = bytes.get(state.bytes() as usize..).unwrap_or_default();
            let fence: Vec<u32> = fence.chunks_exact(4).map(bytemuck::pod_read_unaligned).collect();
            (state.points(bytes), state.gradients(bytes), state.z(bytes), fence)
        })?;
        let (points, rows, z, fence) = read;
        Ok(Fenced { gradient: Gradient { rows, divergence: self.cost(points.view(), z) }, fence })
    }

    /// The divergence where the points are.
    ///
    /// # Errors
    /// If the device fails.
    pub fn divergence(&mut self) -> Result<f64> {
        let mut launches = self.launches(Step { learning_rate: 0.0, momentum: 0.0, exaggeration: 1.0 });
        launches.retain(|launch| launch.kernel <= TOTAL);
        let slot = self.ring.take()?;
        let state = self.state;
        let (read, _) =
            self.submit(slot, &launches, 1, state.bytes(), |bytes| (state.points(bytes), state.z(bytes)))?;
        Ok(self.cost(read.0.view(), read.1))
    }

    /// Where they are.
    ///
    /// # Errors
    /// If the device fails.
    pub fn points(&self) -> Result<Array2<f64>> {
        let slot = self.ring.take()?;
        let state = self.state;
        self.submit(slot, &[], 1, state.points_bytes(), |bytes| state.points(bytes)).map(|read| read.0)
    }

    /// The device it was prepared on, which counts what it is asked to do.
    pub fn gpu(&self) -> &Arc<Gpu> {
        &self.gpu
    }

    /// Time spent on submissions so far, by stage.
    pub fn timings(&self) -> crate::device::Timings {
        self.ring.timings()
    }

    /// Sets of bindings that the affinities take.
    pub fn n_bindings(&self) -> usize {
        self.chunks.len()
    }

    /// On the host: it is asked for once in many steps.
    fn cost(&self, points: ArrayView2<'_, f64>, z: f64) -> f64 {
        match points.ncols() {
            2 => divergence(&self.affinities, self.entropy, &rows::<2>(points), z),
            _ => divergence(&self.affinities, self.entropy, &rows::<3>(points), z),
        }
    }

    /// Pairs of a step.
    fn pairs(&self) -> f64 {
        (self.affinities.n_rows() as f64).powi(2)
    }

    /// Lets the next dispatches and submissions take the wanted time at the rate just seen; no result depends on it.
    fn adapt(&mut self, n_steps: usize, kernel: Duration) {
        if kernel > Duration::ZERO {
            self.rate = (n_steps as f64 * self.pairs() / kernel.as_secs_f64()).max(FIRST_RATE / 100.0);
        }
    }
}

impl Body for TsneGpu {
    fn advance(&mut self, n_steps: usize, step: Step) -> Result<()> {
        self.advance(n_steps, step)
    }

    fn gradient(&mut self, exaggeration: f64) -> Result<Gradient> {
        self.gradient(exaggeration)
    }

    fn divergence(&mut self) -> Result<f64> {
        self.divergence()
    }

    fn points(&self) -> Result<Array2<f64>> {
        self.points()
    }
}
