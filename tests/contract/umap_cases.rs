//! Cases of `umap`, an epoch of each term by term in f64, and the comparison.

use super::tsne_cases::is_above;
use ndarray::Array2;
use oddflow::ops::umap::{Graph, Layout, UmapGpu};

/// Written over everything before a kernel writes it: as f32 a NaN.
const POISON: u32 = 0x7fc0_dead;
const SUB_STEPS: u32 = 16;
/// Of the largest move: sixteen sub-steps in f32.
pub const BOUND: f64 = 1e-4;

pub struct Case {
    pub points: Array2<f32>,
    pub n_moving: usize,
    pub layout: Layout,
    pub epoch: usize,
    rows: Vec<Vec<(u32, f32)>>,
    expected: Array2<f64>,
}

impl Case {
    /// `n` points in clusters, some of them equal, each joined to those with near numbers, the first to every third.
    pub fn new(n: usize, dims: usize) -> Self {
        Self::with(n, dims, n)
    }

    /// The same, of which those from `n_moving` on are fixed.
    pub fn with(n: usize, dims: usize, n_moving: usize) -> Self {
        Self::reaching(n, dims, n_moving, 6)
    }

    /// So many edges that the events of a sub-step take several bindings of 11 KiB.
    pub fn denser(n: usize, dims: usize) -> Self {
        Self::reaching(n, dims, n, 24)
    }

    fn reaching(n: usize, dims: usize, n_moving: usize, reach: usize) -> Self {
        let hash = |i: usize, c: usize| ((i * 37 + c * 101 + 11).wrapping_mul(0x9e37_79b9) >> 7) % 1000;
        let point = |i: usize, c: usize| (i % 4) as f32 * 0.8 * ((c + 1) as f32) + hash(i / 2 * 2, c) as f32 * 0.001;
        let joined = |i: usize, j: usize| {
            i != j && (i.abs_diff(j) < reach || (i == 0 && j.is_multiple_of(3)) || (j == 0 && i.is_multiple_of(3)))
        };
        let weight = |i: usize, j: usize| 1.0 / (1 + (i + j) % 5) as f32;
        let row = |i: usize| {
            (0..n)
                .filter(|&j| joined(i, j) && (i < n_moving || j < n_moving))
                .map(|j| (j as u32, weight(i, j)))
                .collect()
        };
        let layout = Layout {
            a: 1.577,
            b: 0.895,
            repulsion: 1.5,
            n_negatives: 5,
            n_epochs: 20,
            // So small that near points do not enlarge what was rounded: repulsion has a slope of 2 γ b / 0.001.
            learning_rate: 0.005,
            seed: 0x1234_5678_9abc_def0,
        };
        let mut case = Self {
            points: Array2::from_shape_fn((n, dims), |(i, c)| point(i, c)),
            n_moving,
            layout,
            epoch: 3,
            rows: (0..n).map(row).collect(),
            expected: Array2::zeros((n, dims)),
        };
        case.solve();
        case
    }

    pub fn graph(&self) -> Graph {
        Graph::new(self.rows.clone()).unwrap()
    }

