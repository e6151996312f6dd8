//! What findings of a stream are measured against: the findings of a log that was scored before.

use crate::detectors::{Scorer, Severity};
use crate::device::Device;
use crate::findings::allow::AllowList;
use crate::findings::group::{Finding, Grouped};
use crate::findings::key::Port;
use crate::findings::opinion::{Opinions, SecondForest};
use crate::findings::rank::{Parts, of_rows, rank, size};
use crate::findings::tables::{COLUMNS, Of, Table, Whole};
use crate::findings::{Surroundings, Verdict};
use crate::{Error, Result, Stop};
use ndarray::ArrayView2;
use std::collections::HashMap;

/// The findings of an earlier log, as a scale.
///
/// A finding of the stream is as odd as [`super::super::rank()`] says of those of the log, the hours of its source aside: these
/// are complete in a log only. It is told where it is odder than as many findings of the log as were asked for.
pub struct Reference {
    forests: [Option<(Scorer, Severity)>; 2],
    sizes: Severity,
    rarity: Severity,
    least: f64,
    told: usize,
    around: Surroundings,
    per_hour: u64,
    per_hour_and_port: HashMap<(Option<u8>, Port), u64>,
}

impl Reference {
    /// Of a log's findings: those are told that are as odd as the ones that `verdict` calls anomalies there. Findings that are
    /// allowed do not count.
    ///
    /// # Errors
    /// If the log has no findings, the device is lost, or `stop` is requested.
    pub fn new(
        grouped: &Grouped,
        allow: &AllowList,
        verdict: Verdict,
        seed: u64,
        device: &Device,
        stop: &Stop,
    ) -> Result<Self> {
        let mut opinions = Opinions::ask(grouped, seed, device, stop)?;
        opinions.host = vec![None; grouped.findings().len()];
        let allowed = allow.findings(grouped);
        let mut ranked = rank(grouped, &opinions)?;
        ranked.retain(|ranked| allowed.get(ranked.finding).copied().flatten().is_none());
        let findings: Vec<&Finding> = ranked.iter().filter_map(|r| grouped.findings().get(r.finding)).collect();
        let flagged = verdict.of(&findings, grouped.days());
        let Some(last) = flagged.findings.checked_sub(1).and_then(|last| ranked.get(last)) else {
            return Err(Error::NoInput("the log to compare with has no findings; name one of more flows".into()));
        };
        let (mut hours, mut ports) = (std::collections::HashSet::new(), HashMap::new());
        let mut flows = 0;
        for (entry, _) in grouped.entries() {
            hours.insert(entry.key.hour);
            flows += entry.tally.flows;
            let conversation = entry.key.key.conversation;
            *ports.entry((conversation.protocol, conversation.port)).or_insert(0u64) += entry.tally.flows;
        }
        let n_hours = hours.len().max(1) as u64;
        ports.values_mut().for_each(|flows| *flows /= n_hours);
        ports.retain(|_, flows| *flows > 0);
        let whole = Whole::of(grouped);
        let forest = |local| -> Result<_> {
            let table = Table::new(grouped, &whole, Of::Conversations, local);
            let Some((forest, _)) = SecondForest::fit(&table, seed, device, stop)? else { return Ok(None) };
            Ok(Some((forest.detector.scorer(&Device::Cpu, 1_024)?, forest.severity)))
        };
        Ok(Self {
            forests: [forest(false)?, forest(true)?],
            sizes: Severity::fit(&findings.iter().map(|finding| size(finding)).collect::<Vec<_>>())?,
            rarity: Severity::fit(&ranked.iter().map(|ranked| ranked.oddity).collect::<Vec<_>>())?,
            least: last.oddity,
            told: flagged.findings,
            around: Surroundings::of(grouped),
            per_hour: flows / n_hours,
            per_hour_and_port: ports,
        })
    }

    /// How many findings of the log would have been told.
    pub fn told(&self) -> usize {
        self.told
    }

    /// The severities of lines of local sources, or of others; `None` where the log had too few such lines.
    pub(super) fn lines(&self, lines: &[[f32; COLUMNS.len()]], local: bool) -> Result<Option<Vec<f64>>> {
        let [remote, own] = &self.forests;
        let Some((scorer, severity)) = (if local { own } else { remote }) else { return Ok(None) };
        let values: Vec<f32> = lines.iter().flatten().copied().collect();
        let matrix = ArrayView2::from_shape((lines.len(), COLUMNS.len()), &values)
            .map_err(|error| Error::Internal(error.to_string()))?;
        Ok(Some(scorer.score(matrix)?.into_iter().map(|score| severity.of(score)).collect()))
    }

    /// How odd a finding is whose line has this severity, and whether that is told.
    pub(super) fn judge(&self, finding: &Finding, line: Option<f64>) -> (f64, bool) {
        let parts =
            Parts { rows: of_rows(finding), conversation: line, host: None, size: self.sizes.of(size(finding)) };
        let oddity = parts.oddity();
        (self.rarity.of(oddity), oddity >= self.least)
    }

    /// What is typical.
    pub(super) fn around(&self) -> Surroundings {
        self.around
    }

    /// Flows in an hour of the log, on average.
    pub(super) fn per_hour(&self) -> u64 {
        self.per_hour
    }

    /// Of these, those of a protocol and port.
    pub(super) fn per_hour_of(&self, protocol: Option<u8>, port: Port) -> u64 {
        self.per_hour_and_port.get(&(protocol, port)).copied().unwrap_or(0)
    }
}

impl std::fmt::Debug for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reference").field("told", &self.told).field("least", &self.least).finish_non_exhaustive()
    }
}
