// A sub-step: each lane takes a vertex, gathers what acts on it from where all were before, and moves it once.

@group(0) @binding(0) var<uniform> step: SubStep;
@group(0) @binding(1) var<storage, read> points: array<Point>;
@group(0) @binding(2) var<storage, read_write> moved: array<Point>;
// Where the events of each bound vertex begin, and the last ones end.
@group(1) @binding(0) var<storage, read> begins: array<u32>;
// The other end; the share of epochs, whose lowest bit says instead whether the vertex is the head.
@group(1) @binding(1) var<storage, read> events: array<vec2<u32>>;

const LANES: u32 = 128u;
const CLIP: f32 = 4.0;

// Wellons' lowbias32.
fn mix_bits(bits: u32) -> u32 {
    var x = (bits ^ (bits >> 16u)) * 0x7feb352du;
    x = (x ^ (x >> 15u)) * 0x846ca68bu;
    return x ^ (x >> 16u);
}

// The upper half of the product.
fn upper_product(x: u32, y: u32) -> u32 {
    let low = (x & 0xffffu) * (y & 0xffffu);
    let middle = (x >> 16u) * (y & 0xffffu) + (low >> 16u);
    let other = (x & 0xffffu) * (y >> 16u) + (middle & 0xffffu);
    return (x >> 16u) * (y >> 16u) + (middle >> 16u) + (other >> 16u);
}

// d^b of a squared distance. Powers beyond 2^126 would make forces NaN where they are 0.
fn power(sq_dist: f32) -> f32 {
    return exp2(min(step.b * log2(sq_dist), 126.0));
}

fn act(force: f32, sq_dist: f32, apart: Point) -> Point {
    return clamp(select(0.0, force, sq_dist > 0.0) * apart, Point(-CLIP), Point(CLIP));
}

fn attraction(apart: Point) -> Point {
    let sq_dist = dot(apart, apart);
    let p = power(sq_dist);
    return act(-2.0 * step.a * step.b * p / (sq_dist * (1.0 + step.a * p)), sq_dist, apart);
}

fn repulsion(apart: Point) -> Point {
    let sq_dist = dot(apart, apart);
    return act(2.0 * step.repulsion * step.b / ((0.001 + sq_dist) * (1.0 + step.a * power(sq_dist))), sq_dist, apart);
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let at = group.x * LANES + local.x;
    if at >= step.n_vertices {
        return;
    }
    let vertex = step.first + at;
    let own = points[vertex];
    var sum = Point();
    var n_active = 0u;
    let end = begins[at + 1u];
    for (var k = begins[at]; k < end; k++) {
        let event = events[k];
        let rate = event.y & 0xfffffffeu;
        // Where the sum of fractions does not carry, the edge does not take part.
        if step.epoch * rate + rate >= rate {
            continue;
        }
        n_active += 1u;
        sum += attraction(own - points[event.x]);
        if (event.y & 1u) == 1u {
            let edge = mix_bits(mix_bits(step.salt ^ vertex) + event.x * 0x9e3779b9u);
            let draws = mix_bits(edge + step.epoch * 0x9e3779b9u);
            for (var i = 1u; i <= step.n_negatives; i++) {
                let drawn = upper_product(mix_bits(draws + i * 0x85ebca6bu), step.n_repelling);
                sum += repulsion(own - points[step.first_repelling + drawn]);
            }
        }
    }
    let share = select(1.0, f32(step.most_events) / f32(n_active), n_active > step.most_events);
    moved[vertex] = own + (step.rate * share) * sum;
}
