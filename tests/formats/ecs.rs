//! The shape of ECS events: every key that may be there, with the type that the schema gives it.

use serde_json::{Map, Value};
use std::net::IpAddr;

#[derive(Clone, Copy, PartialEq)]
enum Type {
    Date,
    Keyword,
    Keywords,
    Long,
    Float,
    Ip,
    Ips,
    Port,
    Boolean,
}

use Type::*;

const KEYS: [(&str, Type); 68] = [
    ("@timestamp", Date),
    ("ecs.version", Keyword),
    ("event.kind", Keyword),
    ("event.category", Keywords),
    ("event.type", Keywords),
    ("event.module", Keyword),
    ("event.dataset", Keyword),
    ("event.id", Keyword),
    ("event.start", Date),
    ("event.end", Date),
    ("event.duration", Long),
    ("event.risk_score", Float),
    ("event.risk_score_norm", Float),
    ("event.severity", Long),
    ("event.reason", Keyword),
    ("source.ip", Ip),
    ("source.address", Keyword),
    ("source.mac", Keyword),
    ("source.port", Port),
    ("source.bytes", Long),
    ("source.packets", Long),
    ("destination.ip", Ip),
    ("destination.address", Keyword),
    ("destination.mac", Keyword),
    ("destination.port", Port),
    ("destination.bytes", Long),
    ("destination.packets", Long),
    ("network.transport", Keyword),
    ("network.iana_number", Keyword),
    ("network.protocol", Keyword),
    ("network.type", Keyword),
    ("network.bytes", Long),
    ("network.packets", Long),
    ("network.direction", Keyword),
    ("network.community_id", Keyword),
    ("zeek.session_id", Keyword),
    ("zeek.connection.state", Keyword),
    ("zeek.connection.history", Keyword),
    ("zeek.connection.local_orig", Boolean),
    ("zeek.connection.local_resp", Boolean),
    ("zeek.connection.missed_bytes", Long),
    ("zeek.connection.icmp.type", Long),
    ("zeek.connection.icmp.code", Long),
    ("suricata.eve.flow_id", Keyword),
    ("related.ip", Ips),
    ("observer.name", Keyword),
    ("observer.product", Keyword),
    ("log.file.path", Keyword),
    ("log.offset", Long),
    ("rule.name", Keyword),
    ("rule.version", Keyword),
    ("threat.framework", Keyword),
    ("threat.technique.id", Keywords),
    ("threat.technique.name", Keywords),
    ("oddflow.score", Float),
    ("oddflow.severity", Float),
    ("oddflow.threshold", Float),
    ("oddflow.finding_id", Keyword),
    ("oddflow.kind_hint", Keyword),
    ("oddflow.reasons", Keywords),
    ("oddflow.allowed", Keyword),
    ("oddflow.record", Long),
    ("oddflow.flow.state_group", Keyword),
    ("oddflow.flow.state", Keyword),
    ("oddflow.flow.history", Keyword),
    ("oddflow.flow.session", Keyword),
    ("oddflow.flow.icmp.type", Long),
    ("oddflow.flow.icmp.code", Long),
];

const ALWAYS: [&str; 19] = [
    "@timestamp",
    "ecs.version",
    "event.kind",
    "event.category",
    "event.type",
    "event.module",
    "event.id",
    "event.risk_score",
    "event.risk_score_norm",
    "event.severity",
    "log.file.path",
    "log.offset",
    "rule.name",
    "rule.version",
    "oddflow.score",
    "oddflow.severity",
    "oddflow.threshold",
    "oddflow.record",
    "event.dataset",
];

/// The event's keys with dots.
pub fn flat(event: &Value) -> Map<String, Value> {
    let mut out = Map::new();
    flatten("", event, &mut out);
    out
}

fn flatten(prefix: &str, value: &Value, out: &mut Map<String, Value>) {
    let Value::Object(object) = value else {
        out.insert(prefix.to_owned(), value.clone());
        return;
    };
    assert!(!object.is_empty(), "{prefix} is empty");
    for (key, value) in object {
        assert!(!key.contains('.'), "{prefix}.{key}");
        let dotted = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        flatten(&dotted, value, out);
    }
}

fn keyword(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !matches!(text, "" | "-") && text.len() <= 4_096)
}

/// `2024-04-18T23:59:44.123456Z`.
fn date(value: &Value) -> bool {
    let shape = "dddd-dd-ddTdd:dd:dd.ddddddZ";
    let like = |(c, wanted): (char, char)| if wanted == 'd' { c.is_ascii_digit() } else { c == wanted };
    value.as_str().is_some_and(|text| text.len() == shape.len() && text.chars().zip(shape.chars()).all(like))
}

