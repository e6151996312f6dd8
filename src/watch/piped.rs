//! The lines of standard input while they come.

use super::place::{HEAD, Head, LONGEST, Piece, Place};
use crate::flows::source::{Blocks, blocks};
use crate::{Error, Result, Stop};
use crossbeam_channel::RecvTimeoutError;
use std::io::Read;
use std::time::{Duration, Instant};

/// How often a request to stop is looked for.
const POLL: Duration = Duration::from_millis(100);

/// A stream that is read on a thread of its own.
pub struct Piped {
    blocks: Blocks,
    pending: Vec<u8>,
    begin: Vec<u8>,
    place: Place,
    /// What was read before a break, if the stream begins as it did then.
    resumed: Option<Place>,
    ended: bool,
}

impl Piped {
    /// Reads from `reader`.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn new(reader: Box<dyn Read + Send>) -> Result<Self> {
        let started = blocks(move || Ok(reader));
        let blocks = started.map_err(|error| Error::Device(format!("no thread could be started: {error}")))?;
        let (pending, begin, place) = (Vec::new(), Vec::new(), Place::default());
        Ok(Self { blocks, pending, begin, place, resumed: None, ended: false })
    }

    /// If the stream begins as it did before a break, what was read then is passed over.
    pub fn resume(&mut self, place: &Place) {
        self.resumed = Some(place.clone()).filter(|place| place.head.bytes > 0);
    }

    /// Whether the stream has ended, and all of it was handed on.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// The next whole lines; `None` when none came within `wait`, or the stream has ended.
    ///
    /// # Errors
    /// If it cannot be read, or a stop was asked for.
    pub fn next(&mut self, wait: Duration, stop: &Stop) -> Result<Option<Piece>> {
        let deadline = Instant::now() + wait;
        while !self.ended {
            stop.check()?;
            match self.blocks.recv_timeout(POLL.min(deadline.saturating_duration_since(Instant::now()))) {
                Ok(block) => self.pending.extend(block.map_err(|error| Error::io("standard input", error))?),
                Err(RecvTimeoutError::Timeout) if Instant::now() >= deadline => return Ok(None),
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => self.ended = true,
            }
            if !self.pass_over() {
                continue;
            }
            let whole = memchr::memrchr(b'\n', &self.pending).map_or(0, |newline| newline + 1);
            let end = if self.ended || self.pending.len() - whole > LONGEST { self.pending.len() } else { whole };
            if end > 0 {
                return Ok(Some(self.hand_on(end)));
            }
        }
        Ok(None)
    }

    /// Passes over what was read before a break; whether that is behind.
    fn pass_over(&mut self) -> bool {
        let Some(resumed) = &self.resumed else { return true };
        let is_same = match self.place.offset {
            0 if (self.pending.len() as u64) < resumed.head.bytes && !self.ended => return false,
            0 => resumed.head.is_of(&self.pending),
            _ => true,
        };
        if !is_same {
            self.resumed = None;
            return true;
        }
        let left = resumed.offset - self.place.offset;
        let n = left.min(self.pending.len() as u64);
        let behind = n == left;
        self.hand_on(n as usize);
        if behind {
            self.resumed = None;
        }
        behind
    }

    fn hand_on(&mut self, end: usize) -> Piece {
        let behind = self.pending.split_off(end);
        let lines = std::mem::replace(&mut self.pending, behind);
        let begins = self.place.offset == 0;
        let room = HEAD.saturating_sub(self.begin.len());
        self.begin.extend_from_slice(lines.get(..room.min(lines.len())).unwrap_or_default());
        self.place.head = Head::of(&self.begin);
        self.place.offset += lines.len() as u64;
        Piece { lines, begins, place: self.place.clone(), from: None }
    }
}
