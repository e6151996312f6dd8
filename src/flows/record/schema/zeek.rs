//! Zeek's `conn`, `conn_long` and `open_conn`.
//!
//! Zeek counts payload by sequence numbers (`orig_bytes`) and, apart, the bytes of the packets it saw (`orig_ip_bytes`). What
//! was claimed and not seen is not believed: the smaller counts. Unset durations and payloads mean that too little was seen.

use super::super::protocol::UDP;
use super::super::{Host, Marks, StateGroup};
use super::form::Format;
use super::places::Places;
use super::row::Row;
use super::words::{icmp_group, is_icmp, micros, protocol, services, zeek_icmp_code, zeek_state};
use super::{FlowKind, FlowOptions};
use crate::Result;
use arrow_array::RecordBatch;
use std::borrow::Cow;

/// A part of a record, and its place in [`PARTS`].
#[derive(Clone, Copy)]
enum Part {
    Start,
    Session,
    Source,
    SourcePort,
    Destination,
    DestinationPort,
    Protocol,
    Service,
    Duration,
    BytesOut,
    BytesIn,
    State,
    LocalSource,
    LocalDestination,
    Missed,
    History,
    PacketsOut,
    IpBytesOut,
    PacketsIn,
    IpBytesIn,
    Sensor,
}

const PARTS: [&str; 21] = [
    "ts timestamp",
    "uid",
    "idorigh",
    "idorigp",
    "idresph",
    "idrespp",
    "proto",
    "service",
    "duration",
    "origbytes",
    "respbytes",
    "connstate",
    "localorig",
    "localresp",
    "missedbytes",
    "history",
    "origpkts",
    "origipbytes",
    "resppkts",
    "respipbytes",
    "nodename systemname system sensor",
];

pub(super) const FORMAT: Format = Format {
    kind: FlowKind::Zeek,
    parts: &PARTS,
    needed: &[Part::Source as usize, Part::Destination as usize, Part::State as usize],
    key: Part::Source as usize,
    hosts: Some((Part::Source as usize, Part::Destination as usize)),
    start: Some(Part::Start as usize),
    sensor: Some(Part::Sensor as usize),
};

/// A payload that exceeds twice the packets' bytes by more than this was not seen. Sequence numbers count a SYN and a FIN,
/// and a late start or a few lost packets make small differences.
const SLACK: u64 = 1_000;

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
    let (protocols, service, state) = (texts(Part::Protocol)?, texts(Part::Service)?, texts(Part::State)?);
    let history = texts(Part::History)?;
    let (source_port, destination_port) = (numbers(Part::SourcePort)?, numbers(Part::DestinationPort)?);
    let (duration, missed) = (numbers(Part::Duration)?, numbers(Part::Missed)?);
    let payload = [numbers(Part::BytesOut)?, numbers(Part::BytesIn)?];
    let seen = [numbers(Part::IpBytesOut)?, numbers(Part::IpBytesIn)?];
    let packets = [numbers(Part::PacketsOut)?, numbers(Part::PacketsIn)?];
    let local = [numbers(Part::LocalSource)?, numbers(Part::LocalDestination)?];
    for r in 0..batch.num_rows() {
        let mut row = Row {
            start: start.get(r),
            duration: duration.real(r).and_then(micros),
            source: source.get(r).and_then(Host::parse),
            destination: destination.get(r).and_then(Host::parse),
            state: state.get(r).map(Cow::Borrowed),
            history: history.get(r).map(Cow::Borrowed),
            packets_out: packets[0].count(r),
            packets_in: packets[1].count(r),
            session: session.get(r).map(Cow::Borrowed),
            ..Row::default()
        };
        row.protocol = protocols.get(r).and_then(|text| protocol(text, row.source));
        ports(&mut row, source_port.count(r), destination_port.count(r));
        let claimed = [payload[0].count(r), payload[1].count(r)];
        bytes(&mut row, claimed, [seen[0].count(r), seen[1].count(r)]);
        row.claimed = claimed.iter().any(Option::is_some).then(|| claimed.map(|bytes| bytes.unwrap_or(0)));
        row.mark(Marks::NO_PAYLOAD, row.duration.is_none() || claimed.iter().all(Option::is_none));
        row.mark(Marks::CAPTURE_GAP, missed.count(r).is_some_and(|missed| missed > 0));
        if let Some(text) = service.get(r) {
            let (names, violated) = services(text);
            row.service = names;
            row.mark(Marks::VIOLATION, violated);
        }
        if let (Some(source), Some(destination)) = (local[0].truth(r), local[1].truth(r)) {
            row.mark(Marks::LOCALITY_KNOWN, true);
            row.mark(Marks::LOCAL_SOURCE, source);
            row.mark(Marks::LOCAL_DESTINATION, destination);
        }
        letters(&mut row, history.get(r).unwrap_or_default());
        row.state_group = group(&row, state.get(r).unwrap_or_default());
        take(row);
    }
    Ok(())
}

/// Ports, or ICMP's type and code where Zeek has them in their place.
fn ports(row: &mut Row<'_>, source: Option<u64>, destination: Option<u64>) {
    if is_icmp(row.protocol) {
        row.icmp(source, destination);
        row.icmp = row.icmp.map(|(kind, code)| (kind, zeek_icmp_code(kind, code)));
    } else {
        row.ports(source, destination);
    }
}

/// The smaller of what was claimed and what was seen; far more claimed than seen is a gap.
fn bytes(row: &mut Row<'_>, claimed: [Option<u64>; 2], seen: [Option<u64>; 2]) {
    let [out, back] = [0, 1].map(|side: usize| {
        let (claimed, seen) = (claimed.get(side).copied().flatten(), seen.get(side).copied().flatten());
        let gap =
            claimed.zip(seen).is_some_and(|(claimed, seen)| claimed > seen.saturating_mul(2).saturating_add(SLACK));
        (claimed.map(|claimed| seen.map_or(claimed, |seen| claimed.min(seen))), gap)
    });
    (row.bytes_out, row.bytes_in) = (out.0, back.0);
    row.mark(Marks::CAPTURE_GAP, out.1 || back.1);
}

/// What a history says: upper case is the originator. `c` is a wrong checksum, `g` a gap in the content.
fn letters(row: &mut Row<'_>, history: &str) {
    let has = |set: &str| history.contains(|c| set.contains(c));
    row.mark(Marks::BAD_CHECKSUM, has("cC"));
    row.mark(Marks::CAPTURE_GAP, has("gG"));
    if row.protocol == Some(super::words::TCP) {
        // A SYN or a reset alone obliges nobody; acknowledgements, data and ends do.
        let (out, back) = (has("SHADFRTWIQ"), has("shadfrtwiq"));
        row.mark(Marks::ONE_SIDED, (has("HADF") && !back) || (has("hadf") && !out));
        row.mark(Marks::HALF_OPEN, has("S") && has("h") && !has("HADF"));
    }
}

/// By [`zeek_state`]; SHR of UDP, of which only the answer was seen, is mid-stream; ICMP goes by its type and whether an answer
/// came (see [`icmp_group`]).
fn group(row: &Row<'_>, state: &str) -> StateGroup {
    if is_icmp(row.protocol) {
        return icmp_group(row.icmp.map(|(kind, _)| kind), row.packets_in);
    }
    match state {
        "SHR" if row.protocol == Some(UDP) => StateGroup::MidStream,
        _ => zeek_state(state),
    }
}
