//! The findings that the page lists: those of the manifest, or else those that the rows name.

use super::found::{FoundRow, FoundRows};
use super::told::{ListedFinding, Told};
use crate::findings::{Finding, Grouped, Kind, Port, Surroundings, quantity, reasons};
use crate::flows::record::protocol;
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
    /// Of the manifest, or of the rows: with reasons where the rows, grouped anew, give the same findings.
    pub fn new(told: Option<&Told>, found: &FoundRows, grouped: Option<&Grouped>) -> Self {
        if let Some(list) = told.and_then(Told::list) {
            let mut list = list.to_vec();
            list.sort_by_key(|finding| (finding.rank.is_none(), finding.rank));
            return Self { list, note: None };
        }
        let ranked = found.ranked();
        if ranked.is_empty() {
            return Self::default();
        }
        let known: HashMap<String, &Finding> =
            grouped.into_iter().flat_map(Grouped::findings).map(|finding| (finding.id.to_string(), finding)).collect();
        let around = grouped.map(Surroundings::of).unwrap_or_default();
        let one = |(at, found): (usize, &FoundRow)| match known.get(&found.id) {
            Some(finding) => listed(at, found, finding, &around),
            None => bare(at, found),
        };
        let list: Vec<ListedFinding> = ranked.iter().enumerate().map(one).collect();
        let note = "No manifest lists these findings: they are those that flagged rows name, in the order of their oddest row, with \
                    reasons worked out anew where the rows still give them.";
        Self { list, note: Some(note.to_owned()) }
    }
}

fn bare(at: usize, found: &FoundRow) -> ListedFinding {
    let (first, last) = found.span.unzip();
    ListedFinding {
        rank: Some(at as u64 + 1),
        id: Some(found.id.clone()),
        severity: Some(found.severity),
        flows: Some(found.flows),
        first: first.map(utc),
        last: last.map(utc),
        anomaly: Some(true),
        ..ListedFinding::default()
    }
}

fn listed(at: usize, found: &FoundRow, finding: &Finding, around: &Surroundings) -> ListedFinding {
    let conversation = finding.subject.conversation;
    let destination = match finding.subject.kind {
        Kind::Sweep => Some(format!("{} hosts", quantity::count(finding.hosts))),
        _ => conversation.destination.map(|host| host.to_string()),
    };
    ListedFinding {
        kind: Some(finding.subject.kind.to_string()),
        source: conversation.source.map(|host| host.to_string()),
        destination,
        protocol: conversation.protocol.map(protocol::word),
        port: (conversation.port != Port::None).then(|| conversation.port.to_string()),
        service: finding.tally.service.as_deref().map(str::to_owned),
        why: Some(reasons(finding, around)),
        ..bare(at, found)
    }
}

/// RFC 3339.
pub fn utc(micros: i64) -> String {
    format!("{}Z", quantity::instant(micros))
}
