//! The dual problem of Schölkopf, Platt, Shawe-Taylor, Smola & Williamson, "Estimating the Support of a High-Dimensional
//! Distribution" (Neural Computation 2001), eq. 11, in libsvm's scaling:
//!
//! ```text
//! minimise ½ αᵀ K α   with 0 ≤ α_i ≤ 1, Σ α = ν n
//! ```
//!
//! by working sets (Joachims 1999; Wen et al., "ThunderSVM", JMLR 2018): a few hundred rows that violate optimality most
//! are solved for among themselves, then the gradient K α of all rows follows, in parallel. A gradient is kept in f64, but
//! its kernel values are f32's; so when it says that the end is reached it is computed anew, in f64 from the start, and
//! where the true gap is larger than the tolerance the search goes on from there. This is iterative refinement: what f32
//! leaves unsure shrinks with the steps that are left, so any tolerance can be reached that f64 can express.

use super::block::Block;
use super::gram::Gram;
use crate::{Result, Stop};

/// Rows of a working set, half of them new in each iteration.
const WORKING_SET: usize = 512;

/// Rows whose kernel density at all others tells where to start.
const DENSITY_ROWS: usize = 512;

/// Refinements in a row that may fail to halve the gap before the search is given up.
const PATIENCE: u32 = 3;

/// Where the search stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SolverState {
    /// Working sets solved.
    pub iteration: u64,
    /// Largest violation of the optimality conditions: max over α > 0 less min over α < 1 of the gradient K α.
    pub gap: f64,
    /// What is asked for.
    pub tolerance: f64,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Solution {
    /// One α a row.
    pub alpha: Vec<f64>,
    /// The offset of the decision function.
    pub rho: f64,
    /// ½ αᵀ K α.
    pub objective: f64,
    /// The end, with the gap of a gradient computed from nothing in f64.
    pub state: SolverState,
}

/// Solves for ν and a tolerance. Where the tolerance cannot be reached, the best that was found is returned with its gap.
///
/// # Errors
/// If the device fails or a stop was asked for.
pub fn solve(
    gram: &mut impl Gram,
    nu: f64,
    tolerance: f64,
    stop: &Stop,
    tell: &dyn Fn(&SolverState),
) -> Result<Solution> {
    let alpha = start(gram, nu)?;
    solve_from(gram, alpha, tolerance, stop, tell)
}

/// The same from weights that are feasible.
///
/// # Errors
/// As [`solve`].
pub fn solve_from(
    gram: &mut impl Gram,
    alpha: Vec<f64>,
    tolerance: f64,
    stop: &Stop,
    tell: &dyn Fn(&SolverState),
) -> Result<Solution> {
    let mut search = Search { gradient: vec![0.0; alpha.len()], alpha, working: Vec::new() };
    let (rows, weights) = search.support();
    gram.add_products(&rows, &weights, &mut search.gradient)?;
    let mut state = SolverState { iteration: 0, gap: search.gap(), tolerance };
    let mut best: Option<(f64, Vec<f64>, Vec<f64>)> = None;
    let (mut disappointments, mut plateau) = (0, Plateau::new(gram.n_rows()));
    loop {
        stop.check()?;
        state.gap = search.gap();
        tell(&state);
        let goes_on = state.gap > tolerance && !plateau.is_over(state.gap);
        let moved = goes_on && search.improve(gram, state.gap, tolerance)?;
        state.iteration += u64::from(moved);
        if moved {
            continue;
        }
        let (rows, weights) = search.support();
        search.gradient = gram.exact_products(&rows, &weights);
        state.gap = search.gap();
        match &best {
            Some((gap, ..)) if state.gap > 0.5 * gap => disappointments += 1,
            _ => disappointments = 0,
        }
        if best.as_ref().is_none_or(|(gap, ..)| state.gap < *gap) {
            best = Some((state.gap, search.alpha.clone(), search.gradient.clone()));
        }
        if state.gap <= tolerance || disappointments == PATIENCE {
            break;
        }
        search.working.clear();
        plateau = Plateau::new(gram.n_rows());
    }
    if let Some((gap, alpha, gradient)) = best {
        (state.gap, search.alpha, search.gradient) = (gap, alpha, gradient);
    }
    tell(&state);
    Ok(search.solution(state))
}

/// Working sets since the gap was last halved.
struct Plateau {
    least: f64,
    length: u64,
    longest: u64,
}

impl Plateau {
    /// For `n_rows` rows: a gap may stand still while every row is looked at once.
    fn new(n_rows: usize) -> Self {
        Self { least: f64::INFINITY, length: 0, longest: 50 + (n_rows / WORKING_SET) as u64 }
    }

    fn is_over(&mut self, gap: f64) -> bool {
        if gap < 0.5 * self.least {
            (self.least, self.length) = (gap, 0);
        }
        self.length += 1;
        self.length > self.longest
    }
}

/// α = 1 for the ν n rows of least kernel density, estimated from evenly spaced rows: nearly where most of the weight ends,
/// while libsvm starts from the first ν n rows.
fn start(gram: &mut impl Gram, nu: f64) -> Result<Vec<f64>> {
    let n = gram.n_rows();
    let some: Vec<u32> = (0..n.min(DENSITY_ROWS)).map(|i| (i * n / n.min(DENSITY_ROWS)) as u32).collect();
    let mut density = vec![0.0; n];
    gram.add_products(&some, &vec![1.0; some.len()], &mut density)?;
    let mut order: Vec<usize> = (0..n).collect();
    let key = |i: &usize| density.get(*i).copied().unwrap_or(0.0);
    order.sort_unstable_by(|a, b| key(a).total_cmp(&key(b)).then(a.cmp(b)));
    let mut alpha = vec![0.0; n];
    let mut left = nu * n as f64;
    for i in order {
        if let Some(alpha) = alpha.get_mut(i) {
            *alpha = left.clamp(0.0, 1.0);
        }
        left -= 1.0;
        if left <= 0.0 {
            break;
        }
    }
    Ok(alpha)
}

