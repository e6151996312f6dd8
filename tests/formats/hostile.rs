//! Logs that somebody wrote with intent.

use crate::{Bench, all_forms, shared};
use serde_json::{Value, json};

/// Text in which everything has a meaning to somebody.
const NASTY: [&str; 12] = [
    "a\nCEF:0|x|y|z|1|n|10|src=1.2.3.4",
    "x=1 dst=6.6.6.6 \\= \\| | = \\",
    "\u{1b}[2J\u{7}\u{0}\u{7f}\u{9b}31m",
    "\u{202e}txt.exe\u{200b}\u{feff}\u{2028}",
    "\"},\"event\":{\"kind\":\"event\"}",
    "{\"create\":{}}\n{}\n",
    "\\",
    "|||||||",
    "   ",
    "-",
    "<script>alert(1)</script>",
    "\r\n\t\\n\\r",
];

fn record(n: usize) -> Value {
    json!({
        "ts": 1_517_336_000.0 + n as f64 * 1.5,
        "uid": format!("C{n}"),
        "id.orig_h": format!("10.0.0.{}", n % 20 + 1),
        "id.orig_p": 1_024 + n,
        "id.resp_h": if n.is_multiple_of(3) { "2001:db8::1".to_owned() } else { format!("192.0.2.{}", n % 5 + 1) },
        "id.resp_p": if n.is_multiple_of(7) { n } else { 443 },
        "proto": "tcp", "service": "ssl", "duration": 0.5, "orig_bytes": n * 3, "resp_bytes": n,
        "conn_state": "SF", "history": "ShAD", "orig_pkts": 4, "orig_ip_bytes": n * 4, "resp_pkts": 4,
        "resp_ip_bytes": n + 200, "missed_bytes": 0, "_path": "conn", "_system_name": "sensor"
    })
}

fn log(records: &[Value]) -> String {
    records.iter().map(|record| format!("{record}\n")).collect()
}

#[test]
fn nothing_in_a_log_acts() {
    let bench = Bench::empty();
    let mut records: Vec<Value> = (0..300).map(record).collect();
    for (n, text) in NASTY.iter().enumerate() {
        for (m, key) in
            ["uid", "service", "conn_state", "history", "id.orig_h", "id.resp_h", "_system_name"].iter().enumerate()
        {
            records[n * 7 + m][key] = json!(text);
        }
    }
    for (n, key) in ["uid", "service", "conn_state", "history", "id.orig_h", "_system_name"].iter().enumerate() {
        records[100 + n][key] = json!("é\u{1b}".repeat(30_000));
    }
    let numbers = [
        json!({"orig_ip_bytes": u64::MAX, "orig_pkts": u64::MAX}),
        json!({"orig_ip_bytes": i64::MAX, "resp_ip_bytes": i64::MAX, "orig_pkts": i64::MAX, "resp_pkts": i64::MAX}),
        json!({"orig_ip_bytes": 3_000_000_000_u64, "resp_ip_bytes": 2_147_483_648_u64}),
        json!({"orig_ip_bytes": -5, "duration": -1.0}),
        json!({"duration": 9e17}),
        json!({"duration": 8e11}),
        json!({"ts": 4e9, "duration": 3.6e11}),
        json!({"ts": -1.0}),
        json!({"ts": 1e300}),
        json!({"id.orig_p": 70_000, "id.resp_p": -1}),
        json!({"proto": "icmp", "id.orig_p": 8, "id.resp_p": 0, "id.resp_h": "192.0.2.1"}),
        json!({"proto": "icmp", "id.orig_p": 135, "id.resp_p": 136, "id.orig_h": "fe80::1%eth0", "id.resp_h": "fe80::2%a=b|c"}),
        json!({"id.orig_h": "00:1b:44:11:3a:b7", "id.resp_h": "FF-FF-FF-FF-FF-FF"}),
        json!({"id.orig_h": "300.1.2.3", "id.resp_h": "::ffff:10.0.0.1"}),
        json!({"proto": "255"}),
        json!({"proto": "nonsense"}),
    ];
    for (n, change) in numbers.iter().enumerate() {
        for (key, value) in change.as_object().unwrap() {
            records[200 + n][key] = value.clone();
        }
    }
    let name = "a|b=c\\d.conn.log";
    bench.write(name, log(&records));
    bench.ok(&["fit", name, "-o", "m.model"]);
    let events = all_forms(&bench, &[name]);
    // Records with a number that is none in their column may be rejected, never lost without a word.
    assert!(events.len() >= 280, "{}", events.len());
    let by_record = |n: usize| events.iter().find(|event| event["oddflow.record"] == n + 1);
    let icmp = by_record(211).unwrap();
    assert_eq!(icmp["network.transport"], "ipv6-icmp");
    assert_eq!((&icmp["source.ip"], &icmp["destination.ip"]), (&json!("fe80::1"), &json!("fe80::2")));
    assert_eq!((&icmp["zeek.connection.icmp.type"], &icmp["zeek.connection.icmp.code"]), (&json!(135), &json!(0)));
    let mac = by_record(212).unwrap();
    assert_eq!(
        (&mac["source.mac"], &mac["destination.mac"]),
        (&json!("00-1B-44-11-3A-B7"), &json!("FF-FF-FF-FF-FF-FF"))
    );
    assert!(!mac.contains_key("source.ip") && !mac.contains_key("related.ip"));
    let named = by_record(213).unwrap();
    assert_eq!((&named["source.address"], &named["destination.ip"]), (&json!("300.1.2.3"), &json!("10.0.0.1")));
    let late = by_record(206).unwrap();
    // It ends after the year 9999, and in nanoseconds 64 bits do not hold how long it was.
    assert!(!late.contains_key("event.end") && !late.contains_key("event.duration"), "{late:?}");
    // What was nasty is still there, word for word.
    let kept = by_record(0).unwrap();
    assert_eq!(kept["zeek.session_id"], NASTY[0]);
    let long = by_record(100).unwrap();
    assert!(long["zeek.session_id"].as_str().unwrap().len() <= 1_024);
    assert!(long["zeek.session_id"].as_str().unwrap().starts_with("é\u{1b}é"));
}

