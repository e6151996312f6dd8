//! The kernels: their text, bindings, and why they need no run-time checks.

use super::Tiling;
use crate::device::{Access, Binding, Kernel};

const fn binding(name: &'static str, access: Access) -> Binding {
    Binding { name, access }
}

const TILING: Binding = binding("tiling", Access::Uniform(size_of::<Tiling>() as u64));
const REFERENCES: &[Binding] = &[binding("references", Access::Read)];

macro_rules! with_common {
    ($file:literal) => {
        &[
            include_str!("../../../../shaders/common/tiling.wgsl"),
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

/// The smallest distance of each query to each tile.
///
/// Every index is in range, and every loop counts to a constant or a number of the uniform.
/// - `queries`, `references`: both hold whole blocks of `n_features · 16` quarters, `n_features = SLAB · n_slabs`. A lane reads
///   quarter `min(lane, STAGED − 1)` of a slab; slabs are `0..n_slabs` of query block `group.x`, of which there are
///   `⌈n_queries / 64⌉`, and `0..=last_step` from the first block of the span on, `n_blocks` blocks that exist: the host
///   dispatches spans that begin before the last reference.
/// - `query_slab`, `reference_slab`: `16 feature + x`, `+ y`, `+ y + 8`, with `feature < SLAB`, `x < 16`, `y < 8`.
/// - `lane_minima`: `17 query + x` with `query < 64`, `x < 16`: at most 1,086 of 1,088.
/// - `minima`: `query < n_queries`, `tile < count`, `base + count <= n_tiles`, and a row has `n_tiles + 1` words.
pub(super) const MINIMA: Kernel = Kernel {
    name: "neighbors_minima",
    sources: with_common!("neighbors_minima"),
    groups: &[&[TILING, binding("queries", Access::Read), binding("minima", Access::ReadWrite)], REFERENCES],
    constants: SLABS,
    proven: true,
};

/// The limit of each query.
///
/// Every index is in range. `minima`: `tile < n_tiles` of a row of `n_tiles + 1` words, one row a workgroup. `bins`: a digit or
/// the lane, below 256. `sums`: a lane of the first or second half; `lane − reach` only where it is not negative.
pub(super) const BOUND: Kernel = Kernel {
    name: "neighbors_bound",
    sources: with_common!("neighbors_bound"),
    groups: &[&[TILING, binding("minima", Access::ReadWrite)]],
    constants: &[&[]],
    proven: true,
};

/// The references within each query's limit.
///
/// Every index is in range. `minima`: `base + tile` with `tile < count`, `base + count <= n_tiles`. `hits`: `n_hits` grows by at
/// most the tiles of a strip, of which there are 1,024; `i >> width_log2` is below it. `references`: the row is below
/// `n_references`, and `place` puts it into its block; `queries` in the same way, one query a workgroup. `lists`: `at < room` of
/// `room + 1` words. Loops count to numbers of the uniform or of `n_hits`.
pub(super) const COLLECT: Kernel = Kernel {
    name: "neighbors_collect",
    sources: with_common!("neighbors_collect"),
    groups: &[
        &[
            TILING,
            binding("queries", Access::Read),
            binding("minima", Access::Read),
            binding("lists", Access::ReadWrite),
        ],
        REFERENCES,
    ],
    constants: SLABS,
    proven: true,
};
