//! What rows have in common that belong together.

use super::HOUR;
use super::common::Common;
use super::rows::Flow;
use crate::flows::record::{Host, StateGroup};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The service that a flow was for, as the transport names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Port {
    /// The protocol has none, or the log does not say.
    None,
    /// A destination port.
    Number(u16),
    /// ICMP's type and code.
    Icmp(u8, u8),
    /// More than one, in a finding that spans them.
    Many,
}

impl Port {
    /// Of a row.
    pub fn of(flow: &Flow<'_>) -> Self {
        match (flow.icmp, flow.destination_port) {
            (Some((kind, code)), _) => Self::Icmp(kind, code),
            (None, Some(port)) => Self::Number(port),
            (None, None) => Self::None,
        }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("-"),
            Self::Number(port) => write!(f, "{port}"),
            Self::Icmp(kind, code) => write!(f, "{kind}/{code}"),
            Self::Many => f.write_str("*"),
        }
    }
}

/// Who speaks to whom about what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Conversation {
    /// Who began.
    pub source: Option<Host>,
    /// Whom it was for.
    pub destination: Option<Host>,
    /// IANA's protocol number.
    pub protocol: Option<u8>,
    /// What it was for.
    pub port: Port,
}

/// The group of a row before stretches of time are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// Who, whom and what.
    pub conversation: Conversation,
    /// How it went.
    pub state: StateGroup,
    /// Whether the row's volume is a fault of the capture: see [`Flow::contradicts_itself`].
    pub gap: bool,
}

/// A key within one hour of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CellKey {
    /// The group.
    pub key: Key,
    /// Hours since 1970; `None` for rows whose time is not known.
    pub hour: Option<i64>,
}

impl CellKey {
    /// Of a row; `None` where it names neither side: such rows cannot be grouped.
    pub fn of(flow: &Flow<'_>) -> Option<Self> {
        if flow.source.is_none() && flow.destination.is_none() {
            return None;
        }
        let conversation = Common::of_row(flow).conversation;
        let key = Key { conversation, state: flow.state, gap: flow.contradicts_itself() };
        Some(Self { key, hour: flow.start.map(|start| start.div_euclid(HOUR)) })
    }
}
