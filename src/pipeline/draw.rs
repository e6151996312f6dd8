//! The rows of a picture: a seeded sample in which the oddest rows stay.

use super::Pass;
use super::ordered::Run;
use super::picture_flows::{DerivedColumns, PictureFlows};
use super::sample::{Candidates, Drawn, Gathered, Sample, record_hash};
use super::tally::{Stages, Tally};
use crate::flows::source::{Input, SCORED_COLUMNS};
use crate::flows::{Batch, Rejected};
use crate::model::{BatchScorer, OutputColumns, OutputPlan};
use crate::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, RecordBatch, UInt32Array};
use arrow_schema::DataType;
use arrow_select::take::take_record_batch;
use std::collections::HashSet;
use std::time::Instant;

/// One row in so many is one of the oddest, where rows have scores.
const ODD_SHARE: usize = 10;
/// The column of scores of a scored input.
const SCORE: &str = SCORED_COLUMNS[0];

/// What to draw.
#[derive(Debug, Default)]
pub struct DrawOptions {
    /// Rows at most.
    pub n_rows: usize,
    /// Seed of the sample.
    pub seed: u64,
    /// Flow logs, where rows are features by what is around them.
    pub flows: Option<PictureFlows>,
}

/// What was drawn.
#[derive(Debug)]
pub struct PictureRows {
    /// In the order of the input, with the columns of scores where a model gave them.
    pub rows: RecordBatch,
    /// Of flow logs, the columns that features are made of.
    pub derived: Option<DerivedColumns>,
    /// Rows that a later record replaces: none of them is drawn.
    pub superseded: u64,
    /// How many of them are there for being odd.
    pub n_odd: usize,
    /// What was read.
    pub tally: Tally,
    /// How long it took.
    pub stages: Stages,
}

/// Reads the whole input once and draws up to `n_rows` rows of it; with `scorer`, all are scored and the added columns are
/// kept. Where rows have scores (also where the input has the column `anomaly_score`), a tenth of what is drawn are those
/// with the largest ones, and the rest is drawn evenly from the others. Of flow logs, records that a later one replaces are left out.
///
/// # Errors
/// Whatever reading and scoring meet; an input without rows.
pub fn draw(
    input: &mut Input,
    options: &DrawOptions,
    scorer: Option<&BatchScorer>,
    run: &Run<'_>,
    mut rejected: impl FnMut(usize, &Rejected) -> Result<()>,
) -> Result<Pass<PictureRows>> {
    let start = Instant::now();
    let (mut tally, mut stages) = (Tally::default(), Stages::default());
    let &DrawOptions { n_rows, seed, .. } = options;
    let flows = options.flows.as_ref();
    let (odd, even) = (Sample::new(seed, n_rows / ODD_SHARE), Sample::new(seed, n_rows));
    let (mut odd_rows, mut even_rows) = (Gathered::default(), Gathered::default());
    let mut n_superseded = 0;
    let source = input.survey_source()?;
    let shared: &Input = input;
    stages.read = run.each(
        source,
        |mut batch| {
            let superseded = match (flows, scorer) {
                (None, None) => Vec::new(),
                (None, Some(scorer)) => {
                    batch.columns = scorer.score_batch(&batch.columns)?;
                    Vec::new()
                }
                (Some(flows), scorer) => flows.scored(scorer, shared, &mut batch)?,
            };
            let is_drawn = |row: usize| !superseded.get(row).copied().unwrap_or(false);
            let of_even = even.candidates_in(&batch, |row| is_drawn(row).then_some(None))?;
            let n_superseded = superseded.iter().filter(|&&superseded| superseded).count() as u64;
            Ok((oddest(&odd, &batch, is_drawn)?, of_even, n_superseded, batch.file, batch.rejected))
        },
        |done| {
            let (of_odd, of_even, of_superseded, file, bad) = done.value;
            n_superseded += of_superseded;
            stages.parse += Stages::seconds(done.parse);
            tally.add(done.rows, &bad);
            bad.iter().try_for_each(|r| rejected(file, r))?;
            if let Some(candidates) = of_odd {
                odd.gather(&mut odd_rows, candidates)?;
            }
            even.gather(&mut even_rows, of_even)
        },
    )?;
    if input.wants_wider() {
        return Ok(Pass::ReadAgain);
    }
    input.settle();
    let schema = match scorer {
        Some(_) => OutputPlan::new(&input.schema, &OutputColumns::default())?.schema(),
        None => input.schema.clone(),
    };
    let (odd, even) = (scored(odd.finish(odd_rows, &schema)?)?, even.finish(even_rows, &schema)?);
    if even.positions.is_empty() {
        let said = tally.rejected_in_words();
        let replaced = match n_superseded {
            0 => String::new(),
            n => format!(", {n} that a later record replaces"),
        };
        return Err(Error::NoInput(format!("no row to draw: {} records read, {said}{replaced}", tally.records)));
    }
    let n_odd = odd.positions.len();
    let drawn = together(odd, even, n_rows, seed)?;
    run.stop.check()?;
    let derived = flows.map(|flows| flows.derived(&drawn, input)).transpose()?;
    stages.wall = Stages::seconds(start.elapsed());
    let rows = drawn.rows;
    // Where every row is drawn none is there for being odd.
    let n_odd = if tally.rows > rows.num_rows() as u64 + n_superseded { n_odd } else { 0 };
    Ok(Pass::Done(PictureRows { rows, derived, superseded: n_superseded, n_odd, tally, stages }))
}

