#![allow(clippy::disallowed_methods, reason = "an oracle may use std's")]

use super::bloom::Bloom;
use super::*;
use crate::Stop;
use crate::features::windows::{Event, WindowOptions, Windows};
use crate::flows::record::{Host, Marks, StateGroup};
use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;

/// A flow of 1.5 s from 10.0.0.9: port, service, state group, history, bytes out and in, marks.
type Told = (u16, Option<&'static str>, StateGroup, Option<&'static str>, Option<u64>, Option<u64>, Marks);

const PLAIN: Told = (80, Some("http"), StateGroup::Established, Some("ShADadFf"), Some(300), Some(100), Marks::none());

fn flows(rows: &[Told]) -> Flows {
    let n = rows.len();
    let text = |of: fn(&Told) -> Option<&'static str>| rows.iter().map(of).collect::<StringArray>();
    Flows {
        start: (0..n as i64).map(Some).collect(),
        duration: vec![Some(1_500_000); n],
        source: vec![Host::parse("10.0.0.9"); n],
        destination: vec![Host::parse("192.0.2.1"); n],
        source_port: vec![Some(40_000); n],
        destination_port: rows.iter().map(|row| Some(row.0)).collect(),
        icmp: vec![None; n],
        protocol: vec![Some(6); n],
        service: text(|row| row.1),
        state: text(|_| Some("SF")),
        state_group: rows.iter().map(|row| row.2).collect(),
        history: text(|row| row.3),
        bytes_out: rows.iter().map(|row| row.4).collect(),
        bytes_in: rows.iter().map(|row| row.5).collect(),
        claimed: vec![None; n],
        counted: vec![None; n],
        packets_out: vec![Some(4); n],
        packets_in: vec![Some(0); n],
        marks: rows.iter().map(|row| row.6).collect(),
        session: text(|_| None),
    }
}

fn windows_of(flows: &Flows) -> RecordBatch {
    let positions: Vec<u64> = (0..flows.start.len() as u64).collect();
    let mut windows = Windows::new(&WindowOptions::default());
    windows.push(positions.iter().map(|&at| Event::of(flows, at as usize, at))).unwrap();
    windows.finish(&Stop::new()).unwrap().batch(&positions).unwrap()
}

fn fitted(flows: &Flows) -> FlowStatistics {
    let mut counts = FlowCounts::new();
    counts.add(flows);
    counts.finish()
}

fn derived(flows: &Flows, statistics: &FlowStatistics, counted: bool) -> RecordBatch {
    derive(flows, &windows_of(flows), statistics, &Locality::default(), |_| counted).unwrap()
}

fn value(batch: &RecordBatch, name: &str, row: usize) -> Option<f32> {
    let column = batch.column_by_name(name).unwrap_or_else(|| panic!("no column {name}")).as_primitive::<Float32Type>();
    column.is_valid(row).then(|| column.value(row))
}

