//! A finding as it is kept beside an output: all that was told of it, in text and numbers.

use super::common::Common;
use super::group::Finding;
use super::hint::hint;
use super::names::HostNames;
use super::quantity::instant;
use super::rank::Ranked;
use super::words::{Hint, Surroundings, reasons};
use crate::flows::record::{Host, protocol};
use serde::{Deserialize, Serialize};

/// What was told of a finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToldFinding {
    /// Its place in the ranking, the first is 1; `None` for a fault of the capture.
    pub rank: Option<u64>,
    /// Its name, as in the column `finding_id`.
    pub id: String,
    /// `conversation`, `scan`, `sweep`, `block`, `flood` or `data`.
    pub kind: String,
    /// The rarity of its oddity among the findings, in [0, 1); `None` for a fault of the capture.
    pub severity: Option<f64>,
    /// Its flows.
    pub flows: u64,
    /// Who began; `None` where its flows have none in common.
    pub source: Option<String>,
    /// Whom it was for.
    pub destination: Option<String>,
    /// `tcp`, `udp`, `icmp`, or the number.
    pub protocol: Option<String>,
    /// `22`, of ICMP type and code `3/3`, `*` for many, `-` for none.
    pub port: String,
    /// The first of its services.
    pub service: Option<String>,
    /// Destination ports and hosts that it touched.
    pub ports: u64,
    /// See [`ToldFinding::ports`].
    pub hosts: u64,
    /// Sources that it came from.
    #[serde(default = "one")]
    pub sources: u64,
    /// When its first flow began: RFC 3339.
    pub first: Option<String>,
    /// When its last flow began.
    pub last: Option<String>,
    /// Its longest flow, in seconds.
    pub duration: f64,
    /// Bytes out, of all flows.
    pub bytes_out: u64,
    /// Bytes in, of all flows.
    pub bytes_in: u64,
    /// The share of its flows that failed, 0 to 1.
    pub failed_share: f64,
    /// Why it is odd, the weightiest reason first.
    pub why: Vec<String>,
    /// A guess at what it is: a heuristic.
    pub hint: Option<String>,
    /// Whether its flows are called anomalies.
    pub anomaly: bool,
    /// Against an earlier output: `new`, `seen`, `grown × 3.2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

impl ToldFinding {
    /// Of a finding, which has a place (the first is 1) in the ranking unless it is a fault of the capture.
    pub fn of(
        finding: &Finding,
        ranked: Option<(u64, &Ranked)>,
        around: &Surroundings,
        names: &HostNames,
        anomaly: bool,
    ) -> Self {
        let conversation = finding.subject.conversation;
        let tally = &finding.tally;
        let host = |host: Host| names.text(&host).unwrap_or_else(|| host.to_string());
        let time = |at: i64| format!("{}Z", instant(at));
        Self {
            rank: ranked.map(|(rank, _)| rank),
            id: finding.id.to_string(),
            kind: finding.subject.kind.to_string(),
            severity: ranked.map(|(_, ranked)| ranked.severity),
            flows: tally.flows,
            source: conversation.source.map(host),
            destination: conversation.destination.map(host),
            protocol: conversation.protocol.map(protocol::word),
            port: Common::of(finding).conversation.port.to_string(),
            service: tally.service.as_deref().map(str::to_owned),
            ports: finding.ports,
            hosts: finding.hosts,
            sources: finding.sources,
            first: tally.span.map(|span| time(span.0)),
            last: tally.span.map(|span| time(span.1)),
            duration: tally.longest as f64 / 1e6,
            bytes_out: tally.bytes_out,
            bytes_in: tally.bytes_in,
            failed_share: finding.failed_share(),
            why: reasons(finding, around),
            hint: Some(hint(finding, around)).filter(|hint| *hint != Hint::Unclear).map(|hint| hint.to_string()),
            anomaly,
            since: None,
        }
    }
}

/// Versions before floods wrote no number.
fn one() -> u64 {
    1
}
