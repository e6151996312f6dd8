//! Distance to the k nearest neighbours: Ramaswamy, Rastogi & Shim, "Efficient Algorithms for Mining Outliers from Large
//! Data Sets" (SIGMOD 2000), which scores a row by its k-th distance, and Angiulli & Pizzuti, "Fast Outlier Detection in
//! High Dimensional Spaces" (PKDD 2002), which sums all k; here their mean, or their median, as PyOD offers.
//!
//! Distances are Euclidean. Training rows are scored in outlier mode: each is left out of its own list, by its record.
//! Other rows are scored in novelty mode: nothing is left out, and a row equal to a reference finds it at distance 0.
//! Where there are k rows or fewer, k is the number of rows less one.

#[cfg(test)]
mod tests;

use super::FitContext;
use super::reference_set::ReferenceSet;
use super::self_join::{SelfJoin, SelfJoinPlan};
use crate::device::Device;
use crate::ops::neighbors::{Neighbor, Neighbors, Queries, Settled, Watch};
use crate::{Error, Result, Stop};
use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Which of the k distances is the score.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KnnDistance {
    /// The distance of the k-th neighbour (Ramaswamy et al. 2000).
    #[default]
    Largest,
    /// Their mean (Angiulli & Pizzuti 2002, divided by k).
    Mean,
    /// Their median; of an even number, the mean of the two in the middle.
    Median,
}

impl KnnDistance {
    /// What each of `k` distances, nearest first, weighs in the score.
    pub(super) fn weights(self, k: usize) -> Vec<f64> {
        let weight = |place: usize| match self {
            Self::Largest => f64::from(u8::from(place + 1 == k)),
            Self::Mean => 1.0 / k as f64,
            Self::Median if k % 2 == 1 => f64::from(u8::from(place == k / 2)),
            Self::Median => f64::from(u8::from(place == k / 2 || place + 1 == k / 2)) / 2.0,
        };
        (0..k).map(weight).collect()
    }
}

impl fmt::Display for KnnDistance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Largest => "largest",
            Self::Mean => "mean",
            Self::Median => "median",
        })
    }
}

impl FromStr for KnnDistance {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.trim() {
            "largest" => Ok(Self::Largest),
            "mean" => Ok(Self::Mean),
            "median" => Ok(Self::Median),
            other => Err(Error::parameter("distance", format!("`{other}`"), "it must be largest, mean or median")),
        }
    }
}

/// How a detector of nearest neighbours is fitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NearestNeighborsParams {
    /// Neighbours of a row (k), at least 1; as many as there are other rows where those are fewer.
    pub n_neighbors: usize,
    /// Which of their distances is the score.
    pub distance: KnnDistance,
}

impl Default for NearestNeighborsParams {
    fn default() -> Self {
        Self { n_neighbors: 5, distance: KnnDistance::default() }
    }
}

impl NearestNeighborsParams {
    /// Checks the range that does not depend on the rows.
    ///
    /// # Errors
    /// If a parameter is out of its range.
    pub fn check(&self) -> Result<()> {
        match self.n_neighbors {
            0 => Err(Error::parameter("n_neighbors", 0, "it must be at least 1; 5 is usual for distances")),
            _ => Ok(()),
        }
    }
}

/// A fitted detector of nearest neighbours: the reference rows.
#[derive(Debug)]
pub struct NearestNeighbors {
    params: NearestNeighborsParams,
    references: ReferenceSet,
    training: Option<(Vec<f64>, Settled)>,
}

impl NearestNeighbors {
    /// Fits to `rows` (`n_rows × n_features`, at least two rows) on the CPU with [`super::DEFAULT_MEMORY`]. The result
    /// depends on the rows and `params` alone.
    ///
    /// # Errors
    /// As [`NearestNeighbors::fit_in`].
    pub fn fit(rows: ArrayView2<'_, f32>, params: &NearestNeighborsParams) -> Result<Self> {
        Self::fit_in(rows, params, &FitContext::new(&Device::Cpu, &Stop::new()))
    }

    /// The same on a device, in a memory budget; the answer has the same bits whatever they are.
    ///
    /// # Errors
    /// If there are fewer than two rows or no features, a value is not finite, `n_neighbors` is 0, rows and results
    /// exceed the budget or a model file, the device fails, or a stop was asked for.
    pub fn fit_in(
        rows: ArrayView2<'_, f32>,
        params: &NearestNeighborsParams,
        context: &FitContext<'_>,
    ) -> Result<Self> {
        let mut detector = Self::from_parts(rows, params.clone())?;
        let plan = SelfJoinPlan::new(rows.dim(), detector.n_neighbors(), 1, context.memory)?;
        let neighbors = detector.references.prepare(context.device)?;
        let join = SelfJoin::start(&neighbors, plan, context)?;
        let scores = join.map(|_, list| distance(list, params.distance))?;
        detector.training = Some((scores, join.settled()));
        Ok(detector)
    }

    /// Puts a detector together that was fitted before, or elsewhere; it has no training scores.
    ///
    /// # Errors
    /// If `n_neighbors` is 0, there are fewer than two rows or no features, or more rows than a model file holds.
    pub fn from_parts(rows: ArrayView2<'_, f32>, params: NearestNeighborsParams) -> Result<Self> {
        params.check()?;
        Ok(Self { params, references: ReferenceSet::new(rows, 0)?, training: None })
    }

    /// What it was fitted with.
    pub fn params(&self) -> &NearestNeighborsParams {
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

    /// The scores of the training rows, each left out of its own list; none in a model that was loaded.
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

    /// The scores of `queries` among the references.
    pub(super) fn score(&self, neighbors: &Neighbors, queries: Queries<'_>, watch: Watch<'_>) -> Result<Vec<f64>> {
        neighbors.map(queries, self.n_neighbors(), watch, |_, list| distance(list, self.params.distance))
    }
}

/// The distance that scores a row with this list, nearest first.
fn distance(list: &[Neighbor], which: KnnDistance) -> f64 {
    let place = |place: usize| list.get(place).map_or(0.0, |neighbor| neighbor.sq_dist.sqrt());
    let k = list.len();
    match which {
        KnnDistance::Largest => place(k.saturating_sub(1)),
        KnnDistance::Mean => list.iter().map(|neighbor| neighbor.sq_dist.sqrt()).sum::<f64>() / k as f64,
        KnnDistance::Median if k % 2 == 1 => place(k / 2),
        KnnDistance::Median => (place((k / 2).saturating_sub(1)) + place(k / 2)) / 2.0,
    }
}
