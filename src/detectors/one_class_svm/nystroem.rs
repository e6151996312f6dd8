//! The low-rank approximation of Williams & Seeger, "Using the Nyström Method to Speed Up Kernel Machines" (NIPS 2001).
//!
//! Of m landmarks drawn from the training rows, K ≈ C K_mm⁻¹ Cᵀ with C the kernels of all rows with the landmarks. A
//! Cholesky factor with pivots, K_mm = L Lᵀ, gives rows z = L⁻¹ k(x) with K ≈ Z Zᵀ; landmarks that the others already
//! explain (pivots below [`LEAST_PIVOT`]) are left out, since weights on them would cancel each other beyond what f32
//! kernels can carry. The dual problem of these rows is solved like the exact one, with w = Zᵀ α in place of α: a product
//! with K costs n m. Then f(x) = w · L⁻¹ k(x) = Σ β_l K(x, landmark l) with β = L⁻ᵀ w: scoring is an expansion of m terms.
//!
//! Where there are more than [`SOLVED_ROWS`] rows (or Z would have more than [`MOST_VALUES`] values) the problem is solved
//! for that many of them, drawn by the seed: w has m numbers, and so many rows determine them far better than m landmarks
//! determine the kernel.

use super::gram::Gram;
use super::solve::{self, Solution};
use super::{OneClassSvm, OneClassSvmParams, SvmReport, SvmSolver};
use crate::detectors::FitContext;
use crate::device::Device;
use crate::ops::rbf::{Expansion, TrainingRows};
use crate::{Result, Stop};
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};
use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Rows that the dual problem is solved for, at most.
pub const SOLVED_ROWS: usize = 65_536;

/// Values of Z, at most: 256 MiB.
const MOST_VALUES: usize = 1 << 26;

/// Smallest share of a landmark's kernel (which is 1) that the others must leave unexplained. The weights β are at most
/// ‖w‖ / √pivot.
const LEAST_PIVOT: f64 = 1e-5;

/// Rows of which a task computes z.
const STRIPE: usize = 64;

/// Rows of `n` that the dual problem is solved for.
pub fn n_solved(n: usize, params: &OneClassSvmParams) -> usize {
    n.min(SOLVED_ROWS).min(MOST_VALUES / params.n_components.max(1))
}

/// Fits by the low-rank approximation, on the CPU.
pub fn fit(
    rows: ArrayView2<'_, f32>,
    params: &OneClassSvmParams,
    gamma: f64,
    context: &FitContext<'_>,
) -> Result<OneClassSvm> {
    let n = rows.nrows();
    let mut rng = ChaCha8Rng::seed_from_u64(params.seed);
    let stop = context.watch.stop;
    let solved = index::sample(&mut rng, n, n_solved(n, params)).into_vec();
    // They come in random order: the first are the landmarks.
    let landmarks: Vec<u32> = (0..solved.len().min(params.n_components) as u32).collect();
    let solved = rows.select(Axis(0), &solved);
    let kernels = TrainingRows::prepare(solved.view(), gamma, &Device::Cpu, 0)?;
    let factor = Factor::of(kernels.block(&landmarks).mapv(f64::from), stop)?;
    let landmarks: Vec<u32> = factor.order.iter().filter_map(|&i| landmarks.get(i).copied()).collect();
    let mut columns = kernels.columns(&landmarks);
    factor.solve_columns(columns.view_mut(), stop);
    stop.check()?;
    let mut gram = LowRank { rows: columns.reversed_axes().as_standard_layout().into_owned() };
    let solution = solve::solve(&mut gram, params.nu, params.tolerance, stop, context.solver)?;
    let beta = factor.weights(gram.combined(&solution));
    let vectors = solved.select(Axis(0), &landmarks.iter().map(|&row| row as usize).collect::<Vec<_>>());
    let report = SvmReport { n_landmarks: landmarks.len(), ..SvmReport::of(SvmSolver::Nystroem, n, &solution) };
    OneClassSvm::from_parts(Expansion::new(vectors, beta, gamma)?, solution.rho, params.clone(), report)
}

/// A Cholesky factor of the landmarks' kernel matrix.
struct Factor {
    /// The landmarks that are kept, by their pivots.
    order: Vec<usize>,
    /// Lower triangle, in that order.
    lower: Array2<f64>,
}

impl Factor {
    /// Of a kernel matrix, pivot by pivot: each time the landmark that is explained least (the first of equals).
    ///
    /// # Errors
    /// If a stop was asked for.
    fn of(kernel: Array2<f64>, stop: &Stop) -> Result<Self> {
        let m = kernel.nrows();
        let mut left = kernel.diag().to_vec();
        let mut rows = Array2::zeros((m, m));
        let (mut order, mut taken) = (Vec::with_capacity(m), vec![false; m]);
        while order.len() < m {
            stop.check()?;
            let (pivot, most) = (left.iter().enumerate())
                .fold((0, f64::NEG_INFINITY), |best, (i, &left)| if left > best.1 { (i, left) } else { best });
            if most < LEAST_PIVOT {
                break;
            }
            let k = order.len();
            let root = most.sqrt();
            let of_pivot = rows.slice(s![pivot, ..k]).to_owned();
            for (i, (mut row, _)) in rows.outer_iter_mut().zip(&taken).enumerate().filter(|(_, (_, taken))| !**taken) {
                let explained = row.slice(s![..k]).dot(&of_pivot);
                let known = kernel.get((i, pivot)).copied().unwrap_or(0.0);
                let value = if i == pivot { root } else { (known - explained) / root };
                row.iter_mut().skip(k).take(1).for_each(|to| *to = value);
                if let Some(left) = left.get_mut(i) {
                    *left -= value * value;
                }
            }
            left.iter_mut().skip(pivot).take(1).for_each(|left| *left = f64::NEG_INFINITY);
            taken.iter_mut().skip(pivot).take(1).for_each(|taken| *taken = true);
            order.push(pivot);
        }
        let lower = rows.select(Axis(0), &order).slice(s![.., ..order.len()]).to_owned();
        Ok(Self { order, lower })
    }

