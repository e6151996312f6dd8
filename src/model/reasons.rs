//! Why rows are odd: contributions of columns, and the words for them.

use super::Model;
use crate::detectors::explanation::{Columns, Explainer, Method};
use crate::device::Device;
use crate::features::flow::FlowSet;
use crate::features::{FeaturePlan, RowsToMatrix, ToldValue};
use crate::flows::sink::printable;
use crate::{Error, Result, Stop};
use arrow_array::{RecordBatch, UInt32Array};
use arrow_schema::Schema;
use arrow_select::take::take_record_batch;

/// What a row's text of reasons holds at most.
pub const MOST_REASONS: usize = 3;

/// Explains rows of batches; shared by threads.
pub struct BatchExplainer {
    rows: RowsToMatrix,
    explainer: Explainer,
    plan: FeaturePlan,
    set: Option<FlowSet>,
}

/// Why a row is odd.
#[derive(Debug, Clone, PartialEq)]
pub struct RowReasons {
    /// What a row of which nothing is known has: see [`crate::detectors::explanation`].
    pub base: f64,
    /// The base with all contributions.
    pub value: f64,
    /// One a column, the largest contribution first; of equal ones, in the order of the columns.
    pub reasons: Vec<Reason>,
}

/// What one column adds.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// The column's place in [`BatchExplainer::columns`].
    pub column: usize,
    /// What it adds; above 0 where it makes the row odder.
    pub contribution: f64,
    /// Its part of all contributions above 0; 0 where it is not above 0.
    pub share: f64,
    /// In words; `None` for columns that were not asked for.
    pub told: Option<ToldValue>,
}

impl Model {
    /// Makes the model ready to explain batches of `schema`.
    ///
    /// # Errors
    /// If columns that the features need are missing, or the detector cannot be explained.
    pub fn explainer(&self, device: &Device, schema: &Schema, method: Method) -> Result<BatchExplainer> {
        let n_columns = self.features.encoded_columns().len();
        let columns = Columns::new(n_columns, self.features.column_of_feature(), self.features.typical_row())?;
        Ok(BatchExplainer {
            rows: self.features.bind(schema)?,
            explainer: self.detector.explainer(&columns, method, device)?,
            plan: self.features.clone(),
            set: self.flows.as_ref().map(|flows| flows.set),
        })
    }
}

impl BatchExplainer {
    /// The same, giving up when `stop` is requested.
    pub fn until(self, stop: &Stop) -> Self {
        Self { explainer: self.explainer.until(stop), ..self }
    }

    /// The columns that contributions are of.
    pub fn columns(&self) -> Vec<&str> {
        self.plan.encoded_columns()
    }

    /// How the columns become features.
    pub fn plan(&self) -> &FeaturePlan {
        &self.plan
    }

    /// Explains these rows of `batch`, and puts the first `told` reasons of each into words. `excluded` as in
    /// [`Explainer::explain`], one entry for each of `rows`, or none.
    ///
    /// # Errors
    /// If a column is not what the features need, or as [`Explainer::explain`].
    pub fn explain(
        &self,
        batch: &RecordBatch,
        rows: &[u32],
        excluded: &[Option<u32>],
        told: usize,
    ) -> Result<Vec<RowReasons>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let chosen = take_record_batch(batch, &UInt32Array::from(rows.to_vec()))
            .map_err(|e| Error::Schema(format!("rows to explain could not be copied: {e}")))?;
        let matrix = self.rows.encode(&chosen)?.matrix;
        let explained = self.explainer.explain(matrix.view(), excluded)?;
        let reasons = |(row, explained): (usize, crate::detectors::explanation::Explained)| {
            let value = explained.value();
            let above: f64 = explained.contributions.iter().filter(|c| **c > 0.0).sum();
            let reason = |(column, contribution): (usize, f64)| Reason {
                column,
                contribution,
                share: if contribution > 0.0 && above > 0.0 { contribution / above } else { 0.0 },
                told: None,
            };
            let mut reasons: Vec<Reason> = explained.contributions.into_iter().enumerate().map(reason).collect();
            reasons.sort_by(|a, b| b.contribution.total_cmp(&a.contribution).then(a.column.cmp(&b.column)));
            for reason in reasons.iter_mut().take(told) {
                reason.told = Some(self.plan.tell(reason.column, self.set, &chosen, row)?);
            }
            Ok(RowReasons { base: explained.base, value, reasons })
        };
        explained.into_iter().enumerate().map(reasons).collect()
    }

    /// The first reasons of these rows as one text each: `ports 1,013 (typical 1); refused (typical: not refused)`; `None`
    /// where no column makes the row odder.
    ///
    /// # Errors
    /// As [`BatchExplainer::explain`].
    pub fn texts(&self, batch: &RecordBatch, rows: &[u32], excluded: &[Option<u32>]) -> Result<Vec<Option<String>>> {
        let all = self.explain(batch, rows, excluded, MOST_REASONS)?;
        Ok(all.iter().map(RowReasons::text).collect())
    }
}

impl RowReasons {
    /// See [`BatchExplainer::texts`].
    pub fn text(&self) -> Option<String> {
        let telling = self.reasons.iter().take(MOST_REASONS).filter(|reason| reason.contribution > 0.0);
        let words: Vec<&str> = telling.filter_map(|reason| Some(reason.told.as_ref()?.words.as_str())).collect();
        (!words.is_empty()).then(|| printable(&words.join("; ")).into_owned())
    }
}
