//! The GPU body of `umap`: the host side of `shaders/umap_move.wgsl`.
//!
//! Points stay on the device in two buffers, of which each sub-step reads one and writes the other; events lie in as many
//! bindings as they need, cut between sub-steps and between vertices. A sub-step is one kernel, a lane a vertex; sixteen of them
//! are an epoch, after which the points are where they began. Many epochs go into one submission, and points come back only
//! when they are asked for.
//!
//! **Time.** Sub-steps are cut between vertices where there are very many, and epochs into submissions by the rate that the
//! device has shown.

mod kernels;

use super::events::{Event, Events, salt};
use super::{Graph, Layout, MOST_EVENTS, SUB_STEPS};
use crate::device::{Batch, Gpu, Kernel, Pipeline, Ring, RingSizes, Slot, UNIFORM_STRIDE};
use crate::{Error, Result};
use ndarray::{Array2, ArrayView2};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The kernels, for the list of operations.
pub(super) const KERNELS: &[&Kernel] = &[&kernels::MOVE[0], &kernels::MOVE[1]];

/// Vertices of a workgroup: `LANES` of the kernel.
const LANES: usize = 128;
/// Most vertices of a dispatch, so that it is short: about ten million pairs.
const MOST_VERTICES: usize = 1 << 20;
/// Most epochs of a submission.
const MOST_EPOCHS: usize = 10;
/// Pairs a second before the device's rate is known: a slow GPU's.
const FIRST_RATE: f64 = 1e8;

/// The uniform of the kernels; its twin is `shaders/common/sub_step.wgsl`, and the contract test compares the two.
#[derive(Debug, Clone, Copy, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct SubStep {
    /// First of the bound vertices.
    pub first: u32,
    /// How many are bound.
    pub n_vertices: u32,
    /// First of the vertices that repel.
    pub first_repelling: u32,
    /// How many repel.
    pub n_repelling: u32,
    /// Drawn at each edge.
    pub n_negatives: u32,
    /// The first is 0.
    pub epoch: u32,
    /// The seed, as hashes take it.
    pub salt: u32,
    /// Most edges that act in full.
    pub most_events: u32,
    /// Learning rate of the epoch.
    pub rate: f32,
    /// Of the curve.
    pub a: f32,
    /// Of the curve.
    pub b: f32,
    /// Weight of repulsion.
    pub repulsion: f32,
}

/// Vertices on their way, on a GPU.
#[derive(Debug)]
pub struct UmapGpu {
    gpu: Arc<Gpu>,
    layout: Layout,
    n_points: usize,
    n_dims: usize,
    n_moving: usize,
    ring: Ring,
    pipeline: Pipeline,
    /// Group 0 of even and of odd sub-steps.
    own: [wgpu::BindGroup; 2],
    chunks: Vec<Chunk>,
    /// Pairs of an epoch, about.
    pairs: f64,
    /// Pairs a second.
    rate: f64,
}

/// Vertices of a sub-step whose events are in one set of bindings.
#[derive(Debug)]
struct Chunk {
    sub_step: usize,
    vertices: Range<usize>,
    group: wgpu::BindGroup,
}

/// Points with what lies behind them; see [`UmapGpu::poisoned_epoch`].
#[derive(Debug, Clone, PartialEq)]
pub struct Fenced {
    /// After the epoch.
    pub points: Array2<f32>,
    /// The words behind them, which must all still be the poison.
    pub fence: Vec<u32>,
}

