// Trees of at most eight levels as complete heaps, walked in workgroup memory, four at a time: four independent chains of
// loads hide each other's latency. Early leaves are replicated downward, so the trip count is fixed and nothing diverges.
//
// A node is    rank + 1 (16 bits) | word of the feature (9) | 00 | shift (5)
// so that its middle, masked, is the word's place in `features`, whose words are LANES = 2^7 apart; and `word << shift` brings the feature's rank into the upper half: 16 for an even feature, 0 for an odd one. What is
// left in the lower half cannot change the comparison with a node whose lower half is cleared, and
// x <= threshold  ⇔  rank(x) < rank + 1  is "left".
//
// A tree is 2^LEVELS words of nodes (the root is word 1, the children of i are 2i and 2i + 1, word 0 is unused), then
// 2^LEVELS leaves. Only nodes are staged: a leaf is read once in LEVELS steps, and leaving it in the cache halves the
// workgroup memory, which lets rows of up to 48 features stay there too.

@group(0) @binding(0) var<uniform> dispatch: Dispatch;
// [word][row]
@group(0) @binding(1) var<storage, read> ranks: array<u32>;
@group(0) @binding(2) var<storage, read_write> sums: array<vec2<u32>>;
// Groups of four trees: four times 2^LEVELS nodes, then four times 2^LEVELS leaves.
@group(1) @binding(0) var<storage, read> heaps: array<u32>;

// Levels of splits of every tree, 5 to 8: four trees of five levels are one node for each lane to stage.
override LEVELS: u32 = 8u;
// Words of a row.
override N_WORDS: u32 = 4u;
// Rows too wide for workgroup memory are read from `ranks` at each node.
override WIDE: bool = false;
// Words of a row that are staged: 0 words would be no array.
override STAGED: u32 = select(N_WORDS, 1u, WIDE);
override FEATURE_SLOTS: u32 = STAGED * LANES;
override WIDTH: u32 = 1u << LEVELS;
override NODE_SLOTS: u32 = 4u * WIDTH;

var<workgroup> features: array<u32, FEATURE_SLOTS>;
var<workgroup> nodes: array<u32, NODE_SLOTS>;

// Index of the child of heap position `i` of tree `tree` that the row goes to.
fn child(tree: u32, i: u32, lane: u32, row: u32) -> u32 {
    let node = nodes[tree * WIDTH + i];
    var word: u32;
    if WIDE {
        word = ranks[((node & 0xff80u) >> 7u) * dispatch.stride + row];
    } else {
        word = features[(node & 0xff80u) + lane];
    }
    let right = (word << (node & 31u)) >= (node & 0xffff0000u);
    return 2u * i + select(0u, 1u, right);
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let lane = local.x;
    let row = group.x * LANES + lane;
    let source = min(row, dispatch.n_rows - 1u);
    if !WIDE {
        // Each lane reads back only what it wrote itself.
        for (var word = 0u; word < STAGED; word++) {
            features[word * LANES + lane] = ranks[word * dispatch.stride + source];
        }
    }
    var sum = vec2<u32>(0u, 0u);
    if dispatch.accumulate != 0u {
        sum = sums[source];
    }
    for (var g = 0u; g < dispatch.count; g++) {
        let base = (dispatch.first + g) * (2u * NODE_SLOTS);
        // Nobody may still be walking the trees that are about to be overwritten.
        workgroupBarrier();
        for (var slot = 0u; slot < NODE_SLOTS; slot += LANES) {
            nodes[slot + lane] = heaps[base + slot + lane];
        }
        workgroupBarrier();
        var a = 1u;
        var b = 1u;
        var c = 1u;
        var d = 1u;
        for (var level = 0u; level < LEVELS; level++) {
            a = child(0u, a, lane, source);
            b = child(1u, b, lane, source);
            c = child(2u, c, lane, source);
            d = child(3u, d, lane, source);
        }
        // WIDTH <= a < 2 WIDTH, so a − WIDTH is the leaf's place in its tree. A leaf is below 2^27: four cannot carry.
        let leaves = base + NODE_SLOTS - WIDTH;
        sum = add_wide(
            sum,
            heaps[leaves + a] + heaps[leaves + WIDTH + b] + heaps[leaves + 2u * WIDTH + c] + heaps[leaves + 3u * WIDTH + d],
        );
    }
    if row < dispatch.n_rows {
        sums[row] = sum;
    }
}
