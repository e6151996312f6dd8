//! The findings that the page lists: those of the manifest, or else those that the rows name.

use super::found::{FoundRow, FoundRows};
use crate::findings::{Finding, Grouped, Port, Ranked, Surroundings, quantity, reasons};
use crate::flows::record::{Host, protocol};
use crate::pipeline::{ListedFinding, ToldRun};
use std::collections::HashMap;

/// What the page lists, and where it comes from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Listed {
    /// The findings in the order of their ranks, faults of the capture last.
    pub list: Vec<ListedFinding>,
    /// What is to be said of them.
    pub note: Option<String>,
}

impl Listed {
    /// Of the manifest, or of the rows: with ranks and reasons where the rows, grouped anew, give the same findings.
    pub fn new(told: Option<&ToldRun>, found: &FoundRows, grouped: Option<&Grouped>, ranked: &[Ranked]) -> Self {
        if let Some(list) = told.and_then(ToldRun::list) {
            let mut list = list.to_vec();
            list.sort_by_key(|finding| (finding.rank.is_none(), finding.rank));
            return Self { list, note: None };
        }
        let found = found.ranked();
        if found.is_empty() {
            return Self::default();
        }
        let all = grouped.map(Grouped::findings).unwrap_or_default();
        let known: HashMap<String, &Finding> = all.iter().map(|finding| (finding.id.to_string(), finding)).collect();
        let order = ranked
            .iter()
            .enumerate()
            .filter_map(|(at, ranked)| Some((all.get(ranked.finding)?.id.to_string(), (at, ranked.severity))));
        let order: HashMap<String, (usize, f64)> = order.collect();
        let around = grouped.map(Surroundings::of).unwrap_or_default();
        let host = |host: Host| grouped.and_then(|all| all.names().text(&host)).unwrap_or_else(|| host.to_string());
        let one = |found: &FoundRow| match known.get(&found.id) {
            Some(finding) => listed(found, finding, &around, &host),
            None => bare(found),
        };
        let mut list: Vec<ListedFinding> = found.iter().map(one).collect();
        let place = |finding: &ListedFinding| finding.id.as_ref().and_then(|id| order.get(id)).copied();
        // What the rows no longer give comes behind, its oddest rows first: the sort is stable.
        list.sort_by_key(|finding| place(finding).map_or(usize::MAX, |(at, _)| at));
        for (at, finding) in list.iter_mut().enumerate() {
            finding.severity = place(finding).map(|(_, severity)| severity).or(finding.severity);
            finding.rank = Some(at as u64 + 1);
        }
        let note = "No manifest lists these findings: they are those that flagged rows name, ranked and explained anew from the rows.";
        Self { list, note: Some(note.to_owned()) }
    }
}

fn bare(found: &FoundRow) -> ListedFinding {
    let (first, last) = found.span.unzip();
    ListedFinding {
        id: Some(found.id.clone()),
        severity: Some(found.severity),
        flows: Some(found.flows),
        first: first.map(utc),
        last: last.map(utc),
        anomaly: Some(true),
        ..ListedFinding::default()
    }
}

fn listed(found: &FoundRow, finding: &Finding, around: &Surroundings, host: &dyn Fn(Host) -> String) -> ListedFinding {
    let conversation = finding.subject.conversation;
    ListedFinding {
        kind: Some(finding.subject.kind.to_string()),
        source: conversation.source.map(host),
        destination: conversation.destination.map(host),
        hosts: Some(finding.hosts),
        sources: Some(finding.sources),
        protocol: conversation.protocol.map(protocol::word),
        port: (conversation.port != Port::None).then(|| conversation.port.to_string()),
        service: finding.tally.service.as_deref().map(str::to_owned),
        why: Some(reasons(finding, around)),
        ..bare(found)
    }
}

/// RFC 3339.
pub fn utc(micros: i64) -> String {
    format!("{}Z", quantity::instant(micros))
}
