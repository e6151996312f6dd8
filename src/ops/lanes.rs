//! The unit of the CPU bodies' vector loads.

/// Eight f32 that a vector load finds aligned.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, align(32))]
pub(in crate::ops) struct Lanes(pub [f32; 8]);

impl Lanes {
    /// The same value eight times.
    pub const fn splat(value: f32) -> Self {
        Self([value; 8])
    }
}
