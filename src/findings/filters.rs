//! The filter that selects a finding's records in the tools that analysts have.
//!
//! A filter says what the finding's key says: the sides, port and protocol as far as they are common, the time, and of Zeek's
//! logs the states. Of other logs it also selects records of the same sides and time that went another way. Values come from logs and are quoted so that none
//! of them can end its quotes.

use super::common::Common;
use super::key::Port;
use super::names::HostNames;
use super::quantity::instant;
use crate::flows::record::{Host, protocol};

/// One filter for each tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filters {
    /// A pipe from Zeek's TSV logs through `zeek-cut` and `awk`.
    pub zeek_cut: String,
    /// The condition of DuckDB's SQL over Zeek's columns.
    pub duckdb: String,
    /// Kibana's query language, in ECS's fields.
    pub kql: String,
    /// Splunk's, in the fields of its common information model.
    pub spl: String,
}

/// What the records have in common, as texts.
struct Tests {
    source: Option<String>,
    destination: Option<String>,
    port: Option<u16>,
    icmp: Option<(u8, u8)>,
    protocol: Option<String>,
    /// First and last start in µs.
    span: Option<(i64, i64)>,
    /// Zeek's states; empty: not known.
    states: Vec<String>,
}

impl Filters {
    /// For records that have this in common, and of Zeek's logs one of these `states` (`conn_state`; without any, they are not
    /// asked about). `None` if a side that they have is known by a name that `names` does not have.
    pub fn of(common: &Common, names: &HostNames, states: &[String]) -> Option<Self> {
        let conversation = common.conversation;
        let side = |host: Option<Host>| host.map_or(Some(None), |host| names.text(&host).map(Some));
        let common = Tests {
            source: side(conversation.source)?,
            destination: side(conversation.destination)?,
            port: if let Port::Number(port) = conversation.port { Some(port) } else { None },
            icmp: if let Port::Icmp(kind, code) = conversation.port { Some((kind, code)) } else { None },
            protocol: conversation.protocol.map(protocol::word),
            span: common.span,
            states: states.to_vec(),
        };
        Some(Self { zeek_cut: common.zeek_cut(), duckdb: common.duckdb(), kql: common.kql(), spl: common.spl() })
    }
}

impl Tests {
    /// Zeek names ICMP's type and code as ports.
    fn zeek_ports(&self) -> (Option<u16>, Option<u16>) {
        match self.icmp {
            Some((kind, code)) => (Some(u16::from(kind)), Some(u16::from(code))),
            None => (None, self.port),
        }
    }

    /// One of the states; in brackets where there are several.
    fn any_state(&self, or: &str, test: impl Fn(&String) -> String) -> Option<String> {
        let tests: Vec<String> = self.states.iter().map(test).collect();
        match tests.len() {
            0 => None,
            1 => Some(tests.concat()),
            _ => Some(format!("({})", tests.join(or))),
        }
    }

    fn zeek_cut(&self) -> String {
        let (from_port, port) = self.zeek_ports();
        // Compared as text with "" behind, since awk takes what looks like numbers for numbers.
        let text = |column: u8, value: &Option<String>| {
            value.as_ref().map(|value| format!("${column} \"\" == {}", awk_quoted(value)))
        };
        let number = |column: u8, port: Option<u16>| port.map(|port| format!("${column} == {port}"));
        // µs: awk's own numbers hold them exactly until the year 2255.
        let time = self.span.map(|(first, last)| format!("$1 >= {} && $1 <= {}", seconds(first), seconds(last)));
        let zeek_protocol = self.protocol.as_ref().map(|p| if p == "icmpv6" { "icmp".to_owned() } else { p.clone() });
        let tests = [
            text(2, &self.source),
            number(3, from_port),
            text(4, &self.destination),
            number(5, port),
            text(6, &zeek_protocol),
            self.any_state(" || ", |state| format!("$11 \"\" == {}", awk_quoted(state))),
            time,
        ];
        let program = joined(tests, " && ").unwrap_or_else(|| "1".to_owned());
        let columns =
            "ts id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes resp_bytes conn_state uid";
        // conn, conn_long and open_conn, and not conn-summary.
        format!("zcat -f *conn[._]*log* | zeek-cut {columns} | awk -F '\\t' {}", shell_quoted(&program))
    }

