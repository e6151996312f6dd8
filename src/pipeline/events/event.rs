//! What is told of one scored row, whatever the form.

use super::EventId;
use crate::findings::Hint;
use crate::flows::instant::{Zone, push_timestamp};
use crate::flows::record::{FlowKind, Host, StateGroup};
use arrow_schema::TimeUnit;
use std::borrow::Cow;
use std::net::IpAddr;

/// Bytes of a text of the log that an event has at most; longer ones are cut. It is what the index of a keyword takes at most
/// in ECS' own mappings, in characters.
const TEXT: usize = 1_024;
/// And of a path.
const PATH: usize = 4_096;

/// A scored row.
#[derive(Debug, Clone)]
pub(super) struct Event<'a> {
    pub id: EventId,
    /// µs since 1970: when the flow began; where that is not known, when it was scored.
    pub time: i64,
    pub start: Option<i64>,
    pub end: Option<i64>,
    pub duration_ns: Option<i64>,
    /// Whether the row is an anomaly.
    pub alert: bool,
    pub score: f64,
    /// In [0, 1).
    pub severity: f64,
    pub threshold: f64,
    pub reasons: Cow<'a, [String]>,
    pub hint: Hint,
    pub finding: Option<&'a str>,
    /// How the finding is, where the event is about it.
    pub of_finding: Option<&'a OfFinding>,
    pub allowed: Option<&'a str>,
    pub source: Side<'a>,
    pub destination: Side<'a>,
    pub protocol: Option<u8>,
    pub service: Option<&'a str>,
    pub icmp: Option<(u8, u8)>,
    pub direction: Option<Direction>,
    pub community_id: Option<Cow<'a, str>>,
    pub state_group: StateGroup,
    pub still_open: bool,
    pub state: Option<&'a str>,
    pub history: Option<&'a str>,
    pub session: Option<&'a str>,
    pub missed_bytes: Option<i64>,
    /// Whether source and destination are the log's own, as it says.
    pub local: Option<(bool, bool)>,
    pub kind: Option<FlowKind>,
    pub sensor: Option<&'a str>,
    pub file: &'a str,
    /// In its file, from 1.
    pub record: u64,
    pub detector: &'a str,
    pub model_digest: &'a str,
}

/// What an alert of a stream tells of its finding.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OfFinding {
    pub flows: u64,
    /// First and last begin, µs since 1970.
    pub span: Option<(i64, i64)>,
    /// Why it is told: `new`, `grown × 10`, `day 2`.
    pub news: String,
}

/// One end of a flow.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Side<'a> {
    pub address: Option<IpAddr>,
    /// What the log has where an address should be.
    pub name: Option<&'a str>,
    pub port: Option<u16>,
    pub bytes: Option<i64>,
    pub packets: Option<i64>,
}

/// Across which border a flow goes, in ECS' words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Inbound,
    Outbound,
    Internal,
    External,
}

impl Direction {
    /// Of a flow whose source and destination are ours or not.
    pub fn of(source_is_ours: bool, destination_is_ours: bool) -> Self {
        match (source_is_ours, destination_is_ours) {
            (false, true) => Self::Inbound,
            (true, false) => Self::Outbound,
            (true, true) => Self::Internal,
            (false, false) => Self::External,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
            Self::Internal => "internal",
            Self::External => "external",
        }
    }
}

impl Event<'_> {
    /// `alert` or `event`.
    pub fn kind_word(&self) -> &'static str {
        if self.alert { "alert" } else { "event" }
    }

    /// ECS' types, by how the flow went, as Elastic's own module for Zeek has them.
    pub fn types(&self) -> &'static [&'static str] {
        match self.state_group {
            StateGroup::Established if self.still_open => &["connection", "start"],
            StateGroup::Established => &["connection", "start", "end"],
            StateGroup::Refused => &["connection", "start", "denied"],
            StateGroup::NoReply => &["connection", "start"],
            StateGroup::Reset | StateGroup::MidStream => &["connection", "info"],
            StateGroup::Unknown => &["connection"],
        }
    }

    /// The guess at what it is: number and name in MITRE ATT&CK.
    pub fn technique(&self) -> Option<(&'static str, &'static str)> {
        match self.hint {
            Hint::Technique { id, name } => Some((id, name)),
            _ => None,
        }
    }

    /// `oddflow-iforest`.
    pub fn rule(&self) -> String {
        format!("oddflow-{}", self.detector)
    }

    /// Both ways together, where both are known.
    pub fn bytes(&self) -> Option<i64> {
        self.source.bytes.zip(self.destination.bytes).and_then(|(out, back)| out.checked_add(back))
    }

    /// Both ways together, where both are known.
    pub fn packets(&self) -> Option<i64> {
        self.source.packets.zip(self.destination.packets).and_then(|(out, back)| out.checked_add(back))
    }

    /// Whether the log is Zeek's, which has keys of its own.
    pub fn is_zeek(&self) -> bool {
        self.kind == Some(FlowKind::Zeek)
    }
}

impl<'a> Side<'a> {
    /// Of a host, and its text where it is none.
    pub fn of(host: Option<Host>, name: Option<&'a str>) -> Self {
        let address = match host {
            Some(Host::V4(address)) => Some(IpAddr::V4(address)),
            Some(Host::V6(address, _)) => Some(IpAddr::V6(address)),
            _ => None,
        };
        Self { address, name: name.map(short), ..Self::default() }
    }

    /// The hardware address that the name is, as six bytes.
    pub fn mac(&self) -> Option<[u8; 6]> {
        let name = self.name?;
        let mut bytes = [0; 6];
        let mut parts = name.split([':', '-']);
        for byte in &mut bytes {
            *byte = parts.next().filter(|part| part.len() == 2).and_then(|part| u8::from_str_radix(part, 16).ok())?;
        }
        parts.next().is_none().then_some(bytes)
    }
}

/// A text, cut to what an event has of it at most.
pub(super) fn short(text: &str) -> &str {
    cut(text, TEXT)
}

/// A path, cut likewise.
pub(super) fn short_path(text: &str) -> &str {
    cut(text, PATH)
}

fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}

/// A count that a signed number of 64 bits holds, which is what indexes have; a larger one is unset.
pub(super) fn count(value: Option<u64>) -> Option<i64> {
    value.and_then(|value| i64::try_from(value).ok())
}

/// RFC 3339 with µs, UTC.
pub(super) struct Instant(pub i64);

impl std::fmt::Display for Instant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = Vec::with_capacity(27);
        push_timestamp(self.0, TimeUnit::Microsecond, &Zone::Utc, &mut text);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}
