//! Flow logs read through once: what features and findings need to know beside a record. Windows around it, whether a later
//! record replaces it, and what is to be said of the logs.

use crate::features::flow::{FlowFeatures, FlowSet};
use crate::features::windows::{Event, Evictions, WindowFeatures, WindowOptions, Windows};
use crate::findings::Rows;
use crate::flows::Batch;
use crate::flows::record::{FlowLog, FlowOptions, FlowSchema, Flows, Host, mix};
use crate::flows::snapshots::Snapshots;
use crate::flows::source::Input;
use crate::flows::survey::{BatchSurvey, Survey};
use crate::model::ADDED;
use crate::{Result, Stop};
use arrow_array::{Array, RecordBatch};
use arrow_schema::SchemaRef;
use std::sync::Arc;

use super::heavy::{Heavy, Names};

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
    schema: FlowSchema,
    snapshots: Option<Snapshots>,
    logs: Vec<Option<FlowLog>>,
    baseline: Option<(i64, i64)>,
    minutes_east: i32,
}

/// A batch as flows.
#[derive(Debug)]
pub struct AsFlows {
    /// Its rows.
    pub flows: Flows,
    /// Of each row, whether a later record replaces it. Empty: of none.
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
pub(super) struct Look {
    pub groups: Vec<Option<Option<u64>>>,
    events: Vec<Event>,
    names: Names,
    survey: BatchSurvey,
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
        Ok(Some(Self { schema, snapshots, logs, baseline: None, minutes_east: options.minutes_east }))
    }

    /// The same, where flows that begin within this span are fitted on, and the others scored.
    pub fn with_baseline(self, baseline: Option<(i64, i64)>) -> Self {
        Self { baseline, ..self }
    }

    /// Whether a flow is of the baseline within the logs; `None` if there is no such.
    pub fn is_of_baseline(&self, flows: &Flows, row: usize) -> Option<bool> {
        let (from, before) = self.baseline?;
        let start = flows.start.get(row).copied().flatten();
        Some(start.is_some_and(|start| (from..before).contains(&start)))
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
        use crate::flows::record::FlowKind::{Argus, Eve, Zeek};
        self.schema.kinds().all(|kind| matches!(kind, Zeek | Eve | Argus))
    }

    /// The zone that times without one are taken to be of, `UTC` or `+02:00`; `None` where none is known to lack one.
    pub fn assumed_zone(&self) -> Option<String> {
        let east = self.minutes_east;
        let (sign, size) = (if east < 0 { '-' } else { '+' }, east.unsigned_abs());
        self.schema.assumes_zone().then(|| match east {
            0 => "UTC".to_owned(),
            _ => format!("{sign}{:02}:{:02}", size / 60, size % 60),
        })
    }

    /// Whether a zone was named that nothing needs: the logs state theirs.
    pub fn zone_is_idle(&self) -> bool {
        self.minutes_east != 0 && self.is_log() && !self.schema.assumes_zone()
    }

