//! One pass over the scored rows: everything that a report counts, and the rows that it shows.

mod counts;
mod shown;

pub use counts::{Counts, Edge};
pub use shown::ShownRows;

use super::curves::Verdicts;
use crate::detectors::{Quality, Ranking};
use crate::features::label_values;
use crate::findings::{Collector, Grouped, Rows};
use crate::flows::record::{FlowOptions, FlowSchema, Flows, Host, digest};
use crate::flows::source::Input;
use crate::flows::{Batch, Rejected};
use crate::pipeline::{
    Candidates, Gathered as GatheredRows, Pass, Run, Said, Sample, ScoredColumns, ScoredRows, Tally,
};
use crate::{Error, Result};
use shown::{place, shown};
use std::collections::HashSet;

/// Rows shown of a finding.
pub const ROWS_OF_FINDING: usize = 20;
/// Rows shown of all findings together.
const ROWS_OF_FINDINGS: usize = 20_000;

/// What to gather.
#[derive(Debug, Clone)]
pub struct GatherOptions {
    /// Put before the names of the added columns.
    pub prefix: String,
    /// Column with the truth, if there is one.
    pub label: Option<String>,
    /// The findings of which rows are shown; `None`: of those that rows with the verdict name.
    pub listed: Option<HashSet<String>>,
    /// Most rows to keep.
    pub most_rows: usize,
    /// Seed of the sample.
    pub seed: u64,
    /// What logs leave open.
    pub reading: FlowOptions,
}

/// What was gathered.
pub struct Gathered {
    /// What was read.
    pub tally: Tally,
    /// What was counted.
    pub counts: Counts,
    /// Rows in groups, where they have addresses and times.
    pub grouped: Option<Grouped>,
    /// Agreement with the labels.
    pub quality: Option<Quality>,
    /// Verdicts against labels.
    pub verdicts: Verdicts,
    /// The rows to show.
    pub shown: ShownRows,
}

/// What one batch gave.
#[derive(Default)]
struct Item {
    file: usize,
    rejected: Vec<Rejected>,
    counts: Counts,
    labelled: Vec<(f64, bool, bool)>,
    flows: Option<(Flows, Vec<f64>)>,
    names: Vec<(Host, String)>,
    of_findings: Option<Candidates>,
    of_all: Option<Candidates>,
}

/// What turns batches into items.
struct Worker<'a> {
    columns: ScoredColumns,
    schema: Option<FlowSchema>,
    in_groups: bool,
    options: &'a GatherOptions,
    of_findings: Sample,
    of_all: Sample,
}

/// Reads the whole input once.
///
/// # Errors
/// Columns that scoring adds are missing; whatever reading meets; an input of which no record can be used.
pub fn gather(
    input: &mut Input,
    options: &GatherOptions,
    run: &Run<'_>,
    mut rejected: impl FnMut(usize, &Rejected) -> Result<()>,
) -> Result<Pass<Gathered>> {
    let worker = Worker::new(input, options)?;
    let mut sum = Sum::new(&worker);
    run.each(
        input.survey_source()?,
        |batch| worker.item(batch),
        |done| {
            let item = done.value;
            sum.tally.add(done.rows, &item.rejected);
            item.rejected.iter().try_for_each(|record| rejected(item.file, record))?;
            sum.add(item, &worker)
        },
    )?;
    if input.wants_wider() {
        return Ok(Pass::ReadAgain);
    }
    input.settle();
    // A run with nothing to write has an empty page; one of which nothing can be read has none.
    if sum.tally.rows == 0 && sum.tally.n_rejected() > 0 {
        let said = sum.tally.rejected_in_words();
        return Err(Error::NoInput(format!("no row to report on: {} records read, {said}", sum.tally.records)));
    }
    sum.finish(worker, input).map(Pass::Done)
}

impl<'a> Worker<'a> {
    fn new(input: &Input, options: &'a GatherOptions) -> Result<Self> {
        let columns = ScoredColumns::find(&input.schema, &options.prefix)?;
        let schema = FlowSchema::recognise(&input.schema, options.reading);
        let in_groups = schema.as_ref().is_some_and(FlowSchema::has_hosts);
        let of_findings = Sample::new(options.seed, ROWS_OF_FINDINGS.min(options.most_rows)).capped(ROWS_OF_FINDING);
        let of_all = Sample::new(options.seed, options.most_rows);
        Ok(Self { columns, schema, in_groups, options, of_findings, of_all })
    }

