//! Wrong kernels of `neighbors`: each change to a shader's text must be noticed, or is named with the reason why not.

use super::devices::{open, present};
use super::mutations::{
    Fate::{Caught, Races, Survives},
    Mutation,
};
use super::neighbors_cases::{Case, Values, check};
use oddflow::device::{AdapterReport, GpuOptions};
use oddflow::ops::neighbors::NeighborsGpu;
use std::sync::Arc;
use std::time::Duration;

const MINIMA: &[Mutation] = &[
    ("barrier before staging dropped", "overwritten.\n            workgroupBarrier();", "overwritten.", Caught),
    ("barrier after staging dropped", "workgroupBarrier();\n            step", "step", Caught),
    ("barrier before reduction dropped", "workgroupBarrier();\n        if lane < BLOCK", "if lane < BLOCK", Caught),
    ("a lane left out of the reduction", "i < 16u", "i < 15u", Caught),
    ("the last query of a block not reduced", "if lane < BLOCK", "if lane + 1u < BLOCK", Caught),
    ("the last quarter not staged", "if lane < STAGED", "if lane + 1u < STAGED", Caught),
    ("queries' slabs in another order", "select(slab + 1u, 0u,", "select(0u, slab + 1u,", Caught),
    ("references' slabs stand still", "step = min(step + 1u, last_step)", "step = min(step, last_step)", Caught),
    ("every dispatch takes the first span", "(tiling.first + group.y) * span_blocks", "group.y * span_blocks", Caught),
    ("every dispatch writes the first tiles", "tiling.first + group.y, smallest", "group.y, smallest", Caught),
    ("tiles of later bindings land on the first", "+ tiling.base + tile", "+ tile", Caught),
    ("a part of a block is none", "(tiling.n_references + BLOCK - 1u) / BLOCK", "tiling.n_references / BLOCK", Caught),
    ("one reference of four dropped", "min(bits.z, bits.w)", "min(bits.z, bits.z)", Caught),
    ("largest instead of smallest", "min(min(bits.x, bits.y)", "max(min(bits.x, bits.y)", Caught),
    ("one query's distances for another's", "(least(e), least(f)", "(least(e), least(e)", Caught),
    ("product of two queries' differences", "f += df * df", "f += df * de", Caught),
    ("a difference twice", "let dc = q.z - r;", "let dc = q.y - r;", Caught),
    ("second half of the queries is the first", "feature * 16u + y + 8u", "feature * 16u + y", Caught),
    ("minima begin at 0", "var high = vec4<u32>(INFINITY)", "var high = vec4<u32>(0u)", Caught),
    ("sums go on from block to block", "        h = vec4<f32>();\n        for", "        for", Caught),
    ("the last block of a tile dropped", "block < n_blocks", "block + 1u < max(n_blocks, 2u)", Caught),
    ("distances in each other's place", "keep(query, tile + 3u", "keep(query, tile + 2u", Caught),
    ("narrow tiles one off", "first_block * 16u + x", "first_block * 16u + x + 1u", Caught),
    ("distances one tile off", "first_block * BLOCK + 4u * x", "first_block * BLOCK + 4u * x + 4u", Caught),
    ("another query's distances", "keep_each(query + 33u, tile, f)", "keep_each(query + 33u, tile, e)", Caught),
    ("another query's minimum", "keep(query + 35u, tile, high.w)", "keep(query + 35u, tile, high.z)", Caught),
    ("the last query not written", "query < tiling.n_queries &&", "query + 1u < tiling.n_queries &&", Caught),
    ("the last tile not written", "tile < tiling.count", "tile + 1u < tiling.count", Caught),
    (
        "a query beyond the batch is written",
        "query < tiling.n_queries &&",
        "query <= tiling.n_queries &&",
        Survives("nobody reads the minima of a query there is not"),
    ),
    (
        "a tile beyond the binding is written",
        "tile < tiling.count",
        "tile <= tiling.count",
        Survives("it is the first tile of the next binding or the limit, which are written later"),
    ),
    (
        "slabs beyond the span are read",
        "min(step + 1u, last_step)",
        "(step + 1u)",
        Survives("they are read ahead and never staged"),
    ),
    ("lanes beyond the slab read on", "min(lane, STAGED - 1u)", "lane", Survives("what they read is never staged")),
];

