//! ν-one-class support vector machine: Schölkopf, Platt, Shawe-Taylor, Smola & Williamson, "Estimating the Support of a
//! High-Dimensional Distribution" (Neural Computation 2001), with the kernel exp(−γ ‖x − y‖²).
//!
//! The score of a row is ρ − Σ α_i K(x, s_i) over the support vectors s_i: libsvm's and scikit-learn's decision function
//! with its sign turned, in their scaling (0 ≤ α ≤ 1, Σ α = ν n). Above 0 a row lies outside.

mod block;
mod gram;
mod nystroem;
mod params;
mod solve;
#[cfg(test)]
mod tests;

pub use params::{AUTO_SUPPORT, Gamma, MAX_COMPONENTS, OneClassSvmParams, SvmSolver};
pub use solve::SolverState;

use super::FitContext;
use crate::device::Device;
use crate::ops::rbf::{Expansion, Rbf, Storage, TrainingRows};
use crate::words::counted;
use crate::{Error, Result, Stop};
use ndarray::{ArrayView2, Axis};
use serde::{Deserialize, Serialize};

/// How the fit ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SvmReport {
    /// The solver that was used: never `Auto`.
    pub solver: SvmSolver,
    /// Training rows.
    pub n_rows: usize,
    /// Rows that the dual problem was solved for: fewer than `n_rows` in a low-rank approximation of many.
    pub n_solved: usize,
    /// Landmarks of the low-rank approximation; 0 for an exact solution.
    pub n_landmarks: usize,
    /// Working sets solved.
    pub n_iterations: u64,
    /// Largest violation of the optimality conditions at the end, from a gradient computed anew in f64.
    pub gap: f64,
    /// ½ αᵀ K α.
    pub objective: f64,
    /// Rows with α > 0.
    pub n_support: usize,
    /// Rows with α = 1.
    pub n_bounded: usize,
}

/// A fitted one-class support vector machine.
#[derive(Debug)]
pub struct OneClassSvm {
    params: OneClassSvmParams,
    expansion: Expansion,
    rho: f64,
    report: SvmReport,
    /// The vectors as they were before their storage rounded them; none in a model that was loaded.
    unrounded: Option<Expansion>,
}

impl OneClassSvm {
    /// Fits to `rows` (`n_rows × n_features`, at least one row) on the CPU.
    ///
    /// # Errors
    /// As [`OneClassSvm::fit_in`].
    pub fn fit(rows: ArrayView2<'_, f32>, params: &OneClassSvmParams) -> Result<Self> {
        Self::fit_in(rows, params, &FitContext::new(&Device::Cpu, &Stop::new()))
    }

    /// The same on a device, with a bounded cache of kernel columns. On the CPU the result does not depend on threads or
    /// cache. Where the tolerance cannot be reached, the best that was found is returned: [`OneClassSvm::has_converged`].
    ///
    /// # Errors
    /// If there are no rows or no features, a value is not finite, a parameter is out of its range or ν n within the
    /// tolerance, the device fails, or a stop was asked for.
    pub fn fit_in(rows: ArrayView2<'_, f32>, params: &OneClassSvmParams, context: &FitContext<'_>) -> Result<Self> {
        params.check()?;
        if rows.nrows() == 0 || rows.ncols() == 0 {
            let limit = "a one-class SVM needs at least one row with one feature";
            return Err(Error::parameter("shape of the rows", format!("{} × {}", rows.nrows(), rows.ncols()), limit));
        }
        let solver = params.solver_for(rows.nrows());
        params.check_weights(match solver {
            SvmSolver::Nystroem => nystroem::n_solved(rows.nrows(), params),
            _ => rows.nrows(),
        })?;
        let gamma = params.gamma.resolve(rows);
        match solver {
            SvmSolver::Nystroem => nystroem::fit(rows, params, gamma, context),
            _ => Self::fit_exact(rows, params, gamma, context),
        }
    }

