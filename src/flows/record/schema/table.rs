//! Any other table with the addresses of both sides: NetFlow and IPFIX exports, cloud flow logs, UNSW-NB15.

use super::super::{Host, StateGroup};
use super::form::Format;
use super::places::Places;
use super::row::Row;
use super::words::{Flags, TCP, is_icmp, micros, protocol, services};
use super::{FlowKind, FlowOptions};
use crate::Result;
use arrow_array::RecordBatch;
use std::borrow::Cow;

#[derive(Clone, Copy)]
enum Part {
    Start,
    End,
    Seconds,
    Millis,
    Source,
    SourcePort,
    Destination,
    DestinationPort,
    Protocol,
    Service,
    State,
    TcpFlags,
    BytesOut,
    BytesIn,
    PacketsOut,
    PacketsIn,
    IcmpType,
    IcmpCode,
    Session,
    Sensor,
}

const PARTS: [&str; 20] = [
    "ts starttime stime start flowstart flowstartmilliseconds firstswitched firstseen tfirst first eventstart time timestamp \
     datetime",
    "te endtime ltime lasttime end flowend flowendmilliseconds lastswitched lastseen tlast last eventend",
    "duration dur td durationseconds flowdurationseconds",
    "durationms flowdurationms flowdurationmilliseconds",
    "srcip sourceip srcaddr sourceaddress saddr sa ipsrc ipv4srcaddr ipv6srcaddr sourceipv4address sourceipv6address srcip4addr \
     srcip6addr src4addr src6addr clientip",
    "srcport sourceport sport sp l4srcport sourcetransportport spt clientport",
    "dstip destip destinationip dstaddr destinationaddress daddr da ipdst ipv4dstaddr ipv6dstaddr destinationipv4address \
     destinationipv6address dstip4addr dstip6addr dst4addr dst6addr serverip",
    "dstport destport destinationport dport dsport dp l4dstport destinationtransportport dpt serverport",
    "proto protocol protocoltype prot pr ipproto protocolidentifier networktransport transport",
    "service appproto networkprotocol application",
    "state connstate flowstate action flag",
    "tcpflags tcpcontrolbits flags flg",
    "srcbytes sbytes origbytes bytesout outbytes bytestoserver sourcebytes ibyt ibytes inbytes octetdeltacount bytes",
    "dstbytes dbytes respbytes bytesin bytestoclient destinationbytes obyt obytes outbytes reverseoctetdeltacount",
    "srcpkts spkts origpkts packetsout pktstoserver sourcepackets ipkt ipackets inpkts packetdeltacount packets pkts",
    "dstpkts dpkts resppkts packetsin pktstoclient destinationpackets opkt opackets outpkts reversepacketdeltacount",
    "icmptype",
    "icmpcode",
    "uid flowid sessionid communityid",
    "sensor sensorname observername exporter",
];

pub(super) const FORMAT: Format = Format {
    kind: FlowKind::Table,
    parts: &PARTS,
    needed: &[Part::Source as usize, Part::Destination as usize],
    key: Part::Source as usize,
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
    let instants = |part: Part| places.instants(part as usize, batch, options.zone);
    let (start, end) = (instants(Part::Start)?, instants(Part::End)?);
    let (seconds, millis) = (numbers(Part::Seconds)?, numbers(Part::Millis)?);
    let (session, source, destination) = (texts(Part::Session)?, texts(Part::Source)?, texts(Part::Destination)?);
    let (protocols, service, state) = (texts(Part::Protocol)?, texts(Part::Service)?, texts(Part::State)?);
    let flags = texts(Part::TcpFlags)?;
    let (source_port, destination_port) = (numbers(Part::SourcePort)?, numbers(Part::DestinationPort)?);
    let (icmp_type, icmp_code) = (numbers(Part::IcmpType)?, numbers(Part::IcmpCode)?);
    let bytes = [numbers(Part::BytesOut)?, numbers(Part::BytesIn)?];
    let packets = [numbers(Part::PacketsOut)?, numbers(Part::PacketsIn)?];
    for r in 0..batch.num_rows() {
        let told = seconds.real(r).or_else(|| millis.real(r).map(|millis| millis / 1e3)).and_then(micros);
        let span = || start.get(r).zip(end.get(r)).map(|(start, end)| end.saturating_sub(start));
        let mut row = Row {
            start: start.get(r),
            duration: told.or_else(span),
            source: source.get(r).and_then(Host::parse),
            destination: destination.get(r).and_then(Host::parse),
            state: state.get(r).or(flags.get(r)).map(Cow::Borrowed),
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
        row.service = service.get(r).and_then(|text| services(text).0);
        row.state_group = group(&row, state.get(r).unwrap_or_default(), flags.get(r));
        take(row);
    }
    Ok(())
}

/// By a word that says it, else by whether an answer came where the table counts both ways.
fn group(row: &Row<'_>, state: &str, flags: Option<&str>) -> StateGroup {
    match state.to_ascii_uppercase().as_str() {
        "S0" | "INT" | "REQ" => return StateGroup::NoReply,
        "REJ" | "REJECT" | "REFUSED" => return StateGroup::Refused,
        "SF" | "S1" | "S2" | "S3" | "CON" | "EST" | "FIN" | "CLO" | "ESTABLISHED" => return StateGroup::Established,
        "RST" | "RSTO" | "RSTR" | "RSTOS0" => return StateGroup::Reset,
        "OTH" => return StateGroup::MidStream,
        _ => {}
    }
    let reset = flags.and_then(nfdump).is_some_and(|flags| flags.any(Flags::RST));
    match row.packets_in {
        Some(0) => StateGroup::NoReply,
        Some(_) if reset && row.protocol == Some(TCP) => StateGroup::Reset,
        Some(_) => StateGroup::Established,
        None => StateGroup::Unknown,
    }
}

/// Flags as letters among points (`...AP.SF`), or as a number.
fn nfdump(text: &str) -> Option<Flags> {
    let letters: String = text.chars().filter(|c| *c != '.').collect();
    match text.parse::<u8>() {
        Ok(bits) => Some(Flags(bits)),
        Err(_) => Flags::of_letters(&letters),
    }
}
