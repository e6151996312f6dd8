//! What is said of an input before any verdict: the time it spans, gaps, files that overlap or repeat each other, how many
//! lines are out of time order.
//!
//! Each batch is surveyed on whichever thread has it ([`BatchSurvey::of`]); [`Survey::add`] takes these in input order. Memory is
//! flat: 65,536 spells of time and some hundred bytes a file.

mod files;
mod lines;
mod spells;
#[cfg(test)]
mod tests;

pub use files::{Overlap, Repeat};

use super::Batch;
use super::record::{FlowLog, Flows, LogZone, Marks};
use crate::flows::record::protocol::{TCP, UDP};
use crate::flows::record::when::{DAY, HOUR};
use files::FileSurvey;
use spells::Spells;
use std::collections::BTreeMap;

/// Flows whose records the capture itself makes doubtful.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults {
    /// The sensor missed a part ([`Marks::CAPTURE_GAP`]).
    pub gaps: u64,
    /// One side only was seen ([`Marks::ONE_SIDED`]).
    pub one_sided: u64,
    /// Checksums were wrong ([`Marks::BAD_CHECKSUM`]): often the sensor's own, left to its network card.
    pub bad_checksums: u64,
}

impl Faults {
    fn of(flows: &Flows) -> Self {
        let count = |mark| flows.marks.iter().filter(|marks| marks.has(mark)).count() as u64;
        Self {
            gaps: count(Marks::CAPTURE_GAP),
            one_sided: count(Marks::ONE_SIDED),
            bad_checksums: count(Marks::BAD_CHECKSUM),
        }
    }

    fn add(&mut self, other: Self) {
        self.gaps += other.gaps;
        self.one_sided += other.one_sided;
        self.bad_checksums += other.bad_checksums;
    }
}

/// Flows of which it is not known between whom they were, or on which port: the log has nothing there, or nothing that can be
/// an address or a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Incomplete {
    /// One address or both are not known.
    pub no_address: u64,
    /// Both addresses are known, and of a flow of TCP or UDP not the destination's port.
    pub no_port: u64,
}

impl Incomplete {
    fn of(flows: &Flows) -> Self {
        let mut counts = Self::default();
        for row in 0..flows.n_rows() {
            if flows.source[row].is_none() || flows.destination[row].is_none() {
                counts.no_address += 1;
            } else if flows.destination_port[row].is_none() && matches!(flows.protocol[row], Some(TCP | UDP)) {
                counts.no_port += 1;
            }
        }
        counts
    }

    fn add(&mut self, other: Self) {
        self.no_address += other.no_address;
        self.no_port += other.no_port;
    }
}

/// What one batch adds to a [`Survey`].
#[derive(Debug, Clone)]
pub struct BatchSurvey {
    file: usize,
    of_file: FileSurvey,
    spells: Spells,
    open_span: Option<(i64, i64)>,
    rows: u64,
    timed: u64,
    implausible: u64,
    incomplete: Incomplete,
    faults: Faults,
    steps_back: u64,
    /// The first and last time in it.
    ends: Option<(i64, i64)>,
}

impl BatchSurvey {
    /// Surveys the rows of a batch; `sensors` as [`super::record::FlowSchema::sensors`] has them, `log` is what its file is.
    pub fn of(batch: &Batch, flows: &Flows, sensors: &[u64], log: Option<FlowLog>) -> Self {
        let mut survey = Self {
            file: batch.file,
            of_file: FileSurvey::of(flows, sensors, log),
            spells: Spells::default(),
            open_span: None,
            rows: flows.n_rows() as u64,
            timed: 0,
            implausible: flows.marks.iter().filter(|marks| marks.has(Marks::IMPLAUSIBLE_TIME)).count() as u64,
            incomplete: Incomplete::of(flows),
            faults: Faults::of(flows),
            steps_back: 0,
            ends: None,
        };
        for (start, marks) in flows.start.iter().zip(&flows.marks) {
            let Some(start) = *start else { continue };
            survey.timed += 1;
            survey.steps_back += u64::from(survey.ends.is_some_and(|(_, before)| start < before));
            survey.ends = Some((survey.ends.map_or(start, |(first, _)| first), start));
            // A flow that is still open may have begun long before the logs did.
            if marks.has(Marks::STILL_OPEN) {
                survey.open_span = joined(survey.open_span, Some((start, start)));
            } else {
                survey.spells.add(start);
            }
        }
        survey
    }
}

/// The smallest span that holds both.
fn joined(a: Option<(i64, i64)>, b: Option<(i64, i64)>) -> Option<(i64, i64)> {
    match (a, b) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (a, b) => a.or(b),
    }
}

/// What an input is like as far as it was read.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    files: BTreeMap<usize, FileSurvey>,
    spells: Spells,
    open_span: Option<(i64, i64)>,
    /// Rows.
    pub rows: u64,
    /// Rows with a time.
    pub timed: u64,
    /// Rows with a time that no flow can have.
    pub implausible: u64,
    /// Rows that belong to no conversation that can be told.
    pub incomplete: Incomplete,
    /// Rows that the capture makes doubtful.
    pub faults: Faults,
    steps_back: u64,
    last: Option<i64>,
}

impl Survey {
    /// Takes in the next batch in input order.
    pub fn add(&mut self, batch: BatchSurvey) {
        self.files.entry(batch.file).or_default().merge(batch.of_file);
        self.spells.merge(batch.spells);
        self.open_span = joined(self.open_span, batch.open_span);
        self.rows += batch.rows;
        self.timed += batch.timed;
        self.implausible += batch.implausible;
        self.incomplete.add(batch.incomplete);
        self.faults.add(batch.faults);
        self.steps_back += batch.steps_back;
        if let Some((first, last)) = batch.ends {
            self.steps_back += u64::from(self.last.is_some_and(|before| first < before));
            self.last = Some(last);
        }
    }

    /// Rows whose time is missing or cannot be read.
    pub fn untimed(&self) -> u64 {
        self.rows.saturating_sub(self.timed + self.implausible)
    }

    /// When the first and the last flow began, in µs since 1970, UTC. Flows that are still open count only where there are no
    /// others.
    pub fn span(&self) -> Option<(i64, i64)> {
        self.spells.span().or(self.open_span)
    }

    /// Spells of more than an hour in which no flow began: from when until when. An hour that the clocks of `zone` showed twice is read as
    /// its first, and is none.
    pub fn gaps(&self, zone: LogZone) -> Vec<(i64, i64)> {
        let gaps = self.spells.gaps(HOUR).into_iter();
        gaps.filter(|&(from, to)| to - from > DAY || to - from - zone.repeated(from, to) > HOUR).collect()
    }

    /// The share of rows with a time that lies before that of the row before; 0 without any.
    pub fn out_of_order(&self) -> f64 {
        if self.timed == 0 { 0.0 } else { self.steps_back as f64 / self.timed as f64 }
    }

    /// Files that hold what an earlier one holds. `digests` are those of the files' bytes, as far as they are known.
    pub fn repeats(&self, digests: &[Option<String>]) -> Vec<Repeat> {
        files::repeats(&self.files, digests)
    }

    /// Files of one log and sensor that cover the same time, without those that repeat each other.
    pub fn overlaps(&self) -> Vec<Overlap> {
        files::overlaps(&self.files)
    }
}
