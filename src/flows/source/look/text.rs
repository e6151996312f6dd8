//! A first look at text: delimited, NDJSON, Zeek's.

use super::{Content, Head, Seen};
use crate::flows::record::{FlowLog, LogZone, when};
use crate::flows::source::csv::Dialect;
use crate::flows::source::discover::Found;
use crate::flows::source::select::{is_argus, is_flow_meter, stem};
use crate::flows::source::unite::known_as_text;
use crate::flows::source::{Format, InputOptions, Probe, ndjson, recognise, zeek};
use crate::words::counted;
use crate::{Error, Result};
use arrow_schema::Schema;

pub(super) fn look_at_csv(found: &Found, head: &Head, options: &InputOptions) -> Result<Seen, String> {
    let bom = if head.bytes.starts_with(recognise::BOM) { recognise::BOM.len() } else { 0 };
    let text = &head.bytes[bom..];
    let tsv = [".tsv", ".tab", ".tsv.gz", ".tsv.zst"].iter().any(|end| found.name.to_ascii_lowercase().ends_with(end));
    let (names, delimiter) = (options.column_names.as_deref(), options.delimiter);
    let mut dialect = Dialect::detect(text, head.whole, tsv, names, delimiter).map_err(|reason| {
        let line = text.trim_ascii_start().split(|&byte| byte == b'\n').next().unwrap_or_default();
        let begin: String = String::from_utf8_lossy(line.trim_ascii()).chars().take(40).collect();
        format!("this is no log: {reason}; it begins with {begin:?}")
    })?;
    dialect.data_start += bom;
    let log = match () {
        () if is_argus(&dialect.names) => Some(FlowLog::Argus),
        () if is_flow_meter(&dialect.names) => Some(FlowLog::FlowMeter),
        () => None,
    };
    let maker = log.map(|log| format!("{}, ", log.maker())).unwrap_or_default();
    let probe = Probe { schema: known(dialect.schema(), options), description: maker + &dialect.describe() };
    let first_time = log.and_then(|_| first_time(&dialect, &head.bytes));
    if log == Some(FlowLog::Argus) {
        dialect.skip_management();
    }
    Ok(Seen { format: Format::Csv, content: Content::Csv(dialect), probe, log, several_logs: false, first_time })
}

/// The time of the first record that has one.
fn first_time(dialect: &Dialect, head: &[u8]) -> Option<i64> {
    let is_start = |name: &String| matches!(name.to_ascii_lowercase().as_str(), "starttime" | "stime" | "timestamp");
    let place = dialect.names.iter().position(is_start)?;
    let lines = head.get(dialect.data_start..)?.split(|&byte| byte == b'\n').take(100);
    let mut times = lines.filter_map(|line| {
        let field = line.split(|&byte| byte == dialect.delimiter).nth(place)?;
        when::of_text(std::str::from_utf8(field).ok()?, LogZone::UTC)
    });
    times.next()
}

pub(super) fn look_at_ndjson(
    found: &Found,
    head: &Head,
    options: &InputOptions,
    unclear: &dyn Fn(String) -> Error,
) -> Result<Seen> {
    let shape = ndjson::Shape::detect(&head.bytes, head.whole, &found.name).map_err(|unfit| match unfit {
        ndjson::Unfit::NoObjects(reason) => unclear(reason),
        ndjson::Unfit::Other(maker, log) => other_log(found, head, maker, log, None),
    })?;
    let probe = Probe { schema: known(shape.schema(), options), description: shape.describe() };
    let bom = if head.bytes.starts_with(recognise::BOM) { recognise::BOM.len() } else { 0 };
    let content = Content::Ndjson(bom as u64, shape.objects);
    let ndjson::Shape { log, several_logs, first_time, .. } = shape;
    Ok(Seen { format: Format::Ndjson, content, probe, log, several_logs, first_time })
}

pub(super) fn look_at_zeek(
    found: &Found,
    head: &Head,
    options: &InputOptions,
    unclear: &dyn Fn(String) -> Error,
) -> Result<Seen> {
    let bom = if head.bytes.starts_with(recognise::BOM) { recognise::BOM.len() } else { 0 };
    let text = head.bytes.get(bom..).unwrap_or_default();
    let shape = zeek::Shape::detect(text, head.whole).map_err(unclear)?;
    let told = if shape.path.is_empty() {
        let is_conn = shape.schema.field_with_name("conn_state").is_ok();
        is_conn.then(|| FlowLog::of_file_name(&found.name).unwrap_or(FlowLog::ZeekConn))
    } else {
        FlowLog::zeek(&shape.path)
    };
    let Some(log) = told else {
        let log = if shape.path.is_empty() { stem(&found.name) } else { shape.path };
        return Err(other_log(found, head, "Zeek", log, Some(shape.records)));
    };
    let columns = counted(shape.schema.fields().len(), "column");
    let schema = zeek::known(shape.schema, &options.known_types);
    let probe = Probe { schema, description: format!("{log}, TSV, {columns}") };
    let content = Content::Zeek(bom as u64);
    let first_time = shape.first_time;
    Ok(Seen { format: Format::Zeek, content, probe, log: Some(log), several_logs: false, first_time })
}

/// Refuses a log that is not one of flows.
fn other_log(found: &Found, head: &Head, maker: &str, log: String, records: Option<u64>) -> Error {
    let wanted = match maker {
        "Zeek" => "conn, conn_long and open_conn are read",
        _ if log == "netflow" => {
            "its records are of one direction each; flow events are read (event_type flow): have them written too"
        }
        _ => "its flow events are read (event_type flow)",
    };
    let damage = match (&head.damage, records) {
        (Some(reason), Some(records)) => {
            format!("; besides, it is damaged after {}: {reason}", counted(records, "record"))
        }
        (Some(reason), None) => format!("; besides, it is damaged: {reason}"),
        _ => String::new(),
    };
    Error::OtherLog { file: found.name.clone(), maker: maker.into(), log, wanted: format!("{wanted}{damage}") }
}

/// The schema of a text file, with the types that are known already.
pub(super) fn known(schema: Schema, options: &InputOptions) -> Schema {
    let fields = schema.fields().iter().map(|field| {
        let field = field.as_ref().clone();
        match options.known_types.iter().find(|(name, _)| name == field.name()) {
            Some((_, known)) => {
                let data_type = known_as_text(known, field.data_type());
                field.with_data_type(data_type)
            }
            None => field,
        }
    });
    Schema::new(fields.collect::<Vec<_>>())
}
