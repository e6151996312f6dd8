//! KDD-99, NSL-KDD and tables with their names. They have no addresses, no ports and no times: what is known of a flow is
//! its protocol, service, flag, duration and bytes, and how many flows the table's maker counted around it.

use super::FlowKind;
use super::form::Format;
use super::places::Places;
use super::row::Row;
use super::words::{micros, protocol, services, zeek_state};
use crate::Result;
use arrow_array::RecordBatch;
use std::borrow::Cow;

#[derive(Clone, Copy)]
enum Part {
    Duration,
    Protocol,
    Service,
    State,
    BytesOut,
    BytesIn,
    Count,
    ServiceCount,
}

const PARTS: [&str; 8] = ["duration", "protocoltype", "service", "flag", "srcbytes", "dstbytes", "count", "srvcount"];

pub(super) const FORMAT: Format = Format {
    kind: FlowKind::Kdd,
    parts: &PARTS,
    needed: &[Part::Protocol as usize, Part::Service as usize, Part::State as usize, Part::BytesOut as usize],
    key: Part::Protocol as usize,
    hosts: None,
    start: None,
    sensor: None,
};

pub(super) fn rows(places: &Places, batch: &RecordBatch, mut take: impl FnMut(Row<'_>)) -> Result<()> {
    let texts = |part: Part| places.texts(part as usize, batch);
    let numbers = |part: Part| places.numbers(part as usize, batch);
    let (protocols, service, state) = (texts(Part::Protocol)?, texts(Part::Service)?, texts(Part::State)?);
    let (duration, out, back) = (numbers(Part::Duration)?, numbers(Part::BytesOut)?, numbers(Part::BytesIn)?);
    let (count, service_count) = (numbers(Part::Count)?, numbers(Part::ServiceCount)?);
    for r in 0..batch.num_rows() {
        take(Row {
            duration: duration.real(r).and_then(micros),
            protocol: protocols.get(r).and_then(|text| protocol(text, None)),
            service: service.get(r).and_then(|text| services(text).0),
            state: state.get(r).map(Cow::Borrowed),
            // The flags are the states of Bro, as Zeek was called then.
            state_group: zeek_state(state.get(r).unwrap_or_default()),
            bytes_out: out.count(r),
            bytes_in: back.count(r),
            counted: count.real(r).zip(service_count.real(r)).map(|(all, same)| [all.max(0.0), same.max(0.0)]),
            ..Row::default()
        });
    }
    Ok(())
}
