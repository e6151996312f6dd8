//! Records that a later one replaces.
//!
//! Zeek's `open_conn` and `conn_long` have snapshots of flows that go on, under the `uid` that the flow's record in `conn` has
//! when it ends. Of the records of one flow the closed one counts, else the snapshot that reaches furthest (of equals the
//! last); the others stay in the output and are not scored. Records of different sensors are different flows; a record
//! that names no sensor may be of any.
//!
//! Memory is bounded: what is kept is one entry of some 50 bytes for each flow in the snapshot logs, at most
//! [`MOST_FLOWS`] of them. Closed records are looked up and never kept. The snapshots of flows beyond the limit count as if
//! each were the only one.

use super::record::{FlowLog, FlowSchema, Flows, Marks, mix, text_digest};
use super::source::{Input, InputFile};
use super::{Batch, RecordNumbers};
use crate::Result;
use crate::words::{grouped, noun};
use arrow_array::Array;
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// Flows whose snapshots are told apart.
pub const MOST_FLOWS: usize = 4_000_000;

/// Where a record is: its file in [`Input::files`] and its number there.
type Place = (usize, u64);

#[derive(Debug)]
struct Entry {
    sensor: u64,
    /// Where the snapshot reaches furthest, and until when.
    best: (i64, Place),
    n_snapshots: u64,
    closed: AtomicBool,
}

/// The flows of an input that have snapshots, and which records of each count.
#[derive(Debug, Default)]
pub struct Snapshots {
    flows: HashMap<u64, Entry, RandomState>,
    /// Snapshots that were not taken in, because there were too many flows.
    pub untracked: u64,
}

impl Snapshots {
    /// Reads the files of an input that may hold snapshots (not one that comes from a pipe); none if none does. Then each closed record is
    /// to be shown to [`Snapshots::observe`] before [`Snapshots::superseded`] is asked.
    ///
    /// # Errors
    /// As reading the files.
    pub fn gather(input: &Input, schema: &FlowSchema) -> Result<Option<Self>> {
        if !(0..input.files.len()).any(|file| may_have_snapshots(input, file)) {
            return Ok(None);
        }
        let mut snapshots = Self::default();
        read(
            input,
            schema,
            |file| may_have_snapshots(input, file),
            |flows, sensors, batch| {
                for (row, &sensor) in sensors.iter().enumerate().filter(|(row, _)| is_snapshot(flows, *row)) {
                    snapshots.add(flows, row, sensor, (batch.file, batch.numbers.get(row)));
                }
            },
        )?;
        let has_any = input.files.iter().any(has_snapshots_only) || !snapshots.flows.is_empty();
        Ok(has_any.then_some(snapshots))
    }

    /// Reads the files of an input that may hold closed records: what [`Snapshots::observe`] does in a pass that is made anyway.
    ///
    /// # Errors
    /// As reading the files.
    pub fn close(&self, input: &Input, schema: &FlowSchema) -> Result<()> {
        let wanted = |file: usize| input.files.get(file).is_some_and(|file| !has_snapshots_only(file));
        read(input, schema, wanted, |flows, sensors, _| self.observe(flows, sensors))
    }

    fn add(&mut self, flows: &Flows, row: usize, sensor: u64, place: Place) {
        let Some(uid) = uid(flows, row) else { return };
        let key = self.key(uid, sensor);
        if !self.flows.contains_key(&key) && self.flows.len() >= MOST_FLOWS {
            self.untracked += 1;
            return;
        }
        let entry = self.flows.entry(key).or_insert(Entry {
            sensor,
            best: (i64::MIN, place),
            n_snapshots: 0,
            closed: AtomicBool::new(false),
        });
        if entry.sensor == 0 {
            entry.sensor = sensor;
        }
        entry.n_snapshots += 1;
        entry.best = entry.best.max((end(flows, row), place));
    }

    /// The key of a flow's entry: its uid's, unless that is of another sensor.
    fn key(&self, uid: u64, sensor: u64) -> u64 {
        match self.flows.get(&uid) {
            Some(entry) if sensor != 0 && entry.sensor != 0 && entry.sensor != sensor => mix(uid, sensor),
            _ => uid,
        }
    }

