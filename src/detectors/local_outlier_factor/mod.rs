//! Local outlier factor: Breunig, Kriegel, Ng & Sander, "LOF: Identifying Density-Based Local Outliers" (SIGMOD 2000), as
//! scikit-learn computes it.
//!
//! With N(p) the k nearest reference rows of p and d the Euclidean distance:
//!
//! ```text
//! k_distance(o) = the distance of o's k-th neighbour
//! reach(p, o)   = max(k_distance(o), d(p, o))
//! lrd(p)        = 1 / (mean of reach(p, o) over N(p) + 1e-10)
//! LOF(p)        = mean of lrd(o) over N(p) / lrd(p)
//! ```
//!
//! About 1 is as dense as the neighbours are; larger is sparser, more anomalous. Two conventions are scikit-learn's, not
//! the paper's: a list has **exactly** k rows (the paper takes all that tie for the k-th place; here the smaller index
//! wins), and 1e-10 is added to the mean reachability, so that more than k copies of a row have lrd 1e10 and not
//! infinity; the factor of a row whose neighbours are such copies is then very large. Where there are k rows or fewer, k
//! is the number of rows less one.
//!
//! Training rows are scored in outlier mode: each is left out of its own list, by its record. Other rows are scored in
//! novelty mode: nothing is left out, and a row equal to a reference finds it at distance 0.

#[cfg(test)]
mod tests;

use super::FitContext;
use super::reference_set::ReferenceSet;
use super::self_join::{SelfJoin, SelfJoinPlan};
use crate::device::Device;
use crate::ops::neighbors::{Neighbor, Neighbors, Queries, Settled, Watch};
use crate::words::counted;
use crate::{Error, Result, Stop};
use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Added to a mean reachability distance, as in scikit-learn.
const SMALLEST_REACH: f64 = 1e-10;
/// Bytes a model keeps for a row beside its features: k-distance and density.
const BYTES_A_ROW: u64 = 2 * size_of::<f64>() as u64;

/// How a local outlier factor is fitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LocalOutlierFactorParams {
    /// Neighbours of a row (k), at least 1; as many as there are other rows where those are fewer.
    pub n_neighbors: usize,
}

impl Default for LocalOutlierFactorParams {
    fn default() -> Self {
        Self { n_neighbors: 20 }
    }
}

impl LocalOutlierFactorParams {
    /// Checks the range that does not depend on the rows.
    ///
    /// # Errors
    /// If a parameter is out of its range.
    pub fn check(&self) -> Result<()> {
        match self.n_neighbors {
            0 => {
                Err(Error::parameter("n_neighbors", 0, "it must be at least 1; 20 is usual for local outlier factors"))
            }
            _ => Ok(()),
        }
    }
}

/// A fitted local outlier factor: the reference rows with their k-distances and densities.
#[derive(Debug)]
pub struct LocalOutlierFactor {
    params: LocalOutlierFactorParams,
    references: ReferenceSet,
    k_distance: Vec<f64>,
    lrd: Vec<f64>,
    training: Option<(Vec<f64>, Settled)>,
}

impl LocalOutlierFactor {
    /// Fits to `rows` (`n_rows × n_features`, at least two rows) on the CPU with [`super::DEFAULT_MEMORY`]. The result
    /// depends on the rows and `params` alone.
    ///
    /// # Errors
    /// As [`LocalOutlierFactor::fit_in`].
    pub fn fit(rows: ArrayView2<'_, f32>, params: &LocalOutlierFactorParams) -> Result<Self> {
        Self::fit_in(rows, params, &FitContext::new(&Device::Cpu, &Stop::new()))
    }

    /// The same on a device, in a memory budget; the answer has the same bits whatever they are.
    ///
    /// # Errors
    /// If there are fewer than two rows or no features, a value is not finite, `n_neighbors` is 0, rows and results
    /// exceed the budget or a model file, the device fails, or a stop was asked for.
    pub fn fit_in(
        rows: ArrayView2<'_, f32>,
        params: &LocalOutlierFactorParams,
        context: &FitContext<'_>,
    ) -> Result<Self> {
        params.check()?;
        let references = ReferenceSet::new(rows, BYTES_A_ROW)?;
        let plan = SelfJoinPlan::new(rows.dim(), references.n_neighbors(params.n_neighbors), 3, context.memory)?;
        let neighbors = references.prepare(context.device)?;
        let join = SelfJoin::start(&neighbors, plan, context)?;
        let k_distance = join.map(|_, list| list.last().map_or(0.0, |farthest| farthest.sq_dist.sqrt()))?;
        let lrd = join.map(|_, list| density(list, &k_distance))?;
        let scores = join.map(|row, list| factor(list, &lrd, at(&lrd, row)))?;
        let training = Some((scores, join.settled()));
        Ok(Self { params: params.clone(), references, k_distance, lrd, training })
    }