fn assert_near(found: Option<f32>, expected: f64, what: &str) {
    let found = f64::from(found.unwrap_or_else(|| panic!("{what} is missing")));
    assert!((found - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{what}: {found}, not {expected}");
}

#[test]
fn every_column_is_defined_once_and_in_order() {
    let flows = flows(&[PLAIN, PLAIN]);
    let batch = derived(&flows, &fitted(&flows), false);
    let names: Vec<String> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, definitions().map(|definition| definition.name).collect::<Vec<_>>());
    let distinct: std::collections::HashSet<&String> = names.iter().collect();
    assert_eq!(distinct.len(), N_FEATURES + windows::N_FEATURES);
    assert!(definitions().all(|d| !d.formula.is_empty() && !d.reveals.is_empty()));
}

#[test]
fn what_one_flow_tells_by_hand() {
    let flows = flows(&[
        PLAIN,
        (40_000, None, StateGroup::Refused, Some("FR_AP"), None, None, Marks::NO_PAYLOAD.with(Marks::VIOLATION)),
        (8080, None, StateGroup::Unknown, None, None, Some(5), Marks::STILL_OPEN),
    ]);
    let batch = derived(&flows, &fitted(&flows), false);
    let near = |name: &str, row: usize, expected: f64| assert_near(value(&batch, name, row), expected, name);
    near("byte_asymmetry", 0, 200.0 / 401.0);
    near("packet_asymmetry", 0, 4.0 / 5.0);
    near("bytes_out", 0, 300f64.ln_1p());
    near("bytes_in", 0, 100f64.ln_1p());
    near("bytes_per_packet_out", 0, 75.0);
    near("bytes_per_packet_in", 0, 0.0);
    near("pace_out", 0, 200f64.ln_1p());
    near("duration", 0, 1.5f64.ln_1p());
    for (name, rows) in [
        ("state_established", [1.0, 0.0, 0.0]),
        ("state_refused", [0.0, 1.0, 0.0]),
        ("no_payload", [0.0, 1.0, 0.0]),
        ("violation", [0.0, 1.0, 0.0]),
        ("still_open", [0.0, 0.0, 1.0]),
        ("port_well_known", [1.0, 0.0, 0.0]),
        ("port_ephemeral", [0.0, 1.0, 0.0]),
        ("source_local", [1.0; 3]),
        ("destination_local", [0.0; 3]),
        ("duration_unset", [0.0; 3]),
    ] {
        (0..3).for_each(|row| near(name, row, rows[row]));
    }
    let flags = ["sent_data", "got_data", "sent_fin", "got_fin", "sent_reset", "got_reset"];
    assert_eq!(flags.map(|name| value(&batch, name, 0)), [1.0, 1.0, 1.0, 1.0, 0.0, 0.0].map(Some));
    assert_eq!(flags.map(|name| value(&batch, name, 1)), [0.0, 1.0, 1.0, 0.0, 1.0, 0.0].map(Some));
    assert_eq!(flags.map(|name| value(&batch, name, 2)), [None; 6]);
    // Not seen is nothing; not told is missing.
    near("bytes_out", 1, 0.0);
    near("byte_asymmetry", 1, 0.0);
    assert_eq!(value(&batch, "bytes_out", 2), None);
    assert_eq!(value(&batch, "byte_asymmetry", 2), None);
    assert_eq!(value(&batch, "history_rarity", 2), None);
}

#[test]
fn an_unset_duration_is_nothing_and_said() {
    let mut flows = flows(&[PLAIN]);
    flows.duration = vec![None];
    let batch = derived(&flows, &fitted(&flows), false);
    assert_eq!(value(&batch, "duration", 0), Some(0.0));
    assert_eq!(value(&batch, "duration_unset", 0), Some(1.0));
    assert_near(value(&batch, "pace_out", 0), 300_000f64.ln_1p(), "pace_out");
}

#[test]
fn rarities_are_shares_of_the_sample() {
    let mut rows = vec![PLAIN; 6];
    rows.extend([(80, None, PLAIN.2, Some("S"), PLAIN.4, PLAIN.5, PLAIN.6); 2]);
    rows.push((443, Some("ssl"), PLAIN.2, Some("Sr"), PLAIN.4, PLAIN.5, PLAIN.6));
    rows.push((22, Some("ssh"), PLAIN.2, None, PLAIN.4, PLAIN.5, PLAIN.6));
    let statistics = fitted(&flows(&rows));
    assert_eq!(statistics.n_rows(), 10);
    let seen: Vec<Told> = vec![rows[0], rows[6], rows[8], (80, Some("irc"), PLAIN.2, Some("R"), None, None, PLAIN.6)];
    let mut new = seen.clone();
    new.push((5555, Some("irc"), PLAIN.2, Some("Sr"), None, None, PLAIN.6));
    let batch = derived(&flows(&new), &statistics, false);
    let rarity = |p: f64| -p.ln();
    for (name, expected) in [
        ("port_rarity", [0.8, 0.8, 0.1, 0.8, 0.1]),
        ("history_rarity", [0.6, 0.2, 0.1, 0.1, 0.1]),
        ("service_mismatch", [0.75, 0.25, 1.0, 0.125, 1.0]),
    ] {
        for (row, p) in expected.into_iter().enumerate() {
            assert_near(value(&batch, name, row), rarity(p), &format!("{name} of row {row}"));
        }
    }
    // The same number of another protocol is another port.
    let mut udp = flows(&[PLAIN]);
    udp.protocol = vec![Some(17)];
    assert_near(value(&derived(&udp, &statistics, false), "port_rarity", 0), rarity(0.1), "udp");
}

#[test]
fn a_row_of_the_sample_does_not_make_itself_known() {
    let port = |port: u16| (port, PLAIN.1, PLAIN.2, PLAIN.3, PLAIN.4, PLAIN.5, PLAIN.6);
    let sample = flows(&[port(80), port(443), port(80)]);
    let statistics = fitted(&sample);
    let of = |flows: &Flows, counted: bool| {
        let batch = derived(flows, &statistics, counted);
        (0..flows.start.len()).map(|row| value(&batch, "first_seen", row).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(of(&sample, true), [0.0, 1.0, 0.0]);
    assert_eq!(of(&sample, false), [0.0, 0.0, 0.0]);
    assert_eq!(of(&flows(&[port(80), port(22)]), false), [0.0, 1.0]);
    let mut nameless = flows(&[PLAIN]);
    nameless.destination = vec![None];
    assert_eq!(value(&derived(&nameless, &statistics, false), "first_seen", 0), None);
}

#[test]
fn a_bloom_filter_forgets_nothing_and_invents_under_one_in_a_hundred() {
    for n in [1u64, 10, 1000, 60_000] {
        let key = |i: u64| crate::flows::record::mix(n, i);
        let bloom = Bloom::of((0..n).map(key).collect::<Vec<_>>().into_iter());
        assert!((0..n).all(|i| bloom.has(key(i))));
        let tried = 200_000;
        let invented = (n..n + tried).filter(|&i| bloom.has(key(i))).count();
        assert!(invented as f64 <= 0.01 * tried as f64, "{n}: {invented} of {tried}");
        assert!(n < 1000 || invented as f64 > 0.005 * tried as f64, "{n}: {invented} of {tried}: larger than needed");
    }
    assert!(!Bloom::default().has(5));
}

#[test]
fn statistics_come_back_from_a_file_and_unsound_ones_are_refused() {
    let statistics = fitted(&flows(&[PLAIN, PLAIN, (1, None, PLAIN.2, Some("S"), None, None, PLAIN.6)]));
    assert_eq!(statistics.complaint(), None);
    let text = serde_json::to_string(&statistics).unwrap();
    assert_eq!(serde_json::from_str::<FlowStatistics>(&text).unwrap(), statistics);
    let fewer = text.replace("\"n_rows\":3", "\"n_rows\":1");
    let complaint = serde_json::from_str::<FlowStatistics>(&fewer).unwrap().complaint().unwrap();
    assert!(complaint.contains("more often than there are flows (1)"), "{complaint}");
    // Nobody's address or peers can be read out of a model.
    assert!(!text.contains("10.0.0.9") && !text.contains("192.0.2.1"));
    // The order in which a sample is counted is nowhere to be seen.
    let again = fitted(&flows(&[(1, None, PLAIN.2, Some("S"), None, None, PLAIN.6), PLAIN, PLAIN]));
    assert_eq!(serde_json::to_string(&again).unwrap(), text);
}

#[test]
fn what_is_ours_is_named_else_logged_else_private() {
    let mut flows = flows(&[PLAIN]);
    let of = |flows: &Flows, networks: &str| networks.parse::<Locality>().unwrap().of(flows, 0);
    assert_eq!(of(&flows, ""), (Some(true), Some(false)));
    assert_eq!(of(&flows, "192.0.2.0/24, 2001:db8::/32"), (Some(false), Some(true)));
    assert_eq!(of(&flows, "192.0.2.1"), (Some(false), Some(true)));
    flows.marks = vec![Marks::LOCALITY_KNOWN.with(Marks::LOCAL_DESTINATION)];
    assert_eq!(of(&flows, ""), (Some(false), Some(true)));
    assert_eq!(of(&flows, "10.0.0.0/8"), (Some(true), Some(false)));
    flows.source = vec![Host::parse("2001:db8::7%eth0")];
    flows.destination = vec![None];
    assert_eq!(of(&flows, "2001:db8::/32"), (Some(true), None));
    let error = "10.0.0.0/33".parse::<Locality>().unwrap_err().to_string();
    assert!(error.starts_with("--local is `10.0.0.0/33`"), "{error}");
}

#[test]
fn the_basic_features_by_hand() {
    let plain = |port: u16, service: Option<&'static str>, state: StateGroup| {
        (port, service, state, None, Some(300), Some(100), Marks::none())
    };
    let (yes, no) = (StateGroup::Established, StateGroup::Refused);
    let told =
        [plain(80, Some("http"), yes), plain(80, Some("http"), yes), plain(81, Some("http"), no), plain(443, None, no)];
    let mut flows = flows(&told);
    flows.state = ["SF", "SF", "REJ", "REJ"].into_iter().map(Some).collect();
    flows.bytes_in = vec![Some(100), None, Some(100), None];
    flows.marks = vec![Marks::none(), Marks::NO_PAYLOAD, Marks::none(), Marks::none()];
    let statistics = fitted(&flows);
    let batch = basic(&flows, &windows_of(&flows), &statistics).unwrap();
    let names: Vec<_> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, BASIC.map(|definition| definition.name));
    let near = |name: &str, row: usize, expected: f64| assert_near(value(&batch, name, row), expected, name);
    near("duration", 0, 1.5f64.ln_1p());
    near("src_bytes", 0, 300f64.ln_1p());
    near("byte_asymmetry", 0, 200.0 / 401.0);
    near("byte_asymmetry", 1, 300.0 / 301.0);
    near("pace_out", 0, 200f64.ln_1p());
    // All four flows go to one destination within two seconds, three of them speak HTTP.
    near("count", 3, 4f64.ln_1p());
    near("srv_count", 2, 3f64.ln_1p());
    near("srv_share", 2, 3.0 / 3.0);
    near("srv_share", 3, 1.0 / 4.0);
    near("service_rarity", 0, (1.0 / 0.75f64).ln());
    near("service_rarity", 3, (1.0 / 0.25f64).ln());
    near("flag_rarity", 2, (1.0 / 0.5f64).ln());
    near("service_flag_rarity", 0, (1.0 / 0.5f64).ln());
    near("service_flag_rarity", 2, (1.0 / 0.25f64).ln());
    assert_eq!(["state_established", "state_refused"].map(|name| value(&batch, name, 2)), [Some(0.0), Some(1.0)]);
    assert_eq!((value(&batch, "dst_bytes", 1), value(&batch, "dst_bytes", 3)), (Some(0.0), None));
    assert!(basic(&flows, &RecordBatch::new_empty(batch.schema()), &statistics).is_err());
}

#[test]
fn the_counts_of_a_table_are_taken_as_they_are() {
    let mut flows = flows(&[PLAIN, PLAIN]);
    flows.start = vec![None; 2];
    flows.counted = vec![Some([8.0, 2.0]), None];
    let batch = basic(&flows, &windows_of(&flows), &fitted(&flows)).unwrap();
    assert_near(value(&batch, "count", 0), 8f64.ln_1p(), "count");
    assert_near(value(&batch, "srv_share", 0), 0.25, "srv_share");
    assert_eq!(["count", "srv_count", "srv_share"].map(|name| value(&batch, name, 1)), [None; 3]);
}
