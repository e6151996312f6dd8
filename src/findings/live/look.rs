//! What a row may be a part of: a scan, a sweep, a block of both, a flood, or a conversation alone.

use super::LiveFindings;
use super::pair::{Due, Pair, finding_of};
use super::spread::Sweep;
use crate::findings::collect::Entry;
use crate::findings::group::Finding;
use crate::findings::key::{CellKey, Conversation, Port};
use crate::findings::pool::{PAUSE, PAUSE_OF_PORTS};
use crate::findings::subject::Kind;
use std::collections::BTreeMap;

/// A row that was taken in.
pub(super) struct Met {
    pub key: CellKey,
    pub start: i64,
    /// What is to be looked at of its source and destination.
    pub due: Due,
    /// Whether it is what sweeps are not made of.
    pub is_talk: bool,
    /// Whether it came to nothing.
    pub is_vain: bool,
}

/// A finding, and the groups that are in it.
type Found = (Finding, Vec<Entry>);

/// What came of a look.
#[expect(clippy::large_enum_variant, reason = "there is one at a time, for as long as a row is taken in")]
enum Looked {
    Found(Found),
    /// The row is of a finding that is not to be looked at yet.
    Waits,
    /// The row is of no such finding.
    Nothing,
}

impl Looked {
    /// Of a part of a wide finding: `None` if it is of none, else whether that is to be looked at, which `look` does.
    fn of(is_due: Option<bool>, look: impl FnOnce() -> Option<Found>) -> Self {
        match is_due {
            Some(true) => look().map_or(Self::Nothing, Self::Found),
            Some(false) => Self::Waits,
            None => Self::Nothing,
        }
    }
}

impl LiveFindings {
    /// The finding that a row is of, where it is to be looked at now.
    pub(super) fn look_at(&mut self, met: &Met) -> Option<Found> {
        let of_pair = if met.due == Due::Pair { self.of_pair(met) } else { None };
        let is_scan = of_pair.as_ref().is_some_and(|(finding, _)| finding.subject.kind == Kind::Scan);
        let swept = if is_scan { Looked::Nothing } else { self.sweep(met) };
        let looked = match (swept, of_pair) {
            (Looked::Nothing, Some(found)) | (Looked::Found(found), _) => self.block(met, found),
            (other, _) => other,
        };
        let looked = if matches!(looked, Looked::Nothing) { self.flood(met) } else { looked };
        match looked {
            Looked::Found(found) => Some(found),
            Looked::Nothing if met.due == Due::Conversation => self.of_pair(met),
            Looked::Nothing | Looked::Waits => None,
        }
    }

    /// The finding of a group among those of its conversation, or of its source and destination.
    fn of_pair(&mut self, met: &Met) -> Option<Found> {
        let Conversation { source, destination, .. } = met.key.key.conversation;
        self.state.pairs.get_mut(&(source, destination))?.finding(&met.key, met.due)
    }

    fn sweep(&mut self, met: &Met) -> Looked {
        let Conversation { source, destination, protocol, port } = met.key.key.conversation;
        if source.is_none() || port == Port::None || met.is_talk {
            return Looked::Nothing;
        }
        let is_due = self.state.sweeps.entry((source, protocol, port)).or_default().add(destination);
        Looked::of(is_due, || {
            let sweep = self.state.sweeps.get(&(source, protocol, port))?;
            finding_of(self.swept(met.key.key.conversation, sweep).collect(), &met.key)
        })
    }

    /// The groups of a sweep by the source, and on the protocol and port, of a conversation.
    fn swept<'a>(&'a self, of: Conversation, sweep: &'a Sweep) -> impl Iterator<Item = Entry> + 'a {
        let groups = move |destination| {
            let pair = self.state.pairs.get(&(of.source, destination))?;
            Some(pair.entries_of(Conversation { destination, ..of }))
        };
        sweep.small().filter_map(groups).flatten()
    }

    /// Whether a scan or sweep is a part of more of them.
    fn block(&mut self, met: &Met, found: Found) -> Looked {
        let Conversation { source, destination, protocol, port } = met.key.key.conversation;
        let block = self.state.blocks.entry(source).or_default();
        let is_due = match (found.0.subject.kind, port) {
            (Kind::Scan, _) => block.add_scan(destination),
            (Kind::Sweep, Port::Number(_)) => block.add_sweep((protocol, port)),
            _ => None,
        };
        match is_due {
            None => Looked::Found(found),
            _ => Looked::of(is_due, || self.whole_block(&met.key)),
        }
    }

    /// The finding of a group among those of the scans and sweeps of its source.
    fn whole_block(&self, key: &CellKey) -> Option<Found> {
        let of = key.key.conversation;
        let block = self.state.blocks.get(&of.source)?;
        let pairs = block.scans.iter().filter_map(|host| self.state.pairs.get(&(of.source, *host)));
        let swept = block.sweeps.iter().flat_map(|&(protocol, port)| {
            let sweep = self.state.sweeps.get(&(of.source, protocol, port));
            sweep.into_iter().flat_map(move |sweep| self.swept(Conversation { protocol, port, ..of }, sweep))
        });
        // Some are of a scan and of a sweep.
        let entries: BTreeMap<CellKey, Entry> =
            pairs.flat_map(Pair::entries).chain(swept).map(|entry| (entry.key, entry)).collect();
        finding_of(entries.into_values().collect(), key)
    }

    /// A flood of the row's port, else of any port.
    fn flood(&mut self, met: &Met) -> Looked {
        let Conversation { source, destination, protocol, port } = met.key.key.conversation;
        if source.is_none() || !met.is_vain {
            return Looked::Nothing;
        }
        for (of, pause) in [(port, PAUSE), (Port::Many, PAUSE_OF_PORTS)] {
            let flood = self.state.floods.entry((destination, protocol, of)).or_default();
            match Looked::of(flood.add(source, met.start, pause), || self.whole_flood(&met.key, of)) {
                Looked::Found(found) => return Looked::Found(found),
                Looked::Waits if of == port => return Looked::Waits,
                // Many sources on a few ports are no flood, and then it is to be looked at by itself.
                Looked::Waits | Looked::Nothing => {}
            }
        }
        Looked::Nothing
    }

    /// The flood that a group is in, among those of its destination and port, or of any port.
    fn whole_flood(&self, key: &CellKey, port: Port) -> Option<Found> {
        let Conversation { destination, protocol, .. } = key.key.conversation;
        let flood = self.state.floods.get(&(destination, protocol, port))?;
        let pairs = flood.sources().filter_map(|source| self.state.pairs.get(&(source, destination)));
        let is_of = |entry: &Entry| {
            let own = entry.key.key.conversation;
            own.protocol == protocol && (port == Port::Many || own.port == port)
        };
        let found = finding_of(pairs.flat_map(Pair::entries).filter(is_of).collect(), key)?;
        // What many send to a group at such a pace.
        matches!(found.0.subject.kind, Kind::Flood | Kind::Multicast).then_some(found)
    }
}
