//! Window features of a stream that does not end: each flow is answered as it comes.
//!
//! The features are those of [`super::Windows`], of the flows that have come so far: a flow that comes late is put where it
//! belongs in time, counts for those that come after it, and finds around it what came before it, whenever that began. So
//! every answer is what [`super::Windows`] would say of its flow if the log had ended with it.
//!
//! How late a flow may be is stated ([`LiveOptions::lateness`], of the clock, which is the latest begin so far); one that is later
//! still is counted ([`LiveWindows::late`]), its features are missing, and it counts for no other. A single flow that claims to
//! begin more than a day ahead of the clock does not move it: two in a row do. Where 64 in a row lie more than a day behind it, their ends too, it was
//! wrong: it is set back to the latest of them, all that was remembered is forgotten, and that is counted ([`LiveWindows::set_back`]).
//!
//! Memory: about 300 bytes a flow of the last hour and the lateness (estimated: eleven times and the flow itself), an entry a key, and the last 66 starts of every
//! conversation. Beyond [`LiveOptions::tables`] the oldest flows and the conversations not met for longest are forgotten, and
//! counted.

mod around;
mod series;
#[cfg(test)]
mod tests;

use super::answers::as_columns;
use super::event::{Event, Stored};
use super::hour::HOUR;
use super::{Evictions, N_FEATURES};
use crate::Result;
use around::{Around, Bounds};
use arrow_array::RecordBatch;
use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// A flow that begins so far ahead of all others (a day, in µs) is not believed alone.
const LEAP: i64 = 24 * HOUR;
/// So many in a row that lie that far behind tell that the clock was wrong.
const BEHIND: u32 = 64;
/// Keys that are no longer met are looked for when the clock has gone on by this part of what is kept.
const SWEEPS: i64 = 8;

/// How much a stream remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveOptions {
    /// µs that a flow may be behind the clock, at least 0.
    pub lateness: i64,
    /// Bytes for all that is remembered; a quarter of them for conversations.
    pub tables: usize,
}

impl Default for LiveOptions {
    /// An hour, 512 MiB.
    fn default() -> Self {
        Self { lateness: HOUR, tables: 512 << 20 }
    }
}

/// The windows of a stream.
#[derive(Debug)]
pub struct LiveWindows {
    options: LiveOptions,
    around: Around,
    /// The flows that a window may still hold, as they came.
    events: VecDeque<Stored>,
    clock: Clock,
    /// What began up to then was forgotten for want of room.
    forgotten: i64,
    swept: i64,
    late: u64,
    set_back: u64,
    evictions: Evictions,
}

/// The latest begin of a flow that is believed.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Clock {
    now: i64,
    ahead: Option<i64>,
    /// Of the last flows, those in a row that lie far behind, and the latest of them.
    behind: Option<(u32, i64)>,
}

/// What a stream remembers, to go on from.
#[derive(Debug, Serialize, Deserialize)]
pub struct LiveState {
    clock: Clock,
    forgotten: i64,
    late: u64,
    set_back: u64,
    evictions: Evictions,
    events: Vec<u8>,
    beats: Vec<(u64, Vec<i64>)>,
}

impl Clock {
    /// Takes a begin in; whether it is believed.
    fn tell(&mut self, start: i64) -> bool {
        if self.now != i64::MIN && start > self.now.saturating_add(LEAP) {
            let Some(other) = self.ahead.replace(start) else { return false };
            self.now = self.now.max(other.min(start));
            self.ahead = None;
            return true;
        }
        self.ahead = None;
        self.now = self.now.max(start);
        true
    }

    /// Sets it back if it was wrong, as flows that end before `limit` may show; whether it did. A flow of many days begins far behind, and
    /// ends where the clock is.
    fn set_back(&mut self, start: i64, end: i64, limit: i64) -> bool {
        if end.max(start) >= limit {
            self.behind = None;
            return false;
        }
        let (n, latest) = self.behind.map_or((1, start), |(n, latest)| (n + 1, latest.max(start)));
        let is_wrong = n >= BEHIND;
        self.behind = (!is_wrong).then_some((n, latest));
        if is_wrong {
            self.now = latest;
        }
        is_wrong
    }
}

impl LiveWindows {
    /// Nothing yet.
    pub fn new(options: LiveOptions) -> Self {
        Self {
            options,
            around: Around::default(),
            events: VecDeque::new(),
            clock: Clock { now: i64::MIN, ahead: None, behind: None },
            forgotten: i64::MIN,
            swept: i64::MIN,
            late: 0,
            set_back: 0,
            evictions: Evictions::default(),
        }
    }

    /// The latest begin so far, µs since 1970.
    pub fn clock(&self) -> Option<i64> {
        (self.clock.now != i64::MIN).then_some(self.clock.now)
    }

    /// Flows that came too late to be counted.
    pub fn late(&self) -> u64 {
        self.late
    }

    /// Times that the clock was wrong and was set back.
    pub fn set_back(&self) -> u64 {
        self.set_back
    }

