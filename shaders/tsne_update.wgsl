// Gains, updates and points, each point by one lane.

@group(0) @binding(0) var<uniform> step: DescentStep;
@group(0) @binding(1) var<storage, read_write> state: array<Point>;

const LANES: u32 = 128u;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let n = step.n_points;
    let i = group.x * LANES + local.x;
    if i >= n {
        return;
    }
    let gradient = state[n + i];
    let before = state[2u * n + i];
    let gain = state[3u * n + i];
    let downhill = sign(before) * sign(gradient) < Point();
    let gains = select(max(gain * 0.8, Point(0.01)), gain + Point(0.2), downhill);
    let update = step.momentum * before - step.learning_rate * (gains * gradient);
    state[i] += update;
    state[2u * n + i] = update;
    state[3u * n + i] = gains;
}
