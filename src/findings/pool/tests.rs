//! Groups and chains, against the same written plainly.

use super::*;
use crate::findings::key::Key;
use crate::flows::record::StateGroup;
use proptest::prelude::*;
use smallvec::smallvec;

/// A unit of one cell: from one of a few sources, at a minute of some hours or at no time.
fn unit(cell: u32, source: u8, minute: Option<u16>, flows: u64) -> Unit {
    let host = |of: u8| Host::parse(&format!("192.0.2.{of}"));
    let conversation =
        Conversation { source: host(source), destination: host(200), protocol: Some(TCP), port: Port::Number(80) };
    let span = minute.map(|minute| (i64::from(minute) * 60_000_000, i64::from(minute) * 60_000_000 + 1));
    Unit {
        key: Key { conversation, state: StateGroup::Refused, gap: false },
        kind: Kind::Conversation,
        flows,
        span,
        last: span.map(|span| span.0),
        local: (false, true),
        is_vain: true,
        stretches: 1,
        cells: smallvec![cell],
    }
}

fn made() -> impl Strategy<Value = Vec<Unit>> {
    // Source 1 has more than half of the units, mostly: the larger part of a ring is taken out in another way than the smaller.
    let source = prop_oneof![Just(1u8), 0..5u8];
    let one = (source, proptest::option::weighted(0.9, 0..6_000u16), 1..6u64);
    proptest::collection::vec(one, 0..120).prop_map(|all| {
        all.into_iter()
            .enumerate()
            .map(|(at, (source, minute, flows))| unit(at as u32, source, minute, flows))
            .collect()
    })
}

/// Cells of each unit and how it came about, in an order of their own.
fn told(units: &[Unit]) -> Vec<(Vec<u32>, Kind, u64)> {
    let of = |unit: &Unit| {
        let mut cells = unit.cells.to_vec();
        cells.sort_unstable();
        (cells, unit.kind, unit.flows)
    };
    let mut all: Vec<_> = units.iter().map(of).collect();
    all.sort();
    all
}

const LINKS: Links = Links { silence: 20 * 60_000_000, extent: |unit| unit.span };

fn small(unit: &Unit) -> bool {
    unit.flows <= FEW
}

fn joined(units: Vec<Unit>) -> Vec<Unit> {
    chains(units, &LINKS, small, |chain| (chain.len() > 2).then_some(Kind::Sweep))
}

/// One group after the other, each chain a list.
fn joined_plainly(mut units: Vec<Unit>) -> Vec<Unit> {
    let source = |unit: &Unit| unit.key.conversation.source;
    units.sort_by_key(|unit| (source(unit), unit.by_time()));
    let mut out = Vec::new();
    for group in units.chunk_by(|a, b| source(a) == source(b)) {
        let (fit, others): (Vec<&Unit>, Vec<&Unit>) = group.iter().partition(|unit| small(unit));
        out.extend(others.into_iter().cloned());
        // Spans are short, so the one before is the nearest.
        for chain in fit.chunk_by(|a, b| distance(a.span, b.span) < LINKS.silence) {
            let units = chain.iter().map(|unit| (*unit).clone());
            if group.len() > 1 && chain.len() > 2 {
                out.extend(Unit::union(units, Kind::Sweep));
            } else {
                out.extend(units);
            }
        }
    }
    out
}

proptest! {
    #[test]
    fn groups_and_chains_are_those_of_plain_lists(units in made()) {
        let met = by_group(units.clone(), |unit| unit.key.conversation.source, joined);
        prop_assert_eq!(told(&met), told(&joined_plainly(units)));
    }
}
