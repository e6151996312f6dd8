//! Wrong kernels of `rbf`: each change to a shader's text must be noticed, or is named with the reason why not.

use super::rbf_cases::{Case, Values, check};
use super::wrong_kernels::Fate::{Caught, Races, Survives};
use super::wrong_kernels::{self, MutationOf};
use oddflow::ops::rbf::{RbfGpu, Storage};

const F32: &[MutationOf] = &[
    ("barrier before staging dropped", "overwritten.\n            workgroupBarrier();", "overwritten.", 0, Caught),
    ("barrier after staging dropped", "workgroupBarrier();\n            let last", "let last", 0, Caught),
    ("barrier before the sums dropped", "workgroupBarrier();\n    let row", "let row", 0, Caught),
    ("the last quarter not staged", "if lane < STAGED", "if lane + 1u < STAGED", 0, Caught),
    ("rows' slabs stand still", "select(slab + 1u, 0u, last)", "select(slab, 0u, last)", 0, Caught),
    ("rows' slabs are not taken again", "select(slab + 1u, 0u, last)", "(slab + 1u)", 0, Caught),
    ("vectors' slabs stand still", "vector_at + STAGED + select", "vector_at + select", 0, Caught),
    ("weights are taken for a slab", "select(0u, WEIGHT_UNITS, last)", "select(0u, 0u, last)", 0, Caught),
    ("weights of the first block", "weight_quarter((first + block) * pitch", "weight_quarter(first * pitch", 0, Caught),
    ("another lane's weights", "n_quarters, x)", "n_quarters, x ^ 1u)", 0, Caught),
    ("every span is the first", "let first = group.y *", "let first = 0u *", 1, Caught),
    ("every span lands on the first", "(panel.base + group.y)", "(panel.base)", 1, Caught),
    ("spans of later bindings land on the first", "(panel.base + group.y)", "(group.y)", 0, Caught),
    ("the last block of a span dropped", "block < n_blocks", "block + 1u < max(n_blocks, 2u)", 0, Caught),
    (
        "a span goes on into the next",
        "min(panel.span_blocks, panel.n_blocks - first)",
        "(panel.n_blocks - first)",
        1,
        Caught,
    ),
    (
        "a short span is read as a whole one",
        "min(panel.span_blocks, panel.n_blocks - first)",
        "8u",
        1,
        Survives("robust access reads weights of 0 beyond the binding; without it, who knows"),
    ),
    ("rows of the first dispatch", "(panel.first_block + group.x)", "(group.x)", 0, Caught),
    ("rows land on those of the first dispatch", "panel.first_row + group.x", "group.x", 0, Caught),
    ("a distance does not begin at 0", "var h = vec4<f32>();", "var h = vec4<f32>(0.01);", 0, Caught),
    ("a sum does not begin at 0", "var low = vec4<f32>();", "var low = vec4<f32>(0.01);", 0, Caught),
    ("sums of the last block only", "low += vec4", "low = vec4", 0, Caught),
    ("product of two rows' differences", "f += df * df", "f += df * de", 0, Caught),
    ("a difference twice", "let dc = r.z - v;", "let dc = r.y - v;", 0, Caught),
    ("square of a sum", "let dd = r.w - v;", "let dd = r.w + v;", 0, Caught),
    ("second half of the rows is the first", "16u + y + 8u]", "16u + y]", 0, Caught),
    ("a feature left out", "feature < SLAB", "feature + 1u < SLAB", 0, Caught),
    ("one vector of four dropped", "(products.z + products.w)", "(products.z + products.z)", 0, Caught),
    ("one row's distances for another's", "weighted(f, weights)", "weighted(e, weights)", 0, Caught),
    ("weights forgotten", "weights * exp2(", "vec4<f32>(0.25) * exp2(", 0, Caught),
    ("another base", "exp2(max", "exp(max", 0, Caught),
    ("sign lost", "max(panel.slope", "max(-panel.slope", 0, Caught),
    ("far vectors count", "LEAST: f32 = -200.0", "LEAST: f32 = -14.0", 2, Caught),
    ("a lane left out", "i < 16u", "i < 15u", 0, Caught),
    ("another row's lanes", "lane * PITCH + i", "(lane ^ 1u) * PITCH + i", 0, Caught),
    ("another row's sum", "35u * PITCH] = high.w", "35u * PITCH] = high.z", 0, Caught),
    ("the last row not written", "row < panel.n_rows {", "row + 1u < panel.n_rows {", 0, Caught),
    ("a row beyond the batch is written", "row < panel.n_rows {", "row <= panel.n_rows {", 0, Caught),
    ("the last row of a block not written", "lane < BLOCK &&", "lane + 1u < BLOCK &&", 0, Caught),
    (
        "lanes of the next block write",
        "lane < BLOCK &&",
        "lane < LANES &&",
        0,
        Races("the block they belong to may write after them"),
    ),
    ("spans lie too closely", "* panel.n_rows + row", "* (panel.n_rows - 1u) + row", 0, Caught),
    (
        "slabs beyond the span are read",
        "last), last_at)",
        "last), 0xffffffu)",
        0,
        Survives("they are read ahead and never staged"),
    ),
    ("lanes beyond the slab read on", "min(lane, STAGED - 1u)", "lane", 0, Survives("what they read is never staged")),
    (
        "exponents have no bound",
        "max(panel.slope * sq_dists, vec4<f32>(LEAST))",
        "panel.slope * sq_dists",
        3,
        Survives("here 2^−∞ is 0; a driver may compile it as if it never were"),
    ),
];

const F16: &[MutationOf] = &[
    ("second pair is the first", "unpack2x16float(halves.y)", "unpack2x16float(halves.x)", 4, Caught),
    ("halves of a pair swapped", "unpack2x16float(halves.x)", "unpack2x16float(halves.x).yx", 4, Caught),
    ("second weights are the first", "bitcast<vec2<f32>>(high)", "bitcast<vec2<f32>>(low)", 4, Caught),
    ("weights lie too closely", "vectors[weights + 2u * quarter];", "vectors[weights + quarter];", 4, Caught),
    ("blocks lie too closely", "WEIGHT_UNITS: u32 = 32u", "WEIGHT_UNITS: u32 = 16u", 4, Caught),
];

/// Few and small, yet each line of the kernels matters in one of them; numbered from 0. Bindings are of 64 KiB.
fn cases() -> Vec<Case> {
    vec![
        // Three slabs, two bindings of one span each, a last block of rows of three.
        Case::new(Values::Skewed, 17, 600, 67),
        // Three spans of one binding, the last of five blocks.
        Case::new(Values::Skewed, 3, 1_300, 67),
        Case::new(Values::Ramp, 2, 300, 301),
        Case::new(Values::Extreme, 2, 300, 300),
        Case::stored(Values::Skewed, 17, 600, 67, Storage::F16),
    ]
}

fn all_of(kernel: &'static str, mutations: &[MutationOf]) {
    wrong_kernels::all_of(kernel, mutations, 1 << 16, &cases(), |gpu, case| {
        let op = RbfGpu::prepare(&case.expansion, gpu, case.rows.nrows()).expect("a mutated shader still compiles");
        check(&op, case)
    });
}

#[test]
fn of_kernel_sums() {
    all_of("rbf_f32", F32);
}

#[test]
fn of_halves() {
    all_of("rbf_f16", F16);
}
