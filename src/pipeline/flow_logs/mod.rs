//! Flow logs read through once: what features and findings need to know beside a record. Windows around it, whether another
//! record stands for its flow, and what is to be said of the logs.

mod copies;
mod reader;

pub use reader::{AsFlows, FlowReader, FlowReading};

use super::heavy::{Heavy, TenLargest};
use crate::features::flow::FlowFeatures;
use crate::features::windows::{Event, Evictions, WindowFeatures, WindowOptions, Windows};
use crate::flows::Batch;
use crate::flows::snapshots::Snapshots;
use crate::flows::source::Input;
use crate::flows::survey::Survey;
use crate::words::grouped;
use crate::{Result, Stop};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use copies::Copying;
use reader::Look;
use std::sync::Arc;

/// Takes what the looks found, in input order.
pub(super) struct FlowGatherer {
    windows: Windows,
    survey: Survey,
    heavy: Heavy,
    copying: Copying,
}

impl FlowGatherer {
    pub fn new(options: &WindowOptions) -> Self {
        let windows = Windows::new(options);
        Self { windows, survey: Survey::default(), heavy: Heavy::default(), copying: Copying::default() }
    }

    /// The positions of records that were met before.
    pub fn take(&mut self, mut look: Look) -> Result<Vec<u64>> {
        let copies = self.copying.take(&look.records, &mut look.events);
        look.events.iter().filter_map(Event::conversation).for_each(|key| self.heavy.count(key));
        self.heavy.learn(look.names);
        self.survey.add(look.survey);
        self.windows.push(look.events)?;
        Ok(copies)
    }

    pub fn finish(self, reader: FlowReader, stop: &Stop) -> Result<FlowLogs> {
        let Self { windows, survey, heavy, copying } = self;
        let reader = reader.without(copying.finish());
        Ok(FlowLogs { reader, windows: windows.finish(stop)?, survey, ten_largest: heavy.ten_largest() })
    }
}

/// Flow logs that were read through once.
#[derive(Debug)]
pub struct FlowLogs {
    reader: FlowReader,
    windows: WindowFeatures,
    /// What is said of the logs.
    pub survey: Survey,
    /// Their ten largest conversations.
    pub ten_largest: TenLargest,
}

impl FlowLogs {
    /// Reads the input once.
    ///
    /// # Errors
    /// Whatever reading meets; a temporary file that cannot be written.
    pub fn gather(input: &Input, reader: FlowReader, windows: &WindowOptions, run: &super::Run<'_>) -> Result<Self> {
        let mut gatherer = FlowGatherer::new(windows);
        run.each(input.source()?, |batch| reader.look(input, &batch), |done| gatherer.take(done.value).map(drop))?;
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

    /// `5 copies of records that were met before`; `None` where there are none.
    pub fn copies_line(&self) -> Option<String> {
        let n = self.reader.copies.count();
        let copies = if n == 1 { "copy of a record that was" } else { "copies of records that were" };
        (n > 0).then(|| format!("{} {copies} met before", grouped(n)))
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