    fn item(&self, batch: Batch) -> Result<Item> {
        let scored = self.columns.read(&batch.columns)?;
        let said: Vec<Option<Said>> = (0..batch.n_rows()).map(|row| scored.row(row)).collect();
        let labels = self.labels(&batch)?;
        let mut item = Item { file: batch.file, ..Item::default() };
        for (row, said) in said.iter().enumerate() {
            let Some(said) = said else { continue };
            let label = labels.get(row).copied().flatten();
            item.counts.add(*said, label);
            item.labelled.extend(label.map(|label| (said.score, said.anomaly, label)));
        }
        let flows = self.schema.as_ref().map(|schema| schema.flows(&batch.columns)).transpose()?;
        self.found(&mut item, &scored, &said, flows.as_ref());
        if let Some(flows) = flows {
            item.names = self.names(&batch, &flows)?;
            self.flows(&mut item, &said, flows);
        }
        item.of_findings = self.of_findings(&batch, &scored, &said)?;
        let place = |row: usize, position| place(said.get(row).copied().flatten(), self.options.seed, position);
        item.of_all = Some(self.of_all.candidates_by(&batch, place)?);
        item.rejected = batch.rejected;
        Ok(item)
    }

    /// The texts of hosts that are more than an address.
    fn names(&self, batch: &Batch, flows: &Flows) -> Result<Vec<(Host, String)>> {
        let has_names = flows.source.iter().chain(&flows.destination).flatten().any(|host| !host.is_plain());
        match &self.schema {
            Some(schema) if self.in_groups && has_names => schema.host_names(&batch.columns),
            _ => Ok(Vec::new()),
        }
    }

    fn labels(&self, batch: &Batch) -> Result<Vec<Option<bool>>> {
        let column = self.options.label.as_ref().and_then(|name| batch.columns.column_by_name(name));
        // A column that only its name makes a label (a time, say) says nothing.
        Ok(column.and_then(|column| label_values(column).ok()).unwrap_or_default())
    }

    fn found(&self, item: &mut Item, scored: &ScoredRows, said: &[Option<Said>], flows: Option<&Flows>) {
        for (row, said) in said.iter().enumerate() {
            let (Some(said), Some(id)) = (said, scored.finding(row)) else { continue };
            if said.anomaly {
                let start = flows.and_then(|flows| flows.start.get(row).copied().flatten());
                item.counts.found.add(id, said.severity, start);
            }
        }
    }

    fn flows(&self, item: &mut Item, said: &[Option<Said>], flows: Flows) {
        for (row, said) in said.iter().enumerate() {
            let Some(said) = said else { continue };
            item.counts.add_flow(*said, &flows, row);
        }
        if self.in_groups {
            let severity = said.iter().map(|said| said.map_or(f64::NAN, |said| said.severity)).collect();
            item.flows = Some((flows, severity));
        }
    }

    /// The first rows of each finding.
    fn of_findings(&self, batch: &Batch, scored: &ScoredRows, said: &[Option<Said>]) -> Result<Option<Candidates>> {
        if !self.columns.has_findings() {
            return Ok(None);
        }
        let group = |row: usize| {
            let id = scored.finding(row)?;
            let wanted = match &self.options.listed {
                Some(listed) => listed.contains(id),
                None => said.get(row).copied().flatten().is_some_and(|said| said.anomaly),
            };
            wanted.then(|| digest(id))
        };
        self.of_findings.candidates_of(batch, |row, position| Some((position, Some(group(row)?)))).map(Some)
    }
}

/// All items so far.
struct Sum {
    tally: Tally,
    counts: Counts,
    collector: Option<Collector>,
    ranking: Option<Ranking>,
    verdicts: Verdicts,
    of_findings: GatheredRows,
    of_all: GatheredRows,
}

impl Sum {
    fn new(worker: &Worker<'_>) -> Self {
        Self {
            tally: Tally::default(),
            counts: Counts::default(),
            collector: worker.in_groups.then(Collector::new),
            ranking: worker.options.label.as_ref().map(|_| Ranking::new()),
            verdicts: Verdicts::default(),
            of_findings: GatheredRows::default(),
            of_all: GatheredRows::default(),
        }
    }

    fn add(&mut self, item: Item, worker: &Worker<'_>) -> Result<()> {
        self.counts.merge(item.counts);
        if let (Some(collector), Some((flows, severity))) = (&mut self.collector, &item.flows) {
            collector.learn(&item.names);
            collector.observe(&Rows { flows, severity, claimed: &flows.claimed });
        }
        for (score, verdict, label) in item.labelled {
            self.ranking.iter_mut().for_each(|ranking| ranking.push(score, verdict, label));
            self.verdicts.hits += u64::from(verdict && label);
            self.verdicts.false_alarms += u64::from(verdict && !label);
        }
        if let Some(candidates) = item.of_findings {
            worker.of_findings.gather(&mut self.of_findings, candidates)?;
        }
        match item.of_all {
            Some(candidates) => worker.of_all.gather(&mut self.of_all, candidates),
            None => Ok(()),
        }
    }

    fn finish(self, worker: Worker<'_>, input: &Input) -> Result<Gathered> {
        let quality = self.ranking.map(Ranking::finish).filter(|quality| quality.positives + quality.negatives > 0);
        Ok(Gathered {
            tally: self.tally,
            counts: self.counts,
            grouped: self.collector.map(Collector::finish),
            quality,
            verdicts: self.verdicts,
            shown: shown(&worker, self.of_findings, self.of_all, input)?,
        })
    }
}