    /// Puts a detector together that was fitted before, or elsewhere; it has no training scores.
    ///
    /// # Errors
    /// If the parts do not fit together or hold values that no fit gives.
    pub fn from_parts(
        rows: ArrayView2<'_, f32>,
        k_distance: Vec<f64>,
        lrd: Vec<f64>,
        params: LocalOutlierFactorParams,
    ) -> Result<Self> {
        params.check()?;
        let references = ReferenceSet::new(rows, BYTES_A_ROW)?;
        for (name, values) in [("k_distance", &k_distance), ("lrd", &lrd)] {
            if values.len() != references.n_rows() {
                let limit = format!("each of {} has one", counted(references.n_rows(), "reference row"));
                return Err(Error::parameter(format!("number of {name}"), values.len(), limit));
            }
        }
        if let Some(met) = k_distance.iter().find(|&&d| !(d.is_finite() && d >= 0.0)) {
            return Err(Error::parameter("k_distance", met, "distances are finite and not negative"));
        }
        let largest = 1.0 / SMALLEST_REACH;
        if let Some(met) = lrd.iter().find(|&&density| !(density > 0.0 && density <= largest)) {
            return Err(Error::parameter("lrd", met, format!("densities are above 0 and at most {largest:e}")));
        }
        Ok(Self { params, references, k_distance, lrd, training: None })
    }

    /// What it was fitted with.
    pub fn params(&self) -> &LocalOutlierFactorParams {
        &self.params
    }

    /// Neighbours of a row: `params().n_neighbors`, or all other rows where those are fewer.
    pub fn n_neighbors(&self) -> usize {
        self.references.n_neighbors(self.params.n_neighbors)
    }

    /// The reference rows, `n_references × n_features`.
    pub fn references(&self) -> ArrayView2<'_, f32> {
        self.references.rows()
    }

    /// Each reference row's distance to its k-th neighbour.
    pub fn k_distance(&self) -> &[f64] {
        &self.k_distance
    }

    /// Each reference row's local reachability density, in (0, 1e10].
    pub fn lrd(&self) -> &[f64] {
        &self.lrd
    }

    /// The factors of the training rows, each left out of its own list; none in a model that was loaded.
    pub fn training_scores(&self) -> Option<&[f64]> {
        self.training.as_ref().map(|(scores, _)| scores.as_slice())
    }

    /// What f32 could not decide when it was fitted.
    pub(super) fn settled_at_fit(&self) -> Option<Settled> {
        self.training.as_ref().map(|(_, settled)| *settled)
    }

    pub(super) fn prepare(&self, device: &Device) -> Result<Arc<Neighbors>> {
        self.references.prepare(device)
    }

    /// The factor of a row with this list.
    pub(super) fn factor_of(&self, list: &[Neighbor]) -> f64 {
        factor(list, &self.lrd, density(list, &self.k_distance))
    }

    /// The factors of `queries` among the references.
    pub(super) fn score(&self, neighbors: &Neighbors, queries: Queries<'_>, watch: Watch<'_>) -> Result<Vec<f64>> {
        neighbors.map(queries, self.n_neighbors(), watch, |_, list| self.factor_of(list))
    }
}

/// The local reachability density of a row with this list.
fn density(list: &[Neighbor], k_distance: &[f64]) -> f64 {
    let reach = |o: &Neighbor| o.sq_dist.sqrt().max(at(k_distance, o.index as usize));
    let sum: f64 = list.iter().map(reach).sum();
    1.0 / (sum / list.len() as f64 + SMALLEST_REACH)
}

/// The outlier factor of a row with this list and density.
fn factor(list: &[Neighbor], lrd: &[f64], own: f64) -> f64 {
    let sum: f64 = list.iter().map(|o| at(lrd, o.index as usize)).sum();
    sum / list.len() as f64 / own
}

/// Lists hold rows that there are; 0 is never given.
fn at(values: &[f64], row: usize) -> f64 {
    values.get(row).copied().unwrap_or(0.0)
}
