//! t-distributed stochastic neighbour embedding (van der Maaten & Hinton 2008): from rows to points.
//!
//! Affinities come from exact lists of nearest neighbours, 3 × perplexity of them (van der Maaten 2014); the start, the
//! learning rate `n_rows / early_exaggeration` and the length of the exaggerated phase follow Kobak & Berens 2019 and
//! Belkina et al. 2019.

mod start;

use super::affinities::{Conditional, n_neighbors};
use crate::device::Device;
use crate::embedding::near::near;
use crate::ops::neighbors::Watch;
use crate::ops::tsne::{Affinities, Repulsion, Step, Tsne};
use crate::{Error, Result, Stop};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};
pub use start::Start;

/// Steps between reports.
pub const REPORT_EVERY: usize = 50;
/// Steps between looks at whether to stop.
const STOP_EVERY: usize = 10;
/// Learning rates below make no headway on few rows (Belkina et al. 2019 start where n / 12 is above it).
const LEAST_LEARNING_RATE: f64 = 200.0;
const EARLY_MOMENTUM: f64 = 0.5;
const MOMENTUM: f64 = 0.8;

/// How rows are embedded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TsneParams {
    /// Dimensions of the points: 2 or 3.
    pub n_dims: usize,
    /// How many neighbours count, smoothly: above 1, at most (n_rows − 1) / 3. None: 30, or that limit.
    pub perplexity: Option<f64>,
    /// Affinities count this many times in the first phase; at least 1.
    pub early_exaggeration: f64,
    /// Steps of the first phase.
    pub n_exaggerated: usize,
    /// Steps of both phases.
    pub n_steps: usize,
    /// The length of a step, in the unit of FIt-SNE and openTSNE, whose gradient lacks the factor 4; scikit-learn's
    /// `learning_rate` is a quarter of it. None: n_rows / early_exaggeration, at least 200.
    pub learning_rate: Option<f64>,
    /// Where points start.
    pub start: Start,
    /// Decides what is random.
    pub seed: u64,
}

impl Default for TsneParams {
    fn default() -> Self {
        Self {
            n_dims: 2,
            perplexity: None,
            early_exaggeration: 12.0,
            n_exaggerated: 250,
            n_steps: 1000,
            learning_rate: None,
            start: Start::default(),
            seed: 0,
        }
    }
}

/// Where an embedding stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Steps taken, of how many.
    pub step: usize,
    /// Steps to take.
    pub n_steps: usize,
    /// `KL(P‖Q)`, in nats.
    pub divergence: f64,
}

/// Rows embedded.
#[derive(Debug, Clone, PartialEq)]
pub struct TsneEmbedding {
    /// `n_rows × n_dims`, centred.
    pub points: Array2<f32>,
    /// `KL(P‖Q)` at the end, in nats.
    pub divergence: f64,
    /// As it was used.
    pub perplexity: f64,
    /// As it was used.
    pub learning_rate: f64,
}

impl TsneParams {
    /// The perplexity for this many rows.
    ///
    /// # Errors
    /// Fewer than 5 rows; one that is given and out of range.
    pub fn perplexity_for(&self, n_rows: usize) -> Result<f64> {
        if n_rows < 5 {
            return Err(Error::parameter("n_rows", n_rows, "an embedding needs at least 5 rows"));
        }
        let perplexity = self.perplexity.unwrap_or(30f64.min((n_rows - 1) as f64 / 3.0));
        n_neighbors(perplexity, n_rows).map(|_| perplexity)
    }