/// The largest events: every text as long as it may be and of characters that take most to write.
#[test]
fn no_event_is_larger_than_a_part() {
    let bench = Bench::empty();
    let mut records: Vec<Value> = (0..300).map(record).collect();
    let long = "\u{1}".repeat(20_000);
    for record in &mut records[..50] {
        for key in ["uid", "service", "conn_state", "history", "id.orig_h", "id.resp_h", "_system_name"] {
            record[key] = json!(long);
        }
    }
    bench.write("conn.log", log(&records));
    bench.ok(&["fit", "conn.log", "-o", "m.model"]);
    all_forms(&bench, &["conn.log"]);
    let longest = bench.read("ecs.ndjson").lines().map(str::len).max().unwrap();
    assert!((20_000..200_000).contains(&longest), "{longest}");
}

/// A log with community ids of its own keeps them.
#[test]
fn the_logs_own_community_id_counts() {
    let bench = Bench::empty();
    let mut records: Vec<Value> = (0..300).map(record).collect();
    records.iter_mut().for_each(|record| record["community_id"] = json!("1:AAAAAAAAAAAAAAAAAAAAAAAAAAA="));
    bench.write("conn.log", log(&records));
    bench.ok(&["fit", "conn.log", "-o", "m.model"]);
    let events = all_forms(&bench, &["conn.log"]);
    assert!(events.iter().all(|event| event["network.community_id"] == "1:AAAAAAAAAAAAAAAAAAAAAAAAAAA="));
}

#[test]
fn damaged_logs_give_the_events_that_were_read() {
    let Some(path) = shared("data/zeek/damaged/truncated.conn.log") else { return };
    let bench = Bench::empty();
    bench.write("conn.log", log(&(0..300).map(record).collect::<Vec<_>>()));
    bench.ok(&["fit", "conn.log", "-o", "m.model"]);
    let events = all_forms(&bench, &[path.to_str().unwrap(), "--skip-errors"]);
    assert!(events.len() > 5, "{}", events.len());
}
