//! Second opinions: isolation forests over the tables of host-hours and conversation-hours, local and remote sources apart.

use super::group::Grouped;
use super::tables::{Of, Table, Whole};
use crate::detectors::{Detector, IsolationForest, IsolationForestParams, Severity};
use crate::device::Device;
use crate::{Result, Stop};

/// A table with fewer lines gives no opinion: nothing is rare among so few.
pub const LEAST_LINES: usize = 32;

/// Trees of a second forest: more than rows get, since lines are few and a rank should not hang on the seed.
const TREES: usize = 300;

/// Severities of the lines that a finding has a part in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Opinion {
    /// Mean, weighted by the finding's flows.
    pub mean: f64,
    /// The largest.
    pub largest: f64,
}

/// How odd each finding's own lines are, as severities among the lines of their tables. `None`: no table had enough lines, or it
/// is a fault of the capture.
#[derive(Debug, Clone)]
pub struct Opinions {
    /// Of the finding in its hours.
    pub conversation: Vec<Option<Opinion>>,
    /// Of the finding's source in the hours of the finding.
    pub host: Vec<Option<Opinion>>,
    /// Lines of the four tables: hosts local and remote, conversations local and remote.
    pub lines: [usize; 4],
}

impl Opinions {
    /// Fits the forests and asks them. The same seed gives the same opinions on any device and with any number of threads.
    ///
    /// # Errors
    /// If the device is lost, or `stop` is requested.
    pub fn ask(grouped: &Grouped, seed: u64, device: &Device, stop: &Stop) -> Result<Self> {
        let whole = Whole::of(grouped);
        let ask = |of| of_tables(grouped, &whole, of, |table| severities(table, seed, device, stop));
        let (host, [own_hosts, hosts]) = ask(Of::Hosts)?;
        let (conversation, [own, others]) = ask(Of::Conversations)?;
        Ok(Self { conversation, host, lines: [own_hosts, hosts, own, others] })
    }
}

/// What the two tables of a kind say of each finding, and their lines: of local sources and of others.
fn of_tables(
    grouped: &Grouped,
    whole: &Whole,
    of: Of,
    severities: impl Fn(&Table) -> Result<Vec<f64>>,
) -> Result<(Vec<Option<Opinion>>, [usize; 2])> {
    let mut of_entries = vec![None; grouped.cells().len()];
    let mut lines = [0; 2];
    for (local, n_lines) in [true, false].into_iter().zip(&mut lines) {
        let table = Table::new(grouped, whole, of, local);
        *n_lines = table.lines.len();
        let severities = severities(&table)?;
        for (slot, &line) in of_entries.iter_mut().zip(&table.line_of_entry) {
            *slot = slot.or_else(|| severities.get(line as usize).copied());
        }
    }
    let mut sums = vec![Sum::default(); grouped.findings().len()];
    for (at, (finding, severity)) in grouped.findings_of_cells().zip(of_entries).enumerate() {
        if let (Some(sum), Some(severity)) = (sums.get_mut(finding), severity) {
            sum.add(severity, grouped.cells().flows(at));
        }
    }
    Ok((sums.into_iter().map(Sum::settle).collect(), lines))
}

/// A second forest and the severities of the lines that it was fitted on.
pub(super) struct SecondForest {
    pub detector: Detector,
    pub severity: Severity,
}

impl SecondForest {
    /// Of a table's lines; `None` where they are too few.
    pub fn fit(table: &Table, seed: u64, device: &Device, stop: &Stop) -> Result<Option<(Self, Vec<f64>)>> {
        if table.lines.len() < LEAST_LINES {
            return Ok(None);
        }
        let params = IsolationForestParams { seed, n_trees: TREES, ..IsolationForestParams::default() };
        let detector = Detector::from(IsolationForest::fit_until(table.values.view(), &params, stop)?);
        let scores = detector.scorer(device, table.lines.len())?.until(stop).score(table.values.view())?;
        let severity = Severity::fit(&scores)?;
        let of_lines = scores.into_iter().map(|score| severity.of(score)).collect();
        Ok(Some((Self { detector, severity }, of_lines)))
    }
}

/// Severities of the lines among each other; empty for a table with too few.
fn severities(table: &Table, seed: u64, device: &Device, stop: &Stop) -> Result<Vec<f64>> {
    Ok(SecondForest::fit(table, seed, device, stop)?.map(|(_, severities)| severities).unwrap_or_default())
}

/// Entries come in the order of their keys, so the sum has one.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    weighted: f64,
    flows: u64,
    largest: f64,
}

impl Sum {
    fn add(&mut self, severity: f64, flows: u64) {
        self.weighted += severity * flows as f64;
        self.flows = self.flows.saturating_add(flows);
        self.largest = self.largest.max(severity);
    }

    fn settle(self) -> Option<Opinion> {
        (self.flows > 0).then(|| Opinion { mean: self.weighted / self.flows as f64, largest: self.largest })
    }
}