/// µs since 1970.
pub fn micros(value: &Value) -> i64 {
    let text = value.as_str().unwrap();
    let part = |range: std::ops::Range<usize>| text[range].parse::<i64>().unwrap();
    let (year, month, day) = (part(0..4), part(5..7), part(8..10));
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, 28 + i64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let days = (1970..year).map(|year| 365 + i64::from(leap(year))).sum::<i64>()
        + lengths[..month as usize - 1].iter().sum::<i64>()
        + day
        - 1;
    (days * 86_400 + part(11..13) * 3_600 + part(14..16) * 60 + part(17..19)) * 1_000_000 + part(20..26)
}

/// Checks an event; gives its keys with dots.
pub fn checked(event: &Value) -> Map<String, Value> {
    let flat = flat(event);
    for (key, value) in &flat {
        let Some((_, kind)) = KEYS.iter().find(|(known, _)| known == key) else { panic!("{key} is no key: {event}") };
        let all =
            |test: fn(&Value) -> bool| value.as_array().is_some_and(|all| !all.is_empty() && all.iter().all(test));
        let ip = |value: &Value| value.as_str().is_some_and(|text| text.parse::<IpAddr>().is_ok());
        let fits = match kind {
            Date => date(value),
            Keyword => keyword(value),
            Keywords => all(keyword),
            Long => value.as_i64().is_some_and(|n| n >= 0),
            Float => value.as_f64().is_some_and(f64::is_finite),
            Ip => ip(value),
            Ips => all(ip),
            Port => value.as_u64().is_some_and(|n| n <= 65_535),
            Boolean => value.is_boolean(),
        };
        assert!(fits, "{key}: {value} in {event}");
    }
    for key in ALWAYS {
        assert!(flat.contains_key(key), "{key} is not in {event}");
    }
    agrees(&flat, event);
    flat
}

/// Keys that say the same agree.
fn agrees(flat: &Map<String, Value>, event: &Value) {
    let text = |key: &str| flat.get(key).and_then(Value::as_str);
    let number = |key: &str| flat.get(key).and_then(Value::as_f64);
    let whole = |key: &str| flat.get(key).and_then(Value::as_i64);
    let severity = number("oddflow.severity").unwrap();
    assert!((0.0..1.0).contains(&severity), "{event}");
    assert!((number("event.risk_score_norm").unwrap() - 100.0 * severity).abs() < 1e-9, "{event}");
    assert_eq!(whole("event.severity").unwrap(), (100.0 * severity).round() as i64, "{event}");
    assert_eq!(number("event.risk_score"), number("oddflow.score"), "{event}");
    assert!(matches!(text("event.kind"), Some("alert" | "event")), "{event}");
    assert_eq!(text("event.kind") == Some("alert"), flat.contains_key("event.reason"), "{event}");
    assert_eq!(flat["event.category"], serde_json::json!(["network"]));
    let types = ["connection", "start", "end", "info", "denied", "allowed", "access", "protocol"];
    assert!(flat["event.type"].as_array().unwrap().iter().all(|t| types.contains(&t.as_str().unwrap())), "{event}");
    let id = text("event.id").unwrap();
    assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    assert_eq!(whole("log.offset").unwrap() + 1, whole("oddflow.record").unwrap());
    if let Some(start) = flat.get("event.start") {
        assert_eq!(start, &flat["@timestamp"]);
        if let (Some(end), Some(duration)) = (flat.get("event.end"), whole("event.duration")) {
            assert_eq!((micros(end) - micros(start)) * 1_000, duration, "{event}");
        }
    }
    for what in ["bytes", "packets"] {
        let sides = whole(&format!("source.{what}")).zip(whole(&format!("destination.{what}")));
        assert_eq!(whole(&format!("network.{what}")), sides.and_then(|(out, back)| out.checked_add(back)), "{event}");
    }
    let mut ends: Vec<&str> = ["source.ip", "destination.ip"].into_iter().filter_map(text).collect();
    ends.dedup();
    let related: Vec<&str> = flat
        .get("related.ip")
        .map_or(Vec::new(), |ips| ips.as_array().unwrap().iter().map(|ip| ip.as_str().unwrap()).collect());
    assert_eq!(related, ends, "{event}");
    if text("network.transport").is_some_and(|transport| transport.contains("icmp")) {
        assert!(!flat.contains_key("source.port") && !flat.contains_key("destination.port"), "{event}");
    }
    assert!(text("network.community_id").is_none_or(|id| id.starts_with("1:") && id.len() == 30), "{event}");
}
