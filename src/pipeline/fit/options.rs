//! What fitting is asked for.

use crate::Result;
use crate::detectors::{DetectorParams, SelfJoinPlan, SolverState, ThresholdRule};
use crate::features::flow::{FlowSet, Locality};
use crate::features::{FeatureOptions, RoleOverrides};
use crate::flows::record::{FlowKind, FlowSchema};
use crate::flows::source::Input;
use crate::pipeline::{FlowReader, FlowReading};

/// What to fit.
#[derive(Debug, Clone)]
pub struct FitOptions {
    /// The detector and its parameters.
    pub detector: DetectorParams,
    /// How the verdict's threshold is set.
    pub rule: ThresholdRule,
    /// Column roles that override the inferred ones.
    pub roles: RoleOverrides,
    /// How columns become features.
    pub features: FeatureOptions,
    /// How flow logs become columns; `None`: their columns are taken as those of any table.
    pub flows: Option<FlowFit>,
    /// Rows to draw from the input, at least 1: a detector of neighbours keeps them as its references.
    pub fit_rows: usize,
    /// Bytes that a detector of neighbours may take for its rows, their lists and results. Changes no answer.
    pub memory: u64,
    /// Bytes of kernel columns that the solver of a support vector machine may keep. Changes no answer.
    pub cache: u64,
    /// Seed of the sample.
    pub seed: u64,
    /// The options as resolved, for the record.
    pub recorded: serde_json::Value,
}

/// What is fitted on flow logs.
#[derive(Debug, Clone, Default)]
pub struct FlowFit {
    /// How to read them.
    pub reading: FlowReading,
    /// Which features they are given.
    pub set: FlowSet,
    /// Which hosts are ours.
    pub locality: Locality,
    /// Most rows of one conversation and state in the sample. `None`: any number.
    pub cap: Option<usize>,
    /// Also of tables that no log is known to have, if they tell addresses and times.
    pub any_table: bool,
}

impl FlowFit {
    /// Whether the input is taken as a table that it could be read from as flows: its columns tell addresses and times, and are of no log
    /// that is known.
    pub fn passes_over(&self, input: &Input) -> bool {
        let schema = FlowSchema::recognise(&input.schema, self.reading.options);
        let is_log = |schema: &FlowSchema| schema.kinds().all(FlowKind::is_log);
        !self.any_table && schema.is_some_and(|schema| schema.has_hosts() && schema.has_times() && !is_log(&schema))
    }

    /// Reads the input as flow logs, if it is one of them.
    ///
    /// # Errors
    /// As [`FlowReader::new`].
    pub fn reader(&self, input: &Input) -> Result<Option<FlowReader>> {
        let reader = FlowReader::new(input, self.reading.options, self.set)?;
        Ok(reader.filter(|reader| self.any_table || reader.is_log()))
    }
}

/// Who looks on while a detector is fitted.
#[derive(Clone, Copy)]
pub struct FitWatch<'a> {
    /// Told the plan of a self-join before it is carried out.
    pub plan: &'a dyn Fn(&SelfJoinPlan),
    /// Told where the solver of a support vector machine stands.
    pub solver: &'a dyn Fn(&SolverState),
    /// Told how many rows' neighbours are found, of how many.
    pub progress: &'a (dyn Fn(u64, u64) + Sync),
}

impl FitWatch<'_> {
    /// Nobody.
    pub const NOBODY: Self = Self { plan: &|_| {}, solver: &|_| {}, progress: &|_, _| {} };
}
