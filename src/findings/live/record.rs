//! What was told of a finding, and when there is news.

use super::Occasion;
use crate::findings::group::Finding;
use crate::findings::{DAY, FindingId};
use serde::{Deserialize, Serialize};

/// A finding that was told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Its name, which it keeps however it grows.
    pub id: FindingId,
    /// Flows when it was first told.
    flows: u64,
    /// The begin of its last flow, as far as it was looked at.
    last: i64,
    /// Powers of ten of its first flows that were told.
    tenfold: u32,
    /// Days that were told.
    days: u64,
    /// When it was told last.
    at: i64,
}

/// Updates are told at ten and at a hundred times the flows.
const MOST_TENFOLD: u32 = 2;

impl Record {
    pub fn new(finding: &Finding, now: i64) -> Self {
        let last = finding.tally.span.map_or(now, |(_, last, _)| last);
        Self { id: finding.id, flows: finding.tally.flows.max(1), last, tenfold: 0, days: 0, at: now }
    }

    /// Whether it is of this finding: it is not where all of the finding is behind it.
    pub fn is_of(&self, finding: &Finding) -> bool {
        finding.tally.first().is_none_or(|first| first <= self.last)
    }

    /// Takes in how the finding is now; what is to be told of it, if anything is.
    pub fn update(&mut self, finding: &Finding, now: i64) -> Option<Occasion> {
        self.last = self.last.max(finding.tally.span.map_or(i64::MIN, |(_, last, _)| last));
        let times = finding.tally.flows / self.flows;
        let tenfold = times.checked_ilog10().unwrap_or(0).min(MOST_TENFOLD);
        if tenfold > self.tenfold {
            (self.tenfold, self.at) = (tenfold, now);
            return Some(Occasion::Grown(10u64.pow(tenfold)));
        }
        if now.saturating_sub(self.at) >= DAY {
            (self.days, self.at) = (self.days + 1, now);
            return Some(Occasion::StillGoing(self.days));
        }
        None
    }
}
