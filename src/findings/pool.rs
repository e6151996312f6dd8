//! From groups by the hour to findings: the rules, in the order they are applied.
//!
//! 1. **Stretches.** Rows of one key (source, destination, protocol, port, state group) belong together as long as nothing
//!    is silent for an hour: from the end of what went before to the next start.
//! 2. **Stray states.** A stretch of at most [`FEW`] flows joins the largest stretch of the same conversation in another
//!    state that has ten times its flows and lies within an hour of it: 465 answered logins and a reset one are one finding.
//! 3. **Bursts.** More than [`MOST_STRETCHES`] stretches of one key, each within a day of the one before, are one finding.
//! 4. **Scans.** Of one source and destination: conversations of few flows each (at most [`FEW`], or a 32nd of the number
//!    of ports), each within a day of the one before, are one finding if they touch more than [`MANY`] ports.
//! 5. **Sweeps.** The same for one source, protocol and port, and more than [`MANY`] destinations. What a local source has
//!    established with remote hosts over TCP or UDP stays apart: the many servers of a browser are no sweep.
//! 6. **Floods.** Of one destination, protocol and port: conversations of at most [`FEW`] flows each that came to nothing (they failed,
//!    no byte came back, or the handshake was never completed), each beginning within [`PAUSE`] of the one before, are one finding if
//!    they come from more than [`CROWD`] sources: whoever makes up its sources has a new one for each flow.
//!
//! Rows whose time is not known are a stretch of their own, and pool among themselves. Faults of the capture take part in
//! the first rule only.

use super::collect::Entry;
use super::key::{Key, Port};
use super::subject::Kind;
use super::unit::{Unit, distance};
use super::{DAY, HOUR};
use crate::flows::record::StateGroup;
use std::cmp::Reverse;
use std::collections::HashSet;

/// Flows that make a conversation small.
pub const FEW: u64 = 3;
/// Small conversations beyond which they are one finding.
pub const MANY: usize = 10;
/// Stretches of a conversation beyond which they are one finding.
pub const MOST_STRETCHES: u64 = 3;
/// A conversation in a scan has at most one flow for so many ports, where that is more than [`FEW`].
pub const PORTS_A_FLOW: u64 = 32;
/// Sources beyond which what they send to one port of a host is one finding.
pub const CROWD: usize = 256;
/// Microseconds: a flood has no longer silence. Strangers who knock at a port of a host on the internet come minutes apart.
pub const PAUSE: i64 = 10_000_000;
/// A stray state's stretch has at most one flow for so many of the stretch that it joins.
const STRAY: u64 = 10;

/// All rules over the cells, which are sorted by key.
pub fn units(entries: &[Entry]) -> Vec<Unit> {
    let stretches = stretches(entries);
    let settled = by_group(stretches, |unit| unit.key.conversation, join_strays);
    let bursts = by_group(settled, |unit| unit.key, join_bursts);
    let scanned =
        by_group(bursts, |unit| (unit.key.conversation.source, unit.key.conversation.destination), join_scans);
    let about =
        |unit: &Unit| (unit.key.conversation.source, unit.key.conversation.protocol, unit.key.conversation.port);
    let swept = by_group(scanned, about, join_sweeps);
    let target =
        |unit: &Unit| (unit.key.conversation.destination, unit.key.conversation.protocol, unit.key.conversation.port);
    by_group(swept, target, join_floods)
}

/// Rule 1.
fn stretches(entries: &[Entry]) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let unit = Unit::of(index as u32, entry);
        match units.last_mut() {
            // Cells of a key follow each other by the hour, so by their first start.
            Some(before) if before.key == unit.key && distance(before.span, unit.span) < HOUR => before.join(unit),
            _ => units.push(unit),
        }
    }
    units
}

/// Sorts by what is common, and lets `rule` make fewer units of each group.
fn by_group<K: Ord>(mut units: Vec<Unit>, common: impl Fn(&Unit) -> K, rule: fn(Vec<Unit>) -> Vec<Unit>) -> Vec<Unit> {
    units.sort_by_cached_key(|unit| (common(unit), unit.by_time()));
    let mut out = Vec::with_capacity(units.len());
    let mut group: Vec<Unit> = Vec::new();
    for unit in units {
        if group.first().is_some_and(|first| common(first) != common(&unit)) {
            out.append(&mut ruled(std::mem::take(&mut group), rule));
        }
        group.push(unit);
    }
    out.append(&mut ruled(group, rule));
    out
}

