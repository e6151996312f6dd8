#![allow(clippy::disallowed_methods, reason = "an oracle may use std's")]

use super::sort::{Sortable, Sorter};
use super::spool::Spool;
use super::*;
use crate::flows::record::{Flows, Host, Marks, StateGroup};
use arrow_array::StringArray;
use bytemuck::{Pod, Zeroable};
use rand::{RngExt as _, SeedableRng};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Pod, Zeroable)]
#[repr(C)]
struct Pair(u64, u64);

impl Sortable for Pair {
    type Key = (u64, u64);

    fn key(&self) -> (u64, u64) {
        (self.0, self.1)
    }
}

fn merged(mut merge: sort::Merge<Pair>) -> Vec<Pair> {
    std::iter::from_fn(|| merge.next().unwrap()).collect()
}

#[test]
fn a_sort_in_little_memory_is_a_sort() {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    for case in 0..300 {
        let n = rng.random_range(0..500);
        let pairs: Vec<Pair> = (0..n).map(|i| Pair(rng.random_range(0..20), i)).collect();
        let memory = [0, 16, 17, 160, 1000, 7999, 8000, 8001, 1 << 20][case % 9];
        let mut sorter = Sorter::new(memory, &std::env::temp_dir());
        pairs.iter().for_each(|&pair| sorter.push(pair).unwrap());
        let merge = sorter.merge().unwrap();
        let expected_spill = if n as usize >= (memory / 16).max(1) { 16 * n } else { 0 };
        assert_eq!(merge.spilled(), expected_spill, "{n} pairs in {memory} bytes");
        let mut expected = pairs;
        expected.sort();
        assert_eq!(merged(merge), expected);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_said_and_where() {
    let full = std::fs::OpenOptions::new().read(true).write(true).open("/dev/full").unwrap();
    let mut sorter = Sorter::over(1600, Spool::over(full, "/scratch".as_ref()));
    let error = (0..100).find_map(|i| sorter.push(Pair(i, i)).err()).unwrap().to_string();
    assert!(error.starts_with("/scratch: No space left on device"), "{error}");
    assert!(error.contains("1600 bytes") && error.contains("TMPDIR"), "{error}");
}

/// Equal keys for source, destination and port.
fn knock(position: u64, start_s: i64, source: u64, port: u32) -> Event {
    Event {
        start: Some(start_s * 1_000_000),
        source: Some(source),
        destination: Some(1),
        port,
        service: Some(2),
        bytes_out: 10,
        ..Event::outside(position)
    }
}

fn features(tables: usize, memory: usize, events: &[Event]) -> (ndarray::Array2<f32>, Evictions) {
    let mut windows = Windows::new(&WindowOptions { memory, tables, folder: None });
    windows.push(events.iter().copied()).unwrap();
    let found = windows.finish(&Stop::new()).unwrap();
    let positions: Vec<u64> = events.iter().map(|event| event.position).collect();
    (found.rows(&positions).unwrap(), found.evictions())
}

fn column(name: &str) -> usize {
    DEFINITIONS.iter().position(|definition| definition.name == name).unwrap()
}

#[test]
fn a_window_beyond_its_budget_is_shorter_and_that_is_counted() {
    // One flow a second from one source: 600 of them are in the window, if there is room.
    let events: Vec<Event> = (0..3000).map(|i| knock(i, i as i64, 1, 80)).collect();
    let rates = |tables: usize| {
        let (rows, evictions) = features(tables, 1 << 20, &events);
        let flows = |i: usize| rows[[i, column("source_rate")]].exp_m1().round() as u64;
        ((0..3000).map(flows).collect::<Vec<_>>(), evictions)
    };
    let (exact, none) = rates(1 << 20);
    assert!(none.is_none());
    assert_eq!(exact, (0..3000).map(|i| (i + 1).min(600)).collect::<Vec<u64>>());
    // A flow takes 112 bytes, the six keys less than 1,000; windows have half of the tables' budget.
    let (short, evictions) = rates(2 * 112 * 100);
    let most = short.iter().copied().max().unwrap();
    assert!((91..=101).contains(&most), "{most}");
    assert_eq!(short, (0..3000).map(|i| (i + 1).min(most)).collect::<Vec<u64>>());
    assert_eq!(evictions.window_flows, 3000 - (most - 1));
    assert_eq!(evictions.conversations, 0);
    assert!(evictions.hour_flows > 1000, "{evictions:?}");
    let (nothing, all) = rates(0);
    assert_eq!(nothing, vec![1; 3000]);
    assert_eq!((all.window_flows, all.hour_flows), (3000, 3000));
}

#[test]
fn conversations_not_met_for_longest_are_forgotten() {
    // A beacon every minute in a scan of 50,000 ports; each port is scanned twice, an hour later.
    let mut events = Vec::new();
    for second in 0..7200u64 {
        if second % 60 == 0 {
            events.push(knock(events.len() as u64, second as i64, 7, 443));
        }
        for port in 0..10 {
            let port = (second % 3600) as u32 * 10 + port;
            events.push(knock(events.len() as u64, second as i64, 8, 1000 + port));
        }
    }
    let beacon = |event: &Event| event.source == Some(7);
    let scan_again = |event: &Event| !beacon(event) && event.start >= Some(3_600_000_000);
    for (tables, kept) in [(256 << 20, true), (4 << 20, false)] {
        let (rows, evictions) = features(tables, 1 << 20, &events);
        assert_eq!(evictions.conversations == 0, kept, "{evictions:?}");
        for (i, event) in events.iter().enumerate() {
            let gap = rows[[i, column("mean_gap")]];
            if scan_again(event) {
                assert_eq!(!gap.is_nan(), kept, "flow {i}");
            }
            if beacon(event) && i > 5 * 601 {
                assert!((gap - 61f32.ln()).abs() < 1e-6, "{gap}");
                assert_eq!(rows[[i, column("regularity")]], 1.0);
            }
        }
    }
}

#[test]
fn forgetting_depends_on_nothing_but_the_flows() {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(2);
    let events: Vec<Event> = (0..4000)
        .map(|i| knock(i, rng.random_range(0..2000), rng.random_range(0..50), rng.random_range(0..90)))
        .collect();
    let bits = |rows: ndarray::Array2<f32>| rows.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    let (rows, evictions) = features(40_000, 1 << 20, &events);
    assert!(evictions.window_flows > 0 && evictions.conversations > 0 && evictions.hour_flows > 0, "{evictions:?}");
    let rows = bits(rows);
    for memory in [1, 5_000, 60_000] {
        let (again, counted) = features(40_000, memory, &events);
        assert_eq!((bits(again), counted), (rows.clone(), evictions));
    }
}

#[test]
fn nulls_stand_for_what_is_missing() {
    let mut windows = Windows::new(&WindowOptions::default());
    windows.push([knock(0, 5, 1, 80), Event::outside(1)]).unwrap();
    let batch = windows.finish(&Stop::new()).unwrap().batch(&[0, 1]).unwrap();
    assert_eq!(batch.num_columns(), N_FEATURES);
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        assert_eq!(column.is_null(0), field.name() == "mean_gap");
        assert!(column.is_null(1));
    }
}

fn two_flows() -> Flows {
    let host = |text: &str| Host::parse(text);
    Flows {
        start: vec![Some(5), None],
        duration: vec![None; 2],
        source: vec![host("10.0.0.1"), None],
        destination: vec![host("10.0.0.2"), host("fe80::1")],
        source_port: vec![Some(1), None],
        destination_port: vec![Some(443), None],
        icmp: vec![None, Some((3, 1))],
        protocol: vec![Some(6), Some(1)],
        service: StringArray::from(vec![Some("ssl"), None]),
        state: StringArray::from(vec![Some("REJ"), None]),
        state_group: vec![StateGroup::Refused, StateGroup::Unknown],
        history: StringArray::from(vec![None::<&str>; 2]),
        bytes_out: vec![Some(9), None],
        bytes_in: vec![None; 2],
        claimed: vec![None; 2],
        counted: vec![None; 2],
        packets_out: vec![None; 2],
        packets_in: vec![None; 2],
        marks: vec![Marks::none(); 2],
        session: StringArray::from(vec![None::<&str>; 2]),
    }
}

#[test]
fn events_are_what_flows_say() {
    let mut flows = two_flows();
    let (web, ping) = (Event::of(&flows, 0, 10), Event::of(&flows, 1, 11));
    assert_eq!((web.start, web.position, web.failed, web.bytes_out), (Some(5), 10, true, 9));
    assert_eq!(web.source, flows.source[0].map(|host| host.key()));
    assert_eq!((ping.start, ping.source, ping.failed, ping.bytes_out), (None, None, false, 0));
    assert_ne!(ping.port, port_key(Some(1), None, Some((3, 3))));
    assert_ne!(ping.port, port_key(Some(1), Some(0x0301), None));
    assert_eq!(Event::of(&flows, 2, 12), Event::outside(12));
    // The service where it is known, else the port; by protocol.
    flows.destination_port[0] = Some(8443);
    assert_eq!(Event::of(&flows, 0, 0).service, web.service);
    flows.protocol[0] = Some(17);
    assert_ne!(Event::of(&flows, 0, 0).service, web.service);
    flows.service = StringArray::from(vec![None::<&str>; 2]);
    let by_port = Event::of(&flows, 0, 0).service;
    flows.destination_port[0] = Some(443);
    assert!(by_port.is_some() && Event::of(&flows, 0, 0).service != by_port);
    flows.protocol[0] = None;
    flows.destination_port[0] = None;
    assert_eq!(Event::of(&flows, 0, 0).service, None);
}