    /// Takes note of the closed records among these; `sensors` as [`FlowSchema::sensors`] has them. May be called from any thread, in
    /// any order.
    pub fn observe(&self, flows: &Flows, sensors: &[u64]) {
        for (row, &sensor) in sensors.iter().enumerate().filter(|(row, _)| !is_snapshot(flows, *row)) {
            let entry = uid(flows, row).and_then(|uid| self.flows.get(&self.key(uid, sensor)));
            if let Some(entry) = entry {
                entry.closed.store(true, Ordering::Relaxed);
            }
        }
    }

    /// For each row of a batch, whether another record replaces it: none of those that have ended.
    pub fn superseded(&self, batch: &Batch, flows: &Flows, sensors: &[u64]) -> Vec<bool> {
        let replaced =
            |row| is_snapshot(flows, row) && self.replaced(flows, row, sensors, (batch.file, batch.numbers.get(row)));
        (0..flows.n_rows()).map(replaced).collect()
    }

    fn replaced(&self, flows: &Flows, row: usize, sensors: &[u64], place: Place) -> bool {
        let sensor = sensors.get(row).copied().unwrap_or(0);
        let entry = uid(flows, row).and_then(|uid| self.flows.get(&self.key(uid, sensor)));
        entry.is_some_and(|entry| entry.closed.load(Ordering::Relaxed) || entry.best.1 != place)
    }

    /// Snapshots that others replace, of how many flows.
    pub fn count(&self) -> (u64, u64) {
        let replaced = self.flows.values().map(|entry| {
            let kept = u64::from(!entry.closed.load(Ordering::Relaxed));
            entry.n_snapshots - kept
        });
        replaced.fold((0, 0), |(records, flows), n| (records + n, flows + u64::from(n > 0)))
    }

    /// `23 older snapshots of 1 open flow`; `None` where no record is replaced.
    pub fn line(&self) -> Option<String> {
        let (records, flows) = self.count();
        let (snapshots, flows_in_words) = (noun(records, "older snapshot"), noun(flows, "flow"));
        (records > 0).then(|| format!("{} {snapshots} of {} open {flows_in_words}", grouped(records), grouped(flows)))
    }

    /// Flows that were still open when the input ends.
    pub fn still_open(&self) -> u64 {
        self.flows.values().filter(|entry| !entry.closed.load(Ordering::Relaxed)).count() as u64
    }
}

fn is_snapshot(flows: &Flows, row: usize) -> bool {
    flows.marks.get(row).is_some_and(|marks| marks.has(Marks::STILL_OPEN))
}

fn has_snapshots_only(file: &InputFile) -> bool {
    !file.several_logs && file.log.is_some_and(FlowLog::has_snapshots)
}

/// Outputs of an earlier run say themselves which of their rows were replaced.
fn may_have_snapshots(input: &Input, file: usize) -> bool {
    let may = |file: &InputFile| file.scored.is_none() && (file.several_logs || has_snapshots_only(file));
    input.files.get(file).is_some_and(may)
}

/// Not so of a standard input that was not spooled: what is read of it here would be missing later.
fn is_readable_again(input: &Input, file: usize) -> bool {
    input.files.get(file).is_some_and(|file| file.path.is_some())
}

fn uid(flows: &Flows, row: usize) -> Option<u64> {
    (row < flows.session.len() && flows.session.is_valid(row)).then(|| text_digest(flows.session.value(row)))
}

/// Until when a record tells of its flow.
fn end(flows: &Flows, row: usize) -> i64 {
    let of = |column: &[Option<i64>]| column.get(row).copied().flatten().unwrap_or(0);
    of(&flows.start).saturating_add(of(&flows.duration))
}

/// Gives the wanted files' batches to `take`, as flows and with the sensors of their rows, without what comes after a damage in its file.
fn read(
    input: &Input,
    schema: &FlowSchema,
    wanted: impl Fn(usize) -> bool,
    mut take: impl FnMut(&Flows, &[u64], &Batch),
) -> Result<()> {
    let mut source = input.source_of(|file| wanted(file) && is_readable_again(input, file))?;
    let mut damaged = None;
    while let Some(chunk) = source.next_chunk()? {
        if chunk.file.is_some() && chunk.file == damaged {
            continue;
        }
        let batch = chunk.parse()?;
        damaged = batch.damage.as_ref().map(|_| batch.file).or(damaged);
        debug_assert!(!matches!(&batch.numbers, RecordNumbers::Listed(all) if all.len() != batch.n_rows()));
        let log = input.files.get(batch.file).and_then(|file| file.log);
        take(&schema.flows_of(&batch.columns, log)?, &schema.sensors(&batch.columns)?, &batch);
    }
    Ok(())
}
