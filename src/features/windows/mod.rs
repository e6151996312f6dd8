//! Window features in time order: what else its source, its destination and its conversation did about the time of a
//! flow. [`DEFINITIONS`] says what each is.
//!
//! Logs are not in the order of time: a flow is written when it ends and stamped with its begin. So windows are defined
//! on the flows in the order of (start, file, record):
//!
//! ```text
//! push(events, input order) → runs sorted by (start, position) → merge → windows, one pass
//!                           → runs sorted by position → merge → WindowFeatures::rows(positions), input order
//! ```
//!
//! The features of a flow depend on the flows and their order alone: not on batches, threads, how the stream is split
//! into files, or [`WindowOptions::memory`].
//!
//! Memory does not grow with the number of flows: twice [`WindowOptions::memory`] while sorting, once for events and once
//! for features, and [`WindowOptions::tables`] for what windows remember. (A merge holds at least one record of each run,
//! which is more than the memory from (memory / 68)² flows on: 10¹² with the default.) What does not fit is in unnamed
//! temporary files, which vanish with the process: at most [`DISK_PER_ROW`] bytes a flow while sorting, 68 bytes from
//! then on; nothing where all fits into the memory (with the default, up to 980,000 flows).

mod answers;
mod definitions;
mod event;
mod hour;
mod live;
mod recent;
mod rhythm;
mod slide;
mod sort;
mod spool;
mod tally;
#[cfg(test)]
mod tests;

pub use answers::WindowFeatures;
pub use definitions::{DEFINITIONS, N_FEATURES};
pub use event::{Event, port_key};
pub use live::{LiveOptions, LiveState, LiveWindows};

use super::math;
use crate::{Result, Stop};
use answers::Answer;
use event::Stored;
use slide::Slide;
use sort::{Sortable, Sorter};
use std::path::PathBuf;

/// The most bytes a flow takes in temporary files: its features twice, while they are put in input order.
pub const DISK_PER_ROW: u64 = 2 * size_of::<Answer>() as u64;

/// Flows that go through the windows together: 6 MB with their features.
const BLOCK: usize = 1 << 14;

/// How much room windows may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowOptions {
    /// Bytes for sorting, twice: for events and for features. At least one record is kept.
    pub memory: usize,
    /// Bytes for what windows remember. Where that is too little, what is oldest is forgotten, and counted in
    /// [`Evictions`]. A quarter of it should hold the conversations that are met again (about 100 to 256 bytes each),
    /// half of it ten minutes of flows (about 112 to 500 bytes each).
    pub tables: usize,
    /// Where temporary files are; `None`: where the system has them (`TMPDIR`).
    pub folder: Option<PathBuf>,
}

impl Default for WindowOptions {
    fn default() -> Self {
        Self { memory: 64 << 20, tables: 256 << 20, folder: None }
    }
}

/// What was forgotten for want of room before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Evictions {
    /// Flows that left the ten minutes early: windows were shorter there.
    pub window_flows: u64,
    /// Conversations whose gaps were forgotten.
    pub conversations: u64,
    /// Flows that left the hour of bytes early.
    pub hour_flows: u64,
}

impl Evictions {
    /// Whether nothing was forgotten: all features are exact.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Takes the flows of a stream, and gives their window features once all are there.
#[derive(Debug)]
pub struct Windows {
    events: Sorter<Stored>,
    answers: Sorter<Answer>,
    tables: usize,
    folder: PathBuf,
}

impl Sortable for Stored {
    type Key = (i64, u64);

    fn key(&self) -> (i64, u64) {
        (self.start, self.position)
    }
}

impl Windows {
    /// Nothing yet; temporary files are made when they are needed.
    pub fn new(options: &WindowOptions) -> Self {
        let folder = options.folder.clone().unwrap_or_else(std::env::temp_dir);
        Self {
            events: Sorter::new(options.memory, &folder),
            answers: Sorter::new(options.memory, &folder),
            tables: options.tables,
            folder,
        }
    }

    /// Takes flows, in any order.
    ///
    /// # Errors
    /// If a temporary file cannot be made or written.
    pub fn push(&mut self, events: impl IntoIterator<Item = Event>) -> Result<()> {
        for event in events {
            match Stored::of(&event) {
                Some(stored) => self.events.push(stored)?,
                None => self.answers.push(Answer::new(event.position, [f32::NAN; N_FEATURES]))?,
            }
        }
        Ok(())
    }

    /// Computes the features of all flows.
    ///
    /// # Errors
    /// If a temporary file cannot be made, written or read, two events have one position, or a stop was asked for.
    pub fn finish(mut self, stop: &Stop) -> Result<WindowFeatures> {
        let mut slide = Slide::new(self.tables);
        let mut events = self.events.merge()?;
        let spilled_events = events.spilled();
        let mut block = Vec::with_capacity(BLOCK);
        loop {
            let event = events.next()?;
            if block.len() == BLOCK || event.is_none() {
                stop.check()?;
                for (event, features) in block.iter().zip(slide.next(&block)) {
                    self.answers.push(Answer::new(event.position, features))?;
                }
                block.clear();
            }
            let Some(event) = event else { break };
            block.push(event);
        }
        drop(events); // and its file
        let evictions = slide.evictions();
        drop(slide);
        let answers = self.answers.merge()?;
        let spilled = (spilled_events, answers.spilled());
        WindowFeatures::gather(answers, spilled, &self.folder, evictions, stop)
    }
}
