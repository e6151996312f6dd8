//! Batches as flows: which records count, and what the first pass needs to know of each.

use super::copies::{Copies, record};
use crate::Result;
use crate::features::flow::FlowSet;
use crate::features::windows::{Event, WindowOptions};
use crate::findings::Rows;
use crate::flows::Batch;
use crate::flows::record::{FlowKind, FlowLog, FlowOptions, FlowSchema, Flows, Host, LogZone, mix};
use crate::flows::snapshots::Snapshots;
use crate::flows::source::Input;
use crate::flows::survey::BatchSurvey;
use crate::model::ADDED;
use crate::pipeline::heavy::Names;
use arrow_array::{Array, RecordBatch};
use std::sync::atomic::{AtomicBool, Ordering};

/// How to read an input as flow logs.
#[derive(Debug, Clone, Default)]
pub struct FlowReading {
    /// What a log leaves open.
    pub options: FlowOptions,
    /// Room for windows.
    pub windows: WindowOptions,
    /// When flows begin that are fitted on and not scored, the others are scored: from and before, µs since 1970. `None`: all
    /// are both.
    pub baseline: Option<(i64, i64)>,
}

/// Reads batches as flows; shared by threads.
#[derive(Debug)]
pub struct FlowReader {
    pub(super) schema: FlowSchema,
    pub(super) snapshots: Option<Snapshots>,
    /// Once they are known.
    pub(super) copies: Copies,
    logs: Vec<Option<FlowLog>>,
    baseline: Option<(i64, i64)>,
    zone: LogZone,
    /// Whether a time that states no zone was met.
    assumes_zone: AtomicBool,
}

/// A batch as flows.
#[derive(Debug)]
pub struct AsFlows {
    /// Its rows.
    pub flows: Flows,
    /// Of each row, whether another record stands for its flow. Empty: of none.
    pub superseded: Vec<bool>,
    /// The texts of its hosts that are more than an address.
    pub names: Vec<(Host, String)>,
}

impl AsFlows {
    /// The rows as findings read them, with the severity of each, NaN for what is not scored.
    pub fn rows<'a>(&'a self, severity: &'a [f64]) -> Rows<'a> {
        Rows { flows: &self.flows, severity, claimed: &self.flows.claimed }
    }
}

/// What a look at a batch found.
pub struct Look {
    pub groups: Vec<Option<Option<u64>>>,
    pub(super) events: Vec<Event>,
    /// What tells a record from others.
    pub(super) records: Vec<Option<u64>>,
    pub(super) names: Names,
    pub(super) survey: BatchSurvey,
}

impl FlowReader {
    /// `None` if the input's columns are not those of flow logs with addresses and times, or, for a set that takes tables
    /// without, of no flows that are known. Logs of snapshots are read here.
    ///
    /// # Errors
    /// As reading them.
    pub fn new(input: &Input, options: FlowOptions, set: FlowSet) -> Result<Option<Self>> {
        let Some(schema) = FlowSchema::recognise(&input.schema, options) else { return Ok(None) };
        if !tells_who_and_when(&schema) && !set.takes_tables() {
            return Ok(None);
        }
        let snapshots = Snapshots::gather(input, &schema)?;
        if let Some(snapshots) = &snapshots {
            snapshots.close(input, &schema)?;
        }
        let logs = input.files.iter().map(|file| file.log).collect();
        Ok(Some(Self {
            schema,
            snapshots,
            copies: Copies::default(),
            logs,
            baseline: None,
            zone: options.zone,
            assumes_zone: AtomicBool::new(false),
        }))
    }

    /// The same, where flows that begin within this span are fitted on, and the others scored.
    pub fn with_baseline(self, baseline: Option<(i64, i64)>) -> Self {
        Self { baseline, ..self }
    }

    /// The same, where records are known to be copies.
    pub(super) fn without(self, copies: Copies) -> Self {
        Self { copies, ..self }
    }

    /// Whether a flow is of the baseline within the logs; `None` if there is no such.
    pub fn is_of_baseline(&self, flows: &Flows, row: usize) -> Option<bool> {
        let (from, before) = self.baseline?;
        let start = flows.start.get(row).copied().flatten();
        Some(start.is_some_and(|start| (from..before).contains(&start)))
    }

    /// The baseline within the logs, from and before in µs since 1970.
    pub fn baseline(&self) -> Option<(i64, i64)> {
        self.baseline
    }

    /// Whether there is a baseline within the logs.
    pub fn has_baseline(&self) -> bool {
        self.baseline.is_some()
    }

    /// Whether its flows have addresses and times: those without are in no window, no conversation and no finding.
    pub fn tells_who_and_when(&self) -> bool {
        tells_who_and_when(&self.schema)
    }

