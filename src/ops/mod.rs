//! The compute operations, each with a CPU and a GPU body under one contract.
//!
//! An operation is a folder: its contract in `mod.rs`, its two bodies, its benchmark cases; its kernels lie in `shaders/`.
//! [`OPERATIONS`] is the one list over which the contract test, the criterion benches, `oddflow bench`, `oddflow devices`
//! and `oddflow shaders` loop.

mod bench;
mod blocks;
mod dispatch;
mod lanes;
pub mod neighbors;
pub mod path_length;
pub mod rbf;
pub mod tsne;
pub mod umap;

pub use bench::{BenchCase, Measurement, Runner};
pub use dispatch::Dispatch;

use crate::device::{AdapterReport, Kernel};

/// One compute operation.
#[derive(Debug)]
pub struct Operation {
    /// Its folder under `ops`, and how commands call it.
    pub name: &'static str,
    /// The kernels of its GPU body.
    pub kernels: &'static [&'static Kernel],
    /// Why an adapter cannot run it, or None.
    pub shortfall: fn(&AdapterReport) -> Option<String>,
    /// Its benchmark cases at about this many rows.
    pub cases: fn(n_rows: usize) -> Vec<BenchCase>,
}

/// Every operation.
pub const OPERATIONS: &[Operation] =
    &[path_length::OPERATION, neighbors::OPERATION, rbf::OPERATION, tsne::OPERATION, umap::OPERATION];

/// What `adapter` can run: each operation's name, and why not where it cannot.
pub fn supported_by(adapter: &AdapterReport) -> Vec<(&'static str, Result<(), String>)> {
    OPERATIONS.iter().map(|o| (o.name, (o.shortfall)(adapter).map_or(Ok(()), Err))).collect()
}

/// Every kernel's file name (without `.wgsl`) and the assembled text that is compiled.
pub fn shaders() -> Vec<(&'static str, String)> {
    OPERATIONS.iter().flat_map(|o| o.kernels).map(|kernel| (kernel.name, kernel.text())).collect()
}
