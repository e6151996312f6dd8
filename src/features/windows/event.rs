//! A flow as windows need it.

use crate::flows::record::{Flows, digest, mix};
use arrow_array::{Array, StringArray};
use bytemuck::{Pod, Zeroable};

/// What windows need to know of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// When it began: µs since 1970. `None`: it is in no window and all its features are missing.
    pub start: Option<i64>,
    /// When it ended, where its log tells how long it lasted. Windows do not look at it; it tells where a stream's clock cannot be.
    pub end: Option<i64>,
    /// Its position in the stream ([`crate::flows::Batch::stream_position`]): file, then record. No two are alike.
    pub position: u64,
    /// [`crate::flows::record::Host::key`] of its source.
    pub source: Option<u64>,
    /// [`crate::flows::record::Host::key`] of its destination.
    pub destination: Option<u64>,
    /// Protocol, and destination port or ICMP type and code: see [`port_key`].
    pub port: u32,
    /// A digest of protocol and service; where no service was recognised, of protocol and destination port; of ICMP
    /// its type and code. `None`: none of these is known.
    pub service: Option<u64>,
    /// Whether it failed to come about ([`crate::flows::record::StateGroup::failed`]).
    pub failed: bool,
    /// Bytes from source to destination; 0 where the log does not tell.
    pub bytes_out: u64,
}

impl Event {
    /// Row `row` of `flows`, which is at `position` of the stream. A row past the end is outside of windows.
    pub fn of(flows: &Flows, row: usize, position: u64) -> Self {
        let host = |hosts: &[Option<crate::flows::record::Host>]| hosts.get(row).copied().flatten().map(|h| h.key());
        let protocol = flows.protocol.get(row).copied().flatten();
        let icmp = flows.icmp.get(row).copied().flatten();
        let port = port_key(protocol, flows.destination_port.get(row).copied().flatten(), icmp);
        let start = flows.start.get(row).copied().flatten();
        let duration = flows.duration.get(row).copied().flatten();
        Self {
            start,
            end: start.zip(duration).map(|(start, duration)| start.saturating_add(duration)),
            position,
            source: host(&flows.source),
            destination: host(&flows.destination),
            port,
            service: service_key(protocol, icmp.is_some(), text(&flows.service, row), port),
            failed: flows.state_group.get(row).is_some_and(|group| group.failed()),
            bytes_out: flows.bytes_out.get(row).copied().flatten().unwrap_or(0),
        }
    }

    /// Source, destination and port as one number; two of them share it with a chance of 2⁻⁶⁴.
    pub(crate) fn conversation(&self) -> Option<u64> {
        Some(conversation_key(pair_key(self.source?, self.destination?), self.port))
    }

    /// A record that has a place in the stream and belongs in no window: a superseded one, or one that is no flow.
    pub fn outside(position: u64) -> Self {
        let (start, end, source, destination, service) = (None, None, None, None, None);
        Self { start, end, position, source, destination, port: 0, service, failed: false, bytes_out: 0 }
    }
}

fn text(column: &StringArray, row: usize) -> Option<&str> {
    (row < column.len() && column.is_valid(row)).then(|| column.value(row))
}

/// What a flow knocks at, as one number without collisions: ICMP's type and code, else the destination port, and the
/// protocol. 0 where nothing is known.
pub fn port_key(protocol: Option<u8>, port: Option<u16>, icmp: Option<(u8, u8)>) -> u32 {
    let (kind, value) = match (icmp, port) {
        (Some((kind, code)), _) => (2, u16::from_be_bytes([kind, code])),
        (None, Some(port)) => (1, port),
        (None, None) => (0, 0),
    };
    let protocol = protocol.map_or(0, |number| 1 << 8 | u32::from(number));
    kind << 25 | protocol << 16 | u32::from(value)
}

/// KDD's service, where `-` is most of a log: the name if there is one, else the port.
fn service_key(protocol: Option<u8>, is_icmp: bool, service: Option<&str>, port: u32) -> Option<u64> {
    match service {
        Some(name) if !is_icmp => Some(mix(mix(1, protocol.map_or(256, u64::from)), digest(name))),
        _ => (port != 0).then(|| mix(2, u64::from(port))),
    }
}

fn pair_key(source: u64, destination: u64) -> u64 {
    mix(mix(5, source), destination)
}

fn conversation_key(pair: u64, port: u32) -> u64 {
    mix(pair, u64::from(port))
}

const SOURCE: u32 = 1;
const DESTINATION: u32 = 2;
const SERVICE: u32 = 4;
const FAILED: u32 = 8;

/// An [`Event`] with a start time as it is sorted and kept: 56 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Stored {
    pub start: i64,
    pub position: u64,
    source: u64,
    destination: u64,
    service: u64,
    pub bytes_out: u64,
    pub port: u32,
    flags: u32,
}

impl Stored {
    /// `None` for an event without a start time.
    pub fn of(event: &Event) -> Option<Self> {
        let flag = |is: bool, flag: u32| if is { flag } else { 0 };
        Some(Self {
            start: event.start?,
            position: event.position,
            source: event.source.unwrap_or(0),
            destination: event.destination.unwrap_or(0),
            service: event.service.unwrap_or(0),
            bytes_out: event.bytes_out,
            port: event.port,
            flags: flag(event.source.is_some(), SOURCE)
                | flag(event.destination.is_some(), DESTINATION)
                | flag(event.service.is_some(), SERVICE)
                | flag(event.failed, FAILED),
        })
    }

    pub fn source(&self) -> Option<u64> {
        (self.flags & SOURCE != 0).then_some(self.source)
    }

    pub fn destination(&self) -> Option<u64> {
        (self.flags & DESTINATION != 0).then_some(self.destination)
    }

    pub fn service(&self) -> Option<u64> {
        (self.flags & SERVICE != 0).then_some(self.service)
    }

    pub fn failed(&self) -> bool {
        self.flags & FAILED != 0
    }

    /// Source and destination as one number.
    pub fn pair(&self) -> Option<u64> {
        Some(pair_key(self.source()?, self.destination()?))
    }

    /// [`Event::conversation`].
    pub fn conversation(&self) -> Option<u64> {
        Some(conversation_key(self.pair()?, self.port))
    }
}