    /// What was forgotten for want of room.
    pub fn evictions(&self) -> Evictions {
        self.evictions
    }

    /// The features of flows, in the order in which they come, as [`super::WindowFeatures::batch`] has them; and the clock when
    /// each had come.
    ///
    /// # Errors
    /// None but of the program's own making.
    pub fn batch(&mut self, events: impl IntoIterator<Item = Event>) -> Result<(RecordBatch, Vec<Option<i64>>)> {
        let (mut rows, mut clocks) = (Vec::new(), Vec::new());
        for event in events {
            rows.extend(self.observe(&event));
            clocks.push(self.clock());
        }
        let values = ArrayView2::from_shape((clocks.len(), N_FEATURES), &rows);
        let values = values.map_err(|error| crate::Error::Internal(error.to_string()))?;
        Ok((as_columns(values)?, clocks))
    }

    /// The features of one flow, in the order of [`super::DEFINITIONS`]; NaN where missing.
    pub fn observe(&mut self, event: &Event) -> [f32; N_FEATURES] {
        let Some(stored) = Stored::of(event) else { return [f32::NAN; N_FEATURES] };
        if !self.clock.tell(stored.start) {
            self.late += 1;
            return [f32::NAN; N_FEATURES];
        }
        let limit = self.clock.now.saturating_sub(LEAP.max(self.options.lateness));
        if self.clock.set_back(stored.start, event.end.unwrap_or(stored.start), limit) {
            self.set_back += 1;
            self.events.clear();
            (self.around, self.forgotten, self.swept) = (Around::default(), i64::MIN, i64::MIN);
        }
        let earliest = self.earliest();
        if stored.start < earliest || stored.start <= self.forgotten {
            self.late += 1;
            return [f32::NAN; N_FEATURES];
        }
        let bounds = Bounds::new(earliest, self.forgotten);
        let features = self.around.observe(&stored, &bounds);
        self.events.push_back(stored);
        self.make_room();
        features
    }

    fn earliest(&self) -> i64 {
        self.clock.now.saturating_sub(self.options.lateness.max(0))
    }

    fn bytes(&self) -> usize {
        self.around.bytes() + 2 * self.events.len() * size_of::<Stored>()
    }

    fn make_room(&mut self) {
        let bounds = Bounds::new(self.earliest(), self.forgotten);
        let span = self.options.lateness.max(0).saturating_add(HOUR);
        if self.clock.now.saturating_sub(self.swept) > span / SWEEPS {
            self.swept = self.clock.now;
            self.sweep(&bounds);
        }
        let budget = self.options.tables - self.options.tables / 4;
        while self.bytes() > budget && !self.events.is_empty() {
            // The oldest eighth of the time that is remembered goes.
            let oldest = self.events.iter().map(|event| event.start).min().unwrap_or(i64::MIN);
            let newest = self.clock.now.max(oldest.saturating_add(1));
            self.forgotten = self.forgotten.max(oldest.saturating_add((newest.saturating_sub(oldest) / 8).max(1)));
            let before = self.events.len();
            self.sweep(&Bounds::new(self.earliest(), self.forgotten));
            self.evictions.window_flows += (before - self.events.len()) as u64;
        }
        if self.around.conversation_bytes() > self.options.tables / 4 {
            self.evictions.conversations += self.around.forget_conversations(&bounds);
        }
    }

    fn sweep(&mut self, bounds: &Bounds) {
        self.around.sweep(bounds);
        self.events.retain(|event| event.start > bounds.hour);
    }

    /// What is remembered.
    pub fn state(&self) -> LiveState {
        let bound = Bounds::new(self.earliest(), self.forgotten).hour;
        let events: Vec<Stored> = self.events.iter().filter(|event| event.start > bound).copied().collect();
        LiveState {
            clock: self.clock,
            forgotten: self.forgotten,
            late: self.late,
            set_back: self.set_back,
            evictions: self.evictions,
            events: bytemuck::cast_slice(&events).to_vec(),
            beats: self.around.beats_up_to(bound),
        }
    }

    /// Goes on from what was remembered; `None` if it is not sound.
    pub fn restore(options: LiveOptions, state: LiveState) -> Option<Self> {
        let mut live = Self::new(options);
        let is_whole = state.events.len().is_multiple_of(size_of::<Stored>());
        if !is_whole || state.beats.iter().any(|(_, times)| !times.is_sorted()) {
            return None;
        }
        let bounds = Bounds::new(i64::MIN, i64::MIN);
        live.around.restore_beats(state.beats);
        for bytes in state.events.chunks_exact(size_of::<Stored>()) {
            let event: Stored = bytemuck::pod_read_unaligned(bytes);
            live.around.observe(&event, &bounds);
            live.events.push_back(event);
        }
        live.clock = state.clock;
        live.forgotten = state.forgotten;
        live.late = state.late;
        live.set_back = state.set_back;
        live.evictions = state.evictions;
        live.swept = live.clock.now;
        Some(live)
    }
}
