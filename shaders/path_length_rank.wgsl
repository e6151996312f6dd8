// Replaces each value by its rank among its feature's thresholds, #{ j : t_j < x }, two ranks a word, [word][row].
// x <= t_r is then rank(x) <= r, exactly. One row a lane, one word (features 2w and 2w + 1) a workgroup row, so the bounds
// of the search are the same for all lanes and only the reads of `thresholds` are not.

@group(0) @binding(0) var<uniform> dispatch: Dispatch;
// f32 bits, [row][feature].
@group(0) @binding(1) var<storage, read> rows: array<u32>;
// [word][row]
@group(0) @binding(2) var<storage, read_write> ranks: array<u32>;
// Where the thresholds of each feature begin; features are counted from the first of this binding; one entry more.
@group(1) @binding(0) var<storage, read> starts: array<u32>;
// Order keys, ascending within a feature.
@group(1) @binding(1) var<storage, read> thresholds: array<u32>;

fn rank_of(feature: u32, key: u32) -> u32 {
    let start = starts[feature];
    var low = start;
    var high = starts[feature + 1u];
    while low < high {
        let middle = (low + high) >> 1u;
        let after = thresholds[middle] < key;
        low = select(low, middle + 1u, after);
        high = select(middle, high, after);
    }
    return low - start;
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let row = group.x * LANES + local.x;
    if row >= dispatch.n_rows {
        return;
    }
    let word = dispatch.first + group.y;
    let feature = 2u * word;
    let value = row * dispatch.n_features + feature;
    var packed = rank_of(2u * group.y, order_key(rows[value]));
    // The last word of an odd row has no second feature.
    if feature + 1u < dispatch.n_features {
        packed |= rank_of(2u * group.y + 1u, order_key(rows[value + 1u])) << 16u;
    }
    ranks[word * dispatch.stride + row] = packed;
}
