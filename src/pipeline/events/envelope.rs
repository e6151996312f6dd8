//! What Splunk's HTTP Event Collector and Elasticsearch's bulk interface want around an event.

use super::ecs;
use super::event::Event;
use crate::flows::sink::Object;
use std::io::Write;

/// `{"time":…,"host":…,"source":FILE,"sourcetype":"oddflow:flow","event":{…},"fields":{…}}`: the host is the sensor, fields
/// are what searches begin with, indexed as they come in.
pub(super) fn splunk(event: &Event<'_>, out: &mut Vec<u8>) {
    Object::write(out, |o| {
        let (seconds, micros) = (event.time.div_euclid(1_000_000), event.time.rem_euclid(1_000_000));
        o.digits("time", |out| {
            // Writing into a Vec cannot fail.
            let _ = write!(out, "{seconds}.{micros:06}");
        });
        o.text("host", event.sensor);
        o.text("source", Some(event.file));
        o.plain("sourcetype", Some("oddflow:flow"));
        o.digits("event", |out| ecs::object(event, out));
        o.object("fields", |o| {
            o.plain("event_id", Some(event.id));
            o.plain("event_kind", Some(event.kind_word()));
            o.number("severity", Some(event.severity));
            o.text("finding_id", event.finding);
        });
    });
    out.push(b'\n');
}

/// `{"create":{"_id":…}}` and the event, a line each: an event that is there already is not made again (status 409).
pub(super) fn elastic(event: &Event<'_>, out: &mut Vec<u8>) {
    // Writing into a Vec cannot fail.
    let _ = writeln!(out, r#"{{"create":{{"_id":"{}"}}}}"#, event.id);
    ecs::line(event, out);
}
