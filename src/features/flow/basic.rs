//! The basic set: the eight columns of a KDD record (duration, protocol, service, flag, bytes out and in, count,
//! srv_count) as numbers that tell more of them than their values and one-hot codes do: logarithms, ratios, rarities.

use super::statistics::service_of;
use super::{FlowStatistics, batch, text};
use crate::features::{Definition, math};
use crate::flows::record::{Flows, Marks, StateGroup};
use crate::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use arrow_array::{Array, ArrayRef, Float32Array, RecordBatch};
use std::sync::Arc;

/// Features of the basic set.
pub const N_BASIC: usize = BASIC.len();

const TWO_SECONDS: &str = "(t - 2 s, t], or the table's own count";
const SAMPLE: &str = "the fit's sample";

const fn alone(name: &'static str, formula: &'static str, reveals: &'static str) -> Definition {
    Definition { name, formula, window: "", memory: "", reveals }
}

const fn around(name: &'static str, formula: &'static str, reveals: &'static str) -> Definition {
    Definition { name, formula, window: TWO_SECONDS, memory: "", reveals }
}

const fn learned(name: &'static str, formula: &'static str, reveals: &'static str) -> Definition {
    Definition { name, formula, window: SAMPLE, memory: "a count a value that was met twice", reveals }
}

/// The features of the basic set, in the order of their columns. A service is protocol and service, or protocol and
/// destination port where none is known; a flag is how the flow went, as logged.
pub const BASIC: [Definition; 17] = [
    alone("duration", "ln(1 + duration in s)", "what lasts"),
    alone("src_bytes", "ln(1 + bytes out)", "exfiltration"),
    alone("dst_bytes", "ln(1 + bytes in)", "downloads"),
    alone("byte_asymmetry", "(bytes out - in) / (out + in + 1)", "exfiltration"),
    alone("pace_out", "ln(1 + bytes out / max(duration, 1 ms) in s)", "floods, exfiltration"),
    alone("pace_in", "ln(1 + bytes in / max(duration, 1 ms) in s)", "floods"),
    around("count", "ln(1 + flows to its destination)", "floods, fast scans"),
    around("srv_count", "ln(1 + flows of its service)", "floods of a service, sweeps"),
    around("srv_share", "srv_count / max(count, 1)", "scans of many services of one host"),
    learned("service_rarity", "-ln p(service); never met: p = 1 / n", "unusual services"),
    learned("flag_rarity", "-ln p(flag); never met: p = 1 / n", "scans, crafted packets"),
    learned("service_flag_rarity", "-ln p(service and flag); never met: p = 1 / n", "brute force, scans of a service"),
    alone("state_established", "both sides spoke", "what came about"),
    alone("state_refused", "the destination said no", "scans, brute force"),
    alone("state_no_reply", "the destination said nothing", "scans, spoofed floods"),
    alone("state_reset", "begun and broken off", "scans, evasion"),
    alone("state_mid_stream", "its beginning was not seen", "backscatter"),
];

/// The basic features as Float32 columns, null where missing; bytes that were not seen are 0.
///
/// # Errors
/// If `windows` has not as many rows as `flows`, or not the columns `count` and `srv_count`.
pub fn basic(flows: &Flows, windows: &RecordBatch, statistics: &FlowStatistics) -> Result<RecordBatch> {
    let window = |name: &str| {
        let column = windows.column_by_name(name).and_then(|column| column.as_primitive_opt::<Float32Type>().cloned());
        column.ok_or_else(|| Error::Internal(format!("the window features lack `{name}`")))
    };
    let (count, service_count) = (window("count")?, window("srv_count")?);
    if count.len() != flows.n_rows() {
        return Err(Error::Internal(format!("window features of {} rows for {}", count.len(), flows.n_rows())));
    }
    let mut columns: Vec<Vec<Option<f32>>> = (0..N_BASIC).map(|_| Vec::with_capacity(flows.n_rows())).collect();
    for row in 0..flows.n_rows() {
        let counted = flows.counted.get(row).copied().flatten();
        let counted = counted.unwrap_or_else(|| [&count, &service_count].map(|column| value(column, row)));
        for (column, value) in columns.iter_mut().zip(values(flows, row, counted, statistics)) {
            column.push((!value.is_nan()).then_some(value as f32));
        }
    }
    let columns = BASIC.iter().zip(columns);
    let columns = columns.map(|(d, values)| (d.name.to_owned(), Arc::new(Float32Array::from(values)) as ArrayRef));
    batch(columns.collect())
}

fn value(column: &Float32Array, row: usize) -> f64 {
    if column.is_valid(row) { f64::from(column.value(row)) } else { f64::NAN }
}

/// In the order of [`BASIC`]; NaN where missing. `counted`: count and srv_count.
fn values(flows: &Flows, row: usize, [count, service_count]: [f64; 2], statistics: &FlowStatistics) -> [f64; N_BASIC] {
    let marks = flows.marks.get(row).copied().unwrap_or_default();
    let seen = |column: &[Option<u64>]| match column.get(row).copied().flatten() {
        Some(n) => n as f64,
        None if marks.has(Marks::NO_PAYLOAD) => 0.0,
        None => f64::NAN,
    };
    let (out, back) = (seen(&flows.bytes_out), seen(&flows.bytes_in));
    let seconds = flows.duration.get(row).copied().flatten().unwrap_or(0).max(0) as f64 / 1e6;
    let pace = |bytes: f64| math::ln_1p(bytes / seconds.max(1e-3));
    let group = flows.state_group.get(row).copied().unwrap_or_default();
    let is_state = |of: StateGroup| f64::from(u8::from(group == of));
    let (service, flag) = (service_of(flows, row), text(&flows.state, row));
    [
        math::ln_1p(seconds),
        math::ln_1p(out),
        math::ln_1p(back),
        (out - back) / (out + back + 1.0),
        pace(out),
        pace(back),
        math::ln_1p(count),
        math::ln_1p(service_count),
        service_count / if count < 1.0 { 1.0 } else { count },
        statistics.service_rarity(service),
        statistics.flag_rarity(flag),
        statistics.service_flag_rarity(service, flag),
        is_state(StateGroup::Established),
        is_state(StateGroup::Refused),
        is_state(StateGroup::NoReply),
        is_state(StateGroup::Reset),
        is_state(StateGroup::MidStream),
    ]
}
