//! How many findings are worth an analyst's time.

use super::group::Finding;
use crate::{Error, Result};
use std::fmt;
use std::str::FromStr;

/// What an amount of findings is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// 24 hours.
    Day,
    /// Seven days.
    Week,
}

/// Which of the ranked findings are called anomalies: always the first of the ranking.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// So many findings for each day or week that the log spans.
    Alerts {
        /// Findings, at least 1.
        findings: u64,
        /// For how long.
        period: Period,
    },
    /// The fewest findings that together hold at least this share of the rows, in (0, 0.5].
    Contamination(f64),
}

/// 100 findings a day.
impl Default for Verdict {
    fn default() -> Self {
        Self::Alerts { findings: 100, period: Period::Day }
    }
}

/// What a verdict came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flagged {
    /// The first so many of the ranking are anomalies.
    pub findings: usize,
    /// Rows in them.
    pub rows: u64,
    /// Days that the log spans ([`super::Grouped::days`]).
    pub days: f64,
}

impl Flagged {
    /// Findings a day.
    pub fn findings_per_day(&self) -> f64 {
        self.findings as f64 / self.days
    }

    /// Rows a day.
    pub fn rows_per_day(&self) -> f64 {
        self.rows as f64 / self.days
    }
}

impl Verdict {
    /// Calls the first of `ranked` anomalies, of a log of so many days. Findings of kind `data`, which are no threats, should not be
    /// among them.
    pub fn of(&self, ranked: &[&Finding], days: f64) -> Flagged {
        let flows = || ranked.iter().map(|finding| finding.tally.flows);
        let findings = match *self {
            Self::Alerts { findings, period } => {
                let periods = if period == Period::Week { days / 7.0 } else { days };
                (findings as f64 * periods).round().max(1.0) as usize
            }
            Self::Contamination(share) => {
                let asked = share * flows().sum::<u64>() as f64;
                let within = flows().scan(0, |sum: &mut u64, n| {
                    *sum += n;
                    Some(*sum)
                });
                within.take_while(|&sum| (sum as f64) < asked).count() + usize::from(asked > 0.0)
            }
        };
        let findings = findings.min(ranked.len());
        Flagged { findings, rows: flows().take(findings).sum(), days }
    }
}

/// `100/day`, `20/week`.
impl FromStr for Verdict {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong =
            || Error::parameter("alerts", text, "it must be a number of findings a day or week: 100/day, 20/week");
        let (number, period) = text.trim().split_once('/').ok_or_else(wrong)?;
        let period = match period.trim().to_ascii_lowercase().as_str() {
            "day" | "d" => Period::Day,
            "week" | "w" => Period::Week,
            _ => return Err(wrong()),
        };
        let findings = number.trim().parse().map_err(|_| wrong())?;
        if findings == 0 {
            return Err(wrong());
        }
        Ok(Self::Alerts { findings, period })
    }
}

/// What [`Verdict::from_str`] reads.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alerts { findings, period: Period::Day } => write!(f, "{findings}/day"),
            Self::Alerts { findings, period: Period::Week } => write!(f, "{findings}/week"),
            Self::Contamination(share) => write!(f, "contamination {share}"),
        }
    }
}
