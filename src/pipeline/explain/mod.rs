//! Explaining: one pass that finds the rows that were asked for and scores them, another that says how they stand among
//! flows like them.

mod rows;

use super::Pass;
use super::flow_logs::FlowScoring;
use super::ordered::Run;
use super::standing::Standing;
use super::tally::Tally;
use super::top::{Top, TopRow};
use crate::Result;
use crate::detectors::explanation::Method;
use crate::device::Device;
use crate::findings::HostNames;
use crate::flows::record::{FlowOptions, FlowSchema, Flows};
use crate::flows::source::Input;
use crate::model::{Model, RowReasons};
use rows::Rows;

/// Rows that are explained at most, and with them what is kept.
pub const MOST_ROWS: usize = 1_000;

/// Which rows are explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// So many with the largest scores.
    Top(usize),
    /// Record `record` of each file, or of the file with this name.
    Record {
        /// As the input names it.
        file: Option<String>,
        /// The first is 1.
        record: u64,
    },
    /// The oddest row of a finding, and the mean over all its rows.
    Finding(String),
}

/// What to explain.
#[derive(Debug, Clone)]
pub struct ExplainOptions {
    /// Which rows.
    pub chosen: Chosen,
    /// How a forest is explained.
    pub method: Method,
    /// Reasons of each row that are put into words.
    pub told: usize,
    /// Flow logs, for a model of flow logs.
    pub flows: Option<FlowScoring>,
    /// Rows a batch may have.
    pub batch_rows: usize,
}

/// A row and why it is odd.
#[derive(Debug)]
pub struct ExplainedRow {
    /// The row.
    pub row: TopRow,
    /// Its reasons, the weightiest first.
    pub reasons: RowReasons,
    /// The row as a flow, where the input tells flows: one row.
    pub flow: Option<Flows>,
    /// The texts of its hosts that are more than an address.
    pub names: HostNames,
    /// How each told reason's value stands among flows like it, in the order of the reasons.
    pub standings: Vec<Standing>,
}

/// The mean over the rows of a finding.
#[derive(Debug, Clone, PartialEq)]
pub struct FindingMean {
    /// Its rows.
    pub rows: u64,
    /// The mean value.
    pub value: f64,
    /// The mean contribution of each column, in the order of [`ExplainReport::columns`].
    pub contributions: Vec<f64>,
}

/// What was explained.
pub struct ExplainReport {
    /// What was read.
    pub tally: Tally,
    /// The columns that contributions are of.
    pub columns: Vec<String>,
    /// The rows, the oddest first.
    pub rows: Vec<ExplainedRow>,
    /// Where a finding was asked for.
    pub finding: Option<FindingMean>,
}

/// Explains rows of `input` with `model`. Where a column turns out wider than its type, the input is to be read again.
///
/// # Errors
/// Whatever reading and scoring meet; a finding is asked for and the input names none.
pub fn explain(
    model: &Model,
    input: &Input,
    device: &Device,
    options: &ExplainOptions,
    run: &Run<'_>,
) -> Result<Pass<ExplainReport>> {
    let schema = match &options.flows {
        Some(flows) => flows.schema(&input.schema)?,
        None => input.schema.clone(),
    };
    let scorer = model.scorer(device, &schema, options.batch_rows)?.until(&run.stop);
    let explainer = model.explainer(device, &schema, options.method)?.until(&run.stop);
    let reader = match options.flows {
        Some(_) => None,
        None => FlowSchema::recognise(&input.schema, FlowOptions::default()),
    };
    let rows = Rows { input, options, reader };
    let mut report = ExplainReport {
        tally: Tally::default(),
        columns: explainer.columns().into_iter().map(str::to_owned).collect(),
        rows: Vec::new(),
        finding: None,
    };
    let mut top = Top::new(options.chosen.most());
    let mut mean = FindingMean { rows: 0, value: 0.0, contributions: vec![0.0; report.columns.len()] };
    run.each(
        input.source()?,
        |batch| {
            let found = rows.choose(&scorer, &explainer, &batch)?;
            Ok((found, batch.rejected))
        },
        |done| {
            let ((of_batch, of_finding), rejected) = done.value;
            report.tally.add(done.rows, &rejected);
            top.merge(of_batch);
            of_finding.iter().for_each(|reasons| mean.add(reasons));
            Ok(())
        },
    )?;
    if input.wants_wider() {
        return Ok(Pass::ReadAgain);
    }
    for row in top.rows() {
        report.rows.push(rows.explained(&explainer, row)?);
    }
    if matches!(options.chosen, Chosen::Finding(_)) {
        report.finding = Some(mean.finish());
    }
    rows.stand(&explainer, &mut report.rows, run)?;
    Ok(Pass::Done(report))
}

impl Chosen {
    fn most(&self) -> usize {
        match self {
            Self::Top(n) => (*n).min(MOST_ROWS),
            Self::Record { .. } => MOST_ROWS,
            Self::Finding(_) => 1,
        }
    }
}

impl FindingMean {
    fn add(&mut self, row: &RowReasons) {
        self.rows += 1;
        self.value += row.value;
        for reason in &row.reasons {
            self.contributions.get_mut(reason.column).into_iter().for_each(|sum| *sum += reason.contribution);
        }
    }

    fn finish(mut self) -> Self {
        let n = self.rows.max(1) as f64;
        self.value /= n;
        self.contributions.iter_mut().for_each(|sum| *sum /= n);
        self
    }
}
