//! What the beginning of a file shows: whose objects they are, which of them are rows, the columns.

use super::line::{self, Kind, Value};
use crate::flows::record::{FlowLog, LogZone, when};
use crate::flows::source::recognise::BOM;
use crate::flows::source::select::{Objects, stem};
use crate::flows::source::text::infer::Evidence;
use arrow_schema::{DataType, Field, Schema};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Different keys that the beginning of a file may have.
const MOST_KEYS: usize = 10_000;

/// The keys of a file and the types of their values, as its beginning shows them.
#[derive(Debug)]
pub(in crate::flows::source) struct Shape {
    columns: Vec<(String, DataType)>,
    /// Which objects are rows.
    pub objects: Objects,
    /// The log of flows that it is.
    pub log: Option<FlowLog>,
    /// Whether it may hold records of other logs of flows, which say so.
    pub several_logs: bool,
    /// When the first flow began.
    pub first_time: Option<i64>,
}

/// Why a file is not read.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::flows::source) enum Unfit {
    /// It is not one object a line.
    NoObjects(String),
    /// It is a log, but not one of flows: whose, and its name.
    Other(&'static str, String),
}

impl Shape {
    /// Judges the beginning of the file `name`.
    pub fn detect(head: &[u8], whole: bool, name: &str) -> Result<Self, Unfit> {
        let mut text = head.strip_prefix(BOM).unwrap_or(head);
        if !whole {
            // The last line is cut.
            text = &text[..memchr::memrchr(b'\n', text).map_or(0, |newline| newline + 1)];
        }
        let kept = Kept::of(text, name);
        let mut seen = Seen::default();
        let (mut objects, mut others, mut rows, mut first_time) = (0u64, 0u64, 0u64, None);
        let (mut passed, mut logs) = (BTreeMap::new(), BTreeSet::new());
        for line in text.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
            match Glance::at(line, kept.objects) {
                Some(glance) => {
                    objects += 1;
                    if kept.objects.keeps(glance.kind.as_deref()) {
                        rows += 1;
                        logs.extend(glance.kind.as_deref().and_then(FlowLog::zeek));
                        first_time = first_time.or(glance.time);
                        let _ = line::leaves(line, |path, value| seen.value(line, path, value));
                    } else if passed.len() < MOST_KEYS {
                        *passed.entry(glance.kind.unwrap_or_default()).or_insert(0u64) += 1;
                    }
                }
                None => others += 1,
            }
            if seen.columns.len() > MOST_KEYS {
                return Err(Unfit::NoObjects(format!(
                    "its objects have more than {MOST_KEYS} different keys: these are no records of one kind"
                )));
            }
        }
        if objects == 0 || others > objects {
            let reason = "this looks like JSON, but not one object a line; make it so: jq -c . FILE";
            return Err(Unfit::NoObjects(reason.into()));
        }
        let columns = seen.columns.into_iter().map(|(name, evidence)| (name, evidence.data_type())).collect();
        let (log, several_logs) = kept.log_of(&logs, name);
        let shape = Self { columns, objects: kept.objects, log, several_logs, first_time };
        shape.checked(rows > 0, whole, passed, name)
    }

    /// The shape, unless the file has no flows.
    fn checked(
        mut self,
        has_rows: bool,
        whole: bool,
        passed: BTreeMap<String, u64>,
        name: &str,
    ) -> Result<Self, Unfit> {
        let most = || passed.iter().max_by_key(|(_, n)| **n).map(|(kind, _)| kind.clone()).unwrap_or_default();
        match self.objects {
            Objects::All => {}
            Objects::Eve if !has_rows && whole => return Err(Unfit::Other("Suricata EVE", most())),
            // Flows may come later.
            Objects::Eve if !has_rows => self.columns = eve_columns(),
            Objects::Eve => {}
            Objects::Zeek(_) if !has_rows => return Err(Unfit::Other("Zeek", most())),
            Objects::Zeek(_) if self.log.is_none() => return Err(Unfit::Other("Zeek", stem(name))),
            Objects::Zeek(_) => {}
        }
        if !whole {
            self.expect();
        }
        Ok(self)
    }

    /// What is not known of a flow is left out of its object, so the beginning of a log may lack what comes later: the bytes of all flows,
    /// where it begins with a flood.
    fn expect(&mut self) {
        let expected = match self.objects {
            Objects::All => return,
            Objects::Eve => eve_columns(),
            Objects::Zeek(_) => zeek_columns(),
        };
        for (name, data_type) in expected {
            match self.columns.iter_mut().find(|(own, _)| *own == name) {
                Some((_, own)) if own.is_null() => *own = data_type,
                Some(_) => {}
                None => self.columns.push((name, data_type)),
            }
        }
    }

    /// The columns as far as the head of the file tells.
    pub fn schema(&self) -> Schema {
        Schema::new(
            self.columns.iter().map(|(name, data_type)| Field::new(name, data_type.clone(), true)).collect::<Vec<_>>(),
        )
    }

    /// What was detected, in words.
    pub fn describe(&self) -> String {
        let columns = if self.columns.len() == 1 { "column" } else { "columns" };
        let what = match self.log {
            None => "NDJSON".to_owned(),
            Some(FlowLog::Eve) => "Suricata EVE, JSON, flow events".to_owned(),
            Some(log) => format!("{log}, JSON"),
        };
        format!("{what}, {} {columns}", self.columns.len())
    }
}

/// Which objects of a file are rows, and what log they are.
struct Kept {
    objects: Objects,
    log: Option<FlowLog>,
}

