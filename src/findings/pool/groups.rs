//! Units in groups, and in chains within a group. There may be millions, so they are moved and not copied.

use super::unit::{Unit, distance};
use crate::findings::subject::Kind;
use rayon::prelude::*;
use std::collections::VecDeque;

/// How units follow each other.
pub struct Links {
    /// Microseconds: a longer silence parts them.
    pub silence: i64,
    /// What counts of a unit.
    pub extent: fn(&Unit) -> Option<(i64, i64)>,
}

/// Sorts by what is common, and lets `rule` make fewer units of each group, or leave them as they are.
pub fn by_group<K: Ord>(
    mut units: Vec<Unit>,
    common: impl Fn(&Unit) -> K + Sync,
    rule: fn(Vec<Unit>) -> Vec<Unit>,
) -> Vec<Unit> {
    let order = |a: &Unit, b: &Unit| {
        let by_time = || (a.by_time(), a.cells.first()).cmp(&(b.by_time(), b.cells.first()));
        common(a).cmp(&common(b)).then_with(by_time)
    };
    units.par_sort_unstable_by(order);
    // What comes out of the front goes in at the back: millions of units need no second room.
    let mut ring = VecDeque::from(units);
    let mut waiting = ring.len();
    while waiting > 0 {
        let is_same = |unit: &&Unit| ring.front().is_some_and(|first| common(first) == common(unit));
        let n = ring.iter().take(waiting).take_while(is_same).count().max(1);
        waiting -= n;
        if n == 1 {
            ring.rotate_left(1);
        } else {
            let group = take_front(&mut ring, n);
            put_back(&mut ring, rule(group));
        }
    }
    ring.into()
}

/// The first `n`. Most of a log may be about one host: the larger part stays where it is.
fn take_front(ring: &mut VecDeque<Unit>, n: usize) -> Vec<Unit> {
    if n <= ring.len() / 2 {
        return ring.drain(..n).collect();
    }
    let rest = ring.split_off(n);
    std::mem::replace(ring, rest).into()
}

/// The same for what comes last.
fn put_back(ring: &mut VecDeque<Unit>, units: Vec<Unit>) {
    if units.len() <= ring.len() {
        return ring.extend(units);
    }
    let mut whole = VecDeque::from(units);
    while let Some(unit) = ring.pop_back() {
        whole.push_front(unit);
    }
    *ring = whole;
}

/// Of units sorted by time those that `fit`, in chains of such links: what `chained` takes out of each and makes of it, what it leaves, and the
/// other units.
pub fn linked(
    units: Vec<Unit>,
    links: &Links,
    fit: impl Fn(&Unit) -> bool,
    mut chained: impl FnMut(&mut Vec<Unit>, &mut VecDeque<Unit>),
) -> Vec<Unit> {
    let mut ring = VecDeque::from(units);
    let mut chain = Vec::new();
    let mut reach: Option<(i64, i64)> = None;
    for _ in 0..ring.len() {
        let Some(unit) = ring.pop_front() else { break };
        if !fit(&unit) {
            ring.push_back(unit);
            continue;
        }
        let own = (links.extent)(&unit);
        if !chain.is_empty() && distance(reach, own) < links.silence {
            reach = match (reach, own) {
                (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
                (_, own) => own,
            };
        } else {
            chained(&mut chain, &mut ring);
            ring.extend(chain.drain(..));
            reach = own;
        }
        chain.push(unit);
    }
    chained(&mut chain, &mut ring);
    ring.extend(chain);
    ring.into()
}

/// The same, where each chain is one unit if `kind` gives it a kind, and stays as it is if not.
pub fn chains(
    units: Vec<Unit>,
    links: &Links,
    fit: impl Fn(&Unit) -> bool,
    kind: impl Fn(&[Unit]) -> Option<Kind>,
) -> Vec<Unit> {
    linked(units, links, fit, |chain, out| {
        if let Some(kind) = kind(chain) {
            out.extend(Unit::union(chain.drain(..), kind));
        }
    })
}