const BOUND: &[Mutation] = &[
    ("barrier after clearing dropped", "0u);\n        workgroupBarrier();", "0u);", Caught),
    ("barrier after counting dropped", "workgroupBarrier();\n        let own", "let own", Caught),
    ("barrier between sums dropped", "reach <<= 1u) {\n            workgroupBarrier();", "reach <<= 1u) {", Caught),
    ("barrier after choosing dropped", "workgroupBarrier();\n        prefix", "prefix", Caught),
    ("bins are not cleared", "atomicStore(&bins[lane], 0u);", "", Caught),
    ("digits in the other order", "24u - 8u * digit", "8u * digit", Caught),
    ("a digit too few", "digit < 4u", "digit < 3u", Caught),
    ("last tiles dropped", "tile < tiling.n_tiles", "tile + 1u < tiling.n_tiles", Caught),
    ("the limit's place is counted", "tile < tiling.n_tiles", "tile <= tiling.n_tiles", Races("it may be far off")),
    ("values of other prefixes are counted", "if (value & mask) == prefix", "if mask <= 0xffffffffu", Caught),
    ("only the last digit is the prefix", "mask |= 255u", "mask = 255u", Caught),
    ("runs are not told apart", "bin = found;", "", Caught),
    ("runs are counted on", "run = 0u;\n                }", "}", Caught),
    ("the last run is dropped", "        atomicAdd(&bins[bin], run);\n        workgroup", "        workgroup", Caught),
    ("a sum too short", "lane >= reach", "lane > reach", Caught),
    ("sums of one copy", "half = LANES - half;", "half = 0u;", Caught),
    ("the bin before", "sum - own < rank", "sum - own <= rank", Caught),
    ("the bin behind", "sum >= rank &&", "sum > rank &&", Caught),
    ("rank stays", "rank - (sum - own)", "rank", Caught),
    ("digits are lost", "prefix | (lane << shift)", "lane << shift", Caught),
    ("rank one too small", "var rank = tiling.rank;", "var rank = max(tiling.rank, 2u) - 1u;", Caught),
    ("rank one too large", "var rank = tiling.rank;", "var rank = tiling.rank + 1u;", Caught),
    ("no margin for rounding", "* tiling.slope", "* 1.0", Caught),
    ("no margin for underflow", "+ tiling.tiny", "+ 0.0", Caught),
    ("no limit where it overflows", "var limit = INFINITY", "var limit = 0u", Caught),
    (
        "the limit in the last tile's place",
        "minima[row + tiling.n_tiles] =",
        "minima[row + tiling.n_tiles - 1u] =",
        Caught,
    ),
    (
        "the limit overflows by itself",
        "prefix < 0x7e800000u",
        "prefix <= 0x7f800000u",
        Survives("here a product that overflows is infinity; a driver may compile it as if it never were"),
    ),
];

const COLLECT: &[Mutation] = &[
    ("first barrier dropped", "workgroupBarrier();\n    for", "for", Caught),
    ("barrier after the hits dropped", "workgroupBarrier();\n        let n", "let n", Caught),
    (
        "barrier before the hits are cleared dropped",
        "workgroupBarrier();\n        if lane == 0u",
        "if lane == 0u",
        Caught,
    ),
    (
        "barrier after the hits are cleared dropped",
        "        workgroupBarrier();\n    }\n    if",
        "    }\n    if",
        Caught,
    ),
    (
        "hits are not cleared",
        "        if lane == 0u {\n            atomicStore(&n_hits, 0u);",
        "        if lane == 0u {",
        Caught,
    ),
    ("tiles at the limit dropped", "+ tile] <= limit", "+ tile] < limit", Caught),
    ("references at the limit dropped", "(query, reference) <= limit", "(query, reference) < limit", Caught),
    ("comparison flipped", "(query, reference) <= limit", "(query, reference) > limit", Caught),
    ("all of a tile", "tiling.width_log2 == 0u || ", "limit >= 0u || ", Caught),
    ("padding is listed", "if reference < tiling.n_references", "if reference <= tiling.n_references", Caught),
    ("last reference dropped", "if reference < tiling.n_references", "if reference + 1u < tiling.n_references", Caught),
    ("references of later bindings are the first's", "tiling.base_reference + reference", "reference", Caught),
    ("tiles of later bindings are the first's", "row + tiling.base + tile", "row + tile", Caught),
    ("a list begins anew with each binding", "tiling.base != 0u", "tiling.base == 0xffffffffu", Caught),
    ("a list goes on from nothing", "tiling.base != 0u", "tiling.base == 0u", Caught),
    ("one too many in a list", "at < tiling.room", "at <= tiling.room", Caught),
    ("one too few in a list", "at < tiling.room", "at + 1u < tiling.room", Caught),
    ("lists one word off", "(tiling.room + 1u) + 1u + at", "(tiling.room + 1u) + at", Caught),
    ("strips overlap not", "strip += STRIP", "strip += STRIP + 1u", Caught),
    ("the last tile dropped", "min(strip + STRIP, tiling.count)", "min(strip + STRIP, tiling.count - 1u)", Caught),
    ("places in a tile cut", "(1u << tiling.width_log2) - 1u)", "(1u << tiling.width_log2) / 2u)", Caught),
    ("tiles lie densely", "<< tiling.width_log2) + (i", "<< (tiling.width_log2 / 2u)) + (i", Caught),
    ("a lane's work dropped", "i < n; i += LANES", "i + 1u < n; i += LANES", Caught),
    ("slabs of the query stand still", "q += SLAB * BLOCK;", "", Caught),
    ("slabs of the reference stand still", "r += SLAB * BLOCK;", "", Caught),
    ("last slab dropped", "begin < tiling.n_features", "begin + SLAB < max(tiling.n_features, 2u * SLAB)", Caught),
    ("squares of sums", "] - references[", "] + references[", Caught),
    ("rows of the first block only", "row / BLOCK * BLOCK * tiling.n_features", "0u", Caught),
    (
        "a list that is full goes on",
        "n_found) > tiling.room",
        "n_found) > 0xfffffff0u",
        Survives("what it saves is time"),
    ),
];

