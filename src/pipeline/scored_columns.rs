//! The columns that scoring added, found and read.

use crate::model::{ADDED, ADDED_BY_FINDINGS};
use crate::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Schema};

/// Where they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoredColumns {
    score: usize,
    severity: usize,
    anomaly: usize,
    finding: Option<usize>,
    /// Their names, with the prefix.
    pub names: [String; 3],
}

/// A batch's added columns.
#[derive(Debug, Clone)]
pub struct ScoredRows {
    score: Float64Array,
    severity: Float64Array,
    anomaly: BooleanArray,
    finding: Option<StringArray>,
}

/// What was said of one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Said {
    /// The detector's score.
    pub score: f64,
    /// Its rarity, in 0..1.
    pub severity: f64,
    /// The verdict.
    pub anomaly: bool,
}

impl ScoredColumns {
    /// `prefix`: what `--prefix` put before the names.
    ///
    /// # Errors
    /// If one of score, severity and verdict is missing.
    pub fn find(schema: &Schema, prefix: &str) -> Result<Self> {
        let names = ADDED.map(|name| format!("{prefix}{name}"));
        let place = |name: &String| schema.index_of(name).map_err(|_| missing(schema, name));
        let [score, severity, anomaly] = &names;
        Ok(Self {
            score: place(score)?,
            severity: place(severity)?,
            anomaly: place(anomaly)?,
            finding: schema.index_of(&format!("{prefix}{}", ADDED_BY_FINDINGS[0])).ok(),
            names: names.clone(),
        })
    }

    /// Whether rows say of which finding they are.
    pub fn has_findings(&self) -> bool {
        self.finding.is_some()
    }

    /// The added columns of a batch.
    ///
    /// # Errors
    /// A batch of another schema; if score or severity is no number.
    pub fn read(&self, batch: &RecordBatch) -> Result<ScoredRows> {
        let column = |at: usize, kind: DataType| -> Result<ArrayRef> {
            let column = batch.columns().get(at).ok_or_else(|| Error::Internal(format!("no column {at}")))?;
            arrow_cast::cast(column, &kind).map_err(|e| Error::Schema(format!("a scored column: {e}")))
        };
        let number = |at: usize| {
            self.check_number(batch, at)?;
            column(at, DataType::Float64).map(|c| c.as_primitive::<Float64Type>().clone())
        };
        let finding = self.finding.map(|at| column(at, DataType::Utf8)).transpose()?;
        Ok(ScoredRows {
            score: number(self.score)?,
            severity: number(self.severity)?,
            anomaly: column(self.anomaly, DataType::Boolean)?.as_boolean().clone(),
            finding: finding.map(|c| c.as_string::<i32>().clone()),
        })
    }

    /// In text formats a column without any value is text.
    fn check_number(&self, batch: &RecordBatch, at: usize) -> Result<()> {
        let Some(column) = batch.columns().get(at) else { return Ok(()) };
        let kind = column.data_type();
        if kind.is_numeric() || kind.is_null() || column.null_count() == column.len() {
            return Ok(());
        }
        let name = batch.schema_ref().field(at).name();
        Err(Error::Schema(format!(
            "column `{name}` is {kind}, which has to be the numbers that oddflow writes there: give the file as \
             `oddflow detect` or `oddflow score` wrote it"
        )))
    }
}

impl ScoredRows {
    /// What was said of a row; `None` where it was not scored: a later record replaced it.
    pub fn row(&self, row: usize) -> Option<Said> {
        let number = |column: &Float64Array| (row < column.len() && column.is_valid(row)).then(|| column.value(row));
        let (score, severity) = (number(&self.score)?, number(&self.severity)?);
        let anomaly = row < self.anomaly.len() && self.anomaly.is_valid(row) && self.anomaly.value(row);
        (!score.is_nan() && !severity.is_nan()).then_some(Said { score, severity, anomaly })
    }

    /// The finding that a row is in.
    pub fn finding(&self, row: usize) -> Option<&str> {
        let column = self.finding.as_ref()?;
        (row < column.len() && column.is_valid(row)).then(|| column.value(row)).filter(|id| !id.is_empty())
    }
}

fn missing(schema: &Schema, name: &str) -> Error {
    let plain = ADDED.into_iter().find(|plain| name.ends_with(plain)).unwrap_or_default();
    let other = schema.fields().iter().map(|field| field.name()).find(|other| other.ends_with(plain));
    let way = match other.and_then(|other| other.strip_suffix(plain)) {
        Some("") => format!("there is `{plain}`: leave --prefix out"),
        Some(prefix) => format!("there is `{prefix}{plain}`: give --prefix '{prefix}'"),
        None => "score it first: oddflow detect INPUT -o SCORED.parquet, then oddflow report SCORED.parquet".to_owned(),
    };
    Error::Schema(format!("the input has no column `{name}`; {way}"))
}
