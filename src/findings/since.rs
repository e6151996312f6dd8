//! What is new since an earlier output.

use super::group::Finding;
use super::subject::Subject;
use std::collections::HashMap;
use std::fmt;

/// A finding that has grown has at least so many times the flows.
const GROWN: f64 = 2.0;

/// How a finding stands to an earlier output.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Since {
    /// Nothing was found of its subject.
    New,
    /// Its subject was found, with about as many flows for the time.
    Seen,
    /// Its subject was found, with fewer flows for the time: so many times as many now, at least 2.
    Grown(f64),
}

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => f.write_str("new"),
            Self::Seen => f.write_str("seen"),
            Self::Grown(times) if *times < 9.95 => write!(f, "grown × {times:.1}"),
            Self::Grown(times) => write!(f, "grown × {times:.0}"),
        }
    }
}

/// The subjects of an earlier output.
#[derive(Debug, Clone, Default)]
pub struct Earlier {
    flows: HashMap<String, u64>,
    days: f64,
}

impl Earlier {
    /// From what the output kept: each subject as [`Subject`] shows itself and its flows, and the days that it spans
    /// ([`super::Grouped::length`]). A subject that is there more than once has the flows of all.
    pub fn new(subjects: impl IntoIterator<Item = (String, u64)>, days: f64) -> Self {
        let mut flows: HashMap<String, u64> = HashMap::new();
        for (subject, n) in subjects {
            let sum = flows.entry(subject).or_default();
            *sum = sum.saturating_add(n);
        }
        Self { flows, days }
    }

    /// How `findings`, which span `days`, stand to it. Findings of one subject are compared together: flows a day, but those of a shorter log
    /// with all that there were, since few things come as evenly as an hour is a part of a day.
    pub fn compare(&self, findings: &[Finding], days: f64) -> Vec<Since> {
        let mut now: HashMap<&Subject, u64> = HashMap::new();
        for finding in findings {
            let sum = now.entry(&finding.subject).or_default();
            *sum = sum.saturating_add(finding.tally.flows);
        }
        let longer = days.max(self.days);
        let since = |finding: &Finding| {
            let Some(&before) = self.flows.get(&finding.subject.to_string()) else { return Since::New };
            let flows = now.get(&finding.subject).copied().unwrap_or(0);
            match flows as f64 / before.max(1) as f64 * (self.days / longer) {
                times if times >= GROWN => Since::Grown(times),
                _ => Since::Seen,
            }
        };
        findings.iter().map(since).collect()
    }
}