/// The oddest rows, and of the others those first that an even sample takes first.
fn together(odd: Drawn, even: Drawn, n_rows: usize, seed: u64) -> Result<Drawn> {
    let taken: HashSet<u64> = odd.positions.iter().copied().collect();
    let mut others: Vec<(usize, u64)> =
        even.positions.iter().copied().enumerate().filter(|(_, position)| !taken.contains(position)).collect();
    others.sort_unstable_by_key(|&(_, position)| record_hash(seed, position));
    others.truncate(n_rows - odd.positions.len().min(n_rows));
    odd.with(even, others.into_iter().map(|(row, _)| row))
}

/// A batch's rows that may be among those with the largest scores; `None` where rows have none.
fn oddest(sample: &Sample, batch: &Batch, is_drawn: impl Fn(usize) -> bool) -> Result<Option<Candidates>> {
    let Some(column) = batch.columns.column_by_name(SCORE).filter(|column| column.data_type().is_numeric()) else {
        return Ok(None);
    };
    let scores = arrow_cast::cast(column, &DataType::Float64).map_err(|e| Error::Schema(e.to_string()))?;
    let scores = scores.as_primitive::<Float64Type>();
    let key = |row: usize| if scores.is_null(row) { u64::MAX } else { descending(scores.value(row)) };
    sample.candidates_of(batch, |row, _| is_drawn(row).then(|| (key(row), None))).map(Some)
}

/// Without rows that have no score: where few have one, they fill the sample.
fn scored(drawn: Drawn) -> Result<Drawn> {
    let Some(column) = drawn.rows.column_by_name(SCORE) else { return Ok(drawn) };
    let scores = arrow_cast::cast(column, &DataType::Float64).map_err(|e| Error::Schema(e.to_string()))?;
    let scores = scores.as_primitive::<Float64Type>();
    let kept: Vec<u32> = (0..drawn.positions.len())
        .filter(|&row| !scores.is_null(row) && !scores.value(row).is_nan())
        .map(|row| row as u32)
        .collect();
    let rows =
        take_record_batch(&drawn.rows, &UInt32Array::from(kept.clone())).map_err(|e| Error::Schema(e.to_string()))?;
    let positions = kept.iter().filter_map(|&row| drawn.positions.get(row as usize).copied()).collect();
    let files = kept.iter().filter_map(|&row| drawn.files.get(row as usize).copied()).collect();
    Ok(Drawn { rows, positions, files })
}

/// Smaller for larger scores; largest for NaN.
fn descending(score: f64) -> u64 {
    if score.is_nan() {
        return u64::MAX;
    }
    let bits = score.to_bits();
    let ascending = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    !ascending
}

#[cfg(test)]
mod tests {
    use super::descending;

    #[test]
    fn larger_scores_come_first_and_nan_last() {
        let scores = [f64::INFINITY, 2.0, 1e-300, 0.0, -1e-300, -2.0, f64::NEG_INFINITY, f64::NAN];
        let keys = scores.map(descending);
        assert!(keys.is_sorted() && keys.windows(2).all(|pair| pair[0] < pair[1]), "{keys:?}");
    }
}