struct Search {
    alpha: Vec<f64>,
    gradient: Vec<f64>,
    /// The working set, latest rows last.
    working: Vec<u32>,
}

impl Search {
    /// Rows with weight, and their weights.
    fn support(&self) -> (Vec<u32>, Vec<f64>) {
        (0..).zip(&self.alpha).filter(|(_, alpha)| **alpha > 0.0).map(|(row, alpha)| (row, *alpha)).unzip()
    }

    fn gap(&self) -> f64 {
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        for (&gradient, &alpha) in self.gradient.iter().zip(&self.alpha) {
            if alpha < 1.0 && gradient < least {
                least = gradient;
            }
            if alpha > 0.0 && gradient > most {
                most = gradient;
            }
        }
        // All α at 1 leave nothing to choose.
        if least == f64::INFINITY { 0.0 } else { (most - least).max(0.0) }
    }

    /// Solves for the rows that violate most; whether any weight moved.
    fn improve(&mut self, gram: &mut impl Gram, gap: f64, tolerance: f64) -> Result<bool> {
        self.choose();
        let of = |values: &[f64]| -> Vec<f64> {
            self.working.iter().map(|&row| values.get(row as usize).copied().unwrap_or(0.0)).collect()
        };
        let before = of(&self.alpha);
        let mut block =
            Block { kernel: gram.block(&self.working), alpha: before.clone(), gradient: of(&self.gradient) };
        block.solve((0.1 * gap).max(0.5 * tolerance));
        let (mut rows, mut deltas) = (Vec::new(), Vec::new());
        for ((&row, &after), &before) in self.working.iter().zip(&block.alpha).zip(&before) {
            if after != before {
                rows.push(row);
                deltas.push(after - before);
                if let Some(alpha) = self.alpha.get_mut(row as usize) {
                    *alpha = after;
                }
            }
        }
        gram.add_products(&rows, &deltas, &mut self.gradient)?;
        Ok(!rows.is_empty())
    }

    /// The next working set: the rows of least gradient that can gain weight, those of largest gradient that can lose some,
    /// and the latest of the old set.
    fn choose(&mut self) {
        let n = self.alpha.len();
        let size = WORKING_SET.min(n);
        let n_fresh = if self.working.is_empty() { size } else { size / 2 };
        let (gradient, alpha) = (&self.gradient, &self.alpha);
        let g = |row: &u32| gradient.get(*row as usize).copied().unwrap_or(0.0);
        let a = |row: &u32| alpha.get(*row as usize).copied().unwrap_or(0.0);
        let mut gaining: Vec<u32> = (0..n as u32).filter(|row| a(row) < 1.0).collect();
        first(&mut gaining, size, |a, b| g(a).total_cmp(&g(b)).then(a.cmp(b)));
        let mut losing: Vec<u32> = (0..n as u32).filter(|row| a(row) > 0.0).collect();
        first(&mut losing, size, |a, b| g(b).total_cmp(&g(a)).then(a.cmp(b)));
        let mut chosen = vec![false; n];
        let mut fresh = take(gaining.iter(), n_fresh.div_ceil(2), &mut chosen);
        fresh.extend(take(losing.iter(), n_fresh - fresh.len().min(n_fresh), &mut chosen));
        let mut kept = take(self.working.iter().rev(), size - fresh.len(), &mut chosen);
        kept.reverse();
        kept.extend(fresh);
        self.working = kept;
    }

    fn solution(self, state: SolverState) -> Solution {
        let objective =
            0.5 * self.alpha.iter().zip(&self.gradient).map(|(alpha, gradient)| alpha * gradient).sum::<f64>();
        let rho = self.rho();
        Solution { alpha: self.alpha, rho, objective, state }
    }

    /// The mean gradient of free rows, or the middle of where it can lie, as libsvm has it.
    fn rho(&self) -> f64 {
        let (mut sum, mut n, mut low, mut high) = (0.0, 0u64, f64::NEG_INFINITY, f64::INFINITY);
        for (&gradient, &alpha) in self.gradient.iter().zip(&self.alpha) {
            if alpha >= 1.0 {
                low = low.max(gradient);
            } else if alpha <= 0.0 {
                high = high.min(gradient);
            } else {
                sum += gradient;
                n += 1;
            }
        }
        match (n, low.is_finite(), high.is_finite()) {
            (1.., ..) => sum / n as f64,
            (0, true, true) => (low + high) / 2.0,
            (0, true, false) => low,
            (0, false, _) => high,
        }
    }
}

/// Leaves the first `count` in an order.
fn first(rows: &mut Vec<u32>, count: usize, order: impl Fn(&u32, &u32) -> std::cmp::Ordering) {
    if count < rows.len() {
        rows.select_nth_unstable_by(count, &order);
        rows.truncate(count);
    }
    rows.sort_unstable_by(order);
}

/// The first `count` rows that are not chosen yet; they are now.
fn take<'r>(rows: impl Iterator<Item = &'r u32>, count: usize, chosen: &mut [bool]) -> Vec<u32> {
    let is_new = |row: &&u32| chosen.get_mut(**row as usize).is_some_and(|seen| !std::mem::replace(seen, true));
    rows.filter(is_new).take(count).copied().collect()
}