    fn duckdb(&self) -> String {
        let (from_port, port) = self.zeek_ports();
        let text = |column: &str, value: &Option<String>| {
            value.as_ref().map(|value| format!("{column} = '{}'", value.replace('\'', "''")))
        };
        let number = |column: &str, port: Option<u16>| port.map(|port| format!("{column} = {port}"));
        let zeek_protocol = self.protocol.as_ref().map(|p| if p == "icmpv6" { "icmp".to_owned() } else { p.clone() });
        let tests = [
            text("\"id.orig_h\"", &self.source),
            number("\"id.orig_p\"", from_port),
            text("\"id.resp_h\"", &self.destination),
            number("\"id.resp_p\"", port),
            text("proto", &zeek_protocol),
            self.any_state(" OR ", |state| format!("conn_state = '{}'", state.replace('\'', "''"))),
            self.span.map(|(first, last)| format!("ts BETWEEN {} AND {}", seconds(first), seconds(last))),
        ];
        format!("WHERE {}", joined(tests, " AND ").unwrap_or_else(|| "true".to_owned()))
    }

    fn kql(&self) -> String {
        let text = |field: &str, value: &Option<String>| {
            value.as_ref().map(|value| format!("{field} : \"{}\"", backslashed(value, &['\\', '"'])))
        };
        let icmp = self.icmp.map(|_| "not destination.port : *".to_owned());
        let tests = [
            text("source.ip", &self.source),
            text("destination.ip", &self.destination),
            self.port.map(|port| format!("destination.port : {port}")).or(icmp),
            text(
                "network.transport",
                &self.protocol.as_ref().map(|p| if p == "icmpv6" { "ipv6-icmp".to_owned() } else { p.clone() }),
            ),
            self.any_state(" or ", |state| format!("zeek.connection.state : \"{}\"", backslashed(state, &['\\', '"']))),
            self.span.map(|(first, last)| {
                format!("@timestamp >= \"{}\" and @timestamp <= \"{}\"", iso(first), iso(last.saturating_add(999_999)))
            }),
        ];
        joined(tests, " and ").unwrap_or_else(|| "*".to_owned())
    }

    fn spl(&self) -> String {
        let text = |field: &str, value: &Option<String>| {
            value.as_ref().map(|value| format!("{field}=\"{}\"", backslashed(value, &['\\', '"'])))
        };
        let tests = [
            text("src", &self.source),
            text("dest", &self.destination),
            self.port.map(|port| format!("dest_port={port}")),
            text("transport", &self.protocol),
            self.any_state(" OR ", |state| format!("conn_state=\"{}\"", backslashed(state, &['\\', '"']))),
            self.span.map(|(first, last)| {
                // Splunk's latest is not part of the span.
                format!("earliest={} latest={}", seconds(first), seconds(last.saturating_add(1)))
            }),
        ];
        format!("search {}", joined(tests, " ").unwrap_or_else(|| "*".to_owned()))
    }
}

fn joined(tests: impl IntoIterator<Item = Option<String>>, between: &str) -> Option<String> {
    let tests: Vec<String> = tests.into_iter().flatten().collect();
    (!tests.is_empty()).then(|| tests.join(between))
}

/// Epoch seconds with six digits.
fn seconds(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let micros = micros.unsigned_abs();
    format!("{sign}{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

fn iso(micros: i64) -> String {
    format!("{}Z", instant(micros))
}

/// A string of awk: characters that could act in it, or are not plain ASCII, become octal escapes of their bytes.
fn awk_quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' | b'\'' | 0..=31 | 127.. => out.push_str(&format!("\\{byte:03o}")),
            _ => out.push(char::from(byte)),
        }
    }
    out.push('"');
    out
}

/// A word of the shell that nothing in it can end.
fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn backslashed(text: &str, special: &[char]) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if special.contains(&c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
