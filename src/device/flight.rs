//! A batch between its submission and its result.

use super::Timings;
use super::gpu::Clock;
use super::ring::{CLOCK_BYTES, Ring, Slot};
use crate::Result;
use std::sync::PoisonError;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// A submitted batch.
#[derive(Debug)]
pub(crate) struct Flight<'r> {
    pub(super) ring: &'r Ring,
    pub(super) slot: Option<Slot>,
    pub(super) submission: wgpu::SubmissionIndex,
    pub(super) landed: mpsc::Receiver<Result<(), wgpu::BufferAsyncError>>,
    pub(super) submitted: Instant,
    pub(super) readback_bytes: u64,
    pub(super) prepare: Duration,
}

impl Flight<'_> {
    /// Waits for the batch, hands its output to `read`, gives the slot back; returns what `read` did and the kernels' time.
    pub fn land<T>(mut self, read: impl FnOnce(&[u8]) -> T) -> Result<(T, Duration)> {
        let gpu = &*self.ring.gpu;
        self.wait()?;
        let Some(slot) = self.slot.take() else {
            return Err(gpu.fail("a batch was read twice"));
        };
        let arrived = Instant::now();
        let result = match slot.readback.get_mapped_range(..self.readback_bytes) {
            Ok(view) => {
                let (clock, output) = view.split_at(CLOCK_BYTES as usize);
                let mut times = self.device_times(clock, arrived);
                let read = read(output);
                times.download += arrived.elapsed();
                *self.ring.timings.lock().unwrap_or_else(PoisonError::into_inner) += times;
                Ok((read, times.kernel))
            }
            Err(error) => Err(gpu.fail(error)),
        };
        slot.readback.unmap();
        gpu.counters.land();
        self.ring.give_back(Some(slot));
        result
    }

    /// Until both buffers are mapped again.
    fn wait(&self) -> Result<()> {
        let gpu = &*self.ring.gpu;
        gpu.wait(self.submission.clone())?;
        for _ in 0..2 {
            match self.landed.recv() {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Err(gpu.fail(error)),
                Err(mpsc::RecvError) => return Err(gpu.fail("a batch was given up by the driver")),
            }
        }
        gpu.check()
    }

    fn device_times(&self, clock: &[u8], arrived: Instant) -> Timings {
        let gpu = &*self.ring.gpu;
        let ticks: Vec<u64> = clock.chunks_exact(8).map(bytemuck::pod_read_unaligned).collect();
        let between = |from: usize, to: usize| match (ticks.get(from), ticks.get(to)) {
            (Some(from), Some(to)) => Duration::from_nanos((to.saturating_sub(*from) as f64 * gpu.tick()) as u64),
            _ => Duration::ZERO,
        };
        let (upload, kernel, download) = match gpu.clock() {
            Clock::Commands => (between(0, 1), between(1, 2), between(2, 3)),
            Clock::Passes => (Duration::ZERO, between(1, 2), Duration::ZERO),
            Clock::None => (Duration::ZERO, arrived - self.submitted, Duration::ZERO),
        };
        Timings { batches: 1, prepare: self.prepare, upload, kernel, download }
    }
}

impl Drop for Flight<'_> {
    /// A batch that nobody reads (its caller met an error) still has to land before its slot can be used again.
    fn drop(&mut self) {
        if self.slot.is_none() {
            return;
        }
        let landed = self.wait();
        let slot = self.slot.take();
        self.ring.gpu.counters.land();
        if let (Ok(()), Some(slot)) = (&landed, &slot) {
            slot.readback.unmap();
        }
        self.ring.give_back(if landed.is_ok() { slot } else { None });
    }
}
