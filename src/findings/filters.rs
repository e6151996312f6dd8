//! The filter that selects a finding's records in the tools that analysts have.
//!
//! A filter says what the finding's key says: the sides, port and protocol as far as they are common, the time, and of Zeek's
//! logs the states. Of other logs it also selects records of the same sides and time that went another way: [`Filters::select`]
//! tells which. Values come from logs and are quoted so that none of them can end its quotes.

use super::common::Common;
use super::key::Port;
use super::names::HostNames;
use super::quantity::instant;
use super::rows::Flow;
use crate::flows::record::{Host, protocol};
use arrow_schema::TimeUnit;

/// What the records have in common, as texts that each tool has its filter of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filters {
    common: Common,
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
        Some(Self {
            common: *common,
            source: side(conversation.source)?,
            destination: side(conversation.destination)?,
            port: if let Port::Number(port) = conversation.port { Some(port) } else { None },
            icmp: if let Port::Icmp(kind, code) = conversation.port { Some((kind, code)) } else { None },
            protocol: conversation.protocol.map(protocol::word),
            span: common.span,
            states: states.to_vec(),
        })
    }

    /// Whether the filters select a row that has this state.
    pub fn select(&self, flow: &Flow<'_>, state: Option<&str>) -> bool {
        let (own, its) = (self.common.conversation, Common::of_row(flow).conversation);
        own.source.is_none_or(|host| its.source == Some(host))
            && own.destination.is_none_or(|host| its.destination == Some(host))
            && own.protocol.is_none_or(|protocol| its.protocol == Some(protocol))
            && (matches!(own.port, Port::None | Port::Many) || own.port == its.port)
            && self.span.is_none_or(|(first, last)| flow.start.is_some_and(|start| (first..=last).contains(&start)))
            && (self.states.is_empty() || state.is_some_and(|state| self.states.iter().any(|own| own == state)))
    }

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

    /// Zeek's word for the protocol: both ICMPs are one.
    fn zeek_protocol(&self) -> Option<String> {
        self.protocol.as_ref().map(|p| if p == "icmpv6" { "icmp".to_owned() } else { p.clone() })
    }

    /// A pipe from Zeek's TSV logs through `zeek-cut` and `awk`.
    pub fn zeek_cut(&self) -> String {
        let (from_port, port) = self.zeek_ports();
        // Compared as text with "" behind, since awk takes what looks like numbers for numbers.
        let text = |column: u8, value: &Option<String>| {
            value.as_ref().map(|value| format!("${column} \"\" == {}", awk_quoted(value)))
        };
        let number = |column: u8, port: Option<u16>| port.map(|port| format!("${column} == {port}"));
        // µs: awk's own numbers hold them exactly until the year 2255.
        let time = self.span.map(|(first, last)| format!("$1 >= {} && $1 <= {}", seconds(first), seconds(last)));
        let tests = [
            text(2, &self.source),
            number(3, from_port),
            text(4, &self.destination),
            number(5, port),
            text(6, &self.zeek_protocol()),
            self.any_state(" || ", |state| format!("$11 \"\" == {}", awk_quoted(state))),
            time,
        ];
        let program = joined(tests, " && ").unwrap_or_else(|| "1".to_owned());
        let columns =
            "ts id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes resp_bytes conn_state uid";
        // conn, conn_long and open_conn, and not conn-summary.
        format!("zcat -f *conn[._]*log* | zeek-cut {columns} | awk -F '\\t' {}", shell_quoted(&program))
    }

    /// The condition of DuckDB's SQL over Zeek's columns. `between`: what stands between the words of the sides' names, the
    /// point of `id.orig_h` or the line of `id_orig_h`. `times`: what `ts` counts since 1970; `None`: it is a date.
    pub fn duckdb(&self, between: char, times: Option<TimeUnit>) -> String {
        let (from_port, port) = self.zeek_ports();
        let column = |word: &str| match between {
            '_' => format!("id_{word}"),
            other => format!("\"id{other}{word}\""),
        };
        let tests = [
            sql_text(&column("orig_h"), &self.source),
            sql_number(&column("orig_p"), from_port),
            sql_text(&column("resp_h"), &self.destination),
            sql_number(&column("resp_p"), port),
            sql_text("proto", &self.zeek_protocol()),
            self.any_state(" OR ", |state| format!("conn_state = {}", sql_quoted(state))),
            self.span.map(|span| sql_span("ts", span, times)),
        ];
        format!("WHERE {}", joined(tests, " AND ").unwrap_or_else(|| "true".to_owned()))
    }

    /// The condition of DuckDB's SQL over the fields of Suricata's flow events.
    pub fn duckdb_eve(&self) -> String {
        let protocol = self.protocol.as_ref().map(|p| match p.as_str() {
            "icmpv6" => "IPv6-ICMP".to_owned(),
            other => other.to_ascii_uppercase(),
        });
        let tests = [
            // Alerts have the same sides.
            Some("event_type = 'flow'".to_owned()),
            sql_text("src_ip", &self.source),
            sql_text("dest_ip", &self.destination),
            sql_number("dest_port", self.port),
            sql_text("proto", &protocol),
            sql_number("icmp_type", self.icmp.map(|(kind, _)| kind.into())),
            sql_number("icmp_code", self.icmp.map(|(_, code)| code.into())),
            self.span.map(|span| sql_span("flow.\"start\"", span, None)),
        ];
        format!("WHERE {}", joined(tests, " AND ").unwrap_or_default())
    }

    /// Kibana's query language, in ECS's fields.
    pub fn kql(&self) -> String {
        self.kql_by("@timestamp")
    }

    /// The same of Suricata's events, whose own time is when they were written.
    pub fn kql_eve(&self) -> String {
        self.kql_by("event.start")
    }

    fn kql_by(&self, time: &str) -> String {
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
                format!("{time} >= \"{}\" and {time} <= \"{}\"", iso(first), iso(last.saturating_add(999_999)))
            }),
        ];
        joined(tests, " and ").unwrap_or_else(|| "*".to_owned())
    }

    /// Splunk's, in the fields of its common information model.
    pub fn spl(&self) -> String {
        // Splunk's latest is not part of the span.
        let span = |(first, last): (i64, i64)| {
            format!("earliest={} latest={}", seconds(first), seconds(last.saturating_add(1)))
        };
        self.search(self.span.map(span))
    }

    /// The same of Suricata's events, whose own time is when they were written.
    pub fn spl_eve(&self) -> String {
        let search = self.search(Some("event_type=flow".to_owned()));
        let Some((first, last)) = self.span else { return search };
        let (first, last) = (seconds(first), seconds(last.saturating_add(1)));
        let start = r#"eval start=strptime('flow.start', "%Y-%m-%dT%H:%M:%S.%6N%z")"#;
        format!("{search} | {start} | where start>={first} AND start<{last}")
    }

    fn search(&self, last: Option<String>) -> String {
        let text = |field: &str, value: &Option<String>| {
            value.as_ref().map(|value| format!("{field}=\"{}\"", backslashed(value, &['\\', '"'])))
        };
        let tests = [
            text("src", &self.source),
            text("dest", &self.destination),
            self.port.map(|port| format!("dest_port={port}")),
            text("transport", &self.protocol),
            self.any_state(" OR ", |state| format!("conn_state=\"{}\"", backslashed(state, &['\\', '"']))),
            last,
        ];
        format!("search {}", joined(tests, " ").unwrap_or_else(|| "*".to_owned()))
    }
}

