//! Logs whose records are flows.

use std::fmt;
use std::path::Path;

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
            // Corelight's reduced log has conn's records.
            "conn" | "conn_red" => Some(Self::ZeekConn),
            "conn_long" => Some(Self::ZeekConnLong),
            "open_conn" => Some(Self::ZeekOpenConn),
            _ => None,
        }
    }

    /// The Zeek log that a file's name says it is: `conn.00:00:00-01:00:00.log.gz`, `day1_NASHUA_conn.log`. `None` if no part
    /// of the name is the name of a log of flows.
    pub fn of_file_name(name: &str) -> Option<Self> {
        let name =
            Path::new(name).file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        let words: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).collect();
        let follows = |a: &str, b: &str| words.windows(2).any(|pair| pair == [a, b]);
        match () {
            () if follows("open", "conn") => Some(Self::ZeekOpenConn),
            () if follows("conn", "long") => Some(Self::ZeekConnLong),
            () if words.contains(&"conn") => Some(Self::ZeekConn),
            () => None,
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

#[cfg(test)]
mod tests {
    use super::FlowLog;

    #[test]
    fn names_of_files_tell_zeek_logs() {
        let of = FlowLog::of_file_name;
        assert_eq!(of("a/conn.00:00:00-01:00:00.log.gz"), Some(FlowLog::ZeekConn));
        assert_eq!(of("day1_NASHUA_conn.log"), Some(FlowLog::ZeekConn));
        assert_eq!(of("conn/open_conn.log"), Some(FlowLog::ZeekOpenConn));
        assert_eq!(of("conn_long.log"), Some(FlowLog::ZeekConnLong));
        assert_eq!(of("conn/http.log"), None);
        assert_eq!(of("connections.log"), None);
    }
}
