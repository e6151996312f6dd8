//! Cells on their way to a finding.

use crate::findings::collect::Entry;
use crate::findings::key::Key;
use crate::findings::subject::Kind;
use crate::findings::tally::Tally;
use crate::flows::record::StateGroup;
use smallvec::{SmallVec, smallvec};

/// Cells that belong together, by index.
#[derive(Debug, Clone)]
pub struct Unit {
    pub key: Key,
    pub kind: Kind,
    pub flows: u64,
    /// First start and last end; `None` where no time is known.
    pub span: Option<(i64, i64)>,
    /// Last start.
    pub last: Option<i64>,
    /// Whether the source, and the destination, is one of ours.
    pub local: (bool, bool),
    /// Whether it [`came_to_nothing`] so far.
    pub is_vain: bool,
    /// Stretches of time it consists of.
    pub stretches: u64,
    pub cells: SmallVec<[u32; 4]>,
}

impl Unit {
    /// Of one cell.
    pub fn of(index: u32, entry: &Entry) -> Self {
        let key = entry.key.key;
        Self {
            key,
            kind: if key.gap { Kind::Data } else { Kind::Conversation },
            flows: entry.tally.flows,
            span: entry.tally.span.map(|(first, _, end)| (first, end)),
            last: entry.tally.span.map(|(_, last, _)| last),
            local: entry.tally.local,
            is_vain: came_to_nothing(key.state, &entry.tally),
            stretches: 1,
            cells: smallvec![index],
        }
    }

    /// Takes another in.
    pub fn join(&mut self, other: Self) {
        self.flows = self.flows.saturating_add(other.flows);
        self.span = match (self.span, other.span) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
        self.last = self.last.max(other.last);
        self.local = (self.local.0 || other.local.0, self.local.1 || other.local.1);
        self.is_vain &= other.is_vain;
        self.cells.extend(other.cells);
    }

    /// From all of them one; the first lends its key.
    pub fn union(mut units: impl Iterator<Item = Self>, kind: Kind) -> Option<Self> {
        let mut all = units.next()?;
        for unit in units {
            all.stretches = all.stretches.saturating_add(unit.stretches);
            all.join(unit);
        }
        all.kind = kind;
        Some(all)
    }

    /// Whether no rule but the first three has made it.
    pub fn is_plain(&self) -> bool {
        self.kind == Kind::Conversation
    }

    /// Order within a pool: untimed ones first, then by time.
    pub fn by_time(&self) -> (Option<(i64, i64)>, Key) {
        (self.span, self.key)
    }
}

/// Whether flows that went so came to nothing: they failed, were reset or are parts of something without a byte back, or are
/// handshakes that whoever began them never completed.
pub fn came_to_nothing(state: StateGroup, tally: &Tally) -> bool {
    let unanswered =
        matches!(state, StateGroup::Reset | StateGroup::MidStream) && tally.bytes_in == 0 && tally.both_ways == 0;
    state.failed() || unanswered || tally.half_open == tally.flows
}

/// The silence between two spans; no end of it where one has no time.
pub fn distance(a: Option<(i64, i64)>, b: Option<(i64, i64)>) -> i64 {
    match (a, b) {
        (Some(a), Some(b)) => a.0.saturating_sub(b.1).max(b.0.saturating_sub(a.1)).max(0),
        (None, None) => 0,
        _ => i64::MAX,
    }
}
