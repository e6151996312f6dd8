//! What a finding is about, and its name.

use super::key::{Conversation, Port};
use crate::flows::record::StateGroup;
use std::fmt;

/// How the rows of a finding belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// One conversation.
    Conversation,
    /// One source, many ports of one destination.
    Scan,
    /// One source, many destinations on one port.
    Sweep,
    /// One source, many ports of many destinations.
    Block,
    /// Many sources, one destination, to no avail; on one port or on many.
    Flood,
    /// Many sources, one multicast or broadcast address on one port: how hosts of a network find each other.
    Multicast,
    /// A fault of the capture, never a threat.
    Data,
}

/// What a finding is about: the same in every log that has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// How its rows belong together.
    pub kind: Kind,
    /// Who (`None` in a flood or multicast), whom (`None` in a sweep or block), by which protocol (`None` in a scan or block: of any), for what.
    pub conversation: Conversation,
    /// How most of it went; in all but conversations and data, which do not mix, `None`.
    pub state: Option<StateGroup>,
}

/// A finding's name: a digest of its subject and of the time it began, the same for any batch size, thread count and split
/// into files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct FindingId(pub u64);

impl FindingId {
    /// Of a subject whose first row began at `first` (µs since 1970).
    pub fn new(subject: &Subject, first: Option<i64>) -> Self {
        let text = format!("{subject} {first:?}");
        let digest = blake3::hash(text.as_bytes());
        let bytes = digest.as_bytes().first_chunk::<8>().copied().unwrap_or_default();
        Self(u64::from_be_bytes(bytes))
    }

    /// From what [`FindingId`] shows as.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
        plain.then(|| u64::from_str_radix(text, 16).ok()).flatten().map(Self)
    }
}

/// Sixteen hexadecimal digits.
impl fmt::Display for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Conversation => "conversation",
            Self::Scan => "scan",
            Self::Sweep => "sweep",
            Self::Block => "block",
            Self::Flood => "flood",
            Self::Multicast => "multicast",
            Self::Data => "data",
        })
    }
}

/// One line that no two subjects share: `scan 165.154.254.36 > 64.225.56.201 * * *`.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Conversation { source, destination, protocol, port } = self.conversation;
        let or_star = |text: Option<String>| text.unwrap_or_else(|| "*".to_owned());
        let host = |host: Option<crate::flows::record::Host>| or_star(host.map(|h| zoned(&h)));
        let protocol = or_star(protocol.map(|p| p.to_string()));
        let state = or_star(self.state.map(|s| s.to_string()));
        let port = if port == Port::Many { "*".to_owned() } else { port.to_string() };
        write!(f, "{} {} > {} {protocol} {port} {state}", self.kind, host(source), host(destination))
    }
}

/// An address with the digest of its zone, which tells two hosts of one link-local address apart.
fn zoned(host: &crate::flows::record::Host) -> String {
    match host {
        crate::flows::record::Host::V6(address, zone) if *zone != 0 => format!("{address}%{zone:08x}"),
        _ => host.to_string(),
    }
}
