//! How time passes: what lies too far back is forgotten.

use super::LiveFindings;
use super::pair::Pair;
use super::spread::Sweep;
use crate::findings::key::Conversation;
use crate::findings::{DAY, HOUR};

/// Hours that are remembered before the one that the clock is in.
const HOURS: i64 = 25;

impl LiveFindings {
    fn is_new_hour(&self, now: i64) -> bool {
        self.state.clock.is_none_or(|clock| clock.div_euclid(HOUR) < now.div_euclid(HOUR))
    }

    /// Whether something is forgotten when the clock comes to `now`.
    pub(super) fn will_forget(&self, now: i64) -> bool {
        self.is_new_hour(now) || self.is_set_back(now) || self.state.groups > self.most_groups
    }

    /// Whether the clock was wrong until now: it goes back by no less than a day.
    fn is_set_back(&self, now: i64) -> bool {
        self.state.clock.is_some_and(|clock| clock.saturating_sub(now) > DAY)
    }

    /// Forgets what lies too far back, when an hour is over; more of it, where there is too much.
    pub(super) fn pass_time(&mut self, now: i64) {
        let hour = now.div_euclid(HOUR);
        let is_new_hour = self.is_new_hour(now);
        if self.is_set_back(now) {
            // What is here claims to be of days that are yet to come, and what was before was forgotten.
            self.forget_all();
        }
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
            self.forget_all();
        }
    }

    fn forget_all(&mut self) {
        let state = &mut self.state;
        (state.pairs, state.groups, state.hours) = Default::default();
        (state.sweeps, state.blocks, state.floods) = Default::default();
        (state.small, state.trickles) = Default::default();
    }

    fn forget_before(&mut self, hour: i64) {
        let state = &mut self.state;
        state.pairs.retain(|_, pair| pair.forget_before(hour));
        state.groups = state.pairs.values().map(|pair| pair.cells.len() as u64).sum();
        let pairs = &state.pairs;
        state.sweeps.retain(|&(source, protocol, port), sweep| {
            sweep.retain(|destination| {
                let of = Conversation { source, destination, protocol, port };
                pairs.get(&(source, destination)).map_or(0, |pair| pair.flows_of(of))
            })
        });
        let sweeps = &state.sweeps;
        state.blocks.retain(|&source, block| {
            block.retain(
                |host| pairs.get(&(source, host)).is_some_and(Pair::is_scan),
                |(protocol, port)| sweeps.get(&(source, protocol, port)).is_some_and(Sweep::is_one),
            )
        });
        state.floods.retain(|&(target, protocol, port), flood| {
            flood.retain(|host| pairs.get(&(host, target)).is_some_and(|pair| pair.meets(protocol, port)))
        });
        state.hours.forget_before(hour);
        state.small.retain(|_, (of, _)| *of >= hour);
        state.trickles.retain(|_, trickle| trickle.at.div_euclid(HOUR) >= hour);
    }
}