impl UmapGpu {
    /// Vertices at `points` (`n × 2` or `× 3`); those from `n_moving` on never move.
    ///
    /// # Errors
    /// If the points or the events of one vertex do not fit a binding, or the device fails.
    pub fn prepare(
        graph: &Graph,
        points: ArrayView2<'_, f32>,
        n_moving: usize,
        layout: Layout,
        gpu: &Arc<Gpu>,
    ) -> Result<Self> {
        let (n_points, n_dims) = points.dim();
        let n_moving = n_moving.min(n_points);
        let events = Events::new(graph, n_moving, &layout);
        let bytes = (n_points * words(n_dims) * size_of::<f32>()) as u64;
        let limit = gpu.max_binding_bytes();
        if bytes + crate::device::FENCE_BYTES > limit {
            let message =
                format!("{n_points} points need a binding of {bytes} bytes, the device has {limit}; use --device cpu");
            return Err(Error::Device(message));
        }
        let cuts = cut(&events, limit)?;
        let kernel: &'static Kernel = if n_dims == 2 { &kernels::MOVE[0] } else { &kernels::MOVE[1] };
        let pipeline = gpu.pipeline(kernel, &[])?;
        let sizes = RingSizes {
            slots: 1,
            dispatches: MOST_EPOCHS * cuts.len().max(1),
            input: 0,
            scratch: bytes,
            output: bytes,
        };
        let ring = Ring::new(gpu, sizes)?;
        let start = padded(points);
        let own = ring.for_each_slot(|slot| {
            gpu.write(&slot.output, 0, &start);
            gpu.write(&slot.scratch, 0, &start);
            let bind =
                |from: &wgpu::Buffer, to: &wgpu::Buffer| gpu.bind(kernel, &pipeline, 0, &[&slot.uniforms, from, to]);
            Ok([bind(&slot.output, &slot.scratch)?, bind(&slot.scratch, &slot.output)?])
        })?;
        let own = own.into_iter().next().ok_or_else(|| Error::Internal("a ring without a slot".into()))?;
        let chunk = |(sub_step, vertices): (usize, Range<usize>)| {
            let begins = events.of_step(sub_step);
            let (from, to) = (begins[vertices.start], begins[vertices.end]);
            let own: Vec<u32> = begins[vertices.start..=vertices.end].iter().map(|at| at - from).collect();
            let begins = gpu.resident("begins", bytemuck::cast_slice(&own))?;
            let events = gpu.resident("events", bytemuck::cast_slice(&events.all[from as usize..to as usize]))?;
            let group = gpu.bind(kernel, &pipeline, 1, &[&begins, &events])?;
            Ok(Chunk { sub_step, vertices, group })
        };
        let chunks = cuts.into_iter().map(chunk).collect::<Result<_>>()?;
        let pairs = events.all.iter().map(|event| share(*event, &layout)).sum::<f64>().max(1.0);
        let gpu = Arc::clone(gpu);
        Ok(Self { gpu, layout, n_points, n_dims, n_moving, ring, pipeline, own, chunks, pairs, rate: FIRST_RATE })
    }

    /// Runs these epochs; the first is 0.
    ///
    /// # Errors
    /// If the device fails.
    pub fn advance(&mut self, epochs: Range<usize>) -> Result<()> {
        let mut next = epochs.start;
        while next < epochs.end {
            let wanted = self.rate * 4.0 * self.gpu.dispatch_time().as_secs_f64();
            let many = ((wanted / self.pairs) as usize).clamp(1, MOST_EPOCHS).min(epochs.end - next);
            let slot = self.ring.take()?;
            let (_, kernel) = self.submit(slot, next..next + many, 0, |_| ())?;
            self.adapt(many, kernel);
            next += many;
        }
        Ok(())
    }

    /// Where they are.
    ///
    /// # Errors
    /// If the device fails.
    pub fn points(&self) -> Result<Array2<f32>> {
        let slot = self.ring.take()?;
        self.submit(slot, 0..0, self.bytes(), |bytes| self.read(bytes)).map(|read| read.0)
    }

    /// One epoch, before which all memory that kernels write without having read it, and what lies behind the points, is filled with
    /// `poison`: for the contract test.
    ///
    /// # Errors
    /// If the device fails.
    pub fn poisoned_epoch(&mut self, epoch: usize, poison: u32) -> Result<Fenced> {
        let slot = self.ring.take()?;
        let fill = |bytes: u64| bytemuck::cast_slice(&vec![poison; (bytes / 4) as usize]).to_vec();
        let moving = (self.n_moving * words(self.n_dims) * size_of::<f32>()) as u64;
        self.gpu.write(&slot.scratch, 0, &fill(moving));
        self.gpu.write(&slot.output, self.bytes(), &fill(slot.output.size() - self.bytes()));
        let all = slot.output.size();
        let (fenced, _) = self.submit(slot, epoch..epoch + 1, all, |bytes| {
            let fence = bytes.get(self.bytes() as usize..).unwrap_or_default();
            let fence = fence.chunks_exact(4).map(bytemuck::pod_read_unaligned).collect();
            Fenced { points: self.read(bytes), fence }
        })?;
        Ok(fenced)
    }

    /// The device it was prepared on, which counts what it is asked to do.
    pub fn gpu(&self) -> &Arc<Gpu> {
        &self.gpu
    }

    /// Sets of bindings that the events take: at least one a sub-step that has any.
    pub fn n_bindings(&self) -> usize {
        self.chunks.len()
    }

    fn bytes(&self) -> u64 {
        (self.n_points * words(self.n_dims) * size_of::<f32>()) as u64
    }

    fn read(&self, bytes: &[u8]) -> Array2<f32> {
        let word = |at: usize| bytes.get(4 * at..4 * at + 4).map_or(f32::NAN, bytemuck::pod_read_unaligned);
        Array2::from_shape_fn((self.n_points, self.n_dims), |(i, c)| word(i * words(self.n_dims) + c))
    }

