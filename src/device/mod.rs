//! Devices: the CPU, and every adapter that wgpu finds.

use std::sync::Arc;

mod gpu;

pub use gpu::Gpu;

/// Where operations run. Chosen once, reported, never silently changed.
#[derive(Debug, Clone)]
pub enum Device {
    /// The CPU body, on the current rayon pool.
    Cpu,
    /// The GPU body on one adapter.
    Gpu(Arc<Gpu>),
}
