//! Several detectors on the same rows, their opinions put together by their own rarity scales.
//!
//! Scores of different detectors are on different scales, so each member m has a [`Severity`] s_m fitted on its own training
//! scores, and a row's score is the mean of what the members say:
//!
//! ```text
//! surprise_m(x) = −ln(1 − s_m(score_m(x)))
//! score(x)      = mean of surprise_m(x) over the members
//! ```
//!
//! A surprise grows by ln 2 for each halving of the distance to severity 1, so that a row that one member finds one in a
//! thousand is not outvoted by others that find it usual; a mean of severities, which end at 1, would outvote it. The
//! logarithm of a rarity adds up as in Fisher's combination of tests (Statistical Methods for Research Workers, 1925); members
//! are not independent, so the sum is a score and no probability. The ensemble's own severity and threshold are fitted on its
//! training scores as any detector's.
//!
//! Members stand in one order (isolation forest, local outlier factor, nearest neighbours, one-class SVM) whatever order
//! they were named in, and sums go along it: a score depends on which members there are alone.

mod params;
#[cfg(test)]
mod tests;

pub use params::EnsembleParams;

use super::{Detector, DetectorParams, FitContext, Severity};
use crate::features::math;
use crate::{Error, Result};
use ndarray::ArrayView2;

/// A fitted ensemble: its members and the rarity scale of each.
#[derive(Debug)]
pub struct Ensemble {
    members: Vec<Detector>,
    severities: Vec<Severity>,
    training: Option<Vec<f64>>,
}

impl Ensemble {
    /// Fits each member to `rows` (`n_rows × n_features`), and its scale to its training scores. The budget for memory is
    /// shared evenly among members that keep rows.
    ///
    /// # Errors
    /// As the fits of the members.
    pub fn fit_in(rows: ArrayView2<'_, f32>, params: &EnsembleParams, context: &FitContext<'_>) -> Result<Self> {
        let of_neighbors = params.members().iter().filter(|member| member.n_neighbors().is_some()).count() as u64;
        let context = FitContext { memory: context.memory / of_neighbors.max(1), ..*context };
        let (mut members, mut severities) = (Vec::new(), Vec::new());
        let mut sums = vec![0.0; rows.nrows()];
        for params in params.members() {
            let member = Detector::fit_in(rows, params, &context)?;
            let scores = member.training_scores(rows, context.device)?.into_owned();
            let severity = Severity::fit(&scores)?;
            add(&mut sums, &scores, &severity);
            members.push(member);
            severities.push(severity);
        }
        let training = Some(mean(sums, members.len()));
        Ok(Self { members, severities, training })
    }

    /// Puts an ensemble together that was fitted before, or elsewhere; it has no training scores.
    ///
    /// # Errors
    /// If the members are not two or more different detectors in the order of the module, each with a scale, or differ in
    /// the features that they take.
    pub fn from_parts(members: Vec<Detector>, severities: Vec<Severity>) -> Result<Self> {
        let params: Vec<DetectorParams> = members.iter().map(Detector::params).collect();
        let ordered = EnsembleParams::new(params.clone())?;
        let same_order = params.iter().zip(ordered.members()).all(|(a, b)| a.place() == b.place());
        if !same_order || severities.len() != members.len() {
            let met = format!("{} members and {} scales", members.len(), severities.len());
            let limit = "each member has a scale, and they stand in the order iforest, lof, knn, ocsvm";
            return Err(Error::parameter("members of the ensemble", met, limit));
        }
        let mut widths = members.iter().map(Detector::n_features);
        let width = widths.next().unwrap_or(0);
        if let Some(other) = widths.find(|other| *other != width) {
            let limit = format!("another member takes {width}; all take the same");
            return Err(Error::parameter("n_features of a member", other, limit));
        }
        Ok(Self { members, severities, training: None })
    }

    /// The members, in their order.
    pub fn members(&self) -> &[Detector] {
        &self.members
    }

    /// Each member's rarity scale.
    pub fn severities(&self) -> &[Severity] {
        &self.severities
    }

    /// What it was fitted with.
    pub fn params(&self) -> EnsembleParams {
        EnsembleParams::of(self.members.iter().map(Detector::params).collect())
    }

    /// The training rows' scores, of rows that detectors of neighbours left out of their own lists; none in an ensemble that
    /// was loaded.
    pub(super) fn training_scores(&self) -> Option<&[f64]> {
        self.training.as_deref()
    }

    /// The score of each row, from what each member says of it.
    pub(super) fn scores(&self, n_rows: usize, of_member: impl Fn(usize) -> Result<Vec<f64>>) -> Result<Vec<f64>> {
        let mut sums = vec![0.0; n_rows];
        for (at, severity) in self.severities.iter().enumerate() {
            add(&mut sums, &of_member(at)?, severity);
        }
        Ok(mean(sums, self.members.len()))
    }
}

/// −ln(1 − s) of a score's severity s, in [0, 36.8].
pub(super) fn surprise(severity: &Severity, score: f64) -> f64 {
    -math::ln_1p(-severity.of(score))
}

fn add(sums: &mut [f64], scores: &[f64], severity: &Severity) {
    sums.iter_mut().zip(scores).for_each(|(sum, &score)| *sum += surprise(severity, score));
}

fn mean(mut sums: Vec<f64>, n: usize) -> Vec<f64> {
    sums.iter_mut().for_each(|sum| *sum /= n.max(1) as f64);
    sums
}
