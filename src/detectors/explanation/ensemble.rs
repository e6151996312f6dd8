//! The surprises of an ensemble's members split into contributions of columns.
//!
//! A member's contributions are on its own scale: splits, distances, kernel sums. What a member adds to a row's score is
//! its surprise there less its surprise at its base, divided by the number of members; its contributions are multiplied by
//! one number a row, so that they sum to that. A surprise only rises with the member's score, so that number is not
//! negative and signs stay as they are. Where a member's contributions cancel out (their sum is under a thousandth of the sum of
//! their sizes) no factor is sound: what there is to split, next to nothing as a rule, is split by their sizes.

use super::{Columns, Explained, Explainer, Method};
use crate::detectors::ensemble::surprise;
use crate::detectors::{Detector, Ensemble, Scorer};
use crate::device::Device;
use crate::ops::path_length::LEAF_ONE;
use crate::{Result, Stop};
use ndarray::ArrayView2;
use std::sync::Arc;

/// Rows that members are made ready to score at a time.
const ROWS: usize = 4_096;
/// Of the sum of sizes: below it contributions cancel out.
const CANCELLED: f64 = 1e-3;

/// An ensemble made ready.
pub struct EnsembleTerms {
    ensemble: Arc<Ensemble>,
    members: Vec<(Explainer, Scorer)>,
}

impl EnsembleTerms {
    pub fn new(ensemble: &Arc<Ensemble>, columns: &Columns, method: Method, device: &Device) -> Result<Self> {
        let ready = |member: &Detector| Ok((member.explainer(columns, method, device)?, member.scorer(device, ROWS)?));
        let members = ensemble.members().iter().map(ready).collect::<Result<Vec<_>>>()?;
        Ok(Self { ensemble: Arc::clone(ensemble), members })
    }

    pub fn until(self, stop: &Stop) -> Self {
        let members = self.members.into_iter().map(|(explainer, scorer)| (explainer.until(stop), scorer.until(stop)));
        Self { members: members.collect(), ..self }
    }

    /// As [`Explainer::explain`].
    pub fn explain(
        &self,
        rows: ArrayView2<'_, f32>,
        excluded: &[Option<u32>],
        n_columns: usize,
    ) -> Result<Vec<Explained>> {
        let mut all = vec![Explained { base: 0.0, contributions: vec![0.0; n_columns] }; rows.nrows()];
        let part = 1.0 / self.members.len().max(1) as f64;
        for ((explainer, scorer), severity) in self.members.iter().zip(self.ensemble.severities()) {
            // The score itself: one added up from contributions is off by rounding, and scales have steps.
            let scores =
                if excluded.is_empty() { scorer.score(rows)? } else { scorer.score_excluding(rows, excluded)? };
            for ((sum, own), score) in all.iter_mut().zip(explainer.explain(rows, excluded)?).zip(scores) {
                let base = surprise(severity, score_of(&explainer.detector, own.base));
                sum.base += part * base;
                let scaled = scaled(&own.contributions, part * (surprise(severity, score) - base));
                sum.contributions.iter_mut().zip(scaled).for_each(|(sum, contribution)| *sum += contribution);
            }
        }
        Ok(all)
    }
}

/// The member's score where nothing but `value` is known.
fn score_of(member: &Detector, value: f64) -> f64 {
    match member {
        Detector::IsolationForest(forest) => {
            let units = (forest.forest().trees().len() as u64 * LEAF_ONE) as f64;
            forest.score_of_sum((-value * units).round().max(0.0) as u64)
        }
        _ => value,
    }
}

/// The contributions with one factor, so that they sum to `whole`.
fn scaled(contributions: &[f64], whole: f64) -> Vec<f64> {
    let (sum, sizes) = contributions.iter().fold((0.0, 0.0), |(sum, sizes), c| (sum + c, sizes + c.abs()));
    if sizes == 0.0 {
        // A row at its base: nothing is to be split but rounding, of which all columns take their part.
        return vec![whole / contributions.len().max(1) as f64; contributions.len()];
    }
    if f64::abs(sum) < CANCELLED * sizes {
        return contributions.iter().map(|c| c.abs() / sizes * whole).collect();
    }
    contributions.iter().map(|c| c / sum * whole).collect()
}
