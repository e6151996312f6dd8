//! The kernels: their text, bindings, and why they need no run-time checks.

use super::Panel;
use crate::device::{Access, Binding, Kernel};

const fn binding(name: &'static str, access: Access) -> Binding {
    Binding { name, access }
}

const GROUPS: &[&[Binding]] = &[
    &[binding("panel", Access::Uniform(size_of::<Panel>() as u64)), binding("partials", Access::ReadWrite)],
    &[binding("rows", Access::Read)],
    &[binding("vectors", Access::Read)],
];

macro_rules! with_common {
    ($file:literal) => {
        &[
            include_str!("../../../../shaders/common/panel.wgsl"),
            include_str!("../../../../shaders/common/rbf_sums.wgsl"),
            include_str!(concat!("../../../../shaders/", $file, ".wgsl")),
        ]
    };
}

/// Every slab height.
const SLABS: &[&[(&str, f64)]] = &[
    &[("SLAB", 8.0)],
    &[("SLAB", 1.0)],
    &[("SLAB", 2.0)],
    &[("SLAB", 3.0)],
    &[("SLAB", 4.0)],
    &[("SLAB", 5.0)],
    &[("SLAB", 6.0)],
    &[("SLAB", 7.0)],
];

/// Weighted sums of kernels with vectors in single precision.
///
/// Every index is in range, and every loop counts to a constant or a number of the uniform.
/// - `rows`: whole blocks of `n_features · 16` quarters, `n_features = SLAB · n_slabs`. A lane reads quarter
///   `min(lane, STAGED − 1)` of slab `0..n_slabs` of block `first_block + group.x`; the host dispatches blocks that exist.
/// - `vectors`: `n_blocks` blocks of `n_features · 16 + WEIGHT_UNITS` units. The host dispatches spans that begin before the last
///   block; a lane reads from their first slab on, never beyond `last_at`, the last slab of the span's last block; weights
///   behind the slabs of blocks of the span, at `quarter < 16` (two units each where they are halves of the others).
/// - `row_slab`, `vector_slab`: `16 feature + x`, `+ y`, `+ y + 8`, with `feature < SLAB`, `x < 16`, `y < 8`.
/// - `lane_sums`: `17 row + x` with `row < 64`, `x < 16`: at most 1,086 of 1,088.
/// - `partials`: `(base + group.y) n_rows + row` with `row < n_rows` and `base + group.y` below the number of spans, for all of
///   which there is room.
pub(super) const F32: Kernel =
    Kernel { name: "rbf_f32", sources: with_common!("rbf_f32"), groups: GROUPS, constants: SLABS, proven: true };

/// The same with vectors in half precision; every index is in range for the same reasons as in [`F32`].
pub(super) const F16: Kernel =
    Kernel { name: "rbf_f16", sources: with_common!("rbf_f16"), groups: GROUPS, constants: SLABS, proven: true };
