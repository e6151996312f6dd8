//! Rows into groups by the hour, one entry a group and hour.

use super::cells::CellBuilder;
use super::group::Grouped;
use super::key::CellKey;
use super::names::HostNames;
use super::rows::Rows;
use super::services::Services;
use super::starts::Starts;
use super::tally::Tally;
use crate::flows::record::Host;

/// What is known of a group within an hour.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Entry {
    /// Which group, which hour.
    pub key: CellKey,
    /// What was counted.
    pub tally: Tally,
    /// Its earliest starts.
    pub starts: Starts,
}

/// Takes rows in, batch by batch. Memory (estimated): some 170 bytes for a row that is alone in its group and hour, and 340 and up to 66 starts
/// of 8 bytes for several; more while they are grouped and ranked. Measured: 300 days of an internet-facing host, each of 31,368 rows in 14,700
/// groups and hours, took 2.26 GB, 0.62 GB of which without any findings.
#[derive(Debug, Default)]
pub struct Collector {
    cells: CellBuilder,
    services: Services,
    names: HostNames,
    rows: u64,
    without_address: u64,
}

impl Collector {
    /// With no rows yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the rows of a batch in. Rows that are not scored are passed over; rows without any address are counted and
    /// in no finding.
    pub fn observe(&mut self, rows: &Rows<'_>) {
        for row in 0..rows.len() {
            let flow = rows.flow(row);
            if flow.severity.is_nan() {
                continue;
            }
            self.rows += 1;
            let Some(key) = CellKey::of(&flow) else {
                self.without_address += 1;
                continue;
            };
            let service = flow.service.map(|name| self.services.shared(name));
            self.cells.add(key, &flow, service);
        }
    }

    /// Keeps the texts of hosts that are more than an address.
    pub fn learn(&mut self, names: &[(Host, String)]) {
        names.iter().for_each(|(host, text)| self.names.learn(*host, text));
    }

    /// Scored rows that were taken in.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Of these, rows that name neither side and so are in no finding.
    pub fn without_address(&self) -> u64 {
        self.without_address
    }

    /// Groups the rows: see [`Grouped`].
    pub fn finish(self) -> Grouped {
        Grouped::new(self.cells.settle(), self.names)
    }
}