    /// Lets the next submissions take the wanted time at the rate just seen; no result depends on it.
    fn adapt(&mut self, n_epochs: usize, kernel: Duration) {
        if kernel > Duration::ZERO {
            self.rate = (n_epochs as f64 * self.pairs / kernel.as_secs_f64()).max(FIRST_RATE / 100.0);
        }
    }

    fn uniform(&self, epoch: usize, chunk: &Chunk) -> SubStep {
        // Fitted points alone repel new ones, whatever these are placed with.
        let first_repelling = if self.n_moving < self.n_points { self.n_moving } else { 0 };
        SubStep {
            first: chunk.vertices.start as u32,
            n_vertices: chunk.vertices.len() as u32,
            first_repelling: first_repelling as u32,
            n_repelling: (self.n_points - first_repelling) as u32,
            n_negatives: self.layout.n_negatives,
            epoch: epoch as u32,
            salt: salt(self.layout.seed),
            most_events: MOST_EVENTS,
            rate: self.layout.rate(epoch),
            a: self.layout.a,
            b: self.layout.b,
            repulsion: self.layout.repulsion,
        }
    }

    /// Runs epochs, at most [`MOST_EPOCHS`], and reads so much of the points' buffer.
    fn submit<T>(
        &self,
        slot: Slot,
        epochs: Range<usize>,
        output_bytes: u64,
        read: impl FnOnce(&[u8]) -> T,
    ) -> Result<(T, Duration)> {
        let started = Instant::now();
        let launches: Vec<(usize, &Chunk)> =
            epochs.flat_map(|epoch| self.chunks.iter().map(move |chunk| (epoch, chunk))).collect();
        let written = slot.staging().map(|mut view| {
            for (at, (epoch, chunk)) in launches.iter().enumerate() {
                let at = at * UNIFORM_STRIDE as usize;
                let step = self.uniform(*epoch, chunk);
                view.slice(at..at + size_of::<SubStep>()).copy_from_slice(bytemuck::bytes_of(&step));
            }
        });
        if let Err(error) = written {
            self.ring.put(slot);
            return Err(error);
        }
        let batch = Batch { input_bytes: 0, output_bytes, poison: None, prepare: started.elapsed() };
        let flight = self.ring.launch(slot, &batch, |pass| {
            pass.set_pipeline(&self.pipeline.pipeline);
            for (at, (_, chunk)) in (0..).zip(&launches) {
                let Some(own) = self.own.get(chunk.sub_step % 2) else { continue };
                pass.set_bind_group(0, own, &[at * UNIFORM_STRIDE as u32]);
                pass.set_bind_group(1, &chunk.group, &[]);
                pass.dispatch_workgroups(chunk.vertices.len().div_ceil(LANES) as u32, 1, 1);
                self.gpu.count_dispatch();
            }
        });
        flight.land(read)
    }
}

/// Words of a point: WGSL aligns three to four.
fn words(n_dims: usize) -> usize {
    n_dims.next_power_of_two()
}

fn padded(points: ArrayView2<'_, f32>) -> Vec<u8> {
    let words = words(points.ncols());
    let mut padded = vec![0f32; points.nrows() * words];
    for (to, row) in padded.chunks_mut(words).zip(points.outer_iter()) {
        to.iter_mut().zip(row).for_each(|(to, x)| *to = *x);
    }
    bytemuck::cast_slice(&padded).to_vec()
}

/// Pairs of an epoch that an event is good for, on average.
fn share(event: Event, layout: &Layout) -> f64 {
    let negatives = if event.is_head() { f64::from(layout.n_negatives) } else { 0.0 };
    f64::from(event.rate) / 4_294_967_296.0 * (1.0 + negatives)
}

/// Sub-steps and in them vertices, cut so that what belongs to them fits bindings and a dispatch.
fn cut(events: &Events, limit: u64) -> Result<Vec<(usize, Range<usize>)>> {
    let most_events = limit as usize / size_of::<Event>();
    let most_vertices = MOST_VERTICES.min(limit as usize / 4 - 1);
    let mut cuts = Vec::new();
    for step in 0..SUB_STEPS as usize {
        let begins = events.of_step(step);
        let mut first = 0;
        for vertex in 0..events.n_moving {
            let own = (begins[vertex + 1] - begins[vertex]) as usize;
            if own > most_events {
                let needed = own * size_of::<Event>();
                let message =
                    format!("edges of vertex {vertex} need {needed} bytes, a binding has {limit}; use --device cpu");
                return Err(Error::Device(message));
            }
            let all = (begins[vertex + 1] - begins[first]) as usize;
            if all > most_events || vertex - first >= most_vertices {
                cuts.push((step, first..vertex));
                first = vertex;
            }
        }
        // Vertices without events must be carried over as well.
        cuts.push((step, first..events.n_moving));
    }
    cuts.retain(|(_, vertices)| !vertices.is_empty());
    Ok(cuts)
}
