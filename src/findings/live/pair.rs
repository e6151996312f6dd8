//! What one source does to one destination.

use super::record::Record;
use crate::findings::cells::Cells;
use crate::findings::collect::Entry;
use crate::findings::group::{Finding, Grouped};
use crate::findings::key::{CellKey, Conversation, Key, Port};
use crate::findings::names::HostNames;
use crate::findings::pool::{FEW, MANY, PORTS_A_FLOW, is_ordinary_talk};
use crate::findings::starts::Starts;
use crate::findings::subject::Kind;
use crate::findings::tally::Tally;
use crate::flows::record::StateGroup;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Groups are looked at again when they have grown by this part.
const GROWTH: u64 = 16;

/// The groups of rows of a source and a destination.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Pair {
    /// Boxed: most pairs have one, and a node of the map has room for eleven.
    pub cells: BTreeMap<CellKey, Box<(Tally, Starts)>>,
    pub conversations: BTreeMap<(Option<u8>, Port), Conversations>,
    /// Whether it is a scan, as it was looked at last.
    is_scan: bool,
    pub scan: Option<Record>,
    /// Rows since it was looked at for scans.
    waiting: u64,
}

/// A group, as the map gives it.
type Cell<'a> = (&'a CellKey, &'a Box<(Tally, Starts)>);

/// What is known of one conversation beside its groups.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Conversations {
    /// Rows since its last silence of an hour.
    flows: u64,
    /// It is looked at when it has so many.
    due: u64,
    /// When the last of them ended.
    end: Option<i64>,
    /// What was told of it, by how most of it went.
    pub told: Vec<(StateGroup, Record)>,
}

impl Conversations {
    /// Takes a row in that begins and ends so; whether it is to be looked at.
    fn grow(&mut self, start: i64, end: i64, silence: i64) -> bool {
        if self.end.is_some_and(|last| start.saturating_sub(last) >= silence) {
            (self.flows, self.due) = (0, 0);
        }
        self.end = self.end.max(Some(end));
        self.flows += 1;
        if self.flows < self.due {
            return false;
        }
        // It does not hang on what was told so far: alerts are made after all rows of a batch have been taken in.
        self.due = self.flows + (self.flows / GROWTH).max(1);
        true
    }
}

/// What is to be looked at because of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    Conversation,
    Pair,
}

impl Pair {
    /// Takes a row in, of the group `key`.
    pub fn count(&mut self, key: CellKey, tally: &Tally, start: i64) {
        let (sum, starts) = self.cells.entry(key).or_default().as_mut();
        sum.absorb(tally);
        starts.note(start);
    }

    /// What is to be looked at because of a row that was taken in, which begins and ends so.
    pub fn met(&mut self, key: &CellKey, start: i64, end: i64, silence: i64) -> Due {
        let Conversation { protocol, port, .. } = key.key.conversation;
        let conversation = self.conversations.entry((protocol, port)).or_default();
        let is_due = conversation.grow(start, end, silence);
        let flows = conversation.flows;
        self.waiting += 1;
        let many = self.conversations.len() > MANY && matches!(port, Port::Number(_));
        let few = FEW.max(self.conversations.len() as u64 / PORTS_A_FLOW);
        if many && flows <= few && self.waiting > self.cells.len() as u64 / GROWTH {
            self.waiting = 0;
            return Due::Pair;
        }
        match is_due && !(many && self.is_scan && flows <= few) {
            true => Due::Conversation,
            false => Due::Nothing,
        }
    }

    /// The groups of a conversation.
    pub fn entries_of(&self, conversation: Conversation) -> impl Iterator<Item = Entry> {
        self.cells_of(conversation).map(entry)
    }

    fn cells_of(&self, conversation: Conversation) -> impl Iterator<Item = Cell<'_>> {
        let first = Key { conversation, state: StateGroup::Established, gap: false };
        let from = CellKey { key: first, hour: None };
        self.cells.range(from..).take_while(move |(key, _)| key.key.conversation == conversation)
    }

    /// Rows of a conversation that may be of a sweep.
    pub fn flows_of(&self, conversation: Conversation) -> u64 {
        let may_be = |(key, cell): &Cell<'_>| !key.key.gap && !is_ordinary_talk(&key.key, cell.0.local);
        self.cells_of(conversation).filter(may_be).map(|(_, cell)| cell.0.flows).sum()
    }

    /// Whether there are rows on a port; for [`Port::Many`] on any.
    pub fn meets(&self, protocol: Option<u8>, port: Port) -> bool {
        match port {
            Port::Many => self.conversations.keys().any(|(of, _)| *of == protocol),
            _ => self.conversations.contains_key(&(protocol, port)),
        }
    }

    /// Whether it is a scan, as far as it was looked at.
    pub fn is_scan(&self) -> bool {
        self.is_scan
    }

    /// All its groups.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        self.cells.iter().map(entry)
    }

    /// The finding of a group, among those of its conversation or, for `Due::Pair`, of the pair; with the finding's groups.
    pub fn finding(&mut self, key: &CellKey, due: Due) -> Option<(Finding, Vec<Entry>)> {
        let entries: Vec<Entry> = match due {
            Due::Nothing => return None,
            Due::Conversation => self.entries_of(key.key.conversation).collect(),
            Due::Pair => self.entries().collect(),
        };
        let (finding, entries) = finding_of(entries, key)?;
        if due == Due::Pair {
            self.is_scan = finding.subject.kind == Kind::Scan;
        }
        Some((finding, entries))
    }

    /// Forgets groups of hours before `hour`; whether any are left.
    pub fn forget_before(&mut self, hour: i64) -> bool {
        self.cells.retain(|key, _| key.hour.is_none_or(|of| of >= hour));
        let known: std::collections::BTreeSet<_> =
            self.cells.keys().map(|key| (key.key.conversation.protocol, key.key.conversation.port)).collect();
        self.conversations.retain(|key, _| known.contains(key));
        self.is_scan &= self.conversations.len() > MANY;
        !self.cells.is_empty()
    }
}

fn entry((key, cell): Cell<'_>) -> Entry {
    let (tally, starts) = cell.as_ref();
    Entry { key: *key, tally: tally.clone(), starts: starts.clone() }
}

/// The finding that a group is in, of these groups, and the groups that are in it.
pub(super) fn finding_of(entries: Vec<Entry>, key: &CellKey) -> Option<(Finding, Vec<Entry>)> {
    let grouped = Grouped::new(Cells::of(entries), HostNames::default());
    let (_, at) = grouped.entries().find(|(entry, _)| entry.key == *key)?;
    let finding = grouped.findings().get(at)?.clone();
    let own = grouped.entries().filter(|(_, of)| *of == at).map(|(entry, _)| entry.into_owned()).collect();
    Some((finding, own))
}
