//! The kernels: their text, bindings, and why they need no run-time checks.

use super::SubStep;
use crate::device::{Access, Binding, Kernel};

const fn binding(name: &'static str, access: Access) -> Binding {
    Binding { name, access }
}

const POINTS: &[Binding] = &[
    binding("step", Access::Uniform(size_of::<SubStep>() as u64)),
    binding("points", Access::Read),
    binding("moved", Access::ReadWrite),
];
const EVENTS: &[Binding] = &[binding("begins", Access::Read), binding("events", Access::Read)];

macro_rules! kernel {
    ($name:literal, $points:literal) => {
        Kernel {
            name: $name,
            sources: &[
                include_str!(concat!("../../../../shaders/common/", $points, ".wgsl")),
                include_str!("../../../../shaders/common/sub_step.wgsl"),
                include_str!("../../../../shaders/umap_move.wgsl"),
            ],
            groups: &[POINTS, EVENTS],
            constants: &[&[]],
            proven: true,
        }
    };
}

/// A sub-step, for points of two and three dimensions.
///
/// Every index is in range, and every loop counts to a number that the host gives. `begins` has `n_vertices + 1` entries, not falling, the last the
/// number of `events`. `points` and `moved` have all vertices: `first + n_vertices` and `first_repelling + n_repelling` are at
/// most their number, `event.x` is below it (`Graph` says so), and an upper product is below its second factor.
pub(super) const MOVE: [Kernel; 2] = [kernel!("umap_move_2d", "plane"), kernel!("umap_move_3d", "space")];
