//! The order of findings.

use super::group::{Finding, Grouped};
use super::opinion::Opinions;
use super::subject::Kind;
use std::cmp::Reverse;

/// A finding in the ranking.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// Its index in [`Grouped::findings`].
    pub finding: usize,
    /// By what it is ranked, in [0, 1).
    pub severity: f64,
}

/// All findings but those of kind `data`, the oddest first; of equal ones that with more flows, then by id.
pub fn rank(grouped: &Grouped, opinions: &Opinions) -> Vec<Ranked> {
    let threats = grouped.findings().iter().enumerate().filter(|(_, finding)| finding.subject.kind != Kind::Data);
    let mut ranked: Vec<(Ranked, &Finding)> = threats
        .map(|(at, finding)| (Ranked { finding: at, severity: severity(finding, at, opinions) }, finding))
        .collect();
    ranked.sort_by(|(a, x), (b, y)| {
        b.severity.total_cmp(&a.severity).then_with(|| (Reverse(x.tally.flows), x.id).cmp(&(Reverse(y.tally.flows), y.id)))
    });
    ranked.into_iter().map(|(ranked, _)| ranked).collect()
}

fn severity(finding: &Finding, at: usize, opinions: &Opinions) -> f64 {
    let own = |of: &[Option<(f64, f64)>]| of.get(at).copied().flatten().map_or(0.0, |(_, most)| most);
    (finding.tally.severity_mean() + own(&opinions.conversation) + own(&opinions.host)) / 3.0
}
