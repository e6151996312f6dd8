//! Argus' `ra` as delimited text.
//!
//! `Dir` is padded; `<-` says that the flow began on the side that is named second. Ports may be hexadecimal; for ICMP the
//! first holds type and code (`0x0403` is type 3, code 4), the second an identifier. Times state no zone. Where bytes and packets are
//! told of both ways together alone (`TotBytes`, `TotPkts`), they count as those out, and are marked.

use super::super::{Host, Marks, StateGroup};
use super::form::Format;
use super::places::Places;
use super::row::Row;
use super::words::{Flags, TCP, icmp_group, is_half_open, is_icmp, is_one_sided, micros, protocol, tcp_group};
use super::{FlowKind, FlowOptions};
use crate::Result;
use arrow_array::RecordBatch;
use std::borrow::Cow;

#[derive(Clone, Copy)]
enum Part {
    Start,
    Duration,
    Protocol,
    Source,
    SourcePort,
    Direction,
    Destination,
    DestinationPort,
    State,
    Packets,
    Bytes,
    BytesOut,
    BytesIn,
    PacketsOut,
    PacketsIn,
    Sensor,
}

const PARTS: [&str; 16] = [
    "starttime stime",
    "dur",
    "proto",
    "srcaddr saddr",
    "sport",
    "dir",
    "dstaddr daddr",
    "dport",
    "state",
    "totpkts pkts",
    "totbytes bytes",
    "srcbytes sbytes",
    "dstbytes dbytes",
    "srcpkts spkts",
    "dstpkts dpkts",
    "srcid",
];

pub(super) const FORMAT: Format = Format {
    kind: FlowKind::Argus,
    parts: &PARTS,
    needed: &[Part::Source as usize, Part::Destination as usize, Part::Direction as usize, Part::State as usize],
    key: Part::Direction as usize,
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
    let (source, destination, direction) = (texts(Part::Source)?, texts(Part::Destination)?, texts(Part::Direction)?);
    let (protocols, state, duration) = (texts(Part::Protocol)?, texts(Part::State)?, numbers(Part::Duration)?);
    let (source_port, destination_port) = (numbers(Part::SourcePort)?, numbers(Part::DestinationPort)?);
    let bytes = [numbers(Part::Bytes)?, numbers(Part::BytesOut)?, numbers(Part::BytesIn)?];
    let packets = [numbers(Part::Packets)?, numbers(Part::PacketsOut)?, numbers(Part::PacketsIn)?];
    for r in 0..batch.num_rows() {
        let mut row = Row {
            start: start.get(r),
            duration: duration.real(r).and_then(micros),
            source: source.get(r).and_then(Host::parse),
            destination: destination.get(r).and_then(Host::parse),
            state: state.get(r).map(Cow::Borrowed),
            history: state.get(r).filter(|state| state.contains('_')).map(Cow::Borrowed),
            ..Row::default()
        };
        row.protocol = protocols.get(r).and_then(|text| protocol(text, row.source));
        if is_icmp(row.protocol) {
            let [kind, code] =
                source_port.count(r).and_then(|word| u16::try_from(word).ok()).unwrap_or(0).to_le_bytes();
            row.icmp = source_port.count(r).map(|_| (kind, code));
        } else if row.protocol.is_some() {
            row.ports(source_port.count(r), destination_port.count(r));
        }
        let [all_bytes, out, back] = bytes.each_ref().map(|column| column.count(r));
        (row.bytes_out, row.bytes_in) = (out, back.or_else(|| all_bytes?.checked_sub(out?)));
        let [all_packets, out, back] = packets.each_ref().map(|column| column.count(r));
        (row.packets_out, row.packets_in) = (out, back.or_else(|| all_packets?.checked_sub(out?)));
        how_it_went(&mut row, state.get(r).unwrap_or_default(), direction.get(r).unwrap_or_default());
        // `ra` by itself prints totals alone.
        if row.bytes_out.is_none() && row.bytes_in.is_none() && all_bytes.is_some() {
            row.bytes_out = all_bytes;
            row.mark(Marks::BOTH_WAYS, true);
            row.packets_out = row.packets_out.or_else(|| all_packets.filter(|_| row.packets_in.is_none()));
        }
        take(row);
    }
    Ok(())
}

/// The state group: TCP by the flags of each side (`FSPA_SRA`), others by Argus' words.
///
/// | state | group |
/// |---|---|
/// | CON, EST, ACC, FIN, CLO, ECR | established |
/// | INT, REQ, ECO and other questions of ICMP, without an answer | no reply |
/// | RST | reset |
/// | URP, URH and other notices of ICMP | unknown |
fn how_it_went(row: &mut Row<'_>, state: &str, direction: &str) {
    let sides = state.split_once('_').and_then(|(out, back)| Some((Flags::of_letters(out)?, Flags::of_letters(back)?)));
    let backwards = direction.starts_with('<') && !direction.ends_with('>');
    row.mark(Marks::UNDIRECTED, direction.contains('?'));
    if backwards {
        row.swap();
    }
    row.state_group = match sides {
        Some((out, back)) if row.protocol == Some(TCP) => {
            let (out, back) = if backwards { (back, out) } else { (out, back) };
            row.mark(Marks::ONE_SIDED, is_one_sided(out, back));
            row.mark(Marks::HALF_OPEN, is_half_open(out, back));
            tcp_group(out, back)
        }
        _ if is_icmp(row.protocol) => icmp_group(row.icmp.map(|(kind, _)| kind), row.packets_in),
        _ => match state {
            "CON" | "EST" | "ACC" | "FIN" | "CLO" => StateGroup::Established,
            "INT" | "REQ" if row.packets_in.unwrap_or(0) == 0 => StateGroup::NoReply,
            "INT" | "REQ" => StateGroup::Established,
            "RST" => StateGroup::Reset,
            _ => StateGroup::Unknown,
        },
    };
}
