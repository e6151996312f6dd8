//! What many sources do to one host, to no avail.

use super::{FEW, HOUR, Links, MANY, Unit, by_group, chains, count_sources, distinct, linked, service};
use crate::findings::key::Port;
use crate::findings::subject::Kind;

/// Sources beyond which what they send to one port of a host is one finding.
pub const CROWD: usize = 64;
/// Microseconds: a flood of a port has no longer silence. Strangers who knock at a port of a host on the internet come minutes apart.
pub const PAUSE: i64 = 10_000_000;
/// Microseconds: nor has a flood of many ports. At such a host strangers knock at one port or another every few seconds.
pub const PAUSE_OF_PORTS: i64 = 1_000_000;
/// A source in a flood has at most one flow for so many sources, where that is more than [`FEW`].
const SOURCES_A_FLOW: u64 = 4;

/// Their begins, and how far they go on without a pause: a flow that lasts links nobody.
const WITHOUT_A_PAUSE: Links = Links { silence: PAUSE, extent: |unit| without(unit, PAUSE) };
const WITHOUT_A_SECOND: Links = Links { silence: PAUSE_OF_PORTS, extent: |unit| without(unit, PAUSE_OF_PORTS) };
const WITHIN_AN_HOUR: Links = Links { silence: HOUR, extent: |unit| unit.span };

fn without(unit: &Unit, pause: i64) -> Option<(i64, i64)> {
    let ((first, _), last) = unit.span.zip(unit.last)?;
    let gaps = i64::try_from(unit.flows.saturating_sub(1)).unwrap_or(i64::MAX);
    let goes_on = last.saturating_sub(first) <= pause.saturating_mul(gaps);
    Some((first, if goes_on { last } else { first }))
}

/// Rule 8.
pub fn join(units: Vec<Unit>) -> Vec<Unit> {
    let host = |unit: &Unit| (unit.key.conversation.destination, unit.key.conversation.protocol);
    let of_ports = by_group(units, service, |units| floods(units, &WITHOUT_A_PAUSE, |_| true));
    by_group(of_ports, host, |units| floods(units, &WITHOUT_A_SECOND, |chain| count_ports(chain) > MANY))
}

/// Flows that a source in a flood from so many sources may have.
pub fn few_of_crowd(sources: usize) -> u64 {
    FEW.max(sources as u64 / SOURCES_A_FLOW)
}

fn floods(units: Vec<Unit>, links: &Links, is_wide: fn(&[Unit]) -> bool) -> Vec<Unit> {
    if units.len() <= CROWD || units.first().is_none_or(|unit| unit.key.conversation.destination.is_none()) {
        return units;
    }
    let is_faint =
        |unit: &Unit| unit.is_plain() && unit.is_vain && unit.span.is_some() && unit.key.conversation.source.is_some();
    let mut floods = Vec::new();
    let mut out = linked(units, links, is_faint, |chain, out| {
        let few = few_of_crowd(count_sources(chain));
        out.extend(chain.extract_if(.., |unit| unit.flows > few));
        if count_sources(chain) > CROWD && is_wide(chain) {
            floods.extend(Unit::union(chain.drain(..), Kind::Flood));
        }
    });
    out.extend(chains(floods, &WITHIN_AN_HOUR, |_| true, |_| Some(Kind::Flood)));
    out
}

fn count_ports(units: &[Unit]) -> usize {
    distinct(units, |unit| if let Port::Number(port) = unit.key.conversation.port { Some(port) } else { None })
}
