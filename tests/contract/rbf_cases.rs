//! Cases of `rbf`, an oracle in f64 that shares no code with any body, and the comparison.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis, s};
use oddflow::ops::rbf::{Expansion, Fenced, RbfGpu, Storage, error_bound};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Two values that no partial sum is likely to be: as f32, −6e18 and 1.5e16.
pub const POISONS: [u32; 2] = [0xdead_beef, 0x5a5a_5a5a];

/// What the values are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Values {
    /// Skewed, most small, some exactly 0 or −0, as flows have them; half of the rows are near a vector.
    Skewed,
    /// The same, times this, with γ to match.
    Scaled(f32),
    /// All rows and vectors equal, so that every kernel is 1.
    Equal,
    /// Vector v is 16 v in every column, and so are rows: one position of the sum counts, each in turn.
    Ramp,
    /// Ordinary vectors; rows with NaN, ±∞, 1e30, 3e38, subnormals, zeros of both signs.
    ExtremeRows,
    /// Vectors with such values, as far as they are finite; rows as well.
    Extreme,
}

/// An expansion, rows, and what must come out.
#[derive(Debug)]
pub struct Case {
    pub name: String,
    pub expansion: Expansion,
    pub rows: Array2<f32>,
    pub expected: Vec<f64>,
    /// How far from it a sum may be.
    pub bound: f64,
}

impl Case {
    pub fn new(values: Values, n_features: usize, n_vectors: usize, n_rows: usize) -> Self {
        Self::stored(values, n_features, n_vectors, n_rows, Storage::F32)
    }

    pub fn stored(values: Values, n_features: usize, n_vectors: usize, n_rows: usize, storage: Storage) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64((n_features * 31 + n_vectors) as u64);
        let vectors = Array2::from_shape_fn((n_vectors, n_features), |(v, _)| draw(values, &mut rng, v, true));
        let mut rows = Array2::from_shape_fn((n_rows, n_features), |(_, _)| draw(values, &mut rng, 0, false));
        for (i, mut row) in rows.outer_iter_mut().enumerate() {
            let near = (i * 7919 + 3) % n_vectors.max(1);
            let noise = if values == Values::Skewed { 0.05 } else { 0.0 };
            if n_vectors > 0 && (i % 2 == 0 || values == Values::Ramp) && values != Values::ExtremeRows {
                row.zip_mut_with(&vectors.row(near), |x, v| *x = v + noise * (rng.random::<f32>() - 0.5));
            }
        }
        let weights: Vec<f64> = (0..n_vectors).map(|_| rng.random_range(-0.5..1.0)).collect();
        let gamma = match values {
            // Distances of about 1.
            Values::Scaled(by) => 4.0 / n_features.max(1) as f64 / f64::from(by).powi(2),
            _ => 4.0 / n_features.max(1) as f64,
        };
        let expansion = Expansion::new(vectors, weights, gamma).and_then(|e| e.stored(storage)).expect("an expansion");
        let name = format!("{values:?}, {storage:?}, {n_features} columns, {n_vectors} vectors");
        Self::of(name, expansion, rows)
    }

    pub fn of(name: String, expansion: Expansion, rows: Array2<f32>) -> Self {
        let expected = sums(expansion.vectors(), expansion.coefficients(), expansion.gamma(), rows.view());
        let bound = bound(&expansion, expansion.absolute_sum());
        Self { name, expansion, rows, expected, bound }
    }

    /// The same with the first `n_rows` only.
    pub fn head(&self, n_rows: usize) -> Self {
        Self {
            name: format!("{}, the first {n_rows}", self.name),
            expansion: self.expansion.clone(),
            rows: self.rows.slice(s![..n_rows, ..]).to_owned(),
            expected: self.expected[..n_rows].to_vec(),
            bound: self.bound,
        }
    }
}

fn bound(expansion: &Expansion, absolute_sum: f64) -> f64 {
    // What the page of the operation says, and what squares lose that are below f32's normal range.
    let underflow = expansion.n_features() as f64 * expansion.gamma() * 2f64.powi(-124);
    (error_bound(expansion.n_features()) + underflow) * absolute_sum
}

fn draw(values: Values, rng: &mut ChaCha8Rng, index: usize, vector: bool) -> f32 {
    let skewed = |rng: &mut ChaCha8Rng| {
        let u: f32 = rng.random();
        match rng.random_range(0..16) {
            0 => 0.0,
            1 => -0.0,
            _ => 2.0 * u * u * u - 0.1,
        }
    };
    let finite = [0.0, -0.0, 1.0, -1e30, 1e30, 3e38, -3e38, 1e-40, -1e-45, 1e-30, f32::MIN_POSITIVE, f32::MAX];
    let any = [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
    match values {
        Values::Skewed => skewed(rng),
        Values::Scaled(by) => skewed(rng) * by,
        Values::Equal => 0.7,
        Values::Ramp => 16.0 * index as f32,
        Values::ExtremeRows if vector => skewed(rng),
        Values::Extreme if vector => finite[rng.random_range(0..finite.len())],
        Values::ExtremeRows | Values::Extreme => match rng.random_range(0..40) {
            0 => any[rng.random_range(0..any.len())],
            1..4 => finite[rng.random_range(0..finite.len())],
            _ => skewed(rng),
        },
    }
}

/// The kernel, as one would write it down; the platform's exponential is one that no body uses.
#[allow(clippy::disallowed_methods)]
pub fn kernel(a: ArrayView1<'_, f32>, b: ArrayView1<'_, f32>, gamma: f64) -> f64 {
    let mut sq_dist = 0.0;
    for (x, y) in a.iter().zip(b) {
        let difference = f64::from(*x) - f64::from(*y);
        sq_dist += difference * difference;
    }
    (-gamma * sq_dist).exp()
}

/// The sums of the contract.
pub fn sums(vectors: ArrayView2<'_, f32>, weights: &[f64], gamma: f64, rows: ArrayView2<'_, f32>) -> Vec<f64> {
    let sum = |row: ArrayView1<'_, f32>| {
        let mut sum = if row.iter().any(|x| x.is_nan()) { f64::NAN } else { 0.0 };
        for (vector, weight) in vectors.outer_iter().zip(weights) {
            sum += weight * kernel(row, vector, gamma);
        }
        sum
    };
    rows.outer_iter().map(sum).collect()
}

