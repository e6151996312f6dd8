//! How long a log is.

use super::cells::Cells;
use super::{DAY, HOUR};
use std::collections::BTreeSet;

const MINUTE: i64 = HOUR / 60;

/// From the first start to the last, as [`Grouped::days`](super::Grouped::days) counts.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    /// From the begin of the first start's hour to that of the last's, but for what is no part of the log or a long silence.
    hours: i64,
    /// Minutes by which the last start is further into its hour than the first into its own. Seconds would make 13,182 flows a day of the 13,183
    /// of a log of 24 hours and seven seconds.
    minutes: i64,
}

impl Extent {
    /// Of these cells. What lies in `left_out` (from and before, µs since 1970) is known not to be among them and counts for nothing.
    pub fn of(cells: &Cells, left_out: Option<(i64, i64)>) -> Self {
        let mut hours = BTreeSet::new();
        let mut ends: Option<(i64, i64)> = None;
        for entry in cells.iter().filter(|entry| entry.tally.still_open < entry.tally.flows) {
            hours.extend(entry.key.hour);
            if let Some((first, last, _)) = entry.tally.span {
                ends = Some(ends.map_or((first, last), |(a, b)| (a.min(first), b.max(last))));
            }
        }
        let silent = |before: i64, after: i64| after - before - whole_hours(left_out, before + 1, after);
        let apart =
            hours.iter().zip(hours.iter().skip(1)).map(|(&before, &after)| silent(before, after).min(DAY / HOUR));
        let minute = |start: i64| start.rem_euclid(HOUR) / MINUTE;
        Self { hours: apart.sum(), minutes: ends.map_or(0, |(first, last)| minute(last) - minute(first)) }
    }

    /// In days, at least 1.
    pub fn days(&self) -> f64 {
        self.length().max(1.0)
    }

    /// In days, at least an hour of one.
    pub fn length(&self) -> f64 {
        (self.hours * HOUR + self.minutes * MINUTE).max(HOUR) as f64 / DAY as f64
    }

    /// Whether it is less than a day, by the hour.
    pub fn is_part_of_a_day(&self) -> bool {
        self.hours.saturating_add(1) * HOUR < DAY
    }
}

/// How many of the hours `from..to` lie within a span of µs as a whole.
fn whole_hours(span: Option<(i64, i64)>, from: i64, to: i64) -> i64 {
    let Some((begin, end)) = span else { return 0 };
    let first = begin.div_euclid(HOUR) + i64::from(begin.rem_euclid(HOUR) > 0);
    (to.min(end.div_euclid(HOUR)) - from.max(first)).max(0)
}
