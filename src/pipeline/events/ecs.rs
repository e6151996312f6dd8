//! Events in the Elastic Common Schema (elastic.co/guide/en/ecs), one JSON object a line. Keys of Zeek are those of
//! Elastic's own module for it.

use super::event::{Event, Instant, Side};
use crate::flows::record::{FlowKind, protocol};
use crate::flows::sink::Object;
use std::net::IpAddr;

/// The version of the schema that the keys are of.
pub(super) const ECS_VERSION: &str = "8.11.0";

/// A line.
pub(super) fn line(event: &Event<'_>, out: &mut Vec<u8>) {
    object(event, out);
    out.push(b'\n');
}

/// The object without a line end.
pub(super) fn object(event: &Event<'_>, out: &mut Vec<u8>) {
    Object::write(out, |o| {
        o.plain("@timestamp", Some(Instant(event.time)));
        o.object("ecs", |o| o.plain("version", Some(ECS_VERSION)));
        o.object("event", |o| told(event, o));
        o.object("source", |o| side(&event.source, o));
        o.object("destination", |o| side(&event.destination, o));
        o.object("network", |o| network(event, o));
        if event.is_zeek() {
            o.object("zeek", |o| zeek(event, o));
        }
        if event.kind == Some(FlowKind::Eve) {
            o.object("suricata", |o| o.object("eve", |o| o.text("flow_id", event.session)));
        }
        o.object("related", |o| {
            let ends = [event.source.address, event.destination.address];
            let second = ends[1].filter(|second| ends[0] != Some(*second));
            let ends = [ends[0], second].map(|end| end.map(|end| end.to_string()).unwrap_or_default());
            o.texts("ip", ends.iter().map(String::as_str));
        });
        o.object("observer", |o| {
            o.text("name", event.sensor);
            o.plain("product", event.kind.and_then(product));
        });
        o.object("log", |o| {
            o.object("file", |o| o.text("path", Some(event.file)));
            o.integer("offset", event.record.checked_sub(1));
        });
        o.object("rule", |o| {
            o.plain("name", Some(event.rule()));
            o.plain("version", Some(event.model_digest));
        });
        if let Some((id, name)) = event.technique() {
            o.object("threat", |o| {
                o.plain("framework", Some("MITRE ATT&CK"));
                o.object("technique", |o| {
                    o.texts("id", [id]);
                    o.texts("name", [name]);
                });
            });
        }
        o.object("oddflow", |o| own(event, o));
    });
}

fn told(event: &Event<'_>, o: &mut Object<'_>) {
    o.plain("kind", Some(event.kind_word()));
    o.texts("category", ["network"]);
    o.texts("type", event.types().iter().copied());
    o.plain("module", Some("oddflow"));
    o.plain("dataset", Some("oddflow.flow"));
    o.plain("id", Some(event.id));
    o.plain("start", event.start.map(Instant));
    o.plain("end", event.end.map(Instant));
    o.integer("duration", event.duration_ns);
    o.number("risk_score", Some(event.score));
    o.number("risk_score_norm", Some(100.0 * event.severity));
    o.integer("severity", Some((100.0 * event.severity).round() as i64));
    o.text("reason", Some(&event.reasons.join(", ")));
}

fn side(side: &Side<'_>, o: &mut Object<'_>) {
    o.plain("ip", side.address);
    o.text("address", side.name);
    o.plain("mac", side.mac().map(Mac));
    o.integer("port", side.port);
    o.integer("bytes", side.bytes);
    o.integer("packets", side.packets);
}

fn network(event: &Event<'_>, o: &mut Object<'_>) {
    let transport = event.protocol.and_then(|number| match number {
        protocol::ICMP6 => Some("ipv6-icmp"),
        number => protocol::name(number),
    });
    o.plain("transport", transport);
    o.plain("iana_number", event.protocol);
    o.text("protocol", event.service);
    let version = event.source.address.or(event.destination.address);
    o.plain("type", version.map(|address| if matches!(address, IpAddr::V4(_)) { "ipv4" } else { "ipv6" }));
    o.integer("bytes", event.bytes());
    o.integer("packets", event.packets());
    o.plain("direction", event.direction.map(super::event::Direction::word));
    o.text("community_id", event.community_id.as_deref());
}

fn zeek(event: &Event<'_>, o: &mut Object<'_>) {
    o.text("session_id", event.session);
    o.object("connection", |o| {
        o.text("state", event.state);
        o.text("history", event.history);
        o.truth("local_orig", event.local.map(|local| local.0));
        o.truth("local_resp", event.local.map(|local| local.1));
        o.integer("missed_bytes", event.missed_bytes);
        o.object("icmp", |o| {
            o.integer("type", event.icmp.map(|icmp| icmp.0));
            o.integer("code", event.icmp.map(|icmp| icmp.1));
        });
    });
}

fn own(event: &Event<'_>, o: &mut Object<'_>) {
    o.number("score", Some(event.score));
    o.number("severity", Some(event.severity));
    o.number("threshold", Some(event.threshold));
    o.text("finding_id", event.finding);
    if let Some(finding) = event.of_finding {
        o.object("finding", |o| {
            o.integer("flows", Some(finding.flows));
            o.plain("first", finding.span.map(|span| Instant(span.0)));
            o.plain("last", finding.span.map(|span| Instant(span.1)));
            o.text("news", Some(&finding.news));
        });
    }
    o.plain("kind_hint", event.technique().map(|(_, name)| name));
    o.texts("reasons", event.reasons.iter().map(String::as_str));
    o.text("allowed", event.allowed);
    o.integer("record", Some(event.record));
    if event.kind.is_none() {
        return;
    }
    o.object("flow", |o| {
        o.plain("state_group", Some(event.state_group));
        if event.is_zeek() {
            return;
        }
        o.text("state", event.state);
        o.text("history", event.history);
        if event.kind != Some(FlowKind::Eve) {
            o.text("session", event.session);
        }
        o.object("icmp", |o| {
            o.integer("type", event.icmp.map(|icmp| icmp.0));
            o.integer("code", event.icmp.map(|icmp| icmp.1));
        });
    });
}

/// What saw the flow.
pub(super) fn product(kind: FlowKind) -> Option<&'static str> {
    match kind {
        FlowKind::Zeek => Some("Zeek"),
        FlowKind::Eve => Some("Suricata"),
        FlowKind::Argus => Some("Argus"),
        FlowKind::FlowMeter => Some("CICFlowMeter"),
        _ => None,
    }
}

/// `00-1B-44-11-3A-B7`, as RFC 7042 and ECS write it.
struct Mac([u8; 6]);

impl std::fmt::Display for Mac {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02X}-{b:02X}-{c:02X}-{d:02X}-{e:02X}-{g:02X}")
    }
}
