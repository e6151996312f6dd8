//! From lines to alerts.

use super::place::{Piece, Place};
use super::state::{Saving, WatchState, Written};
use crate::device::Device;
use crate::features::flow::FlowFeatures;
use crate::features::windows::{Event, LiveOptions, LiveWindows};
use crate::findings::allow::{AllowList, Day, Rule};
use crate::findings::{Alert, LiveFindings, LiveFindingsState, Reference, Rows};
use crate::flows::Batch;
use crate::flows::Rejected;
use crate::flows::record::{FlowSchema, Flows};
use crate::flows::source::{InputOptions, Lines};
use crate::model::{BatchScorer, Model, Scored};
use crate::pipeline::EventPlan;
use crate::{Error, Result};
use arrow_array::RecordBatch;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// How a log is watched: what alerts depend on beside the log and the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WatchOptions {
    /// How late flows may come.
    pub live: LiveOptions,
    /// The severity above which a row is an anomaly by itself; findings with such a row are told where there is no [`Reference`].
    pub threshold: f64,
}

/// What was counted since the log was begun to be watched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Records that were scored.
    pub rows: u64,
    /// Records that could not be used, by why.
    pub rejected: BTreeMap<String, u64>,
    /// Of the scored, those that tell no addresses or no time: they are in no window and no finding.
    pub placeless: u64,
    /// Alerts.
    pub alerts: u64,
    /// Records that each rule of the allow-list allowed.
    pub allowed: Vec<u64>,
    /// What these rules are, by [`Rule::text`].
    rules: Vec<String>,
}

impl Counts {
    /// For these rules; those that were counted `before` go on from there, wherever they stand in the list now.
    fn with_rules(mut self, allow: &AllowList, before: &Self) -> Self {
        self.rules = allow.rules().iter().map(Rule::text).collect();
        let mut known: BTreeMap<&String, u64> = BTreeMap::new();
        before.rules.iter().zip(&before.allowed).for_each(|(rule, n)| *known.entry(rule).or_default() += n);
        // Of two that are alike the first counts.
        self.allowed = self.rules.iter().map(|rule| known.remove(rule).unwrap_or(0)).collect();
        self
    }
}

/// Takes the lines of a log in.
pub struct Watcher {
    scorer: BatchScorer,
    features: FlowFeatures,
    schema: FlowSchema,
    lines: Lines,
    recognised: Vec<u8>,
    windows: LiveWindows,
    findings: LiveFindings,
    allow: AllowList,
    options: WatchOptions,
    identity: String,
    place: Place,
    records: u64,
    counts: Counts,
}

/// What some lines gave.
#[derive(Debug, Default)]
pub struct Taken {
    /// Batches of rows with alerts.
    pub told: Vec<Told>,
    /// Records that could not be used.
    pub rejected: Vec<Rejected>,
}

/// Groups of rows have as much memory as windows.
fn groups(options: &WatchOptions) -> usize {
    options.live.tables / LiveFindings::GROUP_BYTES
}

/// The alerts of a batch, and its rows.
#[derive(Debug)]
pub struct Told {
    /// The alerts, in the order of their rows.
    pub alerts: Vec<Alert>,
    batch: Batch,
    scored: Scored,
    flows: Flows,
}

impl Told {
    /// Appends the alerts as events to `out`.
    ///
    /// # Errors
    /// If a column is of a type that flows are not read from.
    pub fn events(&self, plan: &EventPlan, file: &str, out: &mut Vec<u8>) -> Result<()> {
        plan.alerts(file, (&self.batch, &self.scored, &self.flows), &self.alerts, out)
    }
}

impl Watcher {
    /// Begins to watch a log that was recognised by these whole lines.
    ///
    /// # Errors
    /// If the log does not tell addresses and times of flows, or the model is not for such logs.
    pub fn begin(
        model: &Model,
        (lines, recognised): (Lines, &[u8]),
        options: &WatchOptions,
        allow: AllowList,
        reference: Option<Reference>,
    ) -> Result<Self> {
        let findings = LiveFindings::new(LiveFindingsState::default(), options.threshold, groups(options), reference);
        Self::new(model, lines, recognised, (LiveWindows::new(options.live), findings), options, allow)
    }

    /// Goes on from a state.
    ///
    /// # Errors
    /// If the state is of another model or other options, or not sound.
    pub fn resume(
        model: &Model,
        state: WatchState<LiveFindingsState>,
        input: &InputOptions,
        options: &WatchOptions,
        allow: AllowList,
        reference: Option<Reference>,
    ) -> Result<Self> {
        let other = |what: &str| {
            let limit = format!("it was made with {what}; name another file, or remove it to begin anew");
            Error::parameter("--state", "of another run", limit)
        };
        if state.identity != model.identity()? {
            return Err(other("another model"));
        }
        if state.options != *options {
            return Err(other("another --lateness, --memory or --threshold"));
        }
        let unsound = || Error::Internal("the state of the watch does not hold together".into());
        let mut lines = Lines::recognise(&state.log, &state.recognised, input)?.ok_or_else(unsound)?;
        lines.set_header(state.header);
        let windows = LiveWindows::restore(options.live, state.windows).ok_or_else(unsound)?;
        let findings = LiveFindings::new(state.findings, options.threshold, groups(options), reference);
        let mut watcher = Self::new(model, lines, &state.recognised, (windows, findings), options, allow)?;
        let counts = Counts { allowed: Vec::new(), rules: Vec::new(), ..state.counts.clone() };
        (watcher.place, watcher.records) = (state.place, state.records);
        watcher.counts = counts.with_rules(&watcher.allow, &state.counts);
        Ok(watcher)
    }

