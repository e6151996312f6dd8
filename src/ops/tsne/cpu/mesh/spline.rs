//! B-splines, by which charges are laid on a mesh and potentials read from it (de Boor 1978).

/// Nodes of each axis that a point touches; a spline of degree `ORDER − 1`.
pub const ORDER: usize = 6;

/// The centred spline at 0, 1, 2, …: what interpolation with it must undo.
pub const AT_NODES: [f64; ORDER / 2] = [66.0 / 120.0, 26.0 / 120.0, 1.0 / 120.0];

/// Weights of the nodes around a point that lies `t` (in 0..1) behind the node `ORDER / 2 − 1`, and their derivatives by t.
#[inline(always)]
pub fn basis(t: f32) -> ([f32; ORDER], [f32; ORDER]) {
    // In `last`, M_k(t + j) of the spline of order k on 0..k.
    let mut last = [0f32; ORDER];
    last[0] = 1.0;
    for k in 2..ORDER {
        raise(k, t, &mut last);
    }
    let mut slopes = [0f32; ORDER];
    for j in 0..ORDER {
        slopes[ORDER - 1 - j] = last[j] - if j > 0 { last[j - 1] } else { 0.0 };
    }
    raise(ORDER, t, &mut last);
    let mut weights = [0f32; ORDER];
    for j in 0..ORDER {
        weights[ORDER - 1 - j] = last[j];
    }
    (weights, slopes)
}

/// From order k − 1 to order k.
#[inline(always)]
fn raise(k: usize, t: f32, values: &mut [f32; ORDER]) {
    let share = 1.0 / (k - 1) as f32;
    for j in (0..k).rev() {
        let x = t + j as f32;
        let before = if j > 0 { values[j - 1] } else { 0.0 };
        values[j] = (x * values[j] + (k as f32 - x) * before) * share;
    }
}
