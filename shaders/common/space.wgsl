// Points in three dimensions.
alias Point = vec3<f32>;

// A force and a weight in one.
fn with_weight(force: Point, weight: f32) -> vec4<f32> {
    return vec4<f32>(force, weight);
}

fn force_of(both: vec4<f32>) -> Point {
    return both.xyz;
}
