//! The adapters that a test run uses.

use oddflow::device::{AdapterReport, Gpu, GpuOptions, adapters};
use std::sync::Arc;

/// Every adapter that can be opened, as `ODDFLOW_GPU` demands.
pub fn present() -> Vec<&'static AdapterReport> {
    let demand = std::env::var("ODDFLOW_GPU").unwrap_or_else(|_| "auto".into());
    let usable: Vec<_> = match demand.as_str() {
        "off" => {
            println!("skipped on every GPU: ODDFLOW_GPU=off");
            return Vec::new();
        }
        "auto" | "require" => adapters()
            .iter()
            .filter(|adapter| {
                let reason = adapter.shortfall();
                if let Some(reason) = &reason {
                    println!("skipped on {}: {reason}", adapter.describe());
                }
                reason.is_none()
            })
            .collect(),
        other => panic!("ODDFLOW_GPU is {other}; it must be require, auto or off"),
    };
    if usable.is_empty() {
        assert_ne!(demand, "require", "ODDFLOW_GPU=require, and there is no usable adapter among {:?}", adapters());
        println!("skipped on every GPU: there is no usable adapter");
    }
    usable
}

pub fn open(adapter: &AdapterReport, options: &GpuOptions) -> Arc<Gpu> {
    Arc::new(Gpu::open(adapter.index, options).expect("an adapter without shortfall opens"))
}

/// Small enough that forests and thresholds are split over bindings.
pub fn small_bindings() -> GpuOptions {
    GpuOptions { max_binding_bytes: Some(1 << 20), ..GpuOptions::default() }
}
