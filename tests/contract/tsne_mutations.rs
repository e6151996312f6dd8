//! Wrong kernels of `tsne`: each change to a shader's text must be noticed, or is named with the reason why not.

use super::tsne_cases::{Case, check, is_above};
use super::wrong_kernels::Fate::{Caught, Races, Survives};
use super::wrong_kernels::{self, Mutation};
use ndarray::Array2;
use oddflow::device::Device;
use oddflow::ops::tsne::{Repulsion, Step, Tsne, TsneGpu};

const REPULSION: &[Mutation] = &[
    ("barrier before staging dropped", "overwritten.\n        workgroupBarrier();", "overwritten.", Caught),
    (
        "barrier after staging dropped",
        "n - 1u)];\n        workgroupBarrier();\n        var fa",
        "n - 1u)];\n        var fa",
        Caught,
    ),
    ("every block is the first", "(step.first + group.x)", "(step.first)", Survives("a dispatch takes one block here")),
    ("blocks of the first dispatch", "(step.first + group.x)", "(group.x)", Caught),
    ("every part is the first", "let first = group.y *", "let first = 0u *", Caught),
    ("the last tile dropped", "t < last; t++", "t + 1u < last; t++", Caught),
    ("tiles overlap", "let begin = t * BLOCK", "let begin = t * LANES", Caught),
    ("second half not staged", "tile[lane + LANES] = state[min(begin + LANES, n - 1u)];", "", Caught),
    ("the last of a tile dropped", "k < count", "k + 1u < count", Caught),
    ("copies of the last point count", "min(BLOCK, n - t * BLOCK)", "BLOCK", Caught),
    ("the second point is the first", "let db = b - other", "let db = a - other", Caught),
    ("weights once", "fa += (u * u) * da", "fa += u * da", Caught),
    ("another kernel", "1.0 / (1.0 + dot(db, db))", "1.0 / (1.5 + dot(db, db))", Caught),
    ("only the last tile counts", "force_a += fa", "force_a = fa", Caught),
    ("weights of the last tile", "weight_b += wb", "weight_b = wb", Caught),
    ("parts land on the first", "partials[group.y * n + i] =", "partials[i] =", Caught),
    (
        "a point beyond the last is written",
        "if i + LANES < n {",
        "if i + LANES <= n {",
        Races("the next part's first point may be written after it"),
    ),
    ("the last point is not written", "if i < n {", "if i + 1u < n {", Caught),
];

const COMBINE: &[Mutation] = &[
    ("the last part dropped", "part < step.n_parts", "part + 1u < step.n_parts", Caught),
    ("a part twice", "var part = 1u;", "var part = 0u;", Caught),
    ("itself counts", "all.w - 1.0", "all.w", Caught),
    ("points beyond the last count", "if i < n {", "if i <= n {", Caught),
    ("half of a block is not added", "half = BLOCK / 2u", "half = BLOCK / 4u", Caught),
    ("barrier dropped", "workgroupBarrier();\n        if lane < half", "if lane < half", Caught),
    ("sums are not written back", "partials[i] = all;", "", Caught),
    ("blocks land on the first", "weights[group.x]", "weights[0]", Caught),
];

const TOTAL: &[Mutation] = &[
    ("the first block left out", "var block = lane;", "var block = lane + 1u;", Caught),
    (
        "only the last counts",
        "own += weights[block]",
        "own = weights[block]",
        Survives("only beyond 256 blocks has a lane two"),
    ),
    ("half is not added", "half = BLOCK / 2u", "half = 1u", Caught),
    ("Z elsewhere", "state[4u * step.n_points]", "state[3u * step.n_points]", Caught),
];

const SLOPE: &[Mutation] = &[
    ("a lane left out", "k < ROW_LANES", "k + 1u < ROW_LANES", Caught),
    ("barrier dropped", "workgroupBarrier();\n    if part", "if part", Caught),
    ("lanes overlap", "at += ROW_LANES", "at += 1u", Caught),
    ("the first neighbour left out", "offsets[row] + part", "offsets[row] + part + 1u", Caught),
    ("rows of the first binding", "let i = step.first + row;", "let i = row;", Caught),
    ("attraction without weight", "values[at] / (1.0 + dot(apart, apart))", "values[at]", Caught),
    ("no exaggeration", "step.exaggeration * attraction", "attraction", Caught),
    ("repulsion attracts", "* attraction - force_of", "* attraction + force_of", Caught),
    ("the gradient lands on the points", "state[n + i] =", "state[i] =", Caught),
    ("the last row of a binding not written", "bound_row < step.n_rows {", "bound_row + 1u < step.n_rows {", Caught),
    (
        "rows beyond a binding are written",
        "&& bound_row < step.n_rows",
        "",
        Survives("they write what the last row does"),
    ),
    ("four forgotten", "4.0 * (", "2.0 * (", Caught),
];

const UPDATE: &[Mutation] = &[
    ("gains never grow", "gain + Point(0.2)", "gain", Caught),
    ("gains never shrink", "gain * 0.8", "gain", Caught),
    ("gains have no least", "Point(0.01)", "Point(0.0)", Survives("in so few steps none gets there")),
    ("downhill is uphill", "< Point()", "> Point()", Caught),
    ("no momentum", "step.momentum * before", "before", Caught),
    ("uphill", "before - step.learning_rate", "before + step.learning_rate", Caught),
    ("updates are forgotten", "state[2u * n + i] = update;", "", Caught),
    ("gains are forgotten", "state[3u * n + i] = gains;", "", Caught),
    ("the last point stays", "if i >= n {", "if i + 1u >= n {", Caught),
];

fn steps(case: &Case, device: &Device) -> Array2<f64> {
    let repulsion = if matches!(device, Device::Cpu) { Repulsion::Exact } else { Repulsion::Auto };
    let mut op = Tsne::prepare(case.affinities(), case.points.view(), device, repulsion).unwrap();
    op.advance(12, Step { learning_rate: 50.0, momentum: 0.5, exaggeration: 4.0 }).unwrap();
    op.points().unwrap()
}

fn all_of(kernel: &'static str, dims: usize, mutations: &[Mutation]) {
    // Three blocks in two parts, five bindings of affinities.
    let case = Case::reaching(601, dims, 40);
    let wanted = steps(&case, &Device::Cpu);
    wrong_kernels::all_of(kernel, mutations, 48 << 10, &[case], |gpu, case| {
        let mut op =
            TsneGpu::prepare(case.affinities(), case.points.view(), gpu).expect("a mutated shader still compiles");
        check(&mut op, case)?;
        let met = steps(case, &Device::Gpu(gpu.clone()));
        let apart = (&met - &wanted).mapv(|x| x * x).sum().sqrt() / wanted.mapv(|x| x * x).sum().sqrt();
        if is_above(apart, 1e-5) { Err(format!("after some steps off by {apart:e}")) } else { Ok(()) }
    });
}

#[test]
fn of_repulsion() {
    all_of("tsne_repulsion_2d", 2, REPULSION);
}

#[test]
fn of_sums() {
    all_of("tsne_combine_3d", 3, COMBINE);
    all_of("tsne_total_2d", 2, TOTAL);
}

#[test]
fn of_gradients() {
    all_of("tsne_slope_3d", 3, SLOPE);
}

#[test]
fn of_updates() {
    all_of("tsne_update_2d", 2, UPDATE);
}
