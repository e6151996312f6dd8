//! A flow as the engine knows it, whatever it was logged by.
//!
//! The original columns stay with a batch untouched; [`Flows`] is what features and findings read beside them.

mod host;
mod log;
mod marks;
pub(crate) mod protocol;
mod schema;
pub(crate) mod when;
mod zone;

pub use host::Host;
pub(crate) use host::{digest, mix, text_digest};
pub use log::FlowLog;
pub use marks::Marks;
pub use schema::{FlowKind, FlowOptions, FlowSchema, Particulars};
pub use zone::LogZone;

use arrow_array::StringArray;

/// The rows of a batch as flows: column by column, one entry a row.
///
/// `out` is from the source (who began) to the destination, `in` is back.
#[derive(Debug, Clone)]
pub struct Flows {
    /// When the flow began: µs since 1970, UTC. `None`: absent, unreadable or implausible.
    pub start: Vec<Option<i64>>,
    /// µs from its first to its last packet. `None`: too little was seen to tell.
    pub duration: Vec<Option<i64>>,
    /// Who began it.
    pub source: Vec<Option<Host>>,
    /// Whom it was for.
    pub destination: Vec<Option<Host>>,
    /// Port it came from; `None` for protocols without ports, ICMP among them.
    pub source_port: Vec<Option<u16>>,
    /// Port it was for; `None` for protocols without ports, ICMP among them.
    pub destination_port: Vec<Option<u16>>,
    /// ICMP's type and code.
    pub icmp: Vec<Option<(u8, u8)>>,
    /// IANA's protocol number: 1 ICMP, 6 TCP, 17 UDP, 58 ICMPv6.
    pub protocol: Vec<Option<u8>>,
    /// What was spoken, in lower case; of several the names in order, joined by commas. Null: not recognised.
    pub service: StringArray,
    /// How it went, as logged: `S0`, `SF`, `established`, `FSPA_FSPA`.
    pub state: StringArray,
    /// How it went, in the words of all formats.
    pub state_group: Vec<StateGroup>,
    /// Zeek's history, or what stands for it. Null: none.
    pub history: StringArray,
    /// Payload or IP bytes that are believed: the smaller, where a log has both.
    pub bytes_out: Vec<Option<u64>>,
    /// See [`Flows::bytes_out`].
    pub bytes_in: Vec<Option<u64>>,
    /// Bytes out and in that the log claims by sequence numbers, where it has such counts beside those that were seen (Zeek's
    /// `orig_bytes`, `resp_bytes`).
    pub claimed: Vec<Option<[u64; 2]>>,
    /// KDD's `count` and `srv_count`, where the table has them instead of addresses and times to count by.
    pub counted: Vec<Option<[f64; 2]>>,
    /// Packets.
    pub packets_out: Vec<Option<u64>>,
    /// Packets.
    pub packets_in: Vec<Option<u64>>,
    /// Particulars that are true of the flow.
    pub marks: Vec<Marks>,
    /// Its name in the log (Zeek's `uid`, EVE's `flow_id`). Null: none.
    pub session: StringArray,
}

impl Flows {
    /// How many rows there are.
    pub fn n_rows(&self) -> usize {
        self.start.len()
    }
}

/// How a flow went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
#[repr(u8)]
pub enum StateGroup {
    /// Both sides spoke.
    Established,
    /// The destination said no.
    Refused,
    /// The destination said nothing.
    NoReply,
    /// Begun and broken off.
    Reset,
    /// Its beginning was not seen.
    MidStream,
    /// The log does not tell.
    #[default]
    Unknown,
}

impl StateGroup {
    /// Whether the flow failed to come about.
    pub fn failed(self) -> bool {
        matches!(self, Self::Refused | Self::NoReply)
    }
}

impl std::fmt::Display for StateGroup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Established => "established",
            Self::Refused => "refused",
            Self::NoReply => "no reply",
            Self::Reset => "reset",
            Self::MidStream => "mid-stream",
            Self::Unknown => "unknown",
        })
    }
}
