//! Events in ArcSight's Common Event Format.
//!
//! `in` is from source to destination, as the format has it. It knows no addresses of IPv6 in `src` and `dst`: those are in
//! `c6a2` and `c6a3`. Its times are ms. `in` and `out` are numbers of 32 bits: what is larger is in `cn2` and `cn3`, which have
//! 64. Texts are cut to the bytes that the dictionary of extensions gives them.

use super::event::{Event, Side};
use crate::flows::record::protocol;
use crate::flows::sink::{CefHeader, CefLine};
use std::net::IpAddr;

/// Bytes that most texts may have.
const LONG: usize = 1_023;
/// And those of custom strings.
const CUSTOM: usize = 4_000;

/// A line.
pub(super) fn line(event: &Event<'_>, out: &mut Vec<u8>) {
    let class = event.rule();
    let header = CefHeader {
        vendor: "oddflow",
        product: "oddflow",
        version: env!("CARGO_PKG_VERSION"),
        class: &class,
        name: if event.alert { "Odd network flow" } else { "Network flow" },
        severity: (10.0 * event.severity).round().clamp(0.0, 10.0) as u8,
    };
    CefLine::write(out, &header, |line| {
        let millis = |micros: i64| micros.div_euclid(1_000);
        line.integer("rt", Some(millis(event.time)));
        line.integer("start", event.start.map(millis));
        line.integer("end", event.end.map(millis));
        addresses(event, line);
        line.integer("spt", event.source.port);
        line.integer("dpt", event.destination.port);
        let word = event.protocol.map(protocol::word).map(|word| word.to_ascii_uppercase());
        line.text("proto", word.as_deref(), 31);
        line.text("app", event.service, 31);
        bytes(event, line);
        line.integer("cnt", Some(event.of_finding.map_or(1, |finding| finding.flows.min(i32::MAX as u64))));
        line.plain("externalId", Some(event.id));
        line.text("dvchost", event.sensor, 100);
        let direction = event.direction.map(super::event::Direction::word);
        let inbound = direction.filter(|word| matches!(*word, "inbound" | "outbound")).map(|word| word == "inbound");
        line.integer("deviceDirection", inbound.map(|inbound| u8::from(!inbound)));
        line.plain("cat", Some(event.kind_word()));
        line.text("reason", Some(&event.reasons.join(", ")), LONG);
        custom(event, line);
    });
}

fn addresses(event: &Event<'_>, line: &mut CefLine<'_>) {
    let keys = [
        (&event.source, ["src", "c6a2", "c6a2Label", "Source IPv6 Address", "smac", "shost"]),
        (&event.destination, ["dst", "c6a3", "c6a3Label", "Destination IPv6 Address", "dmac", "dhost"]),
    ];
    for (side, [v4, v6, label, text, mac, host]) in keys {
        match side.address {
            Some(IpAddr::V4(address)) => line.plain(v4, Some(address)),
            Some(IpAddr::V6(address)) => {
                line.plain(v6, Some(address));
                line.plain(label, Some(text));
            }
            None => named(side, mac, host, line),
        }
    }
}

fn named(side: &Side<'_>, mac: &str, host: &str, line: &mut CefLine<'_>) {
    match side.mac() {
        Some([a, b, c, d, e, f]) => {
            line.plain(mac, Some(format_args!("{a:02X}:{b:02X}:{c:02X}:{d:02X}:{e:02X}:{f:02X}")));
        }
        None => line.text(host, side.name, LONG),
    }
}

fn bytes(event: &Event<'_>, line: &mut CefLine<'_>) {
    let sides = [
        ("in", event.source.bytes, "cn2", "cn2Label", "Bytes from source to destination"),
        ("out", event.destination.bytes, "cn3", "cn3Label", "Bytes from destination to source"),
    ];
    for (key, bytes, wide, label, text) in sides {
        match bytes {
            Some(bytes) if bytes > i64::from(i32::MAX) => {
                line.integer(wide, Some(bytes));
                line.plain(label, Some(text));
            }
            bytes => line.integer(key, bytes),
        }
    }
}

/// What the format has no key for. A label goes with a value.
fn custom(event: &Event<'_>, line: &mut CefLine<'_>) {
    let numbers = [
        ("cfp1", event.score, "cfp1Label", "Anomaly score"),
        ("cfp2", event.severity, "cfp2Label", "Severity"),
        ("cfp3", event.threshold, "cfp3Label", "Threshold"),
    ];
    for (key, value, label, text) in numbers {
        line.number(key, Some(value));
        line.plain(label, Some(text).filter(|_| value.is_finite()));
    }
    line.integer("cn1", Some(event.record));
    line.plain("cn1Label", Some("Record"));
    let technique = event.technique().map(|(id, name)| format!("{name} {id}"));
    let texts = [
        ("cs1", Some(event.file), "cs1Label", "Log file"),
        ("cs2", event.finding, "cs2Label", "Finding"),
        ("cs3", event.state, "cs3Label", "Connection state"),
        ("cs4", event.session, "cs4Label", "Session"),
        ("cs5", technique.as_deref(), "cs5Label", "Technique (a guess)"),
        ("cs6", Some(event.model_digest), "cs6Label", "Model digest"),
    ];
    for (key, value, label, text) in texts {
        let value = value.filter(|value| !value.trim().is_empty());
        line.text(key, value, CUSTOM);
        line.plain(label, value.map(|_| text));
    }
}
