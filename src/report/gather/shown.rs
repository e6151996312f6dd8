//! Which rows are shown.

use super::Worker;
use crate::Result;
use crate::flows::source::Input;
use crate::pipeline::{Drawn, Gathered as GatheredRows, Said, record_hash};
use arrow_array::RecordBatch;
use std::collections::{HashMap, HashSet};

/// Rows to show: those of findings, then anomalies by severity, then others drawn by the seed; in the order of the input.
pub struct ShownRows {
    /// The rows.
    pub rows: RecordBatch,
    /// The place of each in the input; the first is 0.
    pub positions: Vec<u64>,
    /// The file of each, as [`Batch::file`](crate::flows::Batch::file).
    pub files: Vec<usize>,
    /// For each finding, the places of its first rows among these.
    pub of_finding: HashMap<String, Vec<usize>>,
}

/// Where a row stands among those to show: anomalies first, by severity, then the others as the seed draws them.
pub(super) fn place(said: Option<Said>, seed: u64, position: u64) -> u64 {
    match said {
        // The bits of numbers from 0 to 1 are in the order of the numbers.
        Some(said) if said.anomaly => (1 << 62) - said.severity.clamp(0.0, 1.0).to_bits(),
        _ => 1 << 63 | record_hash(seed, position) >> 1,
    }
}

/// The rows of both samples in the order of the input, each once.
pub(super) fn shown(
    worker: &Worker<'_>,
    of_findings: GatheredRows,
    of_all: GatheredRows,
    input: &Input,
) -> Result<ShownRows> {
    let firsts = worker.of_findings.finish(of_findings, &input.schema)?;
    let all = worker.of_all.finish(of_all, &input.schema)?;
    let taken: HashSet<u64> = firsts.positions.iter().copied().collect();
    let said = worker.columns.read(&all.rows)?;
    let key = |row: usize, position: u64| place(said.row(row), worker.options.seed, position);
    let mut others: Vec<(u64, u64, usize)> =
        (0..).zip(&all.positions).map(|(row, &at)| (key(row, at), at, row)).collect();
    others.retain(|(_, at, _)| !taken.contains(at));
    others.sort_unstable();
    others.truncate(worker.options.most_rows.saturating_sub(firsts.positions.len()));
    let Drawn { rows, positions, files } = firsts.with(all, others.into_iter().map(|(_, _, row)| row))?;
    let scored = worker.columns.read(&rows)?;
    let mut of_finding: HashMap<String, Vec<usize>> = HashMap::new();
    for (row, position) in positions.iter().enumerate() {
        if let (true, Some(id)) = (taken.contains(position), scored.finding(row)) {
            of_finding.entry(id.to_owned()).or_default().push(row);
        }
    }
    Ok(ShownRows { rows, positions, files, of_finding })
}
