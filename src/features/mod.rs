//! Flow columns → dense f32 matrix: column roles, fitted encoders, and the pinned transcendental functions.

pub mod math;