    fn fit_exact(
        rows: ArrayView2<'_, f32>,
        params: &OneClassSvmParams,
        gamma: f64,
        context: &FitContext<'_>,
    ) -> Result<Self> {
        let mut gram = TrainingRows::prepare(rows, gamma, context.device, context.cache)?;
        let solution = solve::solve(&mut gram, params.nu, params.tolerance, context.watch.stop, context.solver)?;
        let support: Vec<usize> = (0..).zip(&solution.alpha).filter(|(_, a)| **a > 0.0).map(|(row, _)| row).collect();
        let report = SvmReport { n_landmarks: 0, ..SvmReport::of(SvmSolver::Exact, rows.nrows(), &solution) };
        let weights = solution.alpha.into_iter().filter(|alpha| *alpha > 0.0).collect();
        let expansion = Expansion::new(rows.select(Axis(0), &support), weights, gamma)?;
        Self::from_parts(expansion, solution.rho, params.clone(), report)
    }

    /// Puts a machine together that was fitted before, or elsewhere: `expansion` holds support vectors (or landmarks) and
    /// their coefficients.
    ///
    /// # Errors
    /// If a parameter or ρ is out of range, or the vectors do not fit their storage.
    pub fn from_parts(expansion: Expansion, rho: f64, params: OneClassSvmParams, report: SvmReport) -> Result<Self> {
        params.check()?;
        if !rho.is_finite() {
            return Err(Error::parameter("rho", rho, "it must be finite"));
        }
        if expansion.n_features() == 0 {
            return Err(Error::parameter("n_features", 0, "support vectors have at least one"));
        }
        if report.gap.is_nan() || report.gap < 0.0 || report.n_landmarks > expansion.vectors().nrows() {
            let met = format!("gap {}, {}", report.gap, counted(report.n_landmarks, "landmark"));
            let vectors = expansion.vectors().nrows();
            let limit = format!("a gap is not below 0, and landmarks are no more than the vectors, {vectors}");
            return Err(Error::parameter("report of the fit", met, limit));
        }
        let unrounded = (params.storage != Storage::F32).then(|| expansion.clone());
        let expansion = expansion.stored(params.storage)?;
        let unrounded = unrounded.filter(|unrounded| unrounded.vectors() != expansion.vectors());
        Ok(Self { params, expansion, rho, report, unrounded })
    }

    /// What it was fitted with.
    pub fn params(&self) -> &OneClassSvmParams {
        &self.params
    }

    /// Support vectors (or landmarks), coefficients and γ.
    pub fn expansion(&self) -> &Expansion {
        &self.expansion
    }

    /// The offset: a row with a larger kernel sum lies inside.
    pub fn rho(&self) -> f64 {
        self.rho
    }

    /// How the fit ended.
    pub fn report(&self) -> &SvmReport {
        &self.report
    }

    /// Whether the optimality conditions hold within the tolerance.
    pub fn has_converged(&self) -> bool {
        self.report.gap <= self.params.tolerance
    }

    /// The machine with its vectors as they were before half precision rounded them; `None` where nothing was rounded, and
    /// for a model that was loaded.
    pub fn unrounded(&self) -> Option<Self> {
        let params = OneClassSvmParams { storage: Storage::F32, ..self.params.clone() };
        let expansion = self.unrounded.clone()?;
        Some(Self { params, expansion, rho: self.rho, report: self.report, unrounded: None })
    }

    /// The scores of `rows` by the prepared expansion.
    pub(super) fn score(&self, rbf: &Rbf, rows: ArrayView2<'_, f32>) -> Result<Vec<f64>> {
        let mut sums = rbf.sums(rows)?;
        sums.iter_mut().for_each(|sum| *sum = self.rho - *sum);
        Ok(sums)
    }
}

impl SvmReport {
    fn of(solver: SvmSolver, n_rows: usize, solution: &solve::Solution) -> Self {
        let count = |is: fn(f64) -> bool| solution.alpha.iter().filter(|alpha| is(**alpha)).count();
        Self {
            solver,
            n_rows,
            n_solved: solution.alpha.len(),
            n_landmarks: 0,
            n_iterations: solution.state.iteration,
            gap: solution.state.gap,
            objective: solution.objective,
            n_support: count(|alpha| alpha > 0.0),
            n_bounded: count(|alpha| alpha >= 1.0),
        }
    }
}