    fn solve(&mut self) {
        let (n, dims) = self.points.dim();
        let seed = self.layout.seed;
        let salt = mixed(seed as u32 ^ mixed((seed >> 32) as u32 ^ 0x756d_6170));
        let number = |head: usize, tail: usize| {
            mixed(mixed(salt ^ head as u32).wrapping_add((tail as u32).wrapping_mul(0x9e37_79b9)))
        };
        let largest = self.rows.iter().flatten().map(|&(_, w)| w).fold(0f32, f32::max);
        let due = |w: f32| {
            // In units of 2⁻³², the lowest bit without meaning.
            let rate = u128::from(((f64::from(w) / f64::from(largest) * 2f64.powi(32)) as u32) & !1);
            ((self.epoch as u128 + 1) * rate) >> 32 > (self.epoch as u128 * rate) >> 32
        };
        let first = if self.n_moving < n { self.n_moving } else { 0 };
        let alpha = f64::from(self.layout.learning_rate) * (1.0 - self.epoch as f64 / self.layout.n_epochs as f64);
        let mut y = self.points.mapv(f64::from);
        for step in 0..SUB_STEPS {
            let before = y.clone();
            let mut moves = vec![Vec::new(); n];
            for head in 0..n {
                for &(tail, _) in self.rows[head].iter().filter(|&&(_, w)| due(w)) {
                    let (tail, edge) = (tail as usize, number(head, tail as usize));
                    if edge % SUB_STEPS != step {
                        continue;
                    }
                    moves[head].push((tail, true));
                    moves[tail].push((head, true));
                    let draws = mixed(edge.wrapping_add((self.epoch as u32).wrapping_mul(0x9e37_79b9)));
                    for i in 1..=self.layout.n_negatives {
                        let drawn = u64::from(mixed(draws.wrapping_add(i.wrapping_mul(0x85eb_ca6b))));
                        moves[head].push((first + ((drawn * (n - first) as u64) >> 32) as usize, false));
                    }
                }
            }
            for (i, moves) in moves.iter().enumerate().take(self.n_moving) {
                let n_active = moves.iter().filter(|(_, attracts)| *attracts).count();
                let share = if n_active > 4 { 4.0 / n_active as f64 } else { 1.0 };
                for c in 0..dims {
                    let sum: f64 = moves.iter().map(|&(j, attracts)| self.force(&before, i, j, attracts, c)).sum();
                    y[[i, c]] += alpha * share * sum;
                }
            }
        }
        self.expected = y;
    }

    fn force(&self, y: &Array2<f64>, i: usize, j: usize, attracts: bool, c: usize) -> f64 {
        let (a, b, gamma) = (f64::from(self.layout.a), f64::from(self.layout.b), f64::from(self.layout.repulsion));
        let sq_dist: f64 = (0..y.ncols()).map(|c| (y[[i, c]] - y[[j, c]]).powi(2)).sum();
        if sq_dist == 0.0 {
            return 0.0;
        }
        let p = libm::pow(sq_dist, b);
        let force = if attracts {
            -2.0 * a * b * p / (sq_dist * (1.0 + a * p))
        } else {
            2.0 * gamma * b / ((0.001 + sq_dist) * (1.0 + a * p))
        };
        (force * (y[[i, c]] - y[[j, c]])).clamp(-4.0, 4.0)
    }
}

/// Wellons' lowbias32, as the contract has it.
fn mixed(x: u32) -> u32 {
    let x = u64::from(x ^ x >> 16) * 0x7feb_352d % (1 << 32);
    let x = (x ^ x >> 15) * 0x846c_a68b % (1 << 32);
    (x ^ x >> 16) as u32
}

/// Compares points with what the case expects of them.
pub fn compare(met: &Array2<f32>, case: &Case) -> Result<(), String> {
    let name = format!("{:?} points", case.points.dim());
    if met.dim() != case.points.dim() {
        return Err(format!("{name}: {:?} came back", met.dim()));
    }
    let moved = (&case.expected - &case.points.mapv(f64::from)).fold(0f64, |most, x| most.max(x.abs()));
    let largest = case.points.fold(0f32, |most, x| most.max(x.abs()));
    // A coordinate is rounded sixteen times.
    let most = BOUND * moved + 16.0 * f64::from(largest) * f64::from(f32::EPSILON);
    for ((i, c), &wanted) in case.expected.indexed_iter() {
        let apart = (f64::from(met[[i, c]]) - wanted).abs();
        if is_above(apart, most) {
            return Err(format!("{name}: coordinate {c} of point {i} is off by {apart:e}, at most {most:e}"));
        }
    }
    Ok(())
}

/// A GPU's epoch, poisoned and fenced.
pub fn check(op: &mut UmapGpu, case: &Case) -> Result<(), String> {
    let before = op.points().map_err(|e| e.to_string())?;
    if before != case.points {
        return Err("points moved without an epoch".into());
    }
    let fenced = op.poisoned_epoch(case.epoch, POISON).map_err(|e| e.to_string())?;
    compare(&fenced.points, case)?;
    if fenced.fence.is_empty() || fenced.fence.iter().any(|&word| word != POISON) {
        return Err(format!("{:?} points: something was written behind them", case.points.dim()));
    }
    let after = op.points().map_err(|e| e.to_string())?;
    if after == fenced.points { Ok(()) } else { Err("what was read is not what is there".into()) }
}
