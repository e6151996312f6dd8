//! The columns that scoring adds to a table, and what happens where their names are taken.

use super::{InFinding, Scored};
pub use crate::flows::source::prefix_of_added;
use crate::flows::source::{FINDING_COLUMNS, REASONS_COLUMN, SCORED_COLUMNS};
use crate::{Error, Result};
use arrow_array::{ArrayRef, BooleanArray, Float64Array, RecordBatch, RecordBatchOptions, StringArray, UInt64Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use std::sync::Arc;

/// Names of the added columns, before any prefix: score (f64), severity (f64 in [0, 1)), verdict (boolean).
pub const ADDED: [&str; 3] = SCORED_COLUMNS;

/// Names of what is added where rows are grouped into findings: the finding's name (text), the rule that allows the row
/// (text), the file that the row is from (text) and the number of its record there (u64, the first is 1).
pub const ADDED_BY_FINDINGS: [&str; 4] = FINDING_COLUMNS;

/// The columns that scoring adds to logs of flows, with their types.
pub fn columns_of_scored(prefix: &str) -> Vec<(String, DataType)> {
    let kinds = [DataType::Float64, DataType::Float64, DataType::Boolean];
    let of_findings = [DataType::Utf8, DataType::Utf8, DataType::Utf8, DataType::UInt64];
    let added = ADDED.into_iter().zip(kinds).chain(ADDED_BY_FINDINGS.into_iter().zip(of_findings));
    added.map(|(name, kind)| (format!("{prefix}{name}"), kind)).collect()
}

/// Name of what is added where rows are explained (text).
pub const ADDED_BY_REASONS: &str = REASONS_COLUMN;

/// How scored tables look.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct OutputColumns {
    /// Put before the names of the added columns.
    pub prefix: String,
    /// Leave the input's columns out.
    pub scores_only: bool,
    /// Rows are grouped into findings: those that a later record replaces have no score, and columns say of which finding a row is
    /// and what allows it.
    #[serde(default)]
    pub findings: bool,
    /// A last column has the rows' reasons.
    #[serde(default)]
    pub reasons: bool,
}

/// The output's schema, worked out once for all batches of an input schema.
#[derive(Debug, Clone)]
pub struct OutputPlan {
    schema: SchemaRef,
    kept: Vec<usize>,
    replaced: Vec<String>,
    findings: bool,
    reasons: bool,
}

impl OutputPlan {
    /// Input columns in their order, then the added ones. An input column that has the name of an added one is left
    /// out, and named by [`OutputPlan::replaced`].
    ///
    /// # Errors
    /// If the prefix has a control character, which no format carries well in a name.
    pub fn new(input: &Schema, options: &OutputColumns) -> Result<Self> {
        if options.prefix.contains(char::is_control) {
            let met = options.prefix.escape_debug();
            return Err(Error::parameter("prefix", format!("`{met}`"), "it may not contain control characters"));
        }
        let kinds = [DataType::Utf8, DataType::Utf8, DataType::Utf8, DataType::UInt64];
        let of_findings = ADDED_BY_FINDINGS.into_iter().zip(kinds).filter(|_| options.findings);
        let types = [DataType::Float64, DataType::Float64, DataType::Boolean];
        let added: Vec<(String, DataType)> = ADDED
            .into_iter()
            .zip(types)
            .chain(of_findings)
            .chain(options.reasons.then_some((ADDED_BY_REASONS, DataType::Utf8)))
            .map(|(name, kind)| (format!("{}{name}", options.prefix), kind))
            .collect();
        let names: Vec<&String> = added.iter().map(|(name, _)| name).collect();
        let is_taken = |index: &usize| input.fields().get(*index).is_some_and(|field| names.contains(&field.name()));
        let (replaced, kept): (Vec<usize>, Vec<usize>) = match options.scores_only {
            true => (Vec::new(), Vec::new()),
            false => (0..input.fields().len()).partition(is_taken),
        };
        let field = |index: &usize| input.fields().get(*index).cloned();
        let mut fields: Vec<Arc<Field>> = kept.iter().filter_map(field).collect();
        let may_lack = |kind: &DataType| options.findings || *kind == DataType::Utf8;
        let field_of = |(name, kind): &(String, DataType)| Arc::new(Field::new(name, kind.clone(), may_lack(kind)));
        fields.extend(added.iter().map(field_of));
        let schema = Arc::new(Schema::new_with_metadata(fields, input.metadata().clone()));
        let replaced = replaced.iter().filter_map(field).map(|field| field.name().clone()).collect();
        Ok(Self { schema, kept, replaced, findings: options.findings, reasons: options.reasons })
    }

    /// The output's schema.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Input columns that give way to added ones of the same name.
    pub fn replaced(&self) -> &[String] {
        &self.replaced
    }

    /// Adds `scored` to the rows it was made from.
    ///
    /// # Errors
    /// If `batch` has another schema than the plan was made for, or another number of rows than `scored`.
    pub fn attach(&self, batch: &RecordBatch, scored: Scored) -> Result<RecordBatch> {
        let schema_error =
            |error: arrow_schema::ArrowError| Error::Schema(format!("scored rows do not fit their table: {error}"));
        let mut columns: Vec<ArrayRef> = batch.project(&self.kept).map_err(schema_error)?.columns().to_vec();
        if self.findings {
            let has_score: Vec<bool> = scored.score.iter().map(|score| !score.is_nan()).collect();
            let known = |value: f64, has: bool| has.then_some(value);
            let numbers = |values: Vec<f64>| -> ArrayRef {
                Arc::new(values.into_iter().zip(&has_score).map(|(v, &has)| known(v, has)).collect::<Float64Array>())
            };
            let verdicts = scored.anomaly.iter().zip(&has_score).enumerate().map(|(row, (&anomaly, &has))| {
                let is_of_baseline = scored.baseline.get(row).copied().unwrap_or(false);
                (has || is_of_baseline).then_some(anomaly)
            });
            let verdicts: ArrayRef = Arc::new(verdicts.collect::<BooleanArray>());
            columns.extend([numbers(scored.score), numbers(scored.severity), verdicts]);
            columns.extend(of_findings(scored.finding, batch.num_rows()));
        } else {
            columns.push(Arc::new(Float64Array::from(scored.score)));
            columns.push(Arc::new(Float64Array::from(scored.severity)));
            columns.push(Arc::new(BooleanArray::from(scored.anomaly)));
        }
        if self.reasons {
            let reasons = scored.reasons.unwrap_or_else(|| vec![None; batch.num_rows()]);
            columns.push(Arc::new(StringArray::from(reasons)));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(self.schema(), columns, &options).map_err(schema_error)
    }
}

/// The columns of [`ADDED_BY_FINDINGS`].
fn of_findings(found: Option<InFinding>, n_rows: usize) -> [ArrayRef; 4] {
    let texts = |texts: Vec<Option<String>>| -> ArrayRef { Arc::new(StringArray::from(texts)) };
    match found {
        None => [texts(vec![None; n_rows]), texts(vec![None; n_rows]), texts(vec![None; n_rows]), {
            Arc::new(UInt64Array::new_null(n_rows))
        }],
        Some(InFinding { id, allowed, file, record }) => {
            let files = StringArray::from_iter_values(std::iter::repeat_n(file.as_str(), n_rows));
            [texts(id), texts(allowed), Arc::new(files), Arc::new(UInt64Array::from(record))]
        }
    }
}
