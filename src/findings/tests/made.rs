//! Rows made by hand.

use crate::findings::{Collector, Grouped, Rows};
use crate::flows::record::{Flows, Host, Marks, StateGroup};

/// A row as the tests write it.
#[derive(Debug, Clone)]
pub struct Made {
    pub start: Option<i64>,
    pub duration: i64,
    pub source: &'static str,
    pub destination: &'static str,
    pub source_text: Option<String>,
    pub destination_text: Option<String>,
    pub protocol: u8,
    pub port: Option<u16>,
    pub icmp: Option<(u8, u8)>,
    pub service: Option<String>,
    pub state: StateGroup,
    pub bytes: (u64, u64),
    pub packets: u64,
    pub marks: Marks,
    pub claimed: Option<[u64; 2]>,
    pub severity: f64,
}

/// A second after 2024-04-19 00:00:00 UTC, a TCP flow of 100 and 200 bytes.
pub fn made(second: f64, source: &'static str, destination: &'static str, port: u16) -> Made {
    Made {
        start: Some(1_713_484_800_000_000 + (second * 1e6) as i64),
        duration: 0,
        source,
        destination,
        source_text: None,
        destination_text: None,
        protocol: 6,
        port: Some(port),
        icmp: None,
        service: None,
        state: StateGroup::Established,
        bytes: (100, 200),
        packets: 4,
        marks: Marks::none(),
        claimed: None,
        severity: 0.5,
    }
}

/// As the engine reads them.
pub struct Batch {
    pub flows: Flows,
    pub severity: Vec<f64>,
    pub claimed: Vec<Option<[u64; 2]>>,
}

impl Batch {
    pub fn of(rows: &[Made]) -> Self {
        let host = |text: &Option<String>, plain| Host::parse(text.as_deref().unwrap_or(plain));
        let flows = Flows {
            start: rows.iter().map(|r| r.start).collect(),
            duration: rows.iter().map(|r| Some(r.duration)).collect(),
            source: rows.iter().map(|r| host(&r.source_text, r.source)).collect(),
            destination: rows.iter().map(|r| host(&r.destination_text, r.destination)).collect(),
            source_port: vec![None; rows.len()],
            destination_port: rows.iter().map(|r| r.port).collect(),
            icmp: rows.iter().map(|r| r.icmp).collect(),
            protocol: rows.iter().map(|r| Some(r.protocol)).collect(),
            service: rows.iter().map(|r| r.service.clone()).collect(),
            state: rows.iter().map(|_| None::<String>).collect(),
            state_group: rows.iter().map(|r| r.state).collect(),
            history: rows.iter().map(|_| None::<String>).collect(),
            bytes_out: rows.iter().map(|r| Some(r.bytes.0)).collect(),
            bytes_in: rows.iter().map(|r| Some(r.bytes.1)).collect(),
            claimed: vec![None; rows.len()],
            counted: vec![None; rows.len()],
            packets_out: rows.iter().map(|r| Some(r.packets)).collect(),
            packets_in: rows.iter().map(|_| Some(0)).collect(),
            marks: rows.iter().map(|r| r.marks).collect(),
            session: rows.iter().map(|_| None::<String>).collect(),
        };
        let severity = rows.iter().map(|r| r.severity).collect();
        Self { flows, severity, claimed: rows.iter().map(|r| r.claimed).collect() }
    }

    pub fn rows(&self) -> Rows<'_> {
        Rows { flows: &self.flows, severity: &self.severity, claimed: &self.claimed }
    }
}

/// All rows in findings, observed in batches of `size`.
pub fn grouped(rows: &[Made], size: usize) -> Grouped {
    let mut collector = Collector::new();
    for part in rows.chunks(size) {
        collector.observe(&Batch::of(part).rows());
    }
    collector.finish()
}

/// Flows to one port that came to nothing, each from a source of its own.
pub fn crowd(n: u32, gap: f64) -> Vec<Made> {
    let from = |i: u32| Made {
        source_text: Some(format!("198.18.{}.{}", i / 200, 1 + i % 200)),
        state: StateGroup::NoReply,
        bytes: (0, 0),
        ..made(f64::from(i) * gap, "", "10.0.0.1", 80)
    };
    (0..n).map(from).collect()
}
