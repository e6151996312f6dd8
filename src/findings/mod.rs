//! Rows grouped into what an analyst reads: findings, their ranking, reasons, verdicts, and what is known to be fine.
//!
//! ```text
//! rows + severities → Collector → Grouped: findings, and the finding of each row
//! Grouped → tables of host-hours and conversation-hours → second forests → ranking → verdict
//! ```
//!
//! Nothing here depends on how the rows were cut into batches and files, or on their order: what is kept are sums, extremes
//! and the earliest starts, in integers.

pub mod allow;
mod cells;
mod collect;
mod common;
mod extent;
mod faults;
mod filters;
mod group;
mod hint;
mod hosts;
mod key;
mod live;
mod names;
mod opinion;
mod pool;
mod rank;
mod rhythm;
mod rows;
mod services;
mod since;
mod starts;
mod subject;
pub mod table;
pub mod tables;
mod tally;
#[cfg(test)]
mod tests;
mod told;
mod verdict;
mod words;

pub use crate::words::quantity;
pub use collect::{Collector, Entry};
pub use common::Common;
pub use faults::{Fault, faults};
pub(crate) use filters::shell_quoted;
pub use filters::{Filters, duckdb_of_output};
pub use group::{Finding, Grouped, STATES};
pub use hint::hint;
pub use hosts::{HostDay, host_days};
pub use key::{CellKey, Conversation, Key, Port};
pub use live::{Alert, LiveFindings, LiveFindingsState, Occasion, Reference};
pub use names::HostNames;
pub use opinion::{LEAST_LINES, Opinion, Opinions};
pub use rank::{Parts, Ranked, rank};
pub use rhythm::Rhythm;
pub use rows::{Flow, Rows};
pub use since::{Earlier, Since};
pub use starts::Starts;
pub use subject::{FindingId, Kind, Subject};
pub use table::{sides, spoken};
pub use tally::Tally;
pub use told::ToldFinding;
pub use verdict::{Flagged, Period, Verdict};
pub use words::{Hint, Surroundings, reasons};

// An hour is the unit of the tables, and the longest silence within a conversation.
pub(crate) use crate::flows::record::when::{DAY, HOUR};
