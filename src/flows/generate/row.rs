//! One generated flow, and many of them as columns.

use arrow_array::builder::StringBuilder;
use arrow_array::{ArrayRef, Float64Array, Int64Array};
use std::sync::Arc;

/// Kinds of anomaly and their shares among the anomalies.
pub(super) const ATTACKS: [(&str, f64); 5] = [
    ("port_scan", 0.28),
    ("ddos", 0.27),
    ("malware_communication", 0.15),
    ("data_exfiltration", 0.12),
    ("brute_force", 0.18),
];

/// Largest value of the two-second counters.
pub(super) const MOST: i64 = 511;

/// A flow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub duration: f64,
    pub protocol_type: &'static str,
    pub service: &'static str,
    pub src_bytes: f64,
    pub dst_bytes: f64,
    pub flag: &'static str,
    pub count: i64,
    pub srv_count: i64,
    pub attack: &'static str,
}

/// Columns being filled.
pub(super) struct Columns {
    duration: Vec<f64>,
    protocol_type: StringBuilder,
    service: StringBuilder,
    src_bytes: Vec<i64>,
    dst_bytes: Vec<i64>,
    flag: StringBuilder,
    count: Vec<i64>,
    srv_count: Vec<i64>,
    label: Vec<i64>,
    attack: StringBuilder,
}

impl Columns {
    pub(super) fn with_capacity(n: usize) -> Self {
        let text = |bytes: usize| StringBuilder::with_capacity(n, n * bytes);
        Self {
            duration: Vec::with_capacity(n),
            protocol_type: text(4),
            service: text(8),
            src_bytes: Vec::with_capacity(n),
            dst_bytes: Vec::with_capacity(n),
            flag: text(4),
            count: Vec::with_capacity(n),
            srv_count: Vec::with_capacity(n),
            label: Vec::with_capacity(n),
            attack: text(8),
        }
    }

    pub(super) fn push(&mut self, row: &Row) {
        // Whole microseconds, and whole bytes: what a flow meter can see.
        self.duration.push((row.duration * 1e6).round() / 1e6);
        self.protocol_type.append_value(row.protocol_type);
        self.service.append_value(row.service);
        self.src_bytes.push(row.src_bytes as i64);
        self.dst_bytes.push(row.dst_bytes as i64);
        self.flag.append_value(row.flag);
        self.count.push(row.count.clamp(1, MOST));
        self.srv_count.push(row.srv_count.clamp(1, MOST));
        self.label.push(i64::from(row.attack != "normal"));
        self.attack.append_value(row.attack);
    }

    pub(super) fn into_arrays(mut self) -> Vec<ArrayRef> {
        vec![
            Arc::new(Float64Array::from(self.duration)),
            Arc::new(self.protocol_type.finish()),
            Arc::new(self.service.finish()),
            Arc::new(Int64Array::from(self.src_bytes)),
            Arc::new(Int64Array::from(self.dst_bytes)),
            Arc::new(self.flag.finish()),
            Arc::new(Int64Array::from(self.count)),
            Arc::new(Int64Array::from(self.srv_count)),
            Arc::new(Int64Array::from(self.label)),
            Arc::new(self.attack.finish()),
        ]
    }
}
