//! The compute operations, each with a CPU and a GPU body under one contract.

pub mod path_length;
