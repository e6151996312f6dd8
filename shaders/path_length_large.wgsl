// Trees of any depth and size, walked by order keys. Nodes lie level by level, so the first TOP of them are the top nine
// levels or more of the tree: these are staged in workgroup memory, the rest is read where it lies.
//
// A split is (order key of the threshold, left child | feature in the low FEATURE_BITS); the right child follows the left.
// A leaf is (path, 0): no split has node 0 as a child.

@group(0) @binding(0) var<uniform> dispatch: Dispatch;
// f32 bits, [row][feature].
@group(0) @binding(1) var<storage, read> rows: array<u32>;
@group(0) @binding(2) var<storage, read_write> sums: array<vec2<u32>>;
// Where the nodes of each tree begin; one entry more.
@group(1) @binding(0) var<storage, read> starts: array<u32>;
@group(1) @binding(1) var<storage, read> nodes: array<vec2<u32>>;

override FEATURE_BITS: u32 = 3u;
// Values of a row that are staged as keys; 0 where rows are too wide for it and are read at each node.
override N_STAGED: u32 = 8u;
override KEY_SLOTS: u32 = max(N_STAGED, 1u) * LANES;

// The top nine levels of a full tree.
const TOP: u32 = 511u;

var<workgroup> keys: array<u32, KEY_SLOTS>;
var<workgroup> top: array<vec2<u32>, TOP>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let lane = local.x;
    let row = group.x * LANES + lane;
    let source = min(row, dispatch.n_rows - 1u);
    let values = source * dispatch.n_features;
    // Each lane reads back only what it wrote itself.
    for (var feature = 0u; feature < N_STAGED; feature++) {
        keys[feature * LANES + lane] = order_key(rows[values + feature]);
    }
    var sum = vec2<u32>(0u, 0u);
    if dispatch.accumulate != 0u {
        sum = sums[source];
    }
    for (var t = 0u; t < dispatch.count; t++) {
        let start = starts[dispatch.first + t];
        let staged = min(TOP, starts[dispatch.first + t + 1u] - start);
        // Nobody may still be walking the tree that is about to be overwritten.
        workgroupBarrier();
        for (var slot = lane; slot < staged; slot += LANES) {
            top[slot] = nodes[start + slot];
        }
        workgroupBarrier();
        var node = top[0];
        while node.y != 0u {
            let feature = node.y & ((1u << FEATURE_BITS) - 1u);
            var key: u32;
            if N_STAGED != 0u {
                key = keys[feature * LANES + lane];
            } else {
                key = order_key(rows[values + feature]);
            }
            let next = (node.y >> FEATURE_BITS) + select(0u, 1u, key > node.x);
            if next < TOP {
                node = top[next];
            } else {
                node = nodes[start + next];
            }
        }
        sum = add_wide(sum, node.x);
    }
    if row < dispatch.n_rows {
        sums[row] = sum;
    }
}