/// DuckDB's query for the rows of a finding in the file that has them; `column`: where the finding's name stands.
pub fn duckdb_of_output(path: &str, column: &str, id: &str) -> String {
    format!("FROM {} WHERE \"{}\" = {}", sql_quoted(path), column.replace('"', "\"\""), sql_quoted(id))
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

/// Where a column of times is within a span, which is in µs.
fn sql_span(column: &str, (first, last): (i64, i64), times: Option<TimeUnit>) -> String {
    let millis = |micros: i64| match micros.rem_euclid(1_000) {
        0 => (micros / 1_000).to_string(),
        _ => format!(
            "{}{}.{:03}",
            if micros < 0 { "-" } else { "" },
            micros.unsigned_abs() / 1_000,
            micros.unsigned_abs() % 1_000
        ),
    };
    let (from, to) = match times {
        None => (sql_instant(first), sql_instant(last)),
        Some(TimeUnit::Second) => (seconds(first), seconds(last)),
        Some(TimeUnit::Millisecond) => (millis(first), millis(last)),
        Some(TimeUnit::Microsecond) => (first.to_string(), last.to_string()),
        // What is less than a µs was not kept.
        Some(TimeUnit::Nanosecond) => {
            ((i128::from(first) * 1_000).to_string(), (i128::from(last) * 1_000 + 999).to_string())
        }
    };
    format!("{column} BETWEEN {from} AND {to}")
}

/// With its zone, so that the zone of the session has no say.
fn sql_instant(micros: i64) -> String {
    let second = instant(micros).replace('T', " ");
    format!("TIMESTAMPTZ '{second}.{:06}+00'", micros.rem_euclid(1_000_000))
}

fn sql_text(column: &str, value: &Option<String>) -> Option<String> {
    value.as_ref().map(|value| format!("{column} = {}", sql_quoted(value)))
}

fn sql_number(column: &str, value: Option<u16>) -> Option<String> {
    value.map(|value| format!("{column} = {value}"))
}

fn sql_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
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
pub(crate) fn shell_quoted(text: &str) -> String {
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
