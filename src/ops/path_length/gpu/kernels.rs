//! The kernels: their text, bindings, and why two of them need no run-time checks.

use crate::device::{Access, Binding, Kernel};
use crate::ops::Dispatch;

const fn binding(name: &'static str, access: Access) -> Binding {
    Binding { name, access }
}

const DISPATCH: Binding = binding("dispatch", Access::Uniform(size_of::<Dispatch>() as u64));

macro_rules! with_common {
    ($file:literal) => {
        &[
            include_str!("../../../../shaders/common/dispatch.wgsl"),
            include_str!("../../../../shaders/common/order_key.wgsl"),
            include_str!("../../../../shaders/common/wide_sum.wgsl"),
            include_str!(concat!("../../../../shaders/", $file, ".wgsl")),
        ]
    };
}

/// Values to ranks, before [`SMALL`].
pub(super) const RANK: Kernel = Kernel {
    name: "path_length_rank",
    sources: with_common!("path_length_rank"),
    groups: &[
        &[DISPATCH, binding("rows", Access::Read), binding("ranks", Access::ReadWrite)],
        &[binding("starts", Access::Read), binding("thresholds", Access::Read)],
    ],
    constants: &[&[]],
    // It has no workgroup memory, and its loop halves a range of thresholds; nothing is gained by leaving checks out.
    proven: false,
};

/// Heaps of up to eight levels, in workgroup memory.
///
/// Every index is in range, and every loop counts to a constant or to `dispatch.count`.
/// - `features`, `ranks`: a lane reads word `w` at `128 w + lane`, or `stride w + row` with `row < n_rows <= stride`; the
///   words in nodes are made from features that [`Forest::new`](super::super::Forest::new) checked, and nodes that nobody
///   filled hold word 0.
/// - `nodes`: a walk begins at 1 and doubles (plus one) `LEVELS` times; it reads before each step, so at most
///   `2^LEVELS − 1` within one of four trees. Staging covers `4 · 2^LEVELS` words, a multiple of 128 for `LEVELS >= 5`.
/// - `heaps`: a binding holds whole groups of `8 · 2^LEVELS` words, and `first + count` is at most their number.
/// - `sums`: one a row, for `row < n_rows`.
pub(super) const SMALL: Kernel = Kernel {
    name: "path_length_small",
    sources: with_common!("path_length_small"),
    groups: &[
        &[DISPATCH, binding("ranks", Access::Read), binding("sums", Access::ReadWrite)],
        &[binding("heaps", Access::Read)],
    ],
    constants: &[
        &[("LEVELS", 8.0), ("N_WORDS", 4.0), ("WIDE", 0.0)],
        &[("LEVELS", 5.0), ("N_WORDS", 1.0), ("WIDE", 0.0)],
        &[("LEVELS", 8.0), ("N_WORDS", 24.0), ("WIDE", 0.0)],
        &[("LEVELS", 5.0), ("N_WORDS", 31.0), ("WIDE", 0.0)],
        &[("LEVELS", 8.0), ("N_WORDS", 512.0), ("WIDE", 1.0)],
    ],
    proven: true,
};

/// Trees of any size, by levels.
///
/// Every index is in range. `keys`: a lane reads feature `f < n_features = N_STAGED` at `128 f + lane`. `top`: read and
/// written below 511 only. `rows`: value `f` of row `row < n_rows`. `starts`: one entry more than trees, `first + count` is at
/// most their number. `nodes`: a child is the place of a node in its tree. `sums`: one a row. A walk ends, since children
/// come after their parent and each tree ends in leaves, which are told by a second word of 0.
pub(super) const LARGE: Kernel = Kernel {
    name: "path_length_large",
    sources: with_common!("path_length_large"),
    groups: &[
        &[DISPATCH, binding("rows", Access::Read), binding("sums", Access::ReadWrite)],
        &[binding("starts", Access::Read), binding("nodes", Access::Read)],
    ],
    constants: &[
        &[("FEATURE_BITS", 3.0), ("N_STAGED", 8.0)],
        &[("FEATURE_BITS", 1.0), ("N_STAGED", 1.0)],
        &[("FEATURE_BITS", 5.0), ("N_STAGED", 24.0)],
        &[("FEATURE_BITS", 10.0), ("N_STAGED", 0.0)],
    ],
    proven: true,
};

/// Bytes of workgroup memory that WebGPU guarantees.
pub(super) const WORKGROUP_BYTES: usize = 16 * 1024;

/// Nodes of a large tree that are staged: `TOP` of the kernel.
pub(super) const TOP: usize = 511;
