// Points in two dimensions.
alias Point = vec2<f32>;

// A force and a weight in one.
fn with_weight(force: Point, weight: f32) -> vec4<f32> {
    return vec4<f32>(force, 0.0, weight);
}

fn force_of(both: vec4<f32>) -> Point {
    return both.xy;
}
