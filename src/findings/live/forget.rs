//! How time passes: what lies too far back is forgotten.

use super::LiveFindings;
use crate::findings::HOUR;

/// Hours that are remembered before the one that the clock is in.
const HOURS: i64 = 25;

impl LiveFindings {
    fn is_new_hour(&self, now: i64) -> bool {
        self.state.clock.is_none_or(|clock| clock.div_euclid(HOUR) < now.div_euclid(HOUR))
    }

    /// Whether something is forgotten when the clock comes to `now`.
    pub(super) fn will_forget(&self, now: i64) -> bool {
        self.is_new_hour(now) || self.state.groups > self.most_groups
    }

    /// Forgets what lies too far back, when an hour is over; more of it, where there is too much.
    pub(super) fn pass_time(&mut self, now: i64) {
        let hour = now.div_euclid(HOUR);
        let is_new_hour = self.is_new_hour(now);
        self.state.clock = Some(now);
        if is_new_hour {
            self.forget_before(hour - HOURS);
        }
        let mut kept = HOURS;
        while self.state.groups > self.most_groups && kept > 0 {
            let before = self.state.groups;
            kept /= 2;
            self.forget_before(hour - kept);
            self.state.forgotten += before - self.state.groups;
        }
        if self.state.groups > self.most_groups {
            // One hour alone is too much.
            self.state.forgotten += self.state.groups;
            (self.state.pairs, self.state.sweeps, self.state.groups) = Default::default();
            (self.state.blocks, self.state.floods) = Default::default();
            self.state.small.clear();
            self.state.trickles.clear();
        }
    }

    fn forget_before(&mut self, hour: i64) {
        let state = &mut self.state;
        state.pairs.retain(|_, pair| pair.forget_before(hour));
        state.groups = state.pairs.values().map(|pair| pair.cells.len() as u64).sum();
        let pairs = &state.pairs;
        state.sweeps.retain(|(source, ..), sweep| sweep.retain(|host| pairs.contains_key(&(*source, host))));
        let sweeps = &state.sweeps;
        state.blocks.retain(|source, block| {
            block.retain(
                |host| pairs.contains_key(&(*source, host)),
                |(protocol, port)| sweeps.contains_key(&(*source, protocol, port)),
            )
        });
        state.floods.retain(|(target, ..), flood| flood.retain(|host| pairs.contains_key(&(host, *target))));
        state.hours.forget_before(hour);
        state.small.retain(|_, (of, _)| *of >= hour);
        state.trickles.retain(|_, trickle| trickle.at.div_euclid(HOUR) >= hour);
    }
}
