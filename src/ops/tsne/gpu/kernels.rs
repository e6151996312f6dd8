//! The kernels: their text, bindings, and why they need no run-time checks.

use super::DescentStep;
use crate::device::{Access, Binding, Kernel};

const fn binding(name: &'static str, access: Access) -> Binding {
    Binding { name, access }
}

const STEP: Binding = binding("step", Access::Uniform(size_of::<DescentStep>() as u64));
const STATE: Binding = binding("state", Access::ReadWrite);
const PARTIALS: Binding = binding("partials", Access::ReadWrite);
const WEIGHTS: Binding = binding("weights", Access::ReadWrite);
const AFFINITIES: &[Binding] =
    &[binding("offsets", Access::Read), binding("columns", Access::Read), binding("values", Access::Read)];

/// One kernel for points of each number of dimensions.
macro_rules! kernel {
    ($name:literal, $groups:expr) => {
        [
            kernel!(concat!("tsne_", $name, "_2d"), "plane", $name, $groups),
            kernel!(concat!("tsne_", $name, "_3d"), "space", $name, $groups),
        ]
    };
    ($name:expr, $points:literal, $file:literal, $groups:expr) => {
        Kernel {
            name: $name,
            sources: &[
                include_str!(concat!("../../../../shaders/common/", $points, ".wgsl")),
                include_str!("../../../../shaders/common/descent.wgsl"),
                include_str!(concat!("../../../../shaders/tsne_", $file, ".wgsl")),
            ],
            groups: $groups,
            constants: &[&[]],
            proven: true,
        }
    };
}

/// Repulsion by parts.
///
/// Every index is in range, and every loop counts to a number of the uniform. The state holds 4 n + 1 points; what is read of
/// it is below n. `tile`: lanes below 256, `k < 256`. `partials` has room for `n_parts · n`; parts are `group.y < n_parts`.
pub(super) const REPULSION: [Kernel; 2] = kernel!("repulsion", &[&[STEP, STATE, PARTIALS]]);

/// Parts become sums.
///
/// `partials` as above, `part < n_parts`, `i < n`. `weights` has room for each block. `sums`: `lane + half < 256`.
pub(super) const COMBINE: [Kernel; 2] = kernel!("combine", &[&[STEP, PARTIALS, WEIGHTS]]);

/// Blocks' sums become one.
///
/// `weights`: below the number of blocks. `sums` as above. `state`: 4 n is its last point.
pub(super) const TOTAL: [Kernel; 2] = kernel!("total", &[&[STEP, STATE, WEIGHTS]]);

/// Gradients.
///
/// `offsets` has `n_rows + 1` entries, not falling, the last the length of `columns` and `values`; `row < n_rows`, so `at` is below
/// that. Columns are below n (`Affinities` says so), and so is `first + row`. `sums`: `lane` and, where `lane` is a multiple of 16
/// below 128, `lane + k` with `k < 16`.
pub(super) const SLOPE: [Kernel; 2] = kernel!("slope", &[&[STEP, STATE, PARTIALS], AFFINITIES]);

/// The step itself.
///
/// `i < n`, of a state of 4 n + 1 points.
pub(super) const UPDATE: [Kernel; 2] = kernel!("update", &[&[STEP, STATE]]);
