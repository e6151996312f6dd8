//! Suricata's flow events (EVE).
//!
//! `flow.alerted` is somebody's verdict and `flow.reason` says why the record was written: neither is part of a flow.

use super::super::{Host, Marks, StateGroup};
use super::form::Format;
use super::places::Places;
use super::row::Row;
use super::words::{
    Flags, TCP, icmp_group, is_half_open, is_icmp, is_one_sided, micros, protocol, services, tcp_group,
};
use super::{FlowKind, FlowOptions};
use crate::Result;
use arrow_array::RecordBatch;
use std::borrow::Cow;

#[derive(Clone, Copy)]
enum Part {
    Start,
    End,
    Session,
    Source,
    SourcePort,
    Destination,
    DestinationPort,
    Protocol,
    Service,
    Age,
    State,
    BytesOut,
    BytesIn,
    PacketsOut,
    PacketsIn,
    Flags,
    FlagsOut,
    FlagsIn,
    TcpState,
    IcmpType,
    IcmpCode,
    Sensor,
}

const PARTS: [&str; 22] = [
    "flowstart",
    "flowend",
    "flowid",
    "srcip",
    "srcport",
    "destip",
    "destport",
    "proto",
    "appproto",
    "flowage",
    "flowstate",
    "flowbytestoserver",
    "flowbytestoclient",
    "flowpktstoserver",
    "flowpktstoclient",
    "tcptcpflags",
    "tcptcpflagsts",
    "tcptcpflagstc",
    "tcpstate",
    "icmptype",
    "icmpcode",
    "sensorname host",
];

pub(super) const FORMAT: Format = Format {
    kind: FlowKind::Eve,
    parts: &PARTS,
    needed: &[Part::Source as usize, Part::Destination as usize, Part::BytesOut as usize],
    key: Part::BytesOut as usize,
    hosts: Some((Part::Source as usize, Part::Destination as usize)),
    start: Some(Part::Start as usize),
    sensor: Some(Part::Sensor as usize),
};

pub(super) fn rows(
    places: &Places,
    batch: &RecordBatch,
    options: FlowOptions,
    mut take: impl FnMut(Row<'_>),
) -> Result<()> {
    let texts = |part: Part| places.texts(part as usize, batch);
    let numbers = |part: Part| places.numbers(part as usize, batch);
    let start = places.instants(Part::Start as usize, batch, options.zone)?;
    let end = places.instants(Part::End as usize, batch, options.zone)?;
    let (session, source, destination) = (texts(Part::Session)?, texts(Part::Source)?, texts(Part::Destination)?);
    let (protocols, service, state) = (texts(Part::Protocol)?, texts(Part::Service)?, texts(Part::State)?);
    let (tcp_state, flags) = (texts(Part::TcpState)?, texts(Part::Flags)?);
    let (flags_out, flags_in) = (texts(Part::FlagsOut)?, texts(Part::FlagsIn)?);
    let (source_port, destination_port) = (numbers(Part::SourcePort)?, numbers(Part::DestinationPort)?);
    let (icmp_type, icmp_code, age) = (numbers(Part::IcmpType)?, numbers(Part::IcmpCode)?, numbers(Part::Age)?);
    let bytes = [numbers(Part::BytesOut)?, numbers(Part::BytesIn)?];
    let packets = [numbers(Part::PacketsOut)?, numbers(Part::PacketsIn)?];
    for r in 0..batch.num_rows() {
        let times = start.get(r).zip(end.get(r)).map(|(start, end)| end.saturating_sub(start));
        let mut row = Row {
            start: start.get(r),
            duration: times.or_else(|| age.real(r).and_then(micros)),
            source: source.get(r).and_then(Host::parse),
            destination: destination.get(r).and_then(Host::parse),
            state: tcp_state.get(r).or(state.get(r)).map(Cow::Borrowed),
            bytes_out: bytes[0].count(r),
            bytes_in: bytes[1].count(r),
            packets_out: packets[0].count(r),
            packets_in: packets[1].count(r),
            session: session.get(r).map(Cow::Borrowed),
            ..Row::default()
        };
        row.protocol = protocols.get(r).and_then(|text| protocol(text, row.source));
        if is_icmp(row.protocol) {
            row.icmp(icmp_type.count(r), icmp_code.count(r));
        } else {
            row.ports(source_port.count(r), destination_port.count(r));
        }
        if let Some(text) = service.get(r) {
            row.service = services(text).0;
        }
        let of = |text: Option<&str>| text.and_then(Flags::of_hex);
        let sides = of(flags_out.get(r)).zip(of(flags_in.get(r)));
        how_it_went(&mut row, sides, of(flags.get(r)), state.get(r).unwrap_or_default());
        take(row);
    }
    Ok(())
}

/// The state group and the history. TCP is judged by the flags of its sides, which stand for a history as Argus writes
/// them (`S_RA`); anything else by whether an answer came.
fn how_it_went(row: &mut Row<'_>, sides: Option<(Flags, Flags)>, all: Option<Flags>, state: &str) {
    if is_icmp(row.protocol) {
        row.state_group = icmp_group(row.icmp.map(|(kind, _)| kind), row.packets_in);
        return;
    }
    if row.protocol == Some(TCP)
        && let Some((out, back)) = sides
        && (out.0 | back.0) != 0
    {
        row.history = Some(Cow::Owned(format!("{}_{}", out.letters(), back.letters())));
        row.state_group = tcp_group(out, back);
        row.mark(Marks::ONE_SIDED, is_one_sided(out, back));
        row.mark(Marks::HALF_OPEN, is_half_open(out, back));
        return;
    }
    // Older versions have the flags of both sides in one.
    let reset = all.is_some_and(|flags| flags.any(Flags::RST));
    row.state_group = match (state, row.packets_in) {
        (_, Some(0)) => StateGroup::NoReply,
        _ if reset => StateGroup::Reset,
        ("established" | "closed" | "bypassed", _) | (_, Some(1..)) => StateGroup::Established,
        ("new", _) => StateGroup::NoReply,
        _ => StateGroup::Unknown,
    };
}
