//! Explained rows for machines.

use super::print::kind;
use crate::flows::source::Input;
use crate::model::Model;
use crate::pipeline::{ExplainReport, ExplainedRow, Standing};
use crate::{Error, Result};
use serde::Serialize;
use std::io::Write;

#[derive(Serialize)]
struct Document<'a> {
    detector: &'static str,
    /// What `base`, `value` and the contributions are of.
    quantity: &'static str,
    finding: Option<Mean<'a>>,
    rows: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Mean<'a> {
    rows: u64,
    value: f64,
    contributions: Vec<(&'a str, f64)>,
}

#[derive(Serialize)]
struct Row<'a> {
    file: &'a str,
    record: u64,
    score: f64,
    severity: f64,
    anomaly: bool,
    base: f64,
    value: f64,
    /// Protocol and service, or port, that `of_service` counts.
    service: Option<String>,
    reasons: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    column: &'a str,
    contribution: f64,
    share: f64,
    shown: Option<&'a str>,
    typical: Option<&'a str>,
    words: Option<&'a str>,
    standing: Option<Standing>,
}

/// Prints one object.
///
/// # Errors
/// If stdout cannot be written to.
pub fn print(report: &ExplainReport, model: &Model, input: &Input) -> Result<()> {
    let name = |column: usize| report.columns.get(column).map_or("", String::as_str);
    let mean = report.finding.as_ref().map(|mean| Mean {
        rows: mean.rows,
        value: mean.value,
        contributions: mean.contributions.iter().enumerate().map(|(column, c)| (name(column), *c)).collect(),
    });
    let document = Document {
        detector: model.detector.name(),
        quantity: model.detector.explained_quantity(),
        finding: mean,
        rows: report.rows.iter().map(|row| of_row(row, input, &name)).collect(),
    };
    let text = serde_json::to_string_pretty(&document).map_err(|e| Error::Internal(e.to_string()))?;
    writeln!(std::io::stdout().lock(), "{text}").map_err(|e| Error::io("standard output", e))
}

fn of_row<'a>(row: &'a ExplainedRow, input: &'a Input, name: &dyn Fn(usize) -> &'a str) -> Row<'a> {
    let entries = row.reasons.reasons.iter().enumerate().map(|(at, reason)| Entry {
        column: name(reason.column),
        contribution: reason.contribution,
        share: reason.share,
        shown: reason.told.as_ref().map(|told| told.value.as_str()),
        typical: reason.told.as_ref().map(|told| told.typical.as_str()),
        words: reason.told.as_ref().map(|told| told.words.as_str()),
        standing: row.standings.get(at).copied(),
    });
    Row {
        file: input.files.get(row.row.file).map_or("", |file| file.name.as_str()),
        record: row.row.record,
        score: row.row.score,
        severity: row.row.severity,
        anomaly: row.row.anomaly,
        base: row.reasons.base,
        value: row.reasons.value,
        service: row.flow.as_ref().map(kind),
        reasons: entries.collect(),
    }
}
