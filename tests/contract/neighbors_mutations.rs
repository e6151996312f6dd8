//! Wrong kernels of `neighbors`: each change to a shader's text must be noticed, or is named with the reason why not.

use super::neighbors_cases::{Case, Values, check};
use super::wrong_kernels::Fate::{Caught, Races, Survives};
use super::wrong_kernels::{self, MutationOf};
use oddflow::ops::neighbors::NeighborsGpu;

const MINIMA: &[MutationOf] = &[
    ("barrier before staging dropped", "overwritten.\n            workgroupBarrier();", "overwritten.", 0, Caught),
    ("barrier after staging dropped", "workgroupBarrier();\n            step", "step", 0, Caught),
    ("barrier before reduction dropped", "workgroupBarrier();\n        if (1u", "if (1u", 2, Caught),
    ("a lane left out of the reduction", "i < 16u", "i < 15u", 2, Caught),
    ("the last query of a block not reduced", "if lane < BLOCK", "if lane + 1u < BLOCK", 2, Caught),
    ("the last quarter not staged", "if lane < STAGED", "if lane + 1u < STAGED", 0, Caught),
    ("queries' slabs in another order", "select(slab + 1u, 0u,", "select(0u, slab + 1u,", 0, Caught),
    ("references' slabs stand still", "step = min(step + 1u, last_step)", "step = min(step, last_step)", 0, Caught),
    (
        "every dispatch takes the first span",
        "(tiling.first + group.y) * span_blocks",
        "group.y * span_blocks",
        2,
        Caught,
    ),
    ("every dispatch writes the first tiles", "tiling.first + group.y, smallest", "group.y, smallest", 2, Caught),
    ("tiles of later bindings land on the first", "+ tiling.base + tile", "+ tile", 0, Caught),
    (
        "a part of a block is none",
        "(tiling.n_references + BLOCK - 1u) / BLOCK",
        "tiling.n_references / BLOCK",
        0,
        Caught,
    ),
    ("one reference of four dropped", "min(bits.z, bits.w)", "min(bits.z, bits.z)", 0, Caught),
    ("largest instead of smallest", "min(min(bits.x, bits.y)", "max(min(bits.x, bits.y)", 0, Caught),
    ("one query's distances for another's", "(least(e), least(f)", "(least(e), least(e)", 0, Caught),
    ("product of two queries' differences", "f += df * df", "f += df * de", 0, Caught),
    ("a difference twice", "let dc = q.z - r;", "let dc = q.y - r;", 0, Caught),
    ("second half of the queries is the first", "feature * 16u + y + 8u", "feature * 16u + y", 0, Caught),
    ("minima begin at 0", "var high = vec4<u32>(INFINITY)", "var high = vec4<u32>(0u)", 2, Caught),
    ("sums go on from block to block", "        h = vec4<f32>();\n        for", "        for", 3, Caught),
    ("the last block of a tile dropped", "block < n_blocks", "block + 1u < max(n_blocks, 2u)", 3, Caught),
    ("a round over another", "* n_rounds + round", "* n_rounds", 1, Caught),
    ("narrow tiles one off", "first_block * 16u + x", "first_block * 16u + x + 1u", 0, Caught),
    ("rounds take the wrong reference", "c = c.yzwx", "c = c.zwxy", 1, Caught),
    ("another query's distances", "(e.x, f.x, g.x, h.x)", "(e.x, e.x, g.x, h.x)", 9, Caught),
    ("another query's minimum", "35u * PITCH] = high.w", "35u * PITCH] = high.z", 0, Caught),
    ("barrier between rounds dropped", "round before.\n        workgroupBarrier();", "round before.", 1, Caught),
    ("the last query not written", "query < tiling.n_queries &&", "query + 1u < tiling.n_queries &&", 0, Caught),
    ("the last tile not written", "tile < tiling.count", "tile + 1u < tiling.count", 0, Caught),
    (
        "a query beyond the batch is written",
        "query < tiling.n_queries &&",
        "query <= tiling.n_queries &&",
        0,
        Survives("nobody reads the minima of a query there is not"),
    ),
    (
        "a tile beyond the binding is written",
        "tile < tiling.count",
        "tile <= tiling.count",
        0,
        Survives("it is the first tile of the next binding or the limit, which are written later"),
    ),
    (
        "slabs beyond the span are read",
        "min(step + 1u, last_step)",
        "(step + 1u)",
        0,
        Survives("they are read ahead and never staged"),
    ),
    ("lanes beyond the slab read on", "min(lane, STAGED - 1u)", "lane", 0, Survives("what they read is never staged")),
];

