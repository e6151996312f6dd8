//! The features of flows, in input order.

use super::Evictions;
use super::definitions::{DEFINITIONS, N_FEATURES};
use super::sort::{Merge, Sortable};
use super::spool::Spool;
use crate::{Error, Result, Stop};
use arrow_array::{ArrayRef, Float32Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use bytemuck::{Pod, Zeroable};
use ndarray::{Array2, ArrayView2};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// The features of one flow: 68 bytes.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Answer {
    position: [u32; 2],
    features: [f32; N_FEATURES],
}

impl Answer {
    pub fn new(position: u64, features: [f32; N_FEATURES]) -> Self {
        Self { position: [(position >> 32) as u32, position as u32], features }
    }

    fn position(&self) -> u64 {
        u64::from(self.position[0]) << 32 | u64::from(self.position[1])
    }
}

impl Sortable for Answer {
    type Key = u64;

    fn key(&self) -> u64 {
        self.position()
    }
}

/// Answers that are looked at together: 272 KiB.
const STRIDE: u64 = 4096;

/// The window features of every flow that was pushed, found by its position in the stream; in a temporary file, where
/// they exceed the memory they were given.
#[derive(Debug)]
pub struct WindowFeatures {
    held: Mutex<Held>,
    n_rows: u64,
    disk_bytes: u64,
    evictions: Evictions,
}

/// In the order of positions.
#[derive(Debug)]
enum Held {
    Memory(Vec<Answer>),
    Disk {
        spool: Spool,
        /// Behind the answers that were asked for last: where the next are most likely asked for.
        next: u64,
    },
}

impl Held {
    fn read(&mut self, from: u64, answers: &mut [Answer]) -> Result<()> {
        match self {
            Self::Memory(all) => {
                let held = all.get(from as usize..).and_then(|rest| rest.get(..answers.len()));
                answers.copy_from_slice(held.ok_or_else(|| past_the_end(from))?);
                Ok(())
            }
            Self::Disk { spool, .. } => {
                spool.read(from * size_of::<Answer>() as u64, bytemuck::cast_slice_mut(answers))
            }
        }
    }

    fn position(&mut self, rank: u64) -> Result<u64> {
        let mut answer = [Answer::zeroed()];
        self.read(rank, &mut answer)?;
        Ok(answer[0].position())
    }

    /// How many answers are before `position`.
    fn rank(&mut self, position: u64, n_rows: u64) -> Result<u64> {
        if let Self::Disk { next, .. } = *self
            && next < n_rows
            && self.position(next)? == position
        {
            return Ok(next);
        }
        let (mut low, mut high) = (0, n_rows);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.position(middle)? < position { low = middle + 1 } else { high = middle }
        }
        Ok(low)
    }
}

fn past_the_end(rank: u64) -> Error {
    Error::Internal(format!("window features from row {rank} on were asked for, past the last"))
}

impl WindowFeatures {
    pub(super) fn gather(
        mut merge: Merge<Answer>,
        spilled: (u64, u64),
        folder: &Path,
        evictions: Evictions,
        stop: &Stop,
    ) -> Result<Self> {
        let (events, answers) = spilled;
        let (held, n_rows) = match merge.whole() {
            Some(all) => {
                if let Some(pair) = all.windows(2).find(|pair| pair[0].key() == pair[1].key()) {
                    return Err(twice(pair[0].key()));
                }
                let n_rows = all.len() as u64;
                (Held::Memory(all), n_rows)
            }
            None => {
                let spool = write_in_order(merge, folder, stop)?;
                let n_rows = spool.len() / size_of::<Answer>() as u64;
                (Held::Disk { spool, next: 0 }, n_rows)
            }
        };
        let disk_bytes = (events + answers).max(2 * answers);
        Ok(Self { held: Mutex::new(held), n_rows, disk_bytes, evictions })
    }

    /// Flows that were pushed.
    pub fn n_rows(&self) -> u64 {
        self.n_rows
    }

    /// The most that was in temporary files at once: at most [`super::DISK_PER_ROW`] a flow. 0: all was done in memory.
    pub fn disk_bytes(&self) -> u64 {
        self.disk_bytes
    }

