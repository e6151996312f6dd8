//! Real logs.

use crate::{Bench, all_forms, shared};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::io::Read;

type Event = Map<String, Value>;

/// Fits on an input and writes all forms of its events.
fn forms(path: &str, more: &[&str]) -> Option<Vec<Event>> {
    let input = shared(path)?;
    let bench = Bench::empty();
    let mut args = vec!["fit", input.to_str().unwrap(), "-o", "m.model"];
    args.extend(more);
    bench.ok(&args);
    let mut input = vec![input.to_str().unwrap()];
    input.extend(more);
    Some(all_forms(&bench, &input))
}

fn share(events: &[Event], key: &str) -> f64 {
    events.iter().filter(|event| event.contains_key(key)).count() as f64 / events.len() as f64
}

fn tsv(bytes: &[u8]) -> Vec<BTreeMap<String, String>> {
    let text = String::from_utf8_lossy(bytes);
    let fields = text.lines().find_map(|line| line.strip_prefix("#fields\t")).unwrap();
    let names: Vec<&str> = fields.split('\t').collect();
    let row = |line: &str| names.iter().map(|name| name.to_string()).zip(line.split('\t').map(str::to_owned)).collect();
    text.lines().filter(|line| !line.starts_with('#')).map(row).collect()
}

/// A day of Zeek: each event against the line that it is of.
#[test]
fn zeek_by_the_day() {
    let Some(events) = forms("data/zeek/rita-day", &[]) else { return };
    assert_eq!(events.len(), 31_391 - 23);
    let mut files = BTreeMap::new();
    for event in &events {
        let path = event["log.file.path"].as_str().unwrap();
        let rows: &Vec<BTreeMap<String, String>> = files.entry(path).or_insert_with(|| {
            let mut bytes = Vec::new();
            flate2::read::MultiGzDecoder::new(std::fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
            tsv(&bytes)
        });
        agrees(event, &rows[event["log.offset"].as_u64().unwrap() as usize]);
    }
    let alerts = events.iter().filter(|event| event["event.kind"] == "alert").count();
    assert!((1_000..31_000).contains(&alerts), "{alerts}");
    assert!(share(&events, "network.community_id") > 0.99 && share(&events, "oddflow.finding_id") == 1.0);
}

fn agrees(event: &Event, row: &BTreeMap<String, String>) {
    let set = |name: &str| row.get(name).map(String::as_str).filter(|text| !matches!(*text, "-" | "(empty)"));
    let shown = |key: &str| event.get(key).map(|value| value.as_str().map_or(value.to_string(), str::to_owned));
    let is = |key: &str, wanted: Option<&str>| assert_eq!(shown(key).as_deref(), wanted, "{key}: {event:?}");
    is("zeek.session_id", set("uid"));
    is("zeek.connection.state", set("conn_state"));
    is("zeek.connection.history", set("history"));
    is("zeek.connection.missed_bytes", set("missed_bytes"));
    is("source.ip", set("id.orig_h"));
    is("destination.ip", set("id.resp_h"));
    is("source.bytes", set("orig_ip_bytes"));
    is("destination.bytes", set("resp_ip_bytes"));
    is("source.packets", set("orig_pkts"));
    is("destination.packets", set("resp_pkts"));
    let icmp = row["proto"] == "icmp";
    is("source.port", set("id.orig_p").filter(|_| !icmp));
    is("destination.port", set("id.resp_p").filter(|_| !icmp));
    // Zeek knows one ICMP, ECS two.
    let six = row["id.orig_h"].contains(':');
    is("network.transport", if icmp && six { Some("ipv6-icmp") } else { set("proto") });
    let (seconds, micros) = row["ts"].split_once('.').unwrap();
    let wanted: i64 = format!("{seconds}{micros:0<6}").parse().unwrap();
    assert_eq!(crate::ecs::micros(&event["event.start"]), wanted);
    let duration = set("duration").map(|text| (text.parse::<f64>().unwrap() * 1e6).round() as i64 * 1_000);
    assert_eq!(event.get("event.duration").and_then(Value::as_i64), duration);
    let kinds: Vec<&str> = event["event.type"].as_array().unwrap().iter().map(|kind| kind.as_str().unwrap()).collect();
    match (row["proto"].as_str(), row["conn_state"].as_str()) {
        ("tcp", "REJ") => assert_eq!(kinds, ["connection", "start", "denied"]),
        ("tcp", "S0") => assert_eq!(kinds, ["connection", "start"]),
        ("tcp", "SF") => assert_eq!(&kinds[..2], ["connection", "start"]),
        _ => assert_eq!(kinds[0], "connection"),
    }
}

#[test]
fn zeek_in_json() {
    for file in ["conn.log", "day1_NASHUA_conn.log", "day2_NEWYORK_conn.log"] {
        let Some(events) = forms(&format!("data/zeek/json/{file}"), &[]) else { return };
        assert_eq!(share(&events, "zeek.session_id"), 1.0, "{file}");
        assert_eq!(share(&events, "source.ip"), 1.0, "{file}");
        assert!(events.iter().all(|event| event["observer.product"] == "Zeek"), "{file}");
    }
}

#[test]
fn zeek_with_labels() {
    let Some(events) = forms("data/zeek/labelled/CTU-IoT-Malware-Capture-34-1.conn.log.labeled", &[]) else { return };
    assert_eq!(events.len(), 23_145);
    assert_eq!(share(&events, "zeek.session_id"), 1.0);
}

#[test]
fn suricata() {
    let Some(events) = forms("data/suricata/eve.json", &[]) else { return };
    assert_eq!(events.len(), 3_512);
    for key in ["suricata.eve.flow_id", "source.ip", "network.bytes", "event.start", "event.end"] {
        assert_eq!(share(&events, key), 1.0, "{key}");
    }
    assert!(events.iter().all(|event| event["observer.product"] == "Suricata"));
}

#[test]
fn argus() {
    for file in ["test2-malicious.binetflow", "test5-mixed.binetflow"] {
        let Some(events) = forms(&format!("data/netflow/{file}"), &[]) else { return };
        assert!(share(&events, "source.ip") > 0.9 && share(&events, "oddflow.flow.state") > 0.9, "{file}");
        assert!(events.iter().all(|event| event["observer.product"] == "Argus"));
    }
}

#[test]
fn tables_without_addresses() {
    if let Some(events) = forms("data/nsl-kdd/KDDTest+.txt", &["--columns", "nsl-kdd"]) {
        assert_eq!(events.len(), 22_544);
        assert!(share(&events, "source.ip") == 0.0 && share(&events, "network.transport") == 1.0);
        assert!(share(&events, "source.bytes") == 1.0 && share(&events, "event.start") == 0.0);
    }
    if let Some(events) = forms("data/cic-ids-2017/cicids_sample_webattacks_thursday.csv", &[]) {
        assert_eq!(events.len(), 10_180);
        assert!(share(&events, "event.duration") > 0.9, "{}", share(&events, "event.duration"));
        assert!(events.iter().all(|event| event["oddflow.flow.state_group"].is_string()));
    }
    if let Some(events) = forms("data/adbench/Wilt.parquet", &[]) {
        assert!(events.iter().all(|event| event.keys().all(|key| !key.starts_with("source."))));
    }
}
