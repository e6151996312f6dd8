//! The rows that a model is fitted on, with the columns that features are made of; and what is usual among them.

use super::fit::FlowFit;
use super::flow_logs::FlowLogs;
use super::sample::Drawn;
use crate::detectors::Detector;
use crate::device::Device;
use crate::features::flow::{FlowCounts, FlowFeatures};
use crate::features::{FeaturePlan, ProfiledRows, TrainingProfile};
use crate::flows::record::Flows;
use crate::{Error, Result};
use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use std::ops::Range;

/// Rows drawn evenly to tell what is usual, where those that are fitted on were not.
pub(super) const EVEN_ROWS: usize = 20_000;

/// Rows to fit on.
pub(super) struct TrainingRows {
    pub rows: FittedRows,
    /// Rows drawn evenly, where those are not.
    pub evenly: Option<FittedRows>,
    /// How flow logs became their columns.
    pub features: Option<FlowFeatures>,
}

/// Drawn rows with the columns that features are made of.
pub(super) struct FittedRows {
    pub table: RecordBatch,
    /// When they began; empty where that is not known.
    pub starts: Vec<Option<i64>>,
    /// Where they are in the stream, ascending.
    pub positions: Vec<u64>,
}

/// The columns of drawn flows, and what was usual among them.
pub(super) fn flow_rows(
    logs: &FlowLogs,
    drawn: &Drawn,
    evenly: Option<&Drawn>,
    fit: &FlowFit,
) -> Result<(TrainingRows, FlowFeatures)> {
    let runs = flow_runs(logs, drawn)?;
    let mut counts = FlowCounts::new();
    runs.iter().for_each(|(flows, _)| counts.add(flows));
    let features = FlowFeatures {
        set: fit.set,
        statistics: counts.finish(),
        locality: fit.locality.clone(),
        zone: fit.reading.options.zone,
    };
    let counted = |position: u64| drawn.positions.binary_search(&position).is_ok();
    let rows = flow_table(logs, drawn, &runs, &features, &counted)?;
    let evenly = match evenly.filter(|evenly| evenly.rows.num_rows() > 0) {
        None => None,
        Some(evenly) => Some(flow_columns(logs, evenly, &features, &counted)?),
    };
    Ok((TrainingRows { rows, evenly, features: Some(features.clone()) }, features))
}

/// Drawn rows as flows; each file is a log of its own.
type FlowRun = (Flows, Range<usize>);

fn flow_runs(logs: &FlowLogs, drawn: &Drawn) -> Result<Vec<FlowRun>> {
    let mut runs = Vec::new();
    let mut begin = 0;
    for of_one in drawn.files.chunk_by(|a, b| a == b) {
        let rows = drawn.rows.slice(begin, of_one.len());
        let flows = logs.reader().flows(&rows, of_one.first().copied().unwrap_or_default())?;
        runs.push((flows, begin..begin + of_one.len()));
        begin += of_one.len();
    }
    Ok(runs)
}

/// The columns of drawn flows by `features`; `counted`: whether a position was among those that these were fitted on.
pub(super) fn flow_columns(
    logs: &FlowLogs,
    drawn: &Drawn,
    features: &FlowFeatures,
    counted: &dyn Fn(u64) -> bool,
) -> Result<FittedRows> {
    flow_table(logs, drawn, &flow_runs(logs, drawn)?, features, counted)
}

fn flow_table(
    logs: &FlowLogs,
    drawn: &Drawn,
    runs: &[FlowRun],
    features: &FlowFeatures,
    counted: &dyn Fn(u64) -> bool,
) -> Result<FittedRows> {
    let table = |(flows, rows): &FlowRun| {
        let positions = drawn.positions.get(rows.clone()).unwrap_or_default();
        let was_counted = |row: usize| positions.get(row).is_some_and(|position| counted(*position));
        features.columns(flows, &logs.windows(positions)?, was_counted)
    };
    let tables = runs.iter().map(table).collect::<Result<Vec<_>>>()?;
    let Some(schema) = tables.first().map(RecordBatch::schema) else {
        return Err(Error::Internal("a sample without rows".into()));
    };
    let table =
        concat_batches(&schema, &tables).map_err(|e| Error::Internal(format!("features of the sample: {e}")))?;
    let starts = runs.iter().flat_map(|(flows, _)| flows.start.iter().copied()).collect();
    Ok(FittedRows { table, starts, positions: drawn.positions.clone() })
}

/// What is usual among the training rows, of which a sample drawn evenly tells where the fit's is not.
pub(super) fn profile(
    training: &TrainingRows,
    plan: &FeaturePlan,
    detector: &Detector,
    scores: &[f64],
    device: &Device,
) -> Result<TrainingProfile> {
    let rows = &training.rows;
    let Some(evenly) = &training.evenly else {
        return TrainingProfile::fit(plan, ProfiledRows { columns: &rows.table, scores, starts: &rows.starts });
    };
    let matrix = plan.bind(evenly.table.schema_ref())?.encode(&evenly.table)?.matrix;
    let mut found = detector.scorer(device, matrix.nrows())?.score(matrix.view())?;
    // Rows that were fitted on have the scores that the fit gave them.
    for (score, position) in found.iter_mut().zip(&evenly.positions) {
        let known = rows.positions.binary_search(position).ok().and_then(|at| scores.get(at));
        *score = known.copied().unwrap_or(*score);
    }
    TrainingProfile::fit(plan, ProfiledRows { columns: &evenly.table, scores: &found, starts: &evenly.starts })
}