    /// What the tables forgot for want of room.
    pub fn evictions(&self) -> Evictions {
        self.evictions
    }

    /// Names of the features, in the order of the columns.
    pub fn names() -> [&'static str; N_FEATURES] {
        DEFINITIONS.map(|definition| definition.name)
    }

    /// The features of the flows at `positions`, which ascend, and each of which was pushed: n × [`N_FEATURES`],
    /// NaN where missing. Reads from the first of them to the last, so it is meant for the rows of a batch.
    ///
    /// # Errors
    /// If a position was not pushed, or the temporary file cannot be read.
    pub fn rows(&self, positions: &[u64]) -> Result<Array2<f32>> {
        let mut values = Array2::zeros((positions.len(), N_FEATURES));
        let (Some(&first), Some(&last)) = (positions.first(), positions.last()) else { return Ok(values) };
        let mut held = self.held.lock().map_err(|_| Error::Internal("a reader of window features broke off".into()))?;
        let mut rank = held.rank(first, self.n_rows)?;
        let mut wanted = positions.iter().zip(values.rows_mut()).peekable();
        let mut answers = Vec::new();
        while wanted.peek().is_some() && rank < self.n_rows {
            // As many as the positions can span, so that a small batch reads little.
            let n = STRIDE.min(self.n_rows - rank).min(last.saturating_sub(first).saturating_add(1));
            answers.resize(n as usize, Answer::zeroed());
            held.read(rank, &mut answers)?;
            rank += n;
            for answer in &answers {
                if let Some((_, mut row)) = wanted.next_if(|(position, _)| **position == answer.position()) {
                    row.iter_mut().zip(answer.features).for_each(|(value, feature)| *value = feature);
                    if wanted.peek().is_none() {
                        break;
                    }
                }
            }
        }
        match wanted.peek() {
            Some((position, _)) => Err(Error::Internal(format!(
                "the flow at position {position} of the stream has no window features; positions must ascend"
            ))),
            None => {
                held.remember(last, rank, &answers);
                Ok(values)
            }
        }
    }

    /// [`WindowFeatures::rows`] as Arrow columns by [`WindowFeatures::names`], null where missing.
    ///
    /// # Errors
    /// Those of [`WindowFeatures::rows`].
    pub fn batch(&self, positions: &[u64]) -> Result<RecordBatch> {
        as_columns(self.rows(positions)?.view())
    }
}

/// n × [`N_FEATURES`] as Arrow columns, null where missing.
pub(super) fn as_columns(values: ArrayView2<f32>) -> Result<RecordBatch> {
    let column = |column: ndarray::ArrayView1<f32>| -> ArrayRef {
        Arc::new(column.iter().map(|&value| (!value.is_nan()).then_some(value)).collect::<Float32Array>())
    };
    let columns = values.columns().into_iter().map(column).collect();
    let fields: Vec<Field> = WindowFeatures::names().map(|name| Field::new(name, DataType::Float32, true)).into();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(|error| Error::Internal(error.to_string()))
}

impl Held {
    /// `answers` were read last, up to `rank`; those up to position `last` were asked for.
    fn remember(&mut self, last: u64, rank: u64, answers: &[Answer]) {
        if let Self::Disk { next, .. } = self {
            let not_asked = answers.iter().rev().take_while(|answer| answer.position() > last).count();
            *next = rank - not_asked as u64;
        }
    }
}

/// The second pass of the sort: one file in input order.
fn write_in_order(mut merge: Merge<Answer>, folder: &Path, stop: &Stop) -> Result<Spool> {
    let mut spool = Spool::create(folder)?;
    let mut answers: Vec<Answer> = Vec::with_capacity(STRIDE as usize);
    let mut before = None;
    loop {
        let answer = merge.next()?;
        if answers.len() as u64 >= STRIDE || answer.is_none() {
            spool.append(bytemuck::cast_slice(&answers))?;
            answers.clear();
            stop.check()?;
        }
        let Some(answer) = answer else { return Ok(spool) };
        if before.replace(answer.key()) == Some(answer.key()) {
            return Err(twice(answer.key()));
        }
        answers.push(answer);
    }
}

fn twice(position: u64) -> Error {
    Error::Internal(format!("two flows claim position {position} of the stream"))
}
