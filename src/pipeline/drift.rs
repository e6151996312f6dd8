//! Drift: a seeded sample of the scored rows against the training rows.

use super::sample::{Candidates, Gathered, Sample};
use crate::features::{Drift, FeaturePlan, ProfiledRows, TrainingProfile};
use crate::flows::Batch;
use crate::model::Model;
use crate::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use std::sync::Arc;

/// Rows that a score's manifest looks at.
pub const MANIFEST_ROWS: usize = 20_000;
/// Seed of the sample: the same rows for everyone.
const SEED: u64 = 0x0064_7269_6674;
/// Columns of the sample beside those of the features. No file can have such names: they hold a NUL.
const SCORE: &str = "\0score";
const START: &str = "\0start";

/// Draws the rows that are looked at.
pub(super) struct DriftSample<'a> {
    plan: &'a FeaturePlan,
    training: &'a TrainingProfile,
    sample: Sample,
}

impl<'a> DriftSample<'a> {
    /// `None` where the model knows nothing of its training rows, or nothing is asked for.
    pub(super) fn new(model: &'a Model, rows: usize) -> Option<Self> {
        let training = model.training.as_ref().filter(|_| rows > 0)?;
        Some(Self { plan: &model.features, training, sample: Sample::new(SEED, rows) })
    }

    /// Rows of a batch that may be looked at. `table`: its columns of features; `starts`: when its rows began, where that is
    /// known; rows whose score is NaN have none.
    pub(super) fn candidates(
        &self,
        batch: &Batch,
        table: &RecordBatch,
        scores: &[f64],
        starts: Option<&[Option<i64>]>,
    ) -> Result<Candidates> {
        let mut fields = Vec::new();
        let mut columns: Vec<ArrayRef> = Vec::new();
        for name in self.plan.encoded_columns() {
            let column = table
                .column_by_name(name)
                .ok_or_else(|| Error::Schema(format!("column `{name}` of the features is not in the batch")))?;
            fields.push(Field::new(name, column.data_type().clone(), true));
            columns.push(column.clone());
        }
        fields.push(Field::new(SCORE, DataType::Float64, true));
        columns.push(Arc::new(Float64Array::from(scores.to_vec())));
        fields.push(Field::new(START, DataType::Int64, true));
        columns.push(Arc::new(match starts {
            Some(starts) => Int64Array::from(starts.to_vec()),
            None => Int64Array::new_null(scores.len()),
        }));
        let columns = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
            .map_err(|e| Error::Internal(format!("rows to be looked at: {e}")))?;
        let rows = Batch {
            columns,
            file: batch.file,
            numbers: batch.numbers.clone(),
            stream_offset: batch.stream_offset,
            rejected: Vec::new(),
            damage: None,
        };
        self.sample.candidates_in(&rows, |row| scores.get(row).filter(|score| !score.is_nan()).map(|_| None))
    }

    pub(super) fn gather(&self, gathered: &mut Gathered, candidates: Candidates) -> Result<()> {
        self.sample.gather(gathered, candidates)
    }

    /// `None` where there was no row.
    pub(super) fn finish(&self, gathered: Gathered) -> Result<Option<Drift>> {
        let Some(schema) = gathered.last_schema() else { return Ok(None) };
        let drawn = self.sample.finish(gathered, &schema)?;
        if drawn.rows.num_rows() == 0 {
            return Ok(None);
        }
        let column = |name: &str| {
            drawn.rows.column_by_name(name).ok_or_else(|| Error::Internal("rows without their scores".into()))
        };
        let scores = column(SCORE)?.as_primitive::<Float64Type>().values().to_vec();
        let starts: Vec<Option<i64>> = column(START)?.as_primitive::<Int64Type>().iter().collect();
        let rows = ProfiledRows { columns: &drawn.rows, scores: &scores, starts: &starts };
        self.training.compare(self.plan, rows).map(Some)
    }
}

impl Gathered {
    /// The widest schema so far: columns only widen as an input is read.
    fn last_schema(&self) -> Option<SchemaRef> {
        self.pieces().last().map(RecordBatch::schema)
    }
}
