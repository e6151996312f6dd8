//! Devices: the CPU, and every adapter that wgpu finds.
//!
//! A device is chosen once, reported, and never silently changed: a GPU that is lost or too small is an
//! [`Error::Device`](crate::Error::Device), not a quiet return to the CPU. wgpu is named in this folder and in
//! `ops/*/gpu*` only.

mod adapter;
mod choice;
mod counters;
mod create;
mod flight;
mod gpu;
mod kernel;
mod ring;
#[cfg(test)]
mod tests;

pub use adapter::{AdapterKind, AdapterLimits, AdapterReport, adapters};
pub use choice::DeviceChoice;
pub use counters::{Counters, Timings};
pub(crate) use flight::Flight;
pub use gpu::{Gpu, GpuOptions, ShaderEdit};
pub(crate) use kernel::Pipeline;
pub use kernel::{Access, Binding, Kernel};
pub(crate) use ring::{Batch, FENCE_BYTES, Ring, RingSizes, Slot, UNIFORM_STRIDE};

use crate::Result;
use crate::words::counted;
use std::sync::Arc;

/// Where operations run. Chosen once, reported, never silently changed.
#[derive(Debug, Clone)]
pub enum Device {
    /// The CPU body, on the current rayon pool.
    Cpu,
    /// The GPU body on one adapter.
    Gpu(Arc<Gpu>),
}

/// Opens the device that `choice` names.
///
/// # Errors
/// If the choice names no adapter, or several, or one that cannot be opened; the message lists what there is.
pub fn open(choice: &DeviceChoice) -> Result<Device> {
    open_with(choice, &GpuOptions::default())
}

/// Opens the device that `choice` names, with limits of the caller's choice.
///
/// # Errors
/// As [`open`].
pub fn open_with(choice: &DeviceChoice, options: &GpuOptions) -> Result<Device> {
    if *choice == DeviceChoice::Cpu {
        return Ok(Device::Cpu);
    }
    match choice.pick(adapters())? {
        Some(report) => Gpu::open(report.index, options).map(|gpu| Device::Gpu(Arc::new(gpu))),
        None => Ok(Device::Cpu),
    }
}

impl Device {
    /// What it is, for a model: `cpu`, or as [`Device::describe`] has an adapter. How many threads there were changes no answer,
    /// and so is no part of a model.
    pub fn name(&self) -> String {
        match self {
            Self::Cpu => "cpu".to_owned(),
            Self::Gpu(_) => self.describe(),
        }
    }

    /// What it is, for the summary and the manifest: `cpu (AVX2, 2 threads)`, or the adapter's name with its API,
    /// whether it is software, and its driver.
    pub fn describe(&self) -> String {
        match self {
            Self::Cpu => {
                format!("cpu ({}, {})", instruction_set(), counted(rayon::current_num_threads(), "thread"))
            }
            Self::Gpu(gpu) => gpu.report().describe(),
        }
    }

    /// Whether this is an adapter that computes on the CPU.
    pub fn is_software(&self) -> bool {
        matches!(self, Self::Gpu(gpu) if gpu.report().kind == AdapterKind::Software)
    }
}

/// The widest instruction set that CPU bodies here make use of.
fn instruction_set() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        return "AVX2";
    }
    std::env::consts::ARCH
}
