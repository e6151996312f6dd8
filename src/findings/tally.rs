//! What was counted of some rows. Any order and any split of the rows gives the same tally.

use super::rows::Flow;
use crate::flows::record::Marks;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::Arc;

/// A severity of 1 in the sums: fixed-point, so that sums have no order.
const SEVERITY_ONE: f64 = (1u64 << 32) as f64;
/// Rows above it are counted as odd: one in a hundred.
pub const ODD: f64 = 0.7;

/// What was counted of some rows; sums stop at the largest number.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Rows.
    pub flows: u64,
    /// First and last start, and the last end: µs since 1970. `None` where no row has a time.
    pub span: Option<(i64, i64, i64)>,
    /// Bytes that are believed.
    pub bytes_out: u64,
    /// See [`Tally::bytes_out`].
    pub bytes_in: u64,
    /// Packets both ways.
    pub packets: u64,
    /// Bytes out and in that the log claims, of rows with a capture gap.
    pub claimed: [u64; 2],
    /// Of these, bytes both ways that were not seen.
    pub missed: u64,
    /// The longest duration in µs.
    pub longest: i64,
    /// The largest bytes out of one row.
    pub most_out: u64,
    /// The fewest bytes out of one row.
    pub least_out: u64,
    /// Rows with a severity above 0.7.
    pub odd: u64,
    /// The largest severity of a row.
    pub severity_max: f64,
    /// Rows that were still open.
    pub still_open: u64,
    /// Rows of which the sensor missed a part.
    pub gaps: u64,
    /// Rows of which one side only was seen.
    pub one_sided: u64,
    /// Rows of handshakes that were never completed.
    pub half_open: u64,
    /// Rows with wrong checksums.
    pub bad_checksums: u64,
    /// Rows whose bytes out are those of both ways.
    pub both_ways: u64,
    /// Whether some row's source, and some row's destination, is one of ours.
    pub local: (bool, bool),
    /// The first service by name.
    #[serde(serialize_with = "write_text", deserialize_with = "read_text")]
    pub service: Option<Arc<str>>,
    /// Whether there was another.
    pub more_services: bool,
    /// Whether some row names none.
    pub without_service: bool,
    severity_sum: u64,
}

impl Tally {
    /// Of one row; `service` is the row's own, shared.
    pub fn of(flow: &Flow<'_>, service: Option<Arc<str>>) -> Self {
        let gap = flow.marks.has(Marks::CAPTURE_GAP);
        let count = |mark| u64::from(flow.marks.has(mark));
        let severity = flow.severity.clamp(0.0, 1.0);
        Self {
            flows: 1,
            span: flow.start.map(|start| (start, start, start.saturating_add(flow.duration.unwrap_or(0).max(0)))),
            bytes_out: flow.bytes_out,
            bytes_in: flow.bytes_in,
            packets: flow.packets,
            claimed: if gap { flow.claimed.unwrap_or_default() } else { [0; 2] },
            missed: if gap { flow.missed() } else { 0 },
            longest: flow.duration.unwrap_or(0).max(0),
            most_out: flow.bytes_out,
            least_out: flow.bytes_out,
            odd: u64::from(severity > ODD),
            severity_max: severity,
            still_open: count(Marks::STILL_OPEN),
            gaps: u64::from(gap),
            one_sided: count(Marks::ONE_SIDED),
            half_open: count(Marks::HALF_OPEN),
            bad_checksums: count(Marks::BAD_CHECKSUM),
            both_ways: count(Marks::BOTH_WAYS),
            local: (flow.is_source_local(), flow.is_destination_local()),
            without_service: service.is_none(),
            service,
            more_services: false,
            severity_sum: (severity * SEVERITY_ONE) as u64,
        }
    }

    /// Adds the rows of another.
    pub fn absorb(&mut self, other: &Self) {
        self.least_out = match (self.flows, other.flows) {
            (0, _) => other.least_out,
            (_, 0) => self.least_out,
            _ => self.least_out.min(other.least_out),
        };
        let add = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more);
        add(&mut self.flows, other.flows);
        add(&mut self.bytes_out, other.bytes_out);
        add(&mut self.bytes_in, other.bytes_in);
        add(&mut self.packets, other.packets);
        for (sum, more) in self.claimed.iter_mut().zip(other.claimed) {
            add(sum, more);
        }
        add(&mut self.missed, other.missed);
        add(&mut self.odd, other.odd);
        add(&mut self.still_open, other.still_open);
        add(&mut self.gaps, other.gaps);
        add(&mut self.one_sided, other.one_sided);
        add(&mut self.half_open, other.half_open);
        add(&mut self.bad_checksums, other.bad_checksums);
        add(&mut self.both_ways, other.both_ways);
        add(&mut self.severity_sum, other.severity_sum);
        self.longest = self.longest.max(other.longest);
        self.most_out = self.most_out.max(other.most_out);
        self.severity_max = self.severity_max.max(other.severity_max);
        self.local = (self.local.0 || other.local.0, self.local.1 || other.local.1);
        self.span = match (self.span, other.span) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1), a.2.max(b.2))),
            (a, b) => a.or(b),
        };
        self.absorb_service(other);
    }

    /// The mean severity of the rows; 0 without rows.
    pub fn severity_mean(&self) -> f64 {
        self.severity_sum as f64 / SEVERITY_ONE / (self.flows.max(1)) as f64
    }

    /// When the first began: µs since 1970.
    pub fn first(&self) -> Option<i64> {
        self.span.map(|span| span.0)
    }

    /// When the last ended.
    pub fn end(&self) -> Option<i64> {
        self.span.map(|span| span.2)
    }

    fn absorb_service(&mut self, other: &Self) {
        self.more_services |= other.more_services;
        self.without_service |= other.without_service;
        match (&self.service, &other.service) {
            (_, None) => {}
            (None, Some(_)) => self.service.clone_from(&other.service),
            (Some(own), Some(new)) => {
                self.more_services |= own != new;
                if new < own {
                    self.service.clone_from(&other.service);
                }
            }
        }
    }
}

fn write_text<S: Serializer>(text: &Option<Arc<str>>, to: S) -> Result<S::Ok, S::Error> {
    text.as_deref().serialize(to)
}

fn read_text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Arc<str>>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(Arc::from))
}
