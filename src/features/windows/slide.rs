//! One pass over flows in time order: the features of each.

use super::definitions::N_FEATURES;
use super::event::Stored;
use super::hour::Hour;
use super::recent::{Counts, Recent};
use super::rhythm::Rhythm;
use super::{Evictions, math};

/// KDD's `count` and `srv_count` go no further.
const MOST_COUNT: u32 = 511;

/// All that is remembered of earlier flows. Half the budget is for ten minutes of flows, a quarter for the gaps of
/// conversations, a quarter for an hour of bytes.
#[derive(Debug)]
pub(super) struct Slide {
    recent: Recent,
    rhythm: Rhythm,
    hour: Hour,
}

impl Slide {
    pub fn new(budget: usize) -> Self {
        Self { recent: Recent::new(budget / 2), rhythm: Rhythm::new(budget / 4), hour: Hour::new(budget / 4) }
    }

    pub fn evictions(&self) -> Evictions {
        Evictions {
            window_flows: self.recent.forgotten,
            conversations: self.rhythm.evicted,
            hour_flows: self.hour.forgotten,
        }
    }

    /// The features of flows in the order of time, none of which began before those of earlier calls, in the order of
    /// [`super::DEFINITIONS`]; NaN where a flow lacks what is counted. The three memories know nothing of each other, so
    /// each may have a thread of its own.
    pub fn next(&mut self, events: &[Stored]) -> Vec<[f32; N_FEATURES]> {
        let Self { recent, rhythm, hour } = self;
        let (counts, (beats, hours)) = rayon::join(
            || events.iter().map(|event| recent.observe(event)).collect::<Vec<_>>(),
            || {
                rayon::join(
                    || events.iter().map(|event| beat(rhythm, event)).collect::<Vec<_>>(),
                    || events.iter().map(|event| hour.observe(event)).collect::<Vec<_>>(),
                )
            },
        );
        let beats = beats.into_iter().zip(hours);
        counts.iter().zip(beats).map(|(counts, (beat, hour))| features(counts, beat, hour)).collect()
    }
}

/// Regularity and mean gap.
fn beat(rhythm: &mut Rhythm, event: &Stored) -> (f64, f64) {
    event.conversation().map_or((f64::NAN, f64::NAN), |key| rhythm.observe(key, event.start))
}

pub(super) fn features(counts: &Counts, (regularity, mean_gap): (f64, f64), hour: Option<u128>) -> [f32; N_FEATURES] {
    let number = |n: Option<u32>| n.map_or(f64::NAN, f64::from);
    let log = |n: Option<u32>| math::ln_1p(number(n));
    let log_bytes = |n: Option<u128>| n.map_or(f64::NAN, |bytes| math::ln_1p(bytes as f64));
    let (source, destination) = (counts.source, counts.destination);
    let share = |part: Option<u32>| number(part) / number(source.map(|s| s.flows));
    [
        number(destination.map(|d| d.of_two_seconds.min(MOST_COUNT))),
        number(counts.service.map(|n| n.min(MOST_COUNT))),
        log(counts.conversation),
        log(source.map(|s| s.flows)),
        log(destination.map(|d| d.flows)),
        regularity,
        mean_gap,
        log(source.map(|s| s.endpoints)),
        log(source.map(|s| s.destinations)),
        share(source.map(|s| s.ports)),
        share(source.map(|s| s.failed)),
        log(destination.map(|d| d.sources)),
        log_bytes(source.map(|s| s.bytes)),
        log_bytes(counts.pair_bytes),
        log_bytes(hour),
    ]
    .map(|value| value as f32)
}