    /// Whether the columns are those of a log that is known, and not only of some table with addresses and times.
    pub fn is_log(&self) -> bool {
        self.schema.kinds().all(FlowKind::is_log)
    }

    /// The zone that times without one are taken to be of; `None` where the first pass met none.
    pub fn assumed_zone(&self) -> Option<LogZone> {
        self.assumes_zone.load(Ordering::Relaxed).then_some(self.zone)
    }

    /// Whether a zone was named that nothing needs: the logs state theirs.
    pub fn zone_is_idle(&self) -> bool {
        self.zone != LogZone::UTC && !self.assumes_zone.load(Ordering::Relaxed)
    }

    /// A batch's rows as flows.
    ///
    /// # Errors
    /// If a column is of a type that flows are not read from.
    pub fn read(&self, input: &Input, batch: &Batch) -> Result<AsFlows> {
        let flows = self.schema.flows_of(&batch.columns, self.log(batch.file))?;
        let scored = input.files.get(batch.file).and_then(|file| file.scored.as_deref());
        let mut superseded = match (scored, &self.snapshots) {
            // An output of an earlier run says it itself.
            (Some(prefix), _) => without_verdict(&batch.columns, prefix),
            (None, Some(snapshots)) => snapshots.superseded(batch, &flows, &self.schema.sensors(&batch.columns)?),
            (None, None) => Vec::new(),
        };
        self.copies.mark(&mut superseded, (0..batch.n_rows()).map(|row| batch.stream_position(row)));
        let has_names = flows.source.iter().chain(&flows.destination).flatten().any(|host| !host.is_plain());
        let names = if has_names { self.schema.host_names(&batch.columns)? } else { Vec::new() };
        Ok(AsFlows { flows, superseded, names })
    }

    /// Rows of one file, drawn from it.
    ///
    /// # Errors
    /// As [`FlowReader::read`].
    pub fn flows(&self, rows: &RecordBatch, file: usize) -> Result<Flows> {
        self.schema.flows_of(rows, self.log(file))
    }

    fn log(&self, file: usize) -> Option<FlowLog> {
        self.logs.get(file).copied().flatten()
    }

    /// How many flows are of the baseline within the logs.
    pub(in crate::pipeline) fn n_of_baseline(&self, flows: &Flows) -> u64 {
        (0..flows.start.len()).filter(|&row| self.is_of_baseline(flows, row) == Some(true)).count() as u64
    }

    /// What the first pass needs to know of a batch.
    pub(in crate::pipeline) fn look(&self, input: &Input, batch: &Batch) -> Result<Look> {
        let AsFlows { flows, superseded, names } = self.read(input, batch)?;
        self.assumes_zone.fetch_or(self.schema.assumes_zone(&batch.columns), Ordering::Relaxed);
        let is_superseded = |row: usize| superseded.get(row).copied().unwrap_or(false);
        let event = |row: usize| {
            let position = batch.stream_position(row);
            if is_superseded(row) { Event::outside(position) } else { Event::of(&flows, row, position) }
        };
        let events: Vec<Event> = (0..batch.n_rows()).map(event).collect();
        let group = |(row, event): (usize, &Event)| {
            let state = flows.state_group.get(row).map_or(0, |&state| state as u64);
            let is_fitted_on = self.is_of_baseline(&flows, row).unwrap_or(true);
            (is_fitted_on && !is_superseded(row)).then(|| event.conversation().map(|key| mix(key, state)))
        };
        let groups = events.iter().enumerate().map(group).collect();
        let sensors = self.schema.sensors(&batch.columns)?;
        let survey = BatchSurvey::of(batch, &flows, &sensors, self.log(batch.file));
        let names = Names::of(&events, &flows, &names);
        // An output of an earlier run has told copies already.
        let is_scored = input.files.get(batch.file).is_some_and(|file| file.scored.is_some());
        let record = |row: usize| record(&flows, &sensors, row).filter(|_| !is_scored && !is_superseded(row));
        let records = (0..batch.n_rows()).map(record).collect();
        Ok(Look { groups, events, records, names, survey })
    }
}

/// Of each row of an output of an earlier run, whether it has neither score nor verdict. Empty: none is without.
fn without_verdict(rows: &RecordBatch, prefix: &str) -> Vec<bool> {
    let [score, _, verdict] = ADDED.map(|name| rows.column_by_name(&format!("{prefix}{name}")));
    match (score, verdict) {
        (Some(score), Some(verdict)) if score.null_count() > 0 => {
            (0..score.len()).map(|row| score.is_null(row) && verdict.is_null(row)).collect()
        }
        _ => Vec::new(),
    }
}

fn tells_who_and_when(schema: &FlowSchema) -> bool {
    schema.has_hosts() && schema.has_times()
}
