//! One flow, and the columns that flows are gathered in.

use super::super::{Flows, Host, Marks, StateGroup, when};
use super::words::has_ports;
use arrow_array::builder::StringBuilder;
use std::borrow::Cow;

/// One row as a flow; see [`Flows`] for what the fields mean.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Row<'a> {
    pub start: Option<i64>,
    pub duration: Option<i64>,
    pub source: Option<Host>,
    pub destination: Option<Host>,
    pub source_port: Option<u16>,
    pub destination_port: Option<u16>,
    pub icmp: Option<(u8, u8)>,
    pub protocol: Option<u8>,
    pub service: Option<Cow<'a, str>>,
    pub state: Option<Cow<'a, str>>,
    pub state_group: StateGroup,
    pub history: Option<Cow<'a, str>>,
    pub bytes_out: Option<u64>,
    pub bytes_in: Option<u64>,
    pub claimed: Option<[u64; 2]>,
    pub counted: Option<[f64; 2]>,
    pub packets_out: Option<u64>,
    pub packets_in: Option<u64>,
    pub marks: Marks,
    pub session: Option<Cow<'a, str>>,
}

impl Row<'_> {
    /// Adds a mark if it is `true`.
    pub fn mark(&mut self, mark: Marks, is: bool) {
        if is {
            self.marks = self.marks.with(mark);
        }
    }

    /// Sets the ports of a protocol that has some.
    pub fn ports(&mut self, source: Option<u64>, destination: Option<u64>) {
        let port = |value: Option<u64>| value.and_then(|value| u16::try_from(value).ok());
        if has_ports(self.protocol) {
            (self.source_port, self.destination_port) = (port(source), port(destination));
        }
    }

    /// Sets ICMP's type and code.
    pub fn icmp(&mut self, kind: Option<u64>, code: Option<u64>) {
        let byte = |value: Option<u64>| value.and_then(|value| u8::try_from(value).ok());
        self.icmp = byte(kind).zip(byte(code));
    }

    /// Source and destination change places: the log names first who was second.
    pub fn swap(&mut self) {
        std::mem::swap(&mut self.source, &mut self.destination);
        std::mem::swap(&mut self.source_port, &mut self.destination_port);
        std::mem::swap(&mut self.bytes_out, &mut self.bytes_in);
        std::mem::swap(&mut self.packets_out, &mut self.packets_in);
    }
}

/// Flows under construction.
pub(super) struct Gather {
    flows: Flows,
    service: StringBuilder,
    state: StringBuilder,
    history: StringBuilder,
    session: StringBuilder,
}

impl Gather {
    /// Room for `n` rows.
    pub fn new(n: usize) -> Self {
        let none = || arrow_array::StringArray::new_null(0);
        Self {
            flows: Flows {
                start: Vec::with_capacity(n),
                duration: Vec::with_capacity(n),
                source: Vec::with_capacity(n),
                destination: Vec::with_capacity(n),
                source_port: Vec::with_capacity(n),
                destination_port: Vec::with_capacity(n),
                icmp: Vec::with_capacity(n),
                protocol: Vec::with_capacity(n),
                service: none(),
                state: none(),
                state_group: Vec::with_capacity(n),
                history: none(),
                bytes_out: Vec::with_capacity(n),
                bytes_in: Vec::with_capacity(n),
                claimed: Vec::with_capacity(n),
                counted: Vec::with_capacity(n),
                packets_out: Vec::with_capacity(n),
                packets_in: Vec::with_capacity(n),
                marks: Vec::with_capacity(n),
                session: none(),
            },
            service: StringBuilder::with_capacity(n, 4 * n),
            state: StringBuilder::with_capacity(n, 4 * n),
            history: StringBuilder::with_capacity(n, 8 * n),
            session: StringBuilder::with_capacity(n, 18 * n),
        }
    }

    /// Appends a row. A time that no flow can have is none, and marked.
    pub fn push(&mut self, mut row: Row<'_>) {
        if row.start.is_some_and(|start| !when::is_plausible(start)) {
            row.start = None;
            row.mark(Marks::IMPLAUSIBLE_TIME, true);
        }
        let flows = &mut self.flows;
        flows.start.push(row.start);
        flows.duration.push(row.duration.filter(|&duration| duration >= 0));
        flows.source.push(row.source);
        flows.destination.push(row.destination);
        flows.source_port.push(row.source_port);
        flows.destination_port.push(row.destination_port);
        flows.icmp.push(row.icmp);
        flows.protocol.push(row.protocol);
        flows.state_group.push(row.state_group);
        flows.bytes_out.push(row.bytes_out);
        flows.bytes_in.push(row.bytes_in);
        flows.claimed.push(row.claimed);
        flows.counted.push(row.counted);
        flows.packets_out.push(row.packets_out);
        flows.packets_in.push(row.packets_in);
        flows.marks.push(row.marks);
        self.service.append_option(row.service);
        self.state.append_option(row.state);
        self.history.append_option(row.history);
        self.session.append_option(row.session);
    }

    /// The flows.
    pub fn finish(mut self) -> Flows {
        Flows {
            service: self.service.finish(),
            state: self.state.finish(),
            history: self.history.finish(),
            session: self.session.finish(),
            ..self.flows
        }
    }
}
