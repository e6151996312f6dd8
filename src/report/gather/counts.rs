//! What is counted of rows: parts of an input add up to the whole.

use super::super::found::FoundRows;
use super::super::scores::Scores;
use super::super::services::{Service, Services};
use super::super::tiers::Tiers;
use super::super::timeline::Timeline;
use crate::flows::record::Flows;
use crate::pipeline::Said;

/// Scored rows, counted.
#[derive(Default)]
pub struct Counts {
    /// Rows with a score.
    pub scored: u64,
    /// Of these, rows with the verdict.
    pub anomalies: u64,
    /// The smallest score with the verdict, and the largest without.
    pub edge: Edge,
    /// Scores.
    pub scores: Scores,
    /// Rows by severity.
    pub tiers: Tiers,
    /// When flows began.
    pub timeline: Timeline,
    /// What flows were for.
    pub services: Services,
    /// Rows of each finding that has the verdict.
    pub found: FoundRows,
}

impl Counts {
    /// One row; `label`: whether it is an anomaly, where somebody said.
    pub(super) fn add(&mut self, said: Said, label: Option<bool>) {
        self.scored += 1;
        self.anomalies += u64::from(said.anomaly);
        self.edge.add(said.score, said.anomaly);
        self.scores.add(said.score, said.anomaly, label);
        self.tiers.add(said);
    }

    /// The same row as a flow.
    pub(super) fn add_flow(&mut self, said: Said, flows: &Flows, row: usize) {
        if let Some(start) = flows.start.get(row).copied().flatten() {
            self.timeline.add(start, said.anomaly);
        }
        if let Some(service) = Service::of(flows, row) {
            self.services.add(service, said.anomaly, said.severity);
        }
    }

    /// Those of rows that come behind these.
    pub(super) fn merge(&mut self, other: Self) {
        self.scored += other.scored;
        self.anomalies += other.anomalies;
        self.edge.merge(other.edge);
        self.scores.merge(other.scores);
        self.tiers.merge(other.tiers);
        self.timeline.merge(other.timeline);
        self.services.merge(other.services);
        self.found.merge(other.found);
    }
}

/// Where verdicts begin.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Edge {
    /// The smallest score with the verdict.
    pub least_odd: Option<f64>,
    /// The largest score without.
    pub most_even: Option<f64>,
}

impl Edge {
    fn add(&mut self, score: f64, anomaly: bool) {
        match anomaly {
            true => self.least_odd = Some(self.least_odd.map_or(score, |x| x.min(score))),
            false => self.most_even = Some(self.most_even.map_or(score, |x| x.max(score))),
        }
    }

    fn merge(&mut self, other: Self) {
        other.least_odd.into_iter().for_each(|score| self.add(score, true));
        other.most_even.into_iter().for_each(|score| self.add(score, false));
    }

    /// A score between the two sides, where all of one are above all of the other.
    pub fn between(self) -> Option<f64> {
        let (odd, even) = (self.least_odd?, self.most_even?);
        (odd > even).then_some(even)
    }
}
