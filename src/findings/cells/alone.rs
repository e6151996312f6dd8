//! A row that shares its group and hour with none.

use crate::findings::collect::Entry;
use crate::findings::key::{CellKey, Port};
use crate::findings::rows::Flow;
use crate::findings::starts::Starts;
use crate::findings::tally::Tally;
use crate::flows::record::Marks;
use std::sync::Arc;

/// What is kept of it: half of the room of an [`Entry`].
#[derive(Debug, Clone)]
pub struct Alone {
    pub key: CellKey,
    /// Counts only where the key has an hour.
    start: i64,
    duration: i64,
    bytes_out: u64,
    bytes_in: u64,
    packets: u64,
    severity: f64,
    service: Option<Arc<str>>,
    marks: Marks,
}

impl Alone {
    /// Of a row; `None` for one of which the sensor missed a part: there is more to keep of it.
    pub fn of(key: CellKey, flow: &Flow<'_>, service: Option<Arc<str>>) -> Option<Self> {
        let is_whole = !flow.marks.has(Marks::CAPTURE_GAP);
        is_whole.then_some(Self {
            key,
            start: flow.start.unwrap_or(0),
            duration: flow.duration.unwrap_or(0),
            bytes_out: flow.bytes_out,
            bytes_in: flow.bytes_in,
            packets: flow.packets,
            severity: flow.severity,
            service,
            marks: flow.marks,
        })
    }

    /// The entry that it is.
    pub fn entry(&self) -> Entry {
        let flow = self.flow();
        let mut starts = Starts::default();
        flow.start.into_iter().for_each(|start| starts.note(start));
        Entry { key: self.key, tally: Tally::of(&flow, self.service.clone()), starts }
    }

    /// The row, as far as it is counted.
    pub fn flow(&self) -> Flow<'_> {
        let conversation = self.key.key.conversation;
        Flow {
            start: self.key.hour.map(|_| self.start),
            duration: Some(self.duration),
            source: conversation.source,
            destination: conversation.destination,
            destination_port: if let Port::Number(port) = conversation.port { Some(port) } else { None },
            icmp: if let Port::Icmp(kind, code) = conversation.port { Some((kind, code)) } else { None },
            protocol: conversation.protocol,
            service: self.service.as_deref(),
            state: self.key.key.state,
            bytes_out: self.bytes_out,
            bytes_in: self.bytes_in,
            packets: self.packets,
            claimed: None,
            marks: self.marks,
            severity: self.severity,
        }
    }
}