fn ruled(group: Vec<Unit>, rule: fn(Vec<Unit>) -> Vec<Unit>) -> Vec<Unit> {
    if group.len() > 1 { rule(group) } else { group }
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
    chains(units, &WITHIN_A_DAY, |_| true, |chain| (chain.len() as u64 > MOST_STRETCHES).then_some(Kind::Conversation))
}

/// Rule 4.
fn join_scans(units: Vec<Unit>) -> Vec<Unit> {
    if !units.first().is_some_and(|u| u.key.conversation.source.is_some() && u.key.conversation.destination.is_some()) {
        return units;
    }
    let few = FEW.max(count_ports(&units) as u64 / PORTS_A_FLOW);
    let small = |unit: &Unit| matches!(unit.key.conversation.port, Port::Number(_)) && unit.flows <= few;
    chains(units, &WITHIN_A_DAY, small, |chain| (count_ports(chain) > MANY).then_some(Kind::Scan))
}

/// Rule 5.
fn join_sweeps(units: Vec<Unit>) -> Vec<Unit> {
    if units.first().is_none_or(|u| u.key.conversation.source.is_none() || u.key.conversation.port == Port::None) {
        return units;
    }
    let small = |unit: &Unit| unit.flows <= FEW && !is_ordinary_talk(&unit.key, unit.local);
    let hosts =
        |chain: &[Unit]| chain.iter().map(|unit| unit.key.conversation.destination).collect::<HashSet<_>>().len();
    chains(units, &WITHIN_A_DAY, small, |chain| (hosts(chain) > MANY).then_some(Kind::Sweep))
}

/// Rule 6.
fn join_floods(units: Vec<Unit>) -> Vec<Unit> {
    if units.len() <= CROWD || units.first().is_none_or(|unit| unit.key.conversation.destination.is_none()) {
        return units;
    }
    let faint = |unit: &Unit| {
        let is_known = unit.span.is_some() && unit.key.conversation.source.is_some();
        is_known && unit.flows <= FEW && unit.is_vain
    };
    let sources = |chain: &[Unit]| chain.iter().map(|unit| unit.key.conversation.source).collect::<HashSet<_>>().len();
    chains(units, &WITHOUT_A_PAUSE, faint, |chain| (sources(chain) > CROWD).then_some(Kind::Flood))
}

/// What a source of ours has established with a host that is not ours, over ports: `local` says of both sides whether they are.
pub fn is_ordinary_talk(key: &Key, local: (bool, bool)) -> bool {
    let answered = matches!(key.state, StateGroup::Established | StateGroup::Unknown);
    answered && matches!(key.conversation.port, Port::Number(_)) && local.0 && !local.1
}

fn count_ports(units: &[Unit]) -> usize {
    units.iter().filter(|u| u.is_plain()).map(|unit| unit.key.conversation.port).collect::<HashSet<_>>().len()
}

/// How units follow each other.
struct Links {
    /// Microseconds: a longer silence parts them.
    silence: i64,
    /// What counts of a unit.
    extent: fn(&Unit) -> Option<(i64, i64)>,
}

const WITHIN_A_DAY: Links = Links { silence: DAY, extent: |unit| unit.span };
/// By their begins: a flow that lasts links nobody.
const WITHOUT_A_PAUSE: Links = Links { silence: PAUSE, extent: |unit| unit.span.map(|(first, _)| (first, first)) };

/// Of units sorted by time: those that `fit`, in chains of such links, each of them one unit if `kind` gives it a kind; the others stay
/// as they are.
fn chains(
    units: Vec<Unit>,
    links: &Links,
    fit: impl Fn(&Unit) -> bool,
    kind: impl Fn(&[Unit]) -> Option<Kind>,
) -> Vec<Unit> {
    let mut out = Vec::with_capacity(units.len());
    let mut chain: Vec<Unit> = Vec::new();
    let mut reach: Option<(i64, i64)> = None;
    let close = |chain: &mut Vec<Unit>, out: &mut Vec<Unit>| match kind(chain) {
        Some(kind) => out.extend(Unit::union(chain.drain(..), kind)),
        None => out.append(chain),
    };
    for unit in units {
        if !unit.is_plain() || !fit(&unit) {
            out.push(unit);
            continue;
        }
        let own = (links.extent)(&unit);
        if distance(reach, own) >= links.silence {
            close(&mut chain, &mut out);
            reach = own;
        }
        reach = match (reach, own) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (_, own) => own,
        };
        chain.push(unit);
    }
    close(&mut chain, &mut out);
    out
}
