//! The rows of a batch as findings read them.

use crate::flows::record::{Flows, Host, Marks, StateGroup};
use arrow_array::{Array, StringArray};

/// A flow claims more bytes than this beyond what was seen before it is held for a fault of the capture.
const LEAST_CONTRADICTION: u64 = 1_000_000;
/// And this many times what was seen.
const CONTRADICTION: u64 = 10;

/// The rows of a batch, and what the detector said of them.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// The rows as flows.
    pub flows: &'a Flows,
    /// Severity of each row, in [0, 1). NaN: not scored (a snapshot that a later record replaced); such a row is in no
    /// finding.
    pub severity: &'a [f64],
    /// Bytes out and in that the log claims by sequence numbers, where it has such counts beside those that were seen
    /// (Zeek's `orig_bytes`, `resp_bytes`). Empty: it has none.
    pub claimed: &'a [Option<[u64; 2]>],
}

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct Flow<'a> {
    /// See [`Flows::start`].
    pub start: Option<i64>,
    /// See [`Flows::duration`].
    pub duration: Option<i64>,
    /// See [`Flows::source`].
    pub source: Option<Host>,
    /// See [`Flows::destination`].
    pub destination: Option<Host>,
    /// See [`Flows::destination_port`].
    pub destination_port: Option<u16>,
    /// See [`Flows::icmp`].
    pub icmp: Option<(u8, u8)>,
    /// See [`Flows::protocol`].
    pub protocol: Option<u8>,
    /// See [`Flows::service`].
    pub service: Option<&'a str>,
    /// See [`Flows::state_group`].
    pub state: StateGroup,
    /// See [`Flows::bytes_out`].
    pub bytes_out: u64,
    /// See [`Flows::bytes_in`].
    pub bytes_in: u64,
    /// Packets both ways.
    pub packets: u64,
    /// See [`Rows::claimed`].
    pub claimed: Option<[u64; 2]>,
    /// See [`Flows::marks`].
    pub marks: Marks,
    /// See [`Rows::severity`].
    pub severity: f64,
}

impl<'a> Rows<'a> {
    /// How many.
    pub fn len(&self) -> usize {
        self.flows.start.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Row `row`; beyond the last an empty one that is not scored.
    pub fn flow(&self, row: usize) -> Flow<'a> {
        let flows = self.flows;
        let number = |column: &[Option<u64>]| column.get(row).copied().flatten().unwrap_or(0);
        Flow {
            start: flows.start.get(row).copied().flatten(),
            duration: flows.duration.get(row).copied().flatten(),
            source: flows.source.get(row).copied().flatten(),
            destination: flows.destination.get(row).copied().flatten(),
            destination_port: flows.destination_port.get(row).copied().flatten(),
            icmp: flows.icmp.get(row).copied().flatten(),
            protocol: flows.protocol.get(row).copied().flatten(),
            service: text(&flows.service, row),
            state: flows.state_group.get(row).copied().unwrap_or_default(),
            bytes_out: number(&flows.bytes_out),
            bytes_in: number(&flows.bytes_in),
            packets: number(&flows.packets_out).saturating_add(number(&flows.packets_in)),
            claimed: self.claimed.get(row).copied().flatten(),
            marks: flows.marks.get(row).copied().unwrap_or_default(),
            severity: self.severity.get(row).copied().unwrap_or(f64::NAN),
        }
    }
}

impl Flow<'_> {
    /// Bytes both ways that are believed.
    pub fn seen(&self) -> u64 {
        self.bytes_out.saturating_add(self.bytes_in)
    }

    /// Whether the sensor missed a part and the log claims ten times the bytes that were seen, and a megabyte more: what
    /// is odd about it is then the capture. A gap alone is not enough: sensors lose packets of just those flows that carry
    /// much, and whoever carries data off must not become a fault of the capture by it.
    pub fn contradicts_itself(&self) -> bool {
        let beyond = self.missed();
        self.marks.has(Marks::CAPTURE_GAP)
            && beyond > LEAST_CONTRADICTION
            && self.seen().saturating_add(beyond) >= self.seen().saturating_mul(CONTRADICTION)
    }

    /// Bytes both ways that are claimed and were not seen.
    pub fn missed(&self) -> u64 {
        let [out, back] = self.claimed.unwrap_or([0; 2]);
        out.saturating_sub(self.bytes_out).saturating_add(back.saturating_sub(self.bytes_in))
    }

    /// Whether the source is one of ours: as the log says, else as the address says.
    pub fn is_source_local(&self) -> bool {
        local(self.marks, Marks::LOCAL_SOURCE, self.source)
    }

    /// Whether the destination is one of ours.
    pub fn is_destination_local(&self) -> bool {
        local(self.marks, Marks::LOCAL_DESTINATION, self.destination)
    }
}

fn local(marks: Marks, side: Marks, host: Option<Host>) -> bool {
    match marks.has(Marks::LOCALITY_KNOWN) {
        true => marks.has(side),
        false => marks.has(side) || host.is_some_and(|host| host.is_private()),
    }
}

fn text(column: &StringArray, row: usize) -> Option<&str> {
    (row < column.len() && column.is_valid(row)).then(|| column.value(row))
}
