//! Wrong kernels of `umap`: each change to a shader's text must be noticed, or is named with the reason why not.

use super::umap_cases::{Case, check};
use super::wrong_kernels::Fate::{Caught, Races, Survives};
use super::wrong_kernels::{self, Mutation};
use oddflow::ops::umap::UmapGpu;

const MOVE: &[Mutation] = &[
    ("the last vertex stays", "at >= step.n_vertices", "at + 1u >= step.n_vertices", Caught),
    (
        "vertices beyond the last are moved",
        "at >= step.n_vertices",
        "at > step.n_vertices",
        Races(
            "the one lane beyond them meets no event, and what it copies lies beyond the points or where the next dispatch writes",
        ),
    ),
    ("vertices of the first binding", "let vertex = step.first + at;", "let vertex = at;", Caught),
    ("the last event dropped", "k < end", "k + 1u < end", Caught),
    ("the first event dropped", "var k = begins[at]", "var k = begins[at] + 1u", Caught),
    ("every edge in every epoch", "step.epoch * rate + rate >= rate", "rate == 1u", Caught),
    ("edges of the next epoch", "step.epoch * rate + rate", "(step.epoch + 1u) * rate + rate", Caught),
    ("the flag is a part of the rate", "event.y & 0xfffffffeu", "event.y", Survives("it changes the 2⁻³² of a rate")),
    ("repulsion at both ends", "(event.y & 1u) == 1u", "true", Caught),
    ("no repulsion", "(event.y & 1u) == 1u", "false", Caught),
    ("the edge is the other way", "step.salt ^ vertex", "step.salt ^ event.x", Caught),
    ("the same draws in every epoch", "edge + step.epoch * 0x9e3779b9u", "edge", Caught),
    ("one draw too few", "i <= step.n_negatives", "i < step.n_negatives", Caught),
    ("draws count from 0", "var i = 1u; i <=", "var i = 0u; i <", Caught),
    ("all vertices repel new ones", "step.first_repelling + drawn", "drawn", Caught),
    (
        "another product",
        "(middle >> 16u) + (other >> 16u)",
        "(middle >> 16u)",
        Survives("a carry of the second kind needs a factor above 65,535"),
    ),
    ("a carry lost", "+ (low >> 16u)", "", Caught),
    ("another hash", "0x846ca68bu", "0x846ca68du", Caught),
    ("hubs are thrown", "n_active > step.most_events", "false", Caught),
    ("no learning rate", "(step.rate * share)", "share", Caught),
    ("attraction repels", "return act(-2.0", "return act(2.0", Caught),
    ("attraction without power", "* p / (sq_dist", "/ (sq_dist", Caught),
    ("repulsion without power", "(1.0 + step.a * power(sq_dist))", "(1.0 + step.a)", Caught),
    ("repulsion of weight 1", "2.0 * step.repulsion", "2.0", Caught),
    ("repulsion without 0.001", "(0.001 + sq_dist)", "sq_dist", Caught),
    (
        "no clipping",
        "clamp(select(0.0, force, sq_dist > 0.0) * apart, Point(-CLIP), Point(CLIP))",
        "select(0.0, force, sq_dist > 0.0) * apart",
        Caught,
    ),
    (
        "equal points repel",
        "select(0.0, force, sq_dist > 0.0)",
        "force",
        Survives("their distance is 0, which no finite force moves"),
    ),
    (
        "powers without a limit",
        "min(step.b * log2(sq_dist), 126.0)",
        "step.b * log2(sq_dist)",
        Survives("no case has points so far apart"),
    ),
    ("points move in place", "own + (step.rate", "(step.rate", Caught),
];

fn all_of(kernel: &'static str, dims: usize) {
    // Several bindings a sub-step, a hub, equal points, and some that are fixed.
    let cases = [Case::denser(601, dims), Case::with(400, dims, 150)];
    wrong_kernels::all_of(kernel, MOVE, 11 << 10, &cases, |gpu, case| {
        let mut op = UmapGpu::prepare(&case.graph(), case.points.view(), case.n_moving, case.layout, gpu)
            .expect("a mutated shader still compiles");
        check(&mut op, case)
    });
}

#[test]
fn of_moves_in_the_plane() {
    all_of("umap_move_2d", 2);
}

#[test]
fn of_moves_in_space() {
    all_of("umap_move_3d", 3);
}
