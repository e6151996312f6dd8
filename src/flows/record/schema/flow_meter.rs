//! CICFlowMeter's tables. The published ones mostly lack addresses and times; durations are in µs, and may be negative where
//! packets were out of order: then they are not known.

use super::super::{Host, Marks, StateGroup};
use super::form::Format;
use super::places::Places;
use super::row::Row;
use super::words::{is_icmp, protocol};
use super::{FlowKind, FlowOptions};
use crate::Result;
use arrow_array::RecordBatch;
use std::borrow::Cow;

#[derive(Clone, Copy)]
enum Part {
    Start,
    Session,
    Source,
    SourcePort,
    Destination,
    DestinationPort,
    Protocol,
    Duration,
    PacketsOut,
    PacketsIn,
    BytesOut,
    BytesIn,
    Syn,
    Rst,
}

const PARTS: [&str; 14] = [
    "timestamp",
    "flowid",
    "srcip sourceip",
    "srcport sourceport",
    "dstip destinationip",
    "dstport destinationport",
    "protocol",
    "flowduration",
    "totalfwdpackets totalfwdpacket totfwdpkts",
    "totalbackwardpackets totalbwdpackets totbwdpkts",
    "totallengthoffwdpackets totallengthoffwdpacket fwdpacketslengthtotal totlenfwdpkts",
    "totallengthofbwdpackets totallengthofbwdpacket bwdpacketslengthtotal totlenbwdpkts",
    "synflagcount synflagcnt",
    "rstflagcount rstflagcnt",
];

pub(super) const FORMAT: Format = Format {
    kind: FlowKind::FlowMeter,
    parts: &PARTS,
    needed: &[Part::Duration as usize, Part::PacketsOut as usize, Part::PacketsIn as usize, Part::BytesOut as usize],
    key: Part::Duration as usize,
    hosts: Some((Part::Source as usize, Part::Destination as usize)),
    start: Some(Part::Start as usize),
    sensor: None,
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
    let (session, source, destination) = (texts(Part::Session)?, texts(Part::Source)?, texts(Part::Destination)?);
    let (protocols, duration) = (texts(Part::Protocol)?, numbers(Part::Duration)?);
    let (source_port, destination_port) = (numbers(Part::SourcePort)?, numbers(Part::DestinationPort)?);
    let (syn, rst) = (numbers(Part::Syn)?, numbers(Part::Rst)?);
    let bytes = [numbers(Part::BytesOut)?, numbers(Part::BytesIn)?];
    let packets = [numbers(Part::PacketsOut)?, numbers(Part::PacketsIn)?];
    for r in 0..batch.num_rows() {
        let mut row = Row {
            start: start.get(r),
            duration: duration.real(r).filter(|d| (0.0..9e18).contains(d)).map(|micros| micros as i64),
            source: source.get(r).and_then(Host::parse),
            destination: destination.get(r).and_then(Host::parse),
            bytes_out: bytes[0].count(r),
            bytes_in: bytes[1].count(r),
            packets_out: packets[0].count(r),
            packets_in: packets[1].count(r),
            session: session.get(r).map(Cow::Borrowed),
            ..Row::default()
        };
        row.protocol = protocols.get(r).and_then(|text| protocol(text, row.source));
        row.ports(source_port.count(r), destination_port.count(r));
        let set = |flag: Option<u64>| flag.is_some_and(|n| n > 0);
        // It writes flags for the flow as a whole: who set them is not known, so no flow is called refused.
        row.state_group = match (row.packets_out, row.packets_in) {
            _ if is_icmp(row.protocol) => StateGroup::Unknown,
            (Some(_), Some(0)) => StateGroup::NoReply,
            (Some(_), Some(_)) if set(rst.count(r)) => StateGroup::Reset,
            (Some(1..), Some(_)) => StateGroup::Established,
            _ => StateGroup::Unknown,
        };
        row.mark(Marks::ONE_SIDED, row.packets_out == Some(0) && set(syn.count(r)));
        take(row);
    }
    Ok(())
}
