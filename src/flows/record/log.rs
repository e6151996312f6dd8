//! Logs whose records are flows.

use std::fmt;

/// What a file of flow records is a log of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum FlowLog {
    /// Zeek's `conn`: a record when a flow has ended.
    ZeekConn,
    /// Zeek's `conn_long`: snapshots of flows that have been open for long.
    ZeekConnLong,
    /// Zeek's `open_conn`: snapshots of flows that are open.
    ZeekOpenConn,
    /// Flow events of Suricata's EVE log.
    Eve,
    /// Argus' `ra` as delimited text (`.binetflow`).
    Argus,
    /// CICFlowMeter's tables.
    FlowMeter,
}

impl FlowLog {
    /// The Zeek log of a name (`#path`, `_path`) if its records are flows.
    pub fn zeek(path: &str) -> Option<Self> {
        match path {
            "conn" => Some(Self::ZeekConn),
            "conn_long" => Some(Self::ZeekConnLong),
            "open_conn" => Some(Self::ZeekOpenConn),
            _ => None,
        }
    }

    /// Whether its records are snapshots of flows that go on, which a later record replaces.
    pub fn has_snapshots(self) -> bool {
        matches!(self, Self::ZeekConnLong | Self::ZeekOpenConn)
    }

    /// Its name among the logs of its maker: `conn`, `flow`, `Argus`.
    pub fn word(self) -> &'static str {
        match self {
            Self::ZeekConn => "conn",
            Self::ZeekConnLong => "conn_long",
            Self::ZeekOpenConn => "open_conn",
            Self::Eve => "flow",
            Self::Argus => "Argus",
            Self::FlowMeter => "CICFlowMeter",
        }
    }

    /// Who writes it.
    pub fn maker(self) -> &'static str {
        match self {
            Self::ZeekConn | Self::ZeekConnLong | Self::ZeekOpenConn => "Zeek",
            Self::Eve => "Suricata EVE",
            Self::Argus => "Argus",
            Self::FlowMeter => "CICFlowMeter",
        }
    }
}

/// `Zeek conn`, `Suricata EVE flow`, `Argus`.
impl fmt::Display for FlowLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argus | Self::FlowMeter => f.write_str(self.maker()),
            _ => write!(f, "{} {}", self.maker(), self.word()),
        }
    }
}