/// Few and small, yet each line of the kernels matters in one of them; those that notice most first. Bindings of 64 KiB
/// hold a part of the references and of the queries.
fn cases() -> Vec<Case> {
    vec![
        // Tiles of 4, two slabs, two bindings.
        Case::new(Values::Skewed, 9, 2_003, 5, 67),
        // Tiles of 1, several strips and batches.
        Case::new(Values::Skewed, 3, 3_001, 1000, 7),
        // Tiles of 64 and of 256.
        Case::new(Values::Ramp, 1, 6_007, 20, 65),
        Case::new(Values::Ramp, 1, 20_011, 1, 65),
        // A last tile of three.
        Case::new(Values::Skewed, 4, 35, 1, 9),
        Case::new(Values::NearTies, 8, 1_500, 20, 9),
        Case::new(Values::Scaled(3e-22), 8, 700, 20, 33),
        Case::new(Values::Extreme, 2, 700, 20, 33),
        Case::new(Values::Equal, 3, 700, 20, 5),
    ]
}

/// The first complaint about `kernel` with `from` replaced by `to`, or None.
fn complaint(
    adapter: &AdapterReport,
    cases: &[Case],
    kernel: &'static str,
    from: &'static str,
    to: &'static str,
) -> Option<String> {
    let options = GpuOptions {
        max_binding_bytes: Some(1 << 16),
        dispatch_time: Some(Duration::ZERO),
        shader_edit: Some(Arc::new(
            move |name, text: String| if name == kernel { text.replace(from, to) } else { text },
        )),
    };
    let gpu = open(adapter, &options);
    cases.iter().find_map(|case| {
        let op =
            NeighborsGpu::prepare(&case.references, case.n_features, &gpu).expect("a mutated shader still compiles");
        assert!(op.tile_and_batch(case.k).is_some(), "{} does not run", case.name);
        check(&op, case, case.queries.len() / case.n_features).err()
    })
}

fn all_of(kernel: &'static str, mutations: &[Mutation]) {
    let text = oddflow::ops::shaders().into_iter().find(|(name, _)| *name == kernel).expect("a kernel").1;
    let cases = cases();
    for adapter in present() {
        assert_eq!(complaint(adapter, &cases, kernel, "", ""), None, "{kernel} as it is");
        let mut wrong = Vec::new();
        for &(name, from, to, fate) in mutations {
            let begin = std::time::Instant::now();
            assert_eq!(
                text.matches(from).count(),
                1,
                "{kernel}: {from:?} must be there once, or it is another mutation"
            );
            let complaint = complaint(adapter, &cases, kernel, from, to);
            println!("{kernel}: {name}: {:?} {complaint:?}", begin.elapsed());
            match (complaint, fate) {
                (Some(_), Caught | Races(_)) => {}
                (None, Survives(reason) | Races(reason)) => println!("{kernel}: {name}: not noticed: {reason}"),
                (None, Caught) => wrong.push(format!("{name}: not noticed")),
                (Some(why), Survives(_)) => wrong.push(format!("{name}: noticed after all: {why}")),
            }
        }
        assert!(wrong.is_empty(), "{kernel} on {}:\n  {}", adapter.describe(), wrong.join("\n  "));
    }
}

#[test]
fn of_minima() {
    all_of("neighbors_minima", MINIMA);
}

#[test]
fn of_bounds() {
    all_of("neighbors_bound", BOUND);
}

#[test]
fn of_lists() {
    all_of("neighbors_collect", COLLECT);
}