impl Kept {
    /// By the first object: EVE has `event_type` and a time; Zeek's logs have `ts` and say their name, or have `ts`, `uid` and
    /// an originator. Zeek's `conn_state` is in no log but those of flows, whatever a file is called.
    fn of(text: &[u8], name: &str) -> Self {
        let mut keys: Vec<String> = Vec::new();
        let mut path = None;
        for line in text.split(|&byte| byte == b'\n').take(100) {
            let valid = std::str::from_utf8(line).is_ok();
            let walked = valid
                && line::leaves(line, |key, value| {
                    if matches!(key, b"_path" | b"@stream") && path.is_none() {
                        path = Some(String::from_utf8_lossy(value.text(line)).into_owned());
                    }
                    keys.push(String::from_utf8_lossy(key).into_owned());
                })
                .is_ok();
            if walked {
                break;
            }
            keys.clear();
        }
        let has = |key: &str| keys.iter().any(|own| own == key);
        if has("event_type") && has("timestamp") {
            return Self { objects: Objects::Eve, log: Some(FlowLog::Eve) };
        }
        let is_zeek = has("ts") && (path.is_some() || has("uid") && (has("id.orig_h") || has("id_orig_h")));
        if !is_zeek {
            return Self { objects: Objects::All, log: None };
        }
        let by_name = FlowLog::of_file_name(name);
        let by_columns = has("conn_state").then(|| by_name.unwrap_or(FlowLog::ZeekConn));
        let told = path.as_deref().and_then(FlowLog::zeek);
        // Objects of several logs in one file say which they are of.
        let log = if path.is_some() { told.or(Some(FlowLog::ZeekConn)) } else { by_columns };
        Self { objects: Objects::Zeek(log.unwrap_or(FlowLog::ZeekConn)), log }
    }

    /// The log of a file whose beginning has objects that say they are of these, and whether it may be of several: it is known to be of
    /// one where its name and all of its beginning say the same.
    fn log_of(&self, said: &BTreeSet<FlowLog>, name: &str) -> (Option<FlowLog>, bool) {
        match (self.objects, said.first()) {
            (Objects::Zeek(_), Some(&one)) if said.len() == 1 => (Some(one), FlowLog::of_file_name(name) != Some(one)),
            // What lasts and what has ended: each record tells by itself.
            (Objects::Zeek(_), Some(_)) => (Some(FlowLog::ZeekConn), true),
            _ => (self.log, false),
        }
    }
}

/// What of an object decides whether it is a row and when it began.
struct Glance {
    kind: Option<String>,
    time: Option<i64>,
}

impl Glance {
    /// None if the line is no object.
    fn at(line: &[u8], objects: Objects) -> Option<Self> {
        let (mut kind, mut time, mut logged) = (None, None, None);
        let text = |value: Value| std::str::from_utf8(value.text(line)).unwrap_or_default();
        std::str::from_utf8(line).ok()?;
        line::leaves(line, |path, value| match path {
            path if objects.tells(path) && kind.is_none() => kind = Some(text(value).to_owned()),
            b"ts" | b"flow.start" if objects != Objects::All => time = when::of_text(text(value), LogZone::UTC),
            b"timestamp" if objects == Objects::Eve => logged = when::of_text(text(value), LogZone::UTC),
            _ => {}
        })
        .ok()?;
        Some(Self { kind, time: time.or(logged) })
    }
}

/// What flow events have had in every version since 2.0.
fn eve_columns() -> Vec<(String, DataType)> {
    let texts = "timestamp event_type src_ip dest_ip proto app_proto flow.start flow.end flow.state flow.reason tcp.tcp_flags \
        tcp.tcp_flags_ts tcp.tcp_flags_tc tcp.state host";
    let numbers = "flow_id src_port dest_port icmp_type icmp_code flow.pkts_toserver flow.pkts_toclient flow.bytes_toserver \
        flow.bytes_toclient flow.age";
    named(&[(texts, DataType::Utf8), (numbers, DataType::Int64), ("flow.alerted", DataType::Boolean)])
}

/// What Zeek's `conn` has had in every version since 2.0, beside what every record has.
fn zeek_columns() -> Vec<(String, DataType)> {
    let numbers = "orig_bytes resp_bytes missed_bytes orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes";
    named(&[
        ("proto service", DataType::Utf8),
        ("duration", DataType::Float64),
        (numbers, DataType::Int64),
        ("conn_state history tunnel_parents", DataType::Utf8),
        ("local_orig local_resp", DataType::Boolean),
    ])
}

/// Columns, by their names with spaces between them.
fn named(of: &[(&str, DataType)]) -> Vec<(String, DataType)> {
    let typed = |(names, data_type): &(&str, DataType)| {
        names.split_whitespace().map(|name| (name.to_owned(), data_type.clone())).collect::<Vec<_>>()
    };
    of.iter().flat_map(typed).collect()
}

/// Keys in order of first appearance.
#[derive(Default)]
struct Seen {
    columns: Vec<(String, Evidence)>,
    places: HashMap<Vec<u8>, usize>,
}

impl Seen {
    fn value(&mut self, line: &[u8], path: &[u8], value: Value) {
        let place = match self.places.get(path) {
            Some(&place) => place,
            None => {
                self.places.insert(path.to_vec(), self.columns.len());
                self.columns.push((String::from_utf8_lossy(path).into_owned(), Evidence::default()));
                self.columns.len() - 1
            }
        };
        let evidence = &mut self.columns[place].1;
        match value.kind {
            Kind::Null => {}
            Kind::Number => evidence.field(value.text(line)),
            Kind::Boolean => evidence.boolean(),
            Kind::Text | Kind::Escaped | Kind::Array => evidence.text(),
        }
    }
}
