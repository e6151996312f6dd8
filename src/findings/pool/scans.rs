//! What one source does to many ports and hosts.

use super::{FEW, MANY, PORTS_A_FLOW, Unit, WITHIN_A_DAY, by_group, chains, distinct};
use crate::findings::key::{Key, Port};
use crate::findings::subject::Kind;
use crate::flows::record::StateGroup;

/// Rules 5 to 7.
pub fn join(units: Vec<Unit>) -> Vec<Unit> {
    let pair = |unit: &Unit| (unit.key.conversation.source, unit.key.conversation.destination);
    let about =
        |unit: &Unit| (unit.key.conversation.source, unit.key.conversation.protocol, unit.key.conversation.port);
    let scanned = by_group(units, pair, join_scans);
    let swept = by_group(scanned, about, join_sweeps);
    by_group(swept, |unit| unit.key.conversation.source, join_blocks)
}

/// Rule 5.
fn join_scans(units: Vec<Unit>) -> Vec<Unit> {
    if !units.first().is_some_and(|u| u.key.conversation.source.is_some() && u.key.conversation.destination.is_some()) {
        return units;
    }
    let few = FEW.max(count_ports(&units) as u64 / PORTS_A_FLOW);
    let small = |unit: &Unit| unit.is_plain() && has_port(unit) && unit.flows <= few;
    chains(units, &WITHIN_A_DAY, small, |chain| (count_ports(chain) > MANY).then_some(Kind::Scan))
}

/// Rule 6.
fn join_sweeps(units: Vec<Unit>) -> Vec<Unit> {
    if units.first().is_none_or(|u| u.key.conversation.source.is_none() || u.key.conversation.port == Port::None) {
        return units;
    }
    let small = |unit: &Unit| unit.is_plain() && unit.flows <= FEW && !is_ordinary_talk(&unit.key, unit.local);
    chains(units, &WITHIN_A_DAY, small, |chain| (count_hosts(chain) > MANY).then_some(Kind::Sweep))
}

/// Rule 7.
fn join_blocks(units: Vec<Unit>) -> Vec<Unit> {
    if units.first().is_none_or(|unit| unit.key.conversation.source.is_none()) {
        return units;
    }
    let is_part = |unit: &Unit| match unit.kind {
        Kind::Scan => true,
        Kind::Sweep => has_port(unit),
        Kind::Conversation => has_port(unit) && unit.flows <= FEW && unit.is_vain,
        _ => false,
    };
    let is_block = |chain: &[Unit]| {
        let wide = chain.iter().filter(|unit| !unit.is_plain()).count() as u64;
        wide > FEW || count_ports(chain) > MANY && count_hosts(chain) > MANY
    };
    chains(units, &WITHIN_A_DAY, is_part, |chain| is_block(chain).then_some(Kind::Block))
}

/// What a source of ours has established with a host that is not ours, over ports: `local` says of both sides whether they are.
pub fn is_ordinary_talk(key: &Key, local: (bool, bool)) -> bool {
    let answered = matches!(key.state, StateGroup::Established | StateGroup::Unknown);
    answered && matches!(key.conversation.port, Port::Number(_)) && local.0 && !local.1
}

fn has_port(unit: &Unit) -> bool {
    matches!(unit.key.conversation.port, Port::Number(_))
}

/// Ports of what no rule has pooled.
fn count_ports(units: &[Unit]) -> usize {
    distinct(units, |unit| unit.is_plain().then_some(unit.key.conversation.port))
}

/// Their destinations.
fn count_hosts(units: &[Unit]) -> usize {
    distinct(units, |unit| unit.is_plain().then_some(unit.key.conversation.destination))
}
