//! The state on the device: points, gradients, updates, gains, and Z.

use ndarray::{Array2, ArrayView2};

/// How it lies there.
#[derive(Debug, Clone, Copy)]
pub(super) struct State {
    n_points: usize,
    n_dims: usize,
    /// Words of a point: WGSL aligns three to four.
    words: usize,
}

impl State {
    pub fn new(n_points: usize, n_dims: usize) -> Self {
        Self { n_points, n_dims, words: n_dims.next_power_of_two() }
    }

    /// All of it.
    pub fn bytes(&self) -> u64 {
        self.z_offset() + self.point_bytes()
    }

    /// Of the points, as of the gradients.
    pub fn points_bytes(&self) -> u64 {
        self.n_points as u64 * self.point_bytes()
    }

    pub fn gradient_offset(&self) -> u64 {
        self.points_bytes()
    }

    pub fn z_offset(&self) -> u64 {
        4 * self.points_bytes()
    }

    /// At rest: no updates, gains of 1.
    pub fn start(&self, points: ArrayView2<'_, f64>) -> Vec<u8> {
        let mut words = vec![0f32; self.bytes() as usize / 4];
        for (to, row) in words.chunks_mut(self.words).zip(points.outer_iter()) {
            to.iter_mut().zip(row).for_each(|(to, x)| *to = *x as f32);
        }
        let gains = 3 * self.n_points * self.words..4 * self.n_points * self.words;
        words.get_mut(gains).unwrap_or_default().fill(1.0);
        bytemuck::cast_slice(&words).to_vec()
    }

    pub fn points(&self, bytes: &[u8]) -> Array2<f64> {
        self.array(bytes)
    }

    pub fn gradients(&self, bytes: &[u8]) -> Array2<f64> {
        self.array(bytes.get(self.gradient_offset() as usize..).unwrap_or_default())
    }

    pub fn z(&self, bytes: &[u8]) -> f64 {
        word(bytes, self.z_offset() as usize / 4)
    }

    fn array(&self, bytes: &[u8]) -> Array2<f64> {
        Array2::from_shape_fn((self.n_points, self.n_dims), |(i, c)| word(bytes, i * self.words + c))
    }

    fn point_bytes(&self) -> u64 {
        4 * self.words as u64
    }
}

/// NaN where there is none.
fn word(bytes: &[u8], at: usize) -> f64 {
    let word = bytes.get(4 * at..4 * at + 4);
    word.map_or(f64::NAN, |word| f64::from(bytemuck::pod_read_unaligned::<f32>(word)))
}
