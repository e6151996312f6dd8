//! A report: what was found in scored rows as one page that needs nothing else, for the analyst and for the ticket.
//!
//! ```text
//! scored rows ─ one pass ─→ Gathered: counts in bounded memory, and at most 50,000 rows
//! manifest    ─ where it stands beside them ─→ ToldRun: provenance, findings with reasons, faults, drift
//! both, and a map of some rows ─→ Report → page
//! ```
//!
//! Nothing that a log says can act: all of it is JSON that cannot end the element it stands in, and reaches the page as text.

mod curves;
mod findings;
mod found;
mod gather;
mod map;
mod page;
mod scores;
mod services;
mod summary;
#[cfg(test)]
mod tests;
mod tiers;
mod timeline;

pub use curves::{Curves, Verdicts};
pub use found::{FoundRow, FoundRows};
pub use gather::{Counts, Edge, GatherOptions, Gathered, ROWS_OF_FINDING, ShownRows, gather};
pub use map::Map;
pub use page::Report;
pub use scores::{Bin, Scores};
pub use services::{Service, ServiceCounts, Services};
pub use tiers::Tiers;
pub use timeline::{Shown, Timeline};

/// Most rows of a page, those of the map and those in its tables together.
pub const MOST_ROWS: usize = 50_000;
/// Findings that a page lists.
pub const MOST_FINDINGS: usize = 2_000;
/// Of these, the first so many are shown with rows.
pub const FINDINGS_WITH_ROWS: usize = 1_000;
