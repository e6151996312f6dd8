//! How operations are measured: one case, one device, cold and warm.

use crate::device::{Device, Timings};
use crate::{Error, Result};
use std::time::{Duration, Instant};

/// A prepared case: each call computes it once, from rows in memory to results in memory.
pub trait Runner {
    /// Computes the case; returns the time by stage. A body without stages counts everything as `kernel`.
    ///
    /// # Errors
    /// If the device fails.
    fn run(&mut self) -> Result<Timings>;
}

type Prepare = Box<dyn Fn(&Device) -> Result<Box<dyn Runner>> + Send + Sync>;

/// A workload of one operation, the same on every device.
pub struct BenchCase {
    /// The operation.
    pub operation: &'static str,
    /// The workload: `8 features, 100 trees of 256 rows`.
    pub name: String,
    /// Rows that one run computes.
    pub rows: u64,
    /// Bytes of those rows.
    pub bytes: u64,
    prepare: Prepare,
}

impl std::fmt::Debug for BenchCase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BenchCase")
            .field("operation", &self.operation)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What [`BenchCase::measure`] found; times are of one run.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Measurement {
    /// The operation.
    pub operation: &'static str,
    /// The workload.
    pub case: String,
    /// The device, as [`Device::describe`] says it.
    pub device: String,
    /// Rows of a run.
    pub rows: u64,
    /// Bytes of those rows.
    pub bytes: u64,
    /// Seconds from a model in memory to the first run's results: compilation, upload of the model, one run.
    pub cold_s: f64,
    /// Seconds of the median of the later runs.
    pub warm_s: f64,
    /// Later runs.
    pub runs: usize,
    /// Stages of the later runs, the mean of a run; they overlap, so they can add up to more than `warm_s`.
    pub stages: Stages,
    /// Rows a second of the warm run.
    pub rows_per_s: f64,
    /// Bytes a second of the warm run.
    pub bytes_per_s: f64,
}

/// Seconds by stage.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct Stages {
    /// On the host, before submission.
    pub prepare_s: f64,
    /// To the device.
    pub upload_s: f64,
    /// Computing.
    pub kernel_s: f64,
    /// From the device.
    pub download_s: f64,
}

impl BenchCase {
    /// A case that `prepare` makes ready on a device.
    pub fn new(
        operation: &'static str,
        name: String,
        rows: u64,
        bytes: u64,
        prepare: impl Fn(&Device) -> Result<Box<dyn Runner>> + Send + Sync + 'static,
    ) -> Self {
        Self { operation, name, rows, bytes, prepare: Box::new(prepare) }
    }

    /// Makes the case ready on `device`.
    ///
    /// # Errors
    /// If the device cannot run it.
    pub fn prepare(&self, device: &Device) -> Result<Box<dyn Runner>> {
        (self.prepare)(device)
    }

    /// Measures the case on `device`: once cold, then `runs` times warm.
    ///
    /// # Errors
    /// If the device cannot run it or fails, or `runs` is 0.
    pub fn measure(&self, device: &Device, runs: usize) -> Result<Measurement> {
        if runs == 0 {
            return Err(Error::parameter("runs", runs, "it must be at least 1"));
        }
        let begin = Instant::now();
        let mut runner = self.prepare(device)?;
        runner.run()?;
        let cold = begin.elapsed();
        let mut total = Timings::default();
        let mut times = Vec::with_capacity(runs);
        for _ in 0..runs {
            let begin = Instant::now();
            total += runner.run()?;
            times.push(begin.elapsed());
        }
        times.sort_unstable();
        let warm = times.get(runs / 2).copied().unwrap_or(Duration::MAX);
        let mean = |stage: Duration| stage.as_secs_f64() / runs as f64;
        let rate = |amount: u64| amount as f64 / warm.as_secs_f64().max(f64::MIN_POSITIVE);
        Ok(Measurement {
            operation: self.operation,
            case: self.name.clone(),
            device: device.describe(),
            rows: self.rows,
            bytes: self.bytes,
            cold_s: cold.as_secs_f64(),
            warm_s: warm.as_secs_f64(),
            runs,
            stages: Stages {
                prepare_s: mean(total.prepare),
                upload_s: mean(total.upload),
                kernel_s: mean(total.kernel),
                download_s: mean(total.download),
            },
            rows_per_s: rate(self.rows),
            bytes_per_s: rate(self.bytes),
        })
    }
}
