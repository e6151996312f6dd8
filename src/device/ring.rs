//! Batches in flight: a ring of slots, each with all the buffers that a batch needs, made once.
//!
//! A batch takes a slot, writes its input into mapped staging memory, is submitted as one command buffer (copy in,
//! kernels, copy out), and is read back with one map. Slots are shared by threads: with several callers, or several
//! batches of one caller, the device always has the next batch waiting.

use super::Timings;
use super::flight::Flight;
use super::gpu::{Clock, Gpu};
use crate::{Error, Result};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};
use wgpu::BufferUsages as Usage;

/// Bytes at the beginning of a readback buffer that hold the device's clock.
pub(super) const CLOCK_BYTES: u64 = 256;

/// Distance between the entries of a uniform buffer with dynamic offsets, as WebGPU guarantees it.
pub(crate) const UNIFORM_STRIDE: u64 = 256;

/// Bytes behind the output of a slot that no kernel may write.
pub(crate) const FENCE_BYTES: u64 = 1024;

/// What each slot of a ring has room for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RingSizes {
    pub slots: usize,
    /// Dispatches of one batch.
    pub dispatches: usize,
    /// Bytes copied to the device.
    pub input: u64,
    /// Bytes that kernels write for later kernels.
    pub scratch: u64,
    /// Bytes copied back, without the fence.
    pub output: u64,
}

/// The buffers of one batch.
#[derive(Debug)]
pub(crate) struct Slot {
    /// Its place in the ring, by which an operation finds the bind groups it made for it.
    pub index: usize,
    /// Uniform entries, [`UNIFORM_STRIDE`] apart.
    pub uniforms: wgpu::Buffer,
    pub input: wgpu::Buffer,
    pub scratch: wgpu::Buffer,
    /// With a fence of [`FENCE_BYTES`] behind it, inside the binding, so that a stray write lands there and is seen.
    pub output: wgpu::Buffer,
    staging: wgpu::Buffer,
    pub(super) readback: wgpu::Buffer,
    queries: Option<(wgpu::QuerySet, wgpu::Buffer)>,
    sizes: RingSizes,
}

/// The slots of one prepared operation.
#[derive(Debug)]
pub(crate) struct Ring {
    pub(super) gpu: Arc<Gpu>,
    free: Mutex<Vec<Slot>>,
    freed: Condvar,
    pub(super) timings: Mutex<Timings>,
}

impl Ring {
    pub fn new(gpu: &Arc<Gpu>, sizes: RingSizes) -> Result<Self> {
        let slots = (0..sizes.slots).map(|index| Slot::new(gpu, index, sizes)).collect::<Result<_>>()?;
        Ok(Self { gpu: Arc::clone(gpu), free: Mutex::new(slots), freed: Condvar::new(), timings: Mutex::default() })
    }