/// Runs a case twice, on differently poisoned memory, and compares, batch by batch.
pub fn check(op: &RbfGpu, case: &Case) -> Result<(), String> {
    let mut before: Option<Vec<u64>> = None;
    for poison in POISONS {
        let mut bits = Vec::new();
        let batches = case.rows.axis_chunks_iter(Axis(0), op.batch_rows());
        for (rows, expected) in batches.zip(case.expected.chunks(op.batch_rows())) {
            let found = op.poisoned_sums(rows, poison).map_err(|e| e.to_string())?;
            compare(expected, &found, case.bound, poison)
                .map_err(|e| format!("{}, poison {poison:x}: {e}", case.name))?;
            bits.extend(found.sums.iter().map(|sum| sum.to_bits()));
        }
        if before.as_ref().is_some_and(|before| *before != bits) {
            return Err(format!("{}: a second run gives other bits", case.name));
        }
        before = Some(bits);
    }
    Ok(())
}

/// Within the bound, NaN where NaN is due, and nothing written behind the sums.
pub fn compare(expected: &[f64], found: &Fenced, bound: f64, poison: u32) -> Result<(), String> {
    within(expected, &found.sums, bound)?;
    match found.fence.iter().position(|&word| word != poison) {
        Some(word) => Err(format!("word {word} behind the output was overwritten")),
        None => Ok(()),
    }
}

/// Within the bound, and NaN where NaN is due.
pub fn within(expected: &[f64], found: &[f64], bound: f64) -> Result<(), String> {
    if found.len() != expected.len() {
        return Err(format!("{} sums for {} rows", found.len(), expected.len()));
    }
    // Written so that a NaN is wrong.
    let right = |row: usize| match expected[row].is_nan() {
        true => found[row].is_nan(),
        false => (found[row] - expected[row]).abs() <= bound,
    };
    match (0..expected.len()).find(|&row| !right(row)) {
        None => Ok(()),
        Some(row) => {
            let wrong = (0..expected.len()).filter(|&row| !right(row)).count();
            let (met, due) = (found[row], expected[row]);
            Err(format!("row {row} is {met}, not {due}; allowed are {bound:e}; {wrong} rows are wrong"))
        }
    }
}

/// The largest deviation, in units of the bound.
pub fn deviation(expected: &[f64], found: &[f64], bound: f64) -> f64 {
    let off = expected.iter().zip(found).map(|(expected, found)| (expected - found).abs());
    off.filter(|off| !off.is_nan()).fold(0.0, f64::max) / bound
}

fn right() -> (Case, Fenced) {
    let case = Case::new(Values::Skewed, 8, 600, 300);
    let found = Fenced { sums: case.expected.clone(), fence: vec![POISONS[0]; 256] };
    (case, found)
}

#[test]
fn the_right_sums_pass() {
    let (case, found) = right();
    compare(&case.expected, &found, case.bound, POISONS[0]).expect("equal");
}

#[test]
fn wrong_sums_are_noticed() {
    let complaint = |change: &dyn Fn(&Case, &mut Fenced)| {
        let (case, mut found) = right();
        change(&case, &mut found);
        compare(&case.expected, &found, case.bound, POISONS[0]).expect_err("wrong")
    };
    let dropped = complaint(&|case, found| {
        let (vector, weight) = (case.expansion.vectors(), case.expansion.coefficients()[599]);
        found.sums[17] -= weight * kernel(case.rows.row(17), vector.row(599), case.expansion.gamma());
    });
    assert!(dropped.contains("row 17 is"), "{dropped}");
    assert!(complaint(&|_, found| found.sums.rotate_right(1)).contains("rows are wrong"));
    assert!(complaint(&|_, found| found.sums[128] += f64::from(f32::from_bits(POISONS[0]))).contains("row 128"));
    assert!(complaint(&|_, found| found.sums[299] = f64::NAN).contains("row 299"));
    assert!(complaint(&|_, found| found.fence[3] = 0).contains("word 3"));
    assert!(complaint(&|_, found| found.sums.truncate(299)).contains("299 sums for 300"));
    let (case, found) = right();
    assert!(within(&[f64::NAN], &found.sums[..1], case.bound).is_err());
}

#[test]
fn rows_and_vectors_differ_enough_to_tell_them_apart() {
    let (case, _) = right();
    let distinct: std::collections::BTreeSet<_> = case.expected.iter().map(|sum| (sum / case.bound) as i64).collect();
    assert!(distinct.len() > 280, "{} distinct sums", distinct.len());
}