const BOUND: &[MutationOf] = &[
    ("barrier after clearing dropped", "0u);\n        workgroupBarrier();", "0u);", 0, Caught),
    ("barrier after counting dropped", "workgroupBarrier();\n        let own", "let own", 1, Caught),
    ("barrier between sums dropped", "reach <<= 1u) {\n            workgroupBarrier();", "reach <<= 1u) {", 0, Caught),
    ("barrier after choosing dropped", "workgroupBarrier();\n        prefix", "prefix", 0, Caught),
    ("bins are not cleared", "atomicStore(&bins[lane], 0u);", "", 0, Caught),
    ("digits in the other order", "24u - 8u * digit", "8u * digit", 0, Caught),
    ("a digit too few", "digit < 4u", "digit < 3u", 0, Caught),
    ("last tiles dropped", "tile < tiling.n_tiles", "tile + 1u < tiling.n_tiles", 1, Caught),
    ("the limit's place is counted", "tile < tiling.n_tiles", "tile <= tiling.n_tiles", 0, Races("it may be far off")),
    ("values of other prefixes are counted", "if (value & mask) == prefix", "if mask <= 0xffffffffu", 0, Caught),
    ("only the last digit is the prefix", "mask |= 255u", "mask = 255u", 0, Caught),
    ("runs are not told apart", "bin = found;", "", 0, Caught),
    ("runs are counted on", "run = 0u;\n                }", "}", 1, Caught),
    (
        "the last run is dropped",
        "        atomicAdd(&bins[bin], run);\n        workgroup",
        "        workgroup",
        0,
        Caught,
    ),
    ("a sum too short", "lane >= reach", "lane > reach", 1, Caught),
    ("sums of one copy", "half = LANES - half;", "half = 0u;", 0, Caught),
    ("the bin before", "sum - own < rank", "sum - own <= rank", 1, Caught),
    ("the bin behind", "sum >= rank &&", "sum > rank &&", 0, Caught),
    ("rank stays", "rank - (sum - own)", "rank", 0, Caught),
    ("digits are lost", "prefix | (lane << shift)", "lane << shift", 0, Caught),
    ("rank one too small", "var rank = tiling.rank;", "var rank = max(tiling.rank, 2u) - 1u;", 0, Caught),
    ("rank one too large", "var rank = tiling.rank;", "var rank = tiling.rank + 1u;", 1, Caught),
    ("no margin for rounding", "* tiling.slope", "* 1.0", 5, Caught),
    ("no margin for underflow", "+ tiling.tiny", "+ 0.0", 6, Caught),
    ("no limit where it overflows", "var limit = INFINITY", "var limit = 0u", 7, Caught),
    (
        "the limit in the last tile's place",
        "minima[row + tiling.n_tiles] =",
        "minima[row + tiling.n_tiles - 1u] =",
        0,
        Caught,
    ),
    (
        "the limit overflows by itself",
        "prefix < 0x7e800000u",
        "prefix <= 0x7f800000u",
        7,
        Survives("here a product that overflows is infinity; a driver may compile it as if it never were"),
    ),
];

