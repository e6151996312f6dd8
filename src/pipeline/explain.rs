//! Explaining: one pass that finds the rows that were asked for and scores them, another that says how they stand among
//! flows like them.

use super::Pass;
use super::flow_logs::FlowScoring;
use super::ordered::Run;
use super::standing::{Standing, Standings};
use super::tally::Tally;
use super::top::{Top, TopRow};
use crate::detectors::explanation::Method;
use crate::device::Device;
use crate::features::windows::Event;
use crate::findings::HostNames;
use crate::flows::record::{FlowOptions, FlowSchema, Flows, Host};
use crate::flows::source::Input;
use crate::flows::{Batch, RecordNumbers};
use crate::model::{ADDED_BY_FINDINGS, BatchExplainer, BatchScorer, Model, RowReasons};
use crate::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;

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

/// What both passes share.
struct Rows<'a> {
    input: &'a Input,
    options: &'a ExplainOptions,
    /// Reads rows of a table as flows, where its columns tell them.
    reader: Option<FlowSchema>,
}

/// A batch as the features take it.
struct Table {
    table: RecordBatch,
    flows: Option<Flows>,
    superseded: Vec<bool>,
    names: Vec<(Host, String)>,
}

impl Rows<'_> {
    fn table(&self, batch: &Batch) -> Result<Table> {
        match &self.options.flows {
            Some(flows) => {
                let (table, read) = flows.table(self.input, batch)?;
                Ok(Table { table, flows: Some(read.flows), superseded: read.superseded, names: read.names })
            }
            None => {
                let flows = self.reader.as_ref().map(|reader| reader.flows(&batch.columns)).transpose()?;
                let names = self.reader.as_ref().map(|reader| reader.host_names(&batch.columns)).transpose()?;
                let names = names.unwrap_or_default();
                Ok(Table { table: batch.columns.clone(), flows, superseded: Vec::new(), names })
            }
        }
    }

    /// The oddest of the rows asked for; of a finding all of them, explained.
    fn choose(
        &self,
        scorer: &BatchScorer,
        explainer: &BatchExplainer,
        batch: &Batch,
    ) -> Result<(Top, Vec<RowReasons>)> {
        let Table { table, superseded, .. } = self.table(batch)?;
        let is_superseded = |row: usize| superseded.get(row).copied().unwrap_or(false);
        let scored = scorer.score_knowing(&table, |row| is_superseded(row).then_some(f64::NAN))?;
        let wanted = self.wanted(batch)?;
        let mut score = scored.score;
        for (score, wanted) in score.iter_mut().zip(&wanted) {
            if !wanted {
                *score = f64::NAN;
            }
        }
        let top = Top::of_batch(self.options.chosen.most(), batch, &score, &scored.severity, &scored.anomaly)?;
        if !matches!(self.options.chosen, Chosen::Finding(_)) {
            return Ok((top, Vec::new()));
        }
        let rows: Vec<u32> = (0..).zip(&score).filter(|(_, score)| !score.is_nan()).map(|(row, _)| row).collect();
        Ok((top, explainer.explain(&table, &rows, &[], 0)?))
    }

    /// Which rows were asked for.
    fn wanted(&self, batch: &Batch) -> Result<Vec<bool>> {
        match &self.options.chosen {
            Chosen::Top(_) => Ok(vec![true; batch.n_rows()]),
            Chosen::Record { file, record } => {
                let name = self.input.files.get(batch.file).map(|file| file.name.as_str());
                let of_file = file.as_deref().is_none_or(|wanted| Some(wanted) == name);
                Ok((0..batch.n_rows()).map(|row| of_file && batch.numbers.get(row) == *record).collect())
            }
            Chosen::Finding(id) => {
                let column = ADDED_BY_FINDINGS[0];
                let Some(ids) = batch.columns.column_by_name(column) else {
                    return Err(Error::Schema(format!(
                        "the input has no column `{column}`: --finding is for what `oddflow detect LOGS -o OUT` or `score` wrote"
                    )));
                };
                let ids = arrow_cast::cast(ids, &DataType::Utf8).map_err(|e| Error::Schema(e.to_string()))?;
                let ids = ids.as_string::<i32>();
                Ok((0..ids.len()).map(|row| ids.is_valid(row) && ids.value(row) == id).collect())
            }
        }
    }

    fn explained(&self, explainer: &BatchExplainer, row: &TopRow) -> Result<ExplainedRow> {
        let Table { table, flows, names: texts, .. } = self.table(&batch_of(row))?;
        let mut names = HostNames::default();
        texts.iter().for_each(|(host, text)| names.learn(*host, text));
        let reasons = explainer.explain(&table, &[0], &[], self.options.told)?.into_iter().next();
        let reasons = reasons.ok_or_else(|| Error::Internal("a row was not explained".into()))?;
        Ok(ExplainedRow { row: row.clone(), reasons, flow: flows, names, standings: Vec::new() })
    }

    /// Finds how the told values stand among flows of the same protocol and service, and of the same source.
    fn stand(&self, explainer: &BatchExplainer, rows: &mut [ExplainedRow], run: &Run<'_>) -> Result<()> {
        let plan = explainer.plan();
        let mut asked = Vec::with_capacity(rows.len());
        for row in rows.iter() {
            let Some(flow) = &row.flow else { return Ok(()) };
            let told = row.reasons.reasons.iter().filter(|reason| reason.told.is_some());
            let columns: Vec<usize> = told.map(|reason| reason.column).collect();
            let table = self.table(&batch_of(&row.row))?.table;
            let value = |&column: &usize| Ok(plan.comparable(column, &table)?.first().copied().unwrap_or(f64::NAN));
            let values = columns.iter().map(value).collect::<Result<Vec<f64>>>()?;
            asked.push(Standings::new(&Event::of(flow, 0, 0), columns, values));
        }
        if asked.is_empty() {
            return Ok(());
        }
        let empty = asked.clone();
        run.each(
            self.input.source()?,
            |batch| {
                let mut counts = empty.clone();
                let Table { table, flows, superseded, .. } = self.table(&batch)?;
                if let Some(flows) = flows {
                    Standings::count(&mut counts, plan, &table, &flows, &superseded)?;
                }
                Ok(counts)
            },
            |done| {
                asked.iter_mut().zip(&done.value).for_each(|(sum, counts)| sum.add(counts));
                Ok(())
            },
        )?;
        for (row, standings) in rows.iter_mut().zip(asked) {
            row.standings = standings.finish();
        }
        Ok(())
    }
}

/// A row that was kept, as it came.
fn batch_of(row: &TopRow) -> Batch {
    Batch {
        columns: row.fields.clone(),
        file: row.file,
        numbers: RecordNumbers::Run { first: row.record },
        stream_offset: (row.position() + 1).saturating_sub(row.record),
        rejected: Vec::new(),
        damage: None,
    }
}
