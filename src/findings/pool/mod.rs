//! From groups by the hour to findings: the rules, in the order they are applied.
//!
//! 1. **Stretches.** Rows of one key (source, destination, protocol, port, state group) belong together as long as nothing
//!    is silent for an hour: from the end of what went before to the next start.
//! 2. **Stray states.** A stretch of at most [`FEW`] flows joins the largest stretch of the same conversation in another
//!    state that has ten times its flows and lies within an hour of it: 465 answered logins and a reset one are one finding.
//! 3. **Bursts.** More than [`MOST_STRETCHES`] stretches of one key, each within a day of the one before, are one finding.
//! 4. **Multicast.** Of one multicast or broadcast address, protocol (not TCP) and port: conversations each within a day of the one before are one
//!    finding if they come from more than [`MANY`] sources: so hosts of a network find each other, printers and clocks.
//! 5. **Scans.** Of one source and destination: conversations of few flows each (at most [`FEW`], or a 32nd of the number
//!    of ports), each within a day of the one before, are one finding if they touch more than [`MANY`] ports.
//! 6. **Sweeps.** The same for one source, protocol and port, and more than [`MANY`] destinations. What a local source has
//!    established with remote hosts over TCP or UDP stays apart: the many servers of a browser are no sweep.
//! 7. **Blocks.** Of one source: scans, sweeps of a port, and small conversations that came to nothing, each within a day of the one
//!    before, are one finding if there are more than [`FEW`] scans and sweeps, or the small ones alone touch more than [`MANY`] ports and
//!    more than [`MANY`] destinations.
//! 8. **Floods.** Of one destination, protocol and port: conversations that came to nothing (they failed, no byte came back, or the
//!    handshake was never completed), each beginning within [`PAUSE`] of the one before, are one finding if they come from more than
//!    [`CROWD`] sources with few flows each (at most [`FEW`], or a quarter of the number of sources): whoever makes up sources has many.
//!    The same for one destination and protocol over more than [`MANY`] ports without a silence of [`PAUSE_OF_PORTS`]. Floods of one
//!    target within an hour of each other are one.
//!
//! Rows whose time is not known are a stretch of their own, and pool among themselves. Faults of the capture take part in
//! the first rule only.

mod floods;
mod groups;
mod scans;
#[cfg(test)]
mod tests;
mod unit;

pub use floods::{CROWD, PAUSE, PAUSE_OF_PORTS, few_of_crowd};
pub use scans::is_ordinary_talk;
pub use unit::{Unit, came_to_nothing};

use super::cells::Cells;
use super::key::{Conversation, Port};
use super::subject::Kind;
use super::{DAY, HOUR};
use crate::flows::record::Host;
use crate::flows::record::protocol::TCP;
use foldhash::fast::RandomState;
use groups::{Links, by_group, chains, linked};
use std::cmp::Reverse;
use std::collections::HashSet;
use std::hash::Hash;
use unit::distance;

/// Flows that make a conversation small.
pub const FEW: u64 = 3;
/// Small conversations beyond which they are one finding.
pub const MANY: usize = 10;
/// Stretches of a conversation beyond which they are one finding.
pub const MOST_STRETCHES: u64 = 3;
/// A conversation in a scan has at most one flow for so many ports, where that is more than [`FEW`].
pub const PORTS_A_FLOW: u64 = 32;
/// A stray state's stretch has at most one flow for so many of the stretch that it joins.
const STRAY: u64 = 10;

/// All rules over the cells, which are sorted by key.
pub fn units(cells: &Cells) -> Vec<Unit> {
    let stretches = stretches(cells);
    let settled = by_group(stretches, |unit| unit.key.conversation, join_strays);
    let bursts = by_group(settled, |unit| unit.key, join_bursts);
    let grouped = by_group(bursts, service, join_multicast);
    let scanned = scans::join(grouped);
    floods::join(scanned)
}

/// Rule 1.
fn stretches(cells: &Cells) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    for (index, entry) in cells.iter().enumerate() {
        let unit = Unit::of(index as u32, &entry);
        match units.last_mut() {
            // Cells of a key follow each other by the hour, so by their first start.
            Some(before) if before.key == unit.key && distance(before.span, unit.span) < HOUR => before.join(unit),
            _ => units.push(unit),
        }
    }
    // As a ring they go through all of their room.
    units.shrink_to_fit();
    units
}

/// Rule 2.
fn join_strays(mut units: Vec<Unit>) -> Vec<Unit> {
    units.sort_by_key(|unit| (Reverse(unit.flows), unit.by_time()));
    let mut kept: Vec<Unit> = Vec::with_capacity(units.len());
    // The spans of the large ones before anything joined them: what a stray is near must not depend on other strays.
    let spans: Vec<_> = units.iter().map(|unit| (unit.is_plain(), unit.flows, unit.span)).collect();
    let mut places = Vec::with_capacity(units.len());
    for unit in units {
        let near = |&(plain, flows, span): &(bool, u64, Option<(i64, i64)>)| {
            plain && flows >= unit.flows.saturating_mul(STRAY) && distance(span, unit.span) < HOUR
        };
        let home = if unit.is_plain() && unit.flows <= FEW { spans.iter().position(near) } else { None };
        match home.and_then(|at| places.get(at).copied()).and_then(|at: usize| kept.get_mut(at)) {
            Some(home) => {
                places.push(usize::MAX);
                home.join(unit);
            }
            None => {
                places.push(kept.len());
                kept.push(unit);
            }
        }
    }
    kept
}

/// Rule 3.
fn join_bursts(units: Vec<Unit>) -> Vec<Unit> {
    chains(units, &WITHIN_A_DAY, Unit::is_plain, |chain| {
        (chain.len() as u64 > MOST_STRETCHES).then_some(Kind::Conversation)
    })
}

/// What is knocked at.
fn service(unit: &Unit) -> (Option<Host>, Option<u8>, Port) {
    let Conversation { destination, protocol, port, .. } = unit.key.conversation;
    (destination, protocol, port)
}

/// Rule 4.
fn join_multicast(units: Vec<Unit>) -> Vec<Unit> {
    let is_of_many = units.first().is_some_and(|unit| {
        let Conversation { destination, protocol, .. } = unit.key.conversation;
        // Nobody is connected with many at once.
        protocol != Some(TCP)
            && destination.is_some_and(|host| host.is_of_many() || (unit.local.1 && host.may_be_broadcast()))
    });
    if !is_of_many {
        return units;
    }
    let has_source = |unit: &Unit| unit.is_plain() && unit.key.conversation.source.is_some();
    chains(units, &WITHIN_A_DAY, has_source, |chain| (count_sources(chain) > MANY).then_some(Kind::Multicast))
}

fn count_sources(units: &[Unit]) -> usize {
    distinct(units, |unit| unit.key.conversation.source)
}

/// How many different values units have; those without one do not count.
fn distinct<T: Eq + Hash>(units: &[Unit], of: impl Fn(&Unit) -> Option<T>) -> usize {
    units.iter().filter_map(of).collect::<HashSet<T, RandomState>>().len()
}

const WITHIN_A_DAY: Links = Links { silence: DAY, extent: |unit| unit.span };
