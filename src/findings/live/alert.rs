//! What is told of a finding of a stream.

use crate::findings::group::Finding;
use crate::findings::{FindingId, Surroundings};

/// Why a finding is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// For the first time.
    New,
    /// It has so many times the flows: 10 or 100.
    Grown(u64),
    /// It is still going on, so many days after it was told.
    StillGoing(u64),
}

impl std::fmt::Display for Occasion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::New => f.write_str("new"),
            Self::Grown(times) => write!(f, "grown × {times}"),
            Self::StillGoing(days) => write!(f, "day {}", days + 1),
        }
    }
}

/// A finding that is to be told.
#[derive(Debug, Clone)]
pub struct Alert {
    /// The row of the batch that made it so.
    pub row: usize,
    /// The finding as it is now.
    pub finding: Finding,
    /// Its name, the one that it was first told under.
    pub id: FindingId,
    /// Why it is told.
    pub occasion: Occasion,
    /// In [0, 1).
    pub severity: f64,
    /// What it is compared with in words, as of its row.
    pub around: Surroundings,
}
