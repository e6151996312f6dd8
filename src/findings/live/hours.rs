//! How many flows the last hours of a stream had, in all and of each port.

use super::reference::Reference;
use crate::findings::HOUR;
use crate::findings::key::Port;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Flows by the hour.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Hours {
    all: BTreeMap<i64, u64>,
    ports: HashMap<(i64, Option<u8>, Port), u64>,
}

impl Hours {
    pub fn count(&mut self, hour: i64, protocol: Option<u8>, port: Port) {
        *self.all.entry(hour).or_default() += 1;
        *self.ports.entry((hour, protocol, port)).or_default() += 1;
    }

    /// Flows of all hours that are remembered.
    pub fn flows(&self) -> u64 {
        self.all.values().sum()
    }

    pub fn forget_before(&mut self, hour: i64) {
        self.all = self.all.split_off(&hour);
        self.ports.retain(|(of, ..), _| *of >= hour);
    }

    /// Flows of an hour. Of the one that the clock is in, of which a part is yet to come, the part of the hour before that
    /// is missing is added; where there was none, of a typical hour: early in an hour every flow would be a large share of it.
    pub fn all(&self, hour: i64, clock: i64, reference: Option<&Reference>) -> u64 {
        let of = |hour: &i64| self.all.get(hour).copied();
        let typical = || reference.map_or(0, Reference::per_hour);
        complete(of(&hour).unwrap_or(0), of(&(hour - 1)).unwrap_or_else(typical), hour, clock)
    }

    /// The same of a protocol and port.
    pub fn of_port(
        &self,
        (hour, clock): (i64, i64),
        protocol: Option<u8>,
        port: Port,
        reference: Option<&Reference>,
    ) -> u64 {
        let of = |hour: i64| self.ports.get(&(hour, protocol, port)).copied().unwrap_or(0);
        let typical = || reference.map_or(0, |reference| reference.per_hour_of(protocol, port));
        let before = if self.all.contains_key(&(hour - 1)) { of(hour - 1) } else { typical() };
        complete(of(hour), before, hour, clock)
    }
}

fn complete(flows: u64, before: u64, hour: i64, clock: i64) -> u64 {
    let passed = clock.saturating_sub(hour.saturating_mul(HOUR)).clamp(0, HOUR);
    let missing = (HOUR - passed) as f64 / HOUR as f64;
    flows + (before as f64 * missing) as u64
}