    /// Replaces each column k of `columns` (landmarks in the factor's order × rows) by z = L⁻¹ k.
    /// Given up when a stop is asked for.
    fn solve_columns(&self, mut columns: ArrayViewMut2<'_, f32>, stop: &Stop) {
        columns.axis_chunks_iter_mut(Axis(1), STRIPE).into_par_iter().for_each(|mut stripe| {
            if stop.is_requested() {
                return;
            }
            let mut done: Vec<[f64; STRIPE]> = Vec::with_capacity(stripe.nrows());
            for (mut row, lower) in stripe.outer_iter_mut().zip(self.lower.outer_iter()) {
                let mut z = [0.0; STRIPE];
                z.iter_mut().zip(&row).for_each(|(z, &kernel)| *z = f64::from(kernel));
                for (before, &factor) in done.iter().zip(lower) {
                    z.iter_mut().zip(before).for_each(|(z, before)| *z -= factor * before);
                }
                let diagonal = lower.get(done.len()).copied().unwrap_or(1.0);
                z.iter_mut().for_each(|z| *z /= diagonal);
                row.iter_mut().zip(z).for_each(|(to, z)| *to = z as f32);
                done.push(z);
            }
        });
    }

    /// β = L⁻ᵀ w.
    fn weights(&self, mut w: Vec<f64>) -> Vec<f64> {
        for i in (0..w.len()).rev() {
            let (before, rest) = w.split_at_mut(i);
            let (Some(last), lower) = (rest.first_mut(), self.lower.row(i)) else { continue };
            *last /= lower.get(i).copied().unwrap_or(1.0);
            before.iter_mut().zip(lower).for_each(|(w, factor)| *w -= factor * *last);
        }
        w
    }
}

/// K = Z Zᵀ.
struct LowRank {
    /// Z, `n_rows × n_landmarks`.
    rows: Array2<f32>,
}

impl LowRank {
    /// Zᵀ c over some rows.
    fn combination(&self, chosen: &[u32], coefficients: &[f64]) -> Vec<f64> {
        let mut w = vec![0.0; self.rows.ncols()];
        for (&row, coefficient) in chosen.iter().zip(coefficients) {
            if let Some(z) = self.row(row as usize) {
                w.iter_mut().zip(z).for_each(|(w, &z)| *w += coefficient * f64::from(z));
            }
        }
        w
    }

    /// w = Zᵀ α.
    fn combined(&self, solution: &Solution) -> Vec<f64> {
        let rows: Vec<u32> = (0..solution.alpha.len() as u32).collect();
        self.combination(&rows, &solution.alpha)
    }

    fn row(&self, row: usize) -> Option<&[f32]> {
        let width = self.rows.ncols();
        self.rows.as_slice()?.get(row * width..(row + 1) * width)
    }

    fn add(&self, w: &[f64], sums: &mut [f64]) {
        sums.par_iter_mut().enumerate().with_min_len(256).for_each(|(row, sum)| {
            *sum += self.row(row).map_or(0.0, |z| dot(z, w));
        });
    }
}

impl Gram for LowRank {
    fn n_rows(&self) -> usize {
        self.rows.nrows()
    }

    fn block(&self, chosen: &[u32]) -> Array2<f64> {
        let rows: Vec<usize> = chosen.iter().map(|&row| row as usize).collect();
        let z = self.rows.select(Axis(0), &rows).mapv(f64::from);
        let mut block = Array2::zeros((chosen.len(), chosen.len()));
        let parts = block.axis_chunks_iter_mut(Axis(0), STRIPE).into_par_iter();
        parts.zip(z.axis_chunks_iter(Axis(0), STRIPE)).for_each(|(mut to, part)| to.assign(&part.dot(&z.t())));
        block
    }

    fn add_products(&mut self, chosen: &[u32], coefficients: &[f64], sums: &mut [f64]) -> Result<()> {
        self.add(&self.combination(chosen, coefficients), sums);
        Ok(())
    }

    fn exact_products(&self, chosen: &[u32], coefficients: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.n_rows()];
        self.add(&self.combination(chosen, coefficients), &mut sums);
        sums
    }
}

/// Sixteen sums side by side, then their sum.
fn dot(z: &[f32], w: &[f64]) -> f64 {
    let (parts, rest) = z.as_chunks::<16>();
    let (of_w, rest_of_w) = w.as_chunks::<16>();
    let mut sums = [0.0; 16];
    for (z, w) in parts.iter().zip(of_w) {
        for ((sum, &z), w) in sums.iter_mut().zip(z).zip(w) {
            *sum += f64::from(z) * w;
        }
    }
    let rest: f64 = rest.iter().zip(rest_of_w).map(|(&z, w)| f64::from(z) * w).sum();
    sums.iter().sum::<f64>() + rest
}