    /// A batch's rows as flows.
    ///
    /// # Errors
    /// If a column is of a type that flows are not read from.
    pub fn read(&self, input: &Input, batch: &Batch) -> Result<AsFlows> {
        let flows = self.schema.flows_of(&batch.columns, self.log(batch.file))?;
        let scored = input.files.get(batch.file).and_then(|file| file.scored.as_deref());
        let superseded = match (scored, &self.snapshots) {
            // An output of an earlier run says it itself.
            (Some(prefix), _) => without_verdict(&batch.columns, prefix),
            (None, Some(snapshots)) => snapshots.superseded(batch, &flows, &self.schema.sensors(&batch.columns)?),
            (None, None) => Vec::new(),
        };
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
    pub(super) fn n_of_baseline(&self, flows: &Flows) -> u64 {
        (0..flows.start.len()).filter(|&row| self.is_of_baseline(flows, row) == Some(true)).count() as u64
    }

    /// What the first pass needs to know of a batch.
    pub(super) fn look(&self, input: &Input, batch: &Batch) -> Result<Look> {
        let AsFlows { flows, superseded, names } = self.read(input, batch)?;
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
        Ok(Look { groups, events, names, survey })
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

/// Takes what the looks found, in input order.
pub(super) struct FlowGatherer {
    windows: Windows,
    survey: Survey,
    heavy: Heavy,
}

impl FlowGatherer {
    pub fn new(options: &WindowOptions) -> Self {
        Self { windows: Windows::new(options), survey: Survey::default(), heavy: Heavy::default() }
    }

    pub fn take(&mut self, look: Look) -> Result<()> {
        look.events.iter().filter_map(Event::conversation).for_each(|key| self.heavy.count(key));
        self.heavy.learn(look.names);
        self.survey.add(look.survey);
        self.windows.push(look.events)
    }

    pub fn finish(self, reader: FlowReader, stop: &Stop) -> Result<FlowLogs> {
        let Self { windows, survey, heavy } = self;
        let (share_of_ten, largest) = (heavy.share_of(10), heavy.largest());
        Ok(FlowLogs { reader, windows: windows.finish(stop)?, survey, share_of_ten, largest })
    }
}

/// Flow logs that were read through once.
#[derive(Debug)]
pub struct FlowLogs {
    reader: FlowReader,
    windows: WindowFeatures,
    /// What is said of the logs.
    pub survey: Survey,
    /// The share of flows that the ten largest conversations hold, 0 to 1.
    pub share_of_ten: f64,
    /// The largest of them and its share, where it holds a 20th of all or more.
    pub largest: Option<(String, f64)>,
}

impl FlowLogs {
    /// Reads the input once.
    ///
    /// # Errors
    /// Whatever reading meets; a temporary file that cannot be written.
    pub fn gather(input: &Input, reader: FlowReader, windows: &WindowOptions, run: &super::Run<'_>) -> Result<Self> {
        let mut gatherer = FlowGatherer::new(windows);
        run.each(input.source()?, |batch| reader.look(input, &batch), |done| gatherer.take(done.value))?;
        gatherer.finish(reader, &run.stop)
    }

    /// Reads batches as flows.
    pub fn reader(&self) -> &FlowReader {
        &self.reader
    }

    /// What windows around flows hold, of the flows at these positions, which ascend.
    ///
    /// # Errors
    /// If a position was not read, or the temporary file cannot be.
    pub fn windows(&self, positions: &[u64]) -> Result<RecordBatch> {
        self.windows.batch(positions)
    }

    /// What the tables of windows forgot for want of room.
    pub fn evictions(&self) -> Evictions {
        self.windows.evictions()
    }

    /// The most that was in temporary files at once.
    pub fn disk_bytes(&self) -> u64 {
        self.windows.disk_bytes()
    }

    /// `23 older snapshots of 1 open flow`; `None` where no record is replaced.
    pub fn snapshots_line(&self) -> Option<String> {
        self.reader.snapshots.as_ref().and_then(Snapshots::line)
    }
}

/// Flow logs and how a model takes them.
#[derive(Debug, Clone)]
pub struct FlowScoring {
    /// The logs.
    pub logs: Arc<FlowLogs>,
    /// How they become features.
    pub features: FlowFeatures,
    /// The positions of the rows that the features were fitted on, where they are of this input; ascending.
    pub counted: Arc<Vec<u64>>,
}

impl FlowScoring {
    /// The schema of the features' columns.
    ///
    /// # Errors
    /// If the columns are not those of flow logs.
    pub fn schema(&self, input: &SchemaRef) -> Result<SchemaRef> {
        let flows = self.logs.reader.schema.flows(&RecordBatch::new_empty(input.clone()))?;
        Ok(self.features.columns(&flows, &self.logs.windows(&[])?, |_| false)?.schema())
    }

    /// The columns of a batch's features, and its rows as flows.
    ///
    /// # Errors
    /// If a column is of a type that flows are not read from.
    pub fn table(&self, input: &Input, batch: &Batch) -> Result<(RecordBatch, AsFlows)> {
        let as_flows = self.logs.reader.read(input, batch)?;
        let positions: Vec<u64> = (0..batch.n_rows()).map(|row| batch.stream_position(row)).collect();
        let windows = self.logs.windows(&positions)?;
        let was_counted =
            |row: usize| positions.get(row).is_some_and(|position| self.counted.binary_search(position).is_ok());
        Ok((self.features.columns(&as_flows.flows, &windows, was_counted)?, as_flows))
    }
}
