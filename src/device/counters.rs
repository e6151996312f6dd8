//! What a GPU was asked to do, counted where it is asked.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How often a [`Gpu`](super::Gpu) did what. Creation is counted in the only functions that create.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Buffers and query sets created.
    pub buffers: u64,
    /// Bind groups created.
    pub bind_groups: u64,
    /// Pipelines compiled.
    pub pipelines: u64,
    /// Batches submitted.
    pub batches: u64,
    /// Dispatches recorded.
    pub dispatches: u64,
    /// Maps for reading a result.
    pub readback_maps: u64,
    /// Maps for writing the next input.
    pub staging_maps: u64,
    /// Batches submitted and not yet read back, now.
    pub in_flight: u64,
    /// The largest `in_flight` so far.
    pub max_in_flight: u64,
}

/// The counters while they count.
#[derive(Debug, Default)]
pub(super) struct LiveCounters {
    pub buffers: AtomicU64,
    pub bind_groups: AtomicU64,
    pub pipelines: AtomicU64,
    pub batches: AtomicU64,
    pub dispatches: AtomicU64,
    pub readback_maps: AtomicU64,
    pub staging_maps: AtomicU64,
    pub in_flight: AtomicU64,
    pub max_in_flight: AtomicU64,
}

impl LiveCounters {
    pub fn take_off(&self) {
        self.batches.fetch_add(1, Relaxed);
        let now = self.in_flight.fetch_add(1, Relaxed) + 1;
        self.max_in_flight.fetch_max(now, Relaxed);
    }

    pub fn land(&self) {
        self.in_flight.fetch_sub(1, Relaxed);
    }

    pub fn snapshot(&self) -> Counters {
        Counters {
            buffers: self.buffers.load(Relaxed),
            bind_groups: self.bind_groups.load(Relaxed),
            pipelines: self.pipelines.load(Relaxed),
            batches: self.batches.load(Relaxed),
            dispatches: self.dispatches.load(Relaxed),
            readback_maps: self.readback_maps.load(Relaxed),
            staging_maps: self.staging_maps.load(Relaxed),
            in_flight: self.in_flight.load(Relaxed),
            max_in_flight: self.max_in_flight.load(Relaxed),
        }
    }
}

/// Time spent on batches by stage, summed over them; stages of different batches overlap, so the sum can exceed the
/// time that passed.
///
/// `upload` and `kernel` are the device's own clock where it has one that counts between commands. Where its clock only
/// brackets kernels, `upload` stays zero; where it has none, `kernel` is the time from submission to result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    /// Batches counted.
    pub batches: u64,
    /// On the host, before submission: rows into staging memory.
    pub prepare: Duration,
    /// Staging memory to device memory.
    pub upload: Duration,
    /// Kernels.
    pub kernel: Duration,
    /// Device memory to results on the host.
    pub download: Duration,
}

impl std::ops::AddAssign for Timings {
    fn add_assign(&mut self, other: Self) {
        self.batches += other.batches;
        self.prepare += other.prepare;
        self.upload += other.upload;
        self.kernel += other.kernel;
        self.download += other.download;
    }
}

impl std::ops::Sub for Timings {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            batches: self.batches - earlier.batches,
            prepare: self.prepare.saturating_sub(earlier.prepare),
            upload: self.upload.saturating_sub(earlier.upload),
            kernel: self.kernel.saturating_sub(earlier.kernel),
            download: self.download.saturating_sub(earlier.download),
        }
    }
}