    /// Whether the parameters are in range, as far as that can be said without rows.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check(&self) -> Result<()> {
        if !matches!(self.n_dims, 2 | 3) {
            return Err(Error::parameter("dims", self.n_dims, "an embedding has 2 or 3 dimensions"));
        }
        if !(self.early_exaggeration >= 1.0 && self.early_exaggeration.is_finite()) {
            return Err(Error::parameter("early_exaggeration", self.early_exaggeration, "it must be at least 1"));
        }
        if let Some(perplexity) = self.perplexity.filter(|&perplexity| perplexity.is_nan() || perplexity <= 1.0) {
            return Err(Error::parameter("perplexity", perplexity, "it must be above 1"));
        }
        match self.learning_rate {
            Some(rate) if !(rate > 0.0 && rate.is_finite()) => {
                Err(Error::parameter("learning_rate", rate, "it must be above 0"))
            }
            _ => Ok(()),
        }
    }
}

/// Embeds `rows` (`n_rows × n_features`, finite). `report` hears every [`REPORT_EVERY`] steps and at the end.
///
/// # Errors
/// Parameters out of range, values that are not finite, fewer than 5 rows, a request to stop, a device that fails.
pub fn tsne(
    rows: ArrayView2<'_, f32>,
    params: &TsneParams,
    device: &Device,
    stop: &Stop,
    report: impl FnMut(Progress),
) -> Result<TsneEmbedding> {
    params.check()?;
    let perplexity = params.perplexity_for(rows.nrows())?;
    let affinities = affinities(rows, perplexity, device, stop)?;
    let points = params.start.points(rows, params.n_dims, params.seed)?;
    descend(affinities, points.view(), params, perplexity, device, stop, report)
}

/// Affinities of `rows` at this perplexity.
///
/// # Errors
/// A perplexity out of range, values that are not finite, a request to stop, a device that fails.
pub fn affinities(rows: ArrayView2<'_, f32>, perplexity: f64, device: &Device, stop: &Stop) -> Result<Affinities> {
    let n_neighbors = n_neighbors(perplexity, rows.nrows())?;
    let conditional = {
        let lists = near(rows, n_neighbors, device, Watch::stop(stop))?;
        Conditional::new(&lists, perplexity)?
    };
    stop.check()?;
    conditional.symmetrised()
}

fn descend(
    affinities: Affinities,
    points: ArrayView2<'_, f64>,
    params: &TsneParams,
    perplexity: f64,
    device: &Device,
    stop: &Stop,
    mut report: impl FnMut(Progress),
) -> Result<TsneEmbedding> {
    let n_rows = affinities.n_rows();
    let automatic = (n_rows as f64 / params.early_exaggeration).max(LEAST_LEARNING_RATE);
    let learning_rate = params.learning_rate.unwrap_or(automatic);
    let mut tsne = Tsne::prepare(affinities, points, device, Repulsion::Auto)?;
    let mut divergence = f64::NAN;
    let mut step = 0;
    while step < params.n_steps {
        stop.check()?;
        let early = step < params.n_exaggerated;
        let turn = if early { params.n_exaggerated } else { params.n_steps };
        let many = STOP_EVERY.min(turn - step).min(params.n_steps - step).min(REPORT_EVERY - step % REPORT_EVERY);
        let (momentum, exaggeration) =
            if early { (EARLY_MOMENTUM, params.early_exaggeration) } else { (MOMENTUM, 1.0) };
        tsne.advance(many, Step { learning_rate: learning_rate / 4.0, momentum, exaggeration })?;
        step += many;
        if step.is_multiple_of(REPORT_EVERY) || step == params.n_steps {
            divergence = tsne.divergence()?;
            if !divergence.is_finite() {
                let limit = format!("t-SNE has diverged after {step} steps; choose a smaller one");
                return Err(Error::parameter("learning_rate", learning_rate, limit));
            }
            report(Progress { step, n_steps: params.n_steps, divergence });
        }
    }
    if params.n_steps == 0 {
        divergence = tsne.divergence()?;
    }
    let points = tsne.points()?;
    let points = match points.mean_axis(ndarray::Axis(0)) {
        Some(mean) => points - mean,
        None => points,
    };
    Ok(TsneEmbedding { points: points.mapv(|x| x as f32), divergence, perplexity, learning_rate })
}

#[cfg(test)]
mod tests;