    fn new(
        model: &Model,
        lines: Lines,
        recognised: &[u8],
        (mut windows, findings): (LiveWindows, LiveFindings),
        options: &WatchOptions,
        allow: AllowList,
    ) -> Result<Self> {
        let name = || lines.file().name.clone();
        let features = model.flows.clone().ok_or_else(|| {
            Error::Schema(
                "the model was fitted on a table; only one of flow logs can watch a log: fit it on such logs".into(),
            )
        })?;
        // What the log itself shows decides: the model's columns are among those of the batches, whatever the log is.
        let kinds = FlowSchema::recognise(lines.shown(), features.reading())
            .filter(|schema| schema.has_hosts() && schema.has_times())
            .map(|schema| schema.kinds().collect::<Vec<_>>());
        let schema = kinds
            .and_then(|kinds| FlowSchema::of_kinds(lines.schema(), &kinds, features.reading()))
            .ok_or_else(|| Error::Schema(format!("{}: its columns tell no addresses and times of flows", name())))?;
        let empty = schema.flows(&RecordBatch::new_empty(lines.schema().clone()))?;
        let columns = features.columns(&empty, &windows.batch([])?.0, |_| false)?;
        let scorer = model.scorer(&Device::Cpu, &columns.schema(), 4_096)?;
        let counts = Counts::default().with_rules(&allow, &Counts::default());
        let (options, identity, recognised) = (options.clone(), model.identity()?, recognised.to_vec());
        let (place, records) = (Place::default(), 0);
        Ok(Self {
            scorer,
            features,
            schema,
            lines,
            recognised,
            windows,
            findings,
            allow,
            options,
            identity,
            place,
            records,
            counts,
        })
    }

    /// What the log was recognised as.
    pub fn log(&self) -> &Lines {
        &self.lines
    }

    /// Where reading is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What was counted.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The windows.
    pub fn windows(&self) -> &LiveWindows {
        &self.windows
    }

    /// The findings.
    pub fn findings(&self) -> &LiveFindings {
        &self.findings
    }

    /// What is known to be fine.
    pub fn allow(&self) -> &AllowList {
        &self.allow
    }

    /// From here on it is `today` (UTC); the rules that have expired by that.
    pub fn pass_to(&mut self, today: Day) -> Vec<&Rule> {
        self.allow.pass_to(today)
    }

    /// Writes all that is remembered to a file; `written`: the file of the alerts as it is left.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&mut self, path: &Path, written: Option<Written>) -> Result<Saving> {
        let state = WatchState {
            identity: self.identity.clone(),
            log: self.lines.file().name.clone(),
            options: self.options.clone(),
            place: self.place.clone(),
            records: self.records,
            header: self.lines.header().to_vec(),
            recognised: self.recognised.clone(),
            windows: self.windows.state(),
            findings: self.findings.state(),
            counts: self.counts.clone(),
            written,
        };
        state.save(path)
    }

    /// Says where reading begins.
    pub fn begin_at(&mut self, place: Place) {
        self.place = place;
    }

    /// Passes over lines that are not to be scored.
    pub fn pass_over(&mut self, piece: &Piece) {
        let before = if piece.begins { 0 } else { self.records };
        self.records = before + self.lines.pass_over(&piece.lines, piece.begins);
        self.place = piece.place.clone();
    }

    /// Takes some lines in.
    ///
    /// # Errors
    /// If a header among them cannot be read. What they hold counts as read then.
    pub fn take(&mut self, piece: &Piece) -> Result<Taken> {
        if piece.begins {
            self.records = 0;
        }
        self.place = piece.place.clone();
        let (batches, records) = self.lines.batches(&piece.lines, piece.begins, self.records + 1)?;
        self.records += records;
        let mut taken = Taken::default();
        for mut batch in batches {
            for rejected in &batch.rejected {
                *self.counts.rejected.entry(rejected.reason.to_string()).or_default() += 1;
            }
            taken.rejected.append(&mut batch.rejected);
            taken.told.extend(self.batch(batch)?);
        }
        Ok(taken)
    }

    fn batch(&mut self, batch: Batch) -> Result<Option<Told>> {
        let flows = self.schema.flows_of(&batch.columns, self.lines.file().log)?;
        let names = flows.source.iter().chain(&flows.destination).flatten().any(|host| !host.is_plain());
        if names {
            self.findings.learn(&self.schema.host_names(&batch.columns)?);
        }
        let events = (0..batch.n_rows()).map(|row| Event::of(&flows, row, 0));
        let (windows, clocks) = self.windows.batch(events)?;
        let table = self.features.columns(&flows, &windows, |_| false)?;
        let scored = self.scorer.score(&table)?;
        self.counts.rows += batch.n_rows() as u64;
        let is_placeless = |row: &usize| {
            let hosts = [&flows.source, &flows.destination].map(|side| side.get(*row).copied().flatten());
            hosts == [None, None] || flows.start.get(*row).copied().flatten().is_none()
        };
        self.counts.placeless += (0..batch.n_rows()).filter(is_placeless).count() as u64;
        let rows = Rows { flows: &flows, severity: &scored.severity, claimed: &flows.claimed };
        let allowed: Vec<Option<usize>> = (0..rows.len()).map(|row| self.allow.rule_of(&rows.flow(row))).collect();
        for rule in allowed.iter().flatten() {
            self.counts.allowed.get_mut(*rule).into_iter().for_each(|n| *n += 1);
        }
        let alerts = self.findings.observe(&rows, &clocks, &self.allow)?;
        self.counts.alerts += alerts.len() as u64;
        if alerts.is_empty() {
            return Ok(None);
        }
        Ok(Some(Told { alerts, batch, scored, flows }))
    }
}