const FIRST: &str = "lanes that run in turn see what lane 0, the first, wrote before";
const COLLECT: &[MutationOf] = &[
    ("first barrier dropped", "workgroupBarrier();\n    for", "for", 0, Races(FIRST)),
    ("barrier after the hits dropped", "workgroupBarrier();\n        let n", "let n", 0, Caught),
    (
        "barrier before the hits are cleared dropped",
        "workgroupBarrier();\n        if lane == 0u",
        "if lane == 0u",
        0,
        Caught,
    ),
    (
        "barrier after the hits are cleared dropped",
        "        workgroupBarrier();\n    }\n    if",
        "    }\n    if",
        1,
        Races(FIRST),
    ),
    (
        "hits are not cleared",
        "        if lane == 0u {\n            atomicStore(&n_hits, 0u);",
        "        if lane == 0u {",
        1,
        Caught,
    ),
    ("tiles at the limit dropped", "+ tile] <= limit", "+ tile] < limit", 7, Caught),
    ("references at the limit dropped", "(query, reference) <= limit", "(query, reference) < limit", 7, Caught),
    ("comparison flipped", "(query, reference) <= limit", "(query, reference) > limit", 0, Caught),
    ("all of a tile", "tiling.width_log2 == 0u || ", "limit >= 0u || ", 2, Caught),
    ("padding is listed", "if reference < tiling.n_references", "if reference <= tiling.n_references", 4, Caught),
    (
        "last reference dropped",
        "if reference < tiling.n_references",
        "if reference + 1u < tiling.n_references",
        1,
        Caught,
    ),
    ("references of later bindings are the first's", "tiling.base_reference + reference", "reference", 0, Caught),
    ("tiles of later bindings are the first's", "row + tiling.base + tile", "row + tile", 0, Caught),
    ("a list begins anew with each binding", "tiling.base != 0u", "tiling.base == 0xffffffffu", 0, Caught),
    ("a list goes on from nothing", "tiling.base != 0u", "tiling.base == 0u", 0, Caught),
    ("one too many in a list", "at < tiling.room", "at <= tiling.room", 6, Caught),
    ("one too few in a list", "at < tiling.room", "at + 1u < tiling.room", 5, Caught),
    ("lists one word off", "(tiling.room + 1u) + 1u + at", "(tiling.room + 1u) + at", 0, Caught),
    ("strips overlap not", "strip += STRIP", "strip += STRIP + 1u", 1, Caught),
    ("the last tile dropped", "min(strip + STRIP, tiling.count)", "min(strip + STRIP, tiling.count - 1u)", 0, Caught),
    ("places in a tile cut", "(1u << tiling.width_log2) - 1u)", "(1u << tiling.width_log2) / 2u)", 0, Caught),
    ("tiles lie densely", "<< tiling.width_log2) + (i", "<< (tiling.width_log2 / 2u)) + (i", 0, Caught),
    ("a lane's work dropped", "i < n; i += LANES", "i + 1u < n; i += LANES", 0, Caught),
    ("slabs of the query stand still", "q += SLAB * BLOCK;", "", 0, Caught),
    ("slabs of the reference stand still", "r += SLAB * BLOCK;", "", 0, Caught),
    (
        "last slab dropped",
        "begin < tiling.n_features",
        "begin + SLAB < max(tiling.n_features, 2u * SLAB)",
        0,
        Survives("distances that are too short list more references, never fewer"),
    ),
    ("squares of sums", "] - references[", "] + references[", 0, Caught),
    ("rows of the first block only", "row / BLOCK * BLOCK * tiling.n_features", "0u", 0, Caught),
    (
        "a list that is full goes on",
        "n_found) > tiling.room",
        "n_found) > 0xfffffff0u",
        8,
        Survives("what it saves is time"),
    ),
];

/// Few and small, yet each line of the kernels matters in one of them; numbered from 0. Bindings of 64 KiB
/// hold a part of the references and of the queries.
fn cases() -> Vec<Case> {
    vec![
        // Tiles of 4, three slabs, two bindings, a full block of queries and one of three.
        Case::new(Values::Skewed, 17, 1_001, 5, 67),
        // Tiles of 1, several strips and batches.
        Case::new(Values::Skewed, 3, 3_001, 1000, 7),
        // Tiles of 64 and of 256.
        Case::new(Values::Ramp, 1, 6_007, 20, 65),
        Case::new(Values::Ramp, 1, 20_011, 1, 65),
        // A last tile of three.
        Case::new(Values::Skewed, 4, 35, 1, 9),
        Case::new(Values::NearTies, 40, 1_500, 20, 3),
        Case::new(Values::Scaled(3e-22), 8, 700, 20, 33),
        Case::new(Values::Extreme, 2, 700, 20, 33),
        Case::new(Values::Equal, 3, 700, 20, 5),
        // Tiles of 1, a full block of queries.
        Case::new(Values::Skewed, 3, 240, 100, 64),
    ]
}

fn all_of(kernel: &'static str, mutations: &[MutationOf]) {
    wrong_kernels::all_of(kernel, mutations, 1 << 16, &cases(), |gpu, case| {
        let op =
            NeighborsGpu::prepare(&case.references, case.n_features, gpu).expect("a mutated shader still compiles");
        assert!(op.tile_and_batch(case.k).is_some(), "{} does not run", case.name);
        check(&op, case, case.queries.len() / case.n_features)
    });
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