    /// Calls `f` on each slot, while none is in use.
    pub fn for_each_slot<T>(&self, f: impl FnMut(&Slot) -> Result<T>) -> Result<Vec<T>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).iter().map(f).collect()
    }

    /// Time spent on batches so far.
    pub fn timings(&self) -> Timings {
        *self.timings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A free slot; waits for one.
    pub fn take(&self) -> Result<Slot> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            self.gpu.check()?;
            match free.pop() {
                Some(slot) => return Ok(slot),
                None => free = self.freed.wait(free).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// A free slot, if there is one.
    pub fn try_take(&self) -> Result<Option<Slot>> {
        self.gpu.check()?;
        Ok(self.free.lock().unwrap_or_else(PoisonError::into_inner).pop())
    }

    pub(super) fn give_back(&self, slot: Option<Slot>) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).extend(slot);
        // All of them: where the device failed, everyone who waits must learn of it.
        self.freed.notify_all();
    }

    /// Gives back a slot whose batch was not submitted.
    pub fn put(&self, slot: Slot) {
        self.give_back(Some(slot));
    }

    /// Submits a batch: `uniforms` and `input_bytes` of staging memory go to the device, `record` adds the kernels,
    /// `output_bytes` come back.
    pub fn launch(&self, slot: Slot, batch: &Batch, record: impl FnOnce(&mut wgpu::ComputePass<'_>)) -> Flight<'_> {
        slot.staging.unmap();
        let gpu = &*self.gpu;
        if let Some(poison) = batch.poison {
            for buffer in [&slot.scratch, &slot.output] {
                let words = vec![poison; (buffer.size() / 4) as usize];
                gpu.queue.write_buffer(buffer, 0, bytemuck::cast_slice(&words));
            }
        }
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("batch") });
        let stamp = |encoder: &mut wgpu::CommandEncoder, index| {
            if let (Clock::Commands, Some((queries, _))) = (gpu.clock(), &slot.queries) {
                encoder.write_timestamp(queries, index);
            }
        };
        stamp(&mut encoder, 0);
        let uniform_bytes = slot.sizes.dispatches as u64 * UNIFORM_STRIDE;
        encoder.copy_buffer_to_buffer(&slot.staging, 0, &slot.uniforms, 0, uniform_bytes);
        encoder.copy_buffer_to_buffer(&slot.staging, uniform_bytes, &slot.input, 0, batch.input_bytes);
        record(&mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
            label: Some("batch"),
            timestamp_writes: slot.queries.as_ref().map(|(query_set, _)| wgpu::ComputePassTimestampWrites {
                query_set,
                beginning_of_pass_write_index: Some(1),
                end_of_pass_write_index: Some(2),
            }),
        }));
        encoder.copy_buffer_to_buffer(&slot.output, 0, &slot.readback, CLOCK_BYTES, batch.output_bytes);
        stamp(&mut encoder, 3);
        if let Some((queries, resolved)) = &slot.queries {
            let stamped = if gpu.clock() == Clock::Commands { 0..4 } else { 1..3 };
            let bytes = u64::from(stamped.end - stamped.start) * 8;
            let to = u64::from(stamped.start) * 8;
            encoder.resolve_query_set(queries, stamped, resolved, 0);
            encoder.copy_buffer_to_buffer(resolved, 0, &slot.readback, to, bytes);
        }
        let (send, landed) = mpsc::channel();
        let submitted = Instant::now();
        let submission = gpu.queue.submit([encoder.finish()]);
        gpu.counters.take_off();
        gpu.counters.readback_maps.fetch_add(1, Relaxed);
        gpu.counters.staging_maps.fetch_add(1, Relaxed);
        let readback_bytes = CLOCK_BYTES + batch.output_bytes;
        let (of_readback, of_staging) = (send.clone(), send);
        // Receivers live until both have arrived, or nobody wants to know.
        slot.readback.map_async(wgpu::MapMode::Read, ..readback_bytes, move |done| drop(of_readback.send(done)));
        slot.staging.map_async(wgpu::MapMode::Write, .., move |done| drop(of_staging.send(done)));
        Flight { ring: self, slot: Some(slot), submission, landed, submitted, readback_bytes, prepare: batch.prepare }
    }
}

/// What [`Ring::launch`] moves.
#[derive(Debug)]
pub(crate) struct Batch {
    pub input_bytes: u64,
    pub output_bytes: u64,
    /// Written over everything that kernels write, before they do.
    pub poison: Option<u32>,
    /// What the host spent on it before.
    pub prepare: Duration,
}

impl Slot {
    fn new(gpu: &Gpu, index: usize, sizes: RingSizes) -> Result<Self> {
        let uniform_bytes = sizes.dispatches as u64 * UNIFORM_STRIDE;
        let output = sizes.output + FENCE_BYTES;
        let queries = match gpu.clock() {
            Clock::None => None,
            _ => Some((gpu.queries(4)?, gpu.buffer("clock", 32, Usage::QUERY_RESOLVE | Usage::COPY_SRC)?)),
        };
        Ok(Self {
            index,
            uniforms: gpu.buffer("uniforms", uniform_bytes, Usage::UNIFORM | Usage::COPY_DST)?,
            input: gpu.buffer("input", sizes.input, Usage::STORAGE | Usage::COPY_DST)?,
            scratch: gpu.buffer("scratch", sizes.scratch, Usage::STORAGE | Usage::COPY_DST)?,
            output: gpu.buffer("output", output, Usage::STORAGE | Usage::COPY_SRC | Usage::COPY_DST)?,
            staging: gpu.buffer("staging", uniform_bytes + sizes.input, Usage::MAP_WRITE | Usage::COPY_SRC)?,
            readback: gpu.buffer("readback", CLOCK_BYTES + output, Usage::MAP_READ | Usage::COPY_DST)?,
            queries,
            sizes,
        })
    }

    /// The mapped staging memory: first the uniform entries, from [`Slot::input_offset`] on the input.
    pub fn staging(&self) -> Result<wgpu::BufferViewMut> {
        self.staging
            .get_mapped_range_mut(..)
            .map_err(|e| Error::Device(format!("staging memory is not mapped: {e}; run again, or with --device cpu")))
    }

    pub fn input_offset(&self) -> usize {
        self.sizes.dispatches * UNIFORM_STRIDE as usize
    }
}
