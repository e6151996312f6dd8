//! Wrong kernels of `path_length`: each change to a shader's text must be noticed by the comparison, or is named with the reason why not.

use super::cases::{Case, Growth};
use super::harness::check;
use super::wrong_kernels::Fate::{Caught, Races, Survives};
use super::wrong_kernels::{self, Mutation};
use oddflow::ops::path_length::PathLengthGpu;

const FIRST_BARRIER: &str = "overwritten.\n        workgroupBarrier();";
const RANK: &[Mutation] = &[
    ("thresholds are strict", "thresholds[middle] < key", "thresholds[middle] <= key", Caught),
    ("ranks count from the binding's start", "return low - start;", "return low;", Caught),
    ("both features share bits", "<< 16u;\n    }\n    ranks", "<< 15u;\n    }\n    ranks", Caught),
    ("second feature takes the first's thresholds", "rank_of(2u * group.y + 1u,", "rank_of(2u * group.y,", Caught),
    (
        "last pair of an even row dropped",
        "feature + 1u < dispatch.n_features",
        "feature + 2u < dispatch.n_features",
        Caught,
    ),
    ("words of later bindings land on the first", "dispatch.first + group.y", "group.y", Caught),
    ("next row's values", "row * dispatch.n_features", "(row + 1u) * dispatch.n_features", Caught),
    ("ranks lie densely", "word * dispatch.stride + row", "word * dispatch.n_rows + row", Caught),
    (
        "negative NaN is below all",
        "(bits & 0x7fffffffu) > 0x7f800000u",
        "bits > 0x7f800000u && bits < 0x80000000u",
        Caught,
    ),
    ("infinities are taken for NaN", "> 0x7f800000u", ">= 0x7f800000u", Caught),
    ("negative values are in reverse", "~bits, (bits", "bits, (bits", Caught),
    (
        "a lane beyond the rows writes",
        "row >= dispatch.n_rows",
        "row > dispatch.n_rows",
        Races("the extra rank lies beyond the batch's rows in a slot, or where the row it belongs to writes its own"),
    ),
];
const SMALL: &[Mutation] = &[
    ("comparison flipped", ">= (node & 0xffff0000u)", "< (node & 0xffff0000u)", Caught),
    ("ties go left", ">= (node & 0xffff0000u)", "> (node & 0xffff0000u)", Caught),
    ("low bits are compared", ">= (node & 0xffff0000u)", ">= node", Caught),
    ("children swapped", "select(0u, 1u, right)", "select(1u, 0u, right)", Caught),
    ("even features read the odd half", "node & 31u", "node & 15u", Caught),
    ("wide words cut", "(node & 0xff80u) >> 7u", "(node & 0x7f80u) >> 7u", Caught),
    ("staged words cut", "(node & 0xff80u) + lane", "(node & 0x0780u) + lane", Caught),
    ("another lane's features", "(node & 0xff80u) + lane", "(node & 0xff80u) + (lane ^ 1u)", Caught),
    (
        "a wide row reads its neighbour",
        "* dispatch.stride + row];\n    } else",
        "* dispatch.stride + row + 1u];\n    } else",
        Caught,
    ),
    ("last word not staged", "word < STAGED", "word + 1u < STAGED", Caught),
    ("one level too few", "level < LEVELS", "level + 1u < LEVELS", Caught),
    ("one tree twice", "d = child(3u, d", "d = child(2u, d", Caught),
    ("another tree's leaf", "leaves + WIDTH + b", "leaves + b", Caught),
    ("leaves one off", "base + NODE_SLOTS - WIDTH", "base + NODE_SLOTS - WIDTH + 1u", Caught),
    ("last group dropped", "g < dispatch.count", "g + 1u < dispatch.count", Caught),
    ("every dispatch takes the first trees", "(dispatch.first + g)", "g", Caught),
    ("earlier dispatches forgotten", "dispatch.accumulate != 0u", "dispatch.accumulate > 1u", Caught),
    ("first dispatch adds to what was there", "dispatch.accumulate != 0u", "dispatch.accumulate < 2u", Caught),
    ("last nodes not staged", "slot < NODE_SLOTS", "slot + LANES < NODE_SLOTS", Caught),
    ("barrier before staging dropped", FIRST_BARRIER, "overwritten.", Caught),
    ("barrier after staging dropped", "workgroupBarrier();\n        var a", "var a", Caught),
    ("carry lost", "select(0u, 1u, low < term)", "0u", Caught),
    ("carry too often", "low < term", "low <= term", Caught),
    ("lanes beyond the rows write", "if row < dispatch.n_rows", "if row <= dispatch.n_rows", Caught),
    ("last row not written", "if row < dispatch.n_rows", "if row + 1u < dispatch.n_rows", Caught),
    (
        "lanes beyond the rows read on",
        "min(row, dispatch.n_rows - 1u)",
        "row",
        Survives("they read what earlier batches left, or what robust access gives, and write nothing"),
    ),
];
const LARGE: &[Mutation] = &[
    ("comparison flipped", "key > node.x", "key <= node.x", Caught),
    ("ties go right", "key > node.x", "key >= node.x", Caught),
    ("features cut", "(1u << FEATURE_BITS) - 1u", "((1u << FEATURE_BITS) - 1u) >> 1u", Caught),
    ("another lane's keys", "keys[feature * LANES + lane];", "keys[feature * LANES + (lane ^ 1u)];", Caught),
    (
        "a wide row reads its neighbour",
        "rows[values + feature]);\n            }",
        "rows[values + feature + 1u]);\n            }",
        Caught,
    ),
    ("last feature not staged", "feature < N_STAGED", "feature + 1u < N_STAGED", Caught),
    ("top one too large", "next < TOP", "next <= TOP", Caught),
    ("last top node not staged", "min(TOP, ", "min(TOP - 1u, ", Caught),
    ("tile of a shorter tree", "slot < staged", "slot + 1u < staged", Caught),
    ("last tree dropped", "t < dispatch.count", "t + 1u < dispatch.count", Caught),
    (
        "every dispatch takes the first trees",
        "let start = starts[dispatch.first + t];",
        "let start = starts[t];",
        Caught,
    ),
    ("earlier dispatches forgotten", "dispatch.accumulate != 0u", "dispatch.accumulate > 1u", Caught),
    ("first dispatch adds to what was there", "dispatch.accumulate != 0u", "dispatch.accumulate < 2u", Caught),
    ("barrier before staging dropped", FIRST_BARRIER, "overwritten.", Caught),
    ("barrier after staging dropped", "workgroupBarrier();\n        var node", "var node", Caught),
    ("carry lost", "select(0u, 1u, low < term)", "0u", Caught),
    (
        "negative NaN is below all",
        "(bits & 0x7fffffffu) > 0x7f800000u",
        "bits > 0x7f800000u && bits < 0x80000000u",
        Caught,
    ),
    ("lanes beyond the rows write", "if row < dispatch.n_rows", "if row <= dispatch.n_rows", Caught),
    (
        "lanes beyond the rows read on",
        "min(row, dispatch.n_rows - 1u)",
        "row",
        Survives("they read what earlier batches left, or what robust access gives, and write nothing"),
    ),
];

/// Few and small, yet each line of the kernels matters in one of them; the cheap ones first.
fn cases(kernel: &str) -> Vec<Case> {
    let n_rows = 300;
    match kernel {
        "path_length_large" => vec![
            // Its rows of −∞ take the leftmost path, across the edge of the staged levels.
            Case::new(1, Growth::Full(11), 3, 5, n_rows),
            Case::new(2, Growth::Isolation(65_536), 40, 3, n_rows),
            Case::new(3, Growth::Chain(9), 3, 150, n_rows),
        ],
        _ => vec![
            Case::new(4, Growth::Isolation(256), 3, 70, n_rows),
            Case::new(2, Growth::Full(8), 40, 9, n_rows),
            Case::new(3, Growth::Full(8), 1000, 6, n_rows),
            Case::new(1, Growth::Full(8), 8, 1600, n_rows),
        ],
    }
}

fn all_of(kernel: &'static str, mutations: &[Mutation]) {
    wrong_kernels::all_of(kernel, mutations, 1 << 20, &cases(kernel), |gpu, case| {
        let op = PathLengthGpu::prepare(&case.forest, gpu, case.rows.nrows()).expect("a mutated shader still compiles");
        assert!(op.kernels().contains(&kernel), "{kernel} does not run in {}", case.name);
        check(&op, case)
    });
}

#[test]
fn of_ranking() {
    all_of("path_length_rank", RANK);
}

#[test]
fn of_small_trees() {
    all_of("path_length_small", SMALL);
}

#[test]
fn of_large_trees() {
    all_of("path_length_large", LARGE);
}
