//! Logs that were written from known values are read as those values.

use super::{Shape, open};
use crate::flows::source::bytes::Bytes;
use crate::flows::source::select::Passed;
use crate::flows::source::widened::Widened;
use crate::flows::source::{Compression, OpenFile};
use crate::flows::{Batch, Reject};
use crate::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::Arc;

struct Read {
    batches: Vec<Batch>,
    end: Result<()>,
    unknown: Vec<(String, u64)>,
    passed: Vec<(String, u64)>,
}

fn read_as(text: &[u8], batch_rows: usize, schema: arrow_schema::Schema) -> Read {
    let context = OpenFile {
        file: 0,
        name: "conn.log".into(),
        schema: Arc::new(schema),
        stream_offset: 0,
        batch_rows,
        skip_errors: false,
        quotes: None,
    };
    let bytes = Bytes::new(Box::new(Cursor::new(text.to_vec())), Compression::None).unwrap();
    let (unknown, passed) = (Passed::default(), Passed::default());
    let widened = Arc::new(Widened::new(context.schema.fields().len(), false));
    let mut reader = open(bytes, 0, context, widened, unknown.clone(), passed.clone());
    let (mut batches, mut end) = (Vec::new(), Ok(()));
    loop {
        match reader.next_chunk() {
            Ok(Some(chunk)) => batches.push(chunk.parse().unwrap()),
            Ok(None) => break,
            Err(error) => {
                end = Err(error);
                break;
            }
        }
    }
    Read { batches, end, unknown: unknown.counts(), passed: passed.counts() }
}

fn read(text: &[u8], batch_rows: usize) -> Read {
    read_as(text, batch_rows, Shape::detect(text, true).unwrap().schema)
}

/// A value as it is written and as it is read.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Unset,
    Time(i64),
    Real(i64),
    Int(i64),
    Bool(bool),
    Text(String),
}

impl Value {
    fn written(&self) -> String {
        match self {
            Self::Unset => "-".into(),
            Self::Time(micros) | Self::Real(micros) => format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000),
            Self::Int(value) => value.to_string(),
            Self::Bool(value) => if *value { "T" } else { "F" }.into(),
            Self::Text(text) if text.is_empty() => "(empty)".into(),
            Self::Text(text) => text.clone(),
        }
    }

    fn read(batch: &RecordBatch, column: &str, row: usize) -> Self {
        let array = batch.column_by_name(column).unwrap();
        if array.is_null(row) {
            return Self::Unset;
        }
        match array.data_type() {
            DataType::Timestamp(..) => Self::Time(array.as_primitive::<TimestampMicrosecondType>().value(row)),
            DataType::Float64 => Self::Real((array.as_primitive::<Float64Type>().value(row) * 1e6).round() as i64),
            DataType::Int64 => Self::Int(array.as_primitive::<Int64Type>().value(row)),
            DataType::Boolean => Self::Bool(array.as_boolean().value(row)),
            _ => Self::Text(array.as_string::<i32>().value(row).to_owned()),
        }
    }
}

const COLUMNS: [(&str, &str); 7] = [
    ("ts", "time"),
    ("uid", "string"),
    ("orig_bytes", "count"),
    ("id.orig_p", "port"),
    ("local_orig", "bool"),
    ("duration", "interval"),
    ("tunnel_parents", "set[string]"),
];

fn value(kind: &'static str) -> impl Strategy<Value = Value> {
    let some = match kind {
        "time" => (0_i64..4_000_000_000_000_000).prop_map(Value::Time).boxed(),
        "interval" => (0_i64..4_000_000_000).prop_map(Value::Real).boxed(),
        "count" => (0_i64..i64::MAX).prop_map(Value::Int).boxed(),
        "port" => (0_i64..65_536).prop_map(Value::Int).boxed(),
        "bool" => any::<bool>().prop_map(Value::Bool).boxed(),
        _ => "[a-z,€ \"#:]{0,9}".prop_map(|text| Value::Text(text.trim_start_matches('#').into())).boxed(),
    };
    prop_oneof![1 => Just(Value::Unset), 4 => some]
}

fn row() -> impl Strategy<Value = Vec<Value>> {
    COLUMNS.iter().map(|(_, kind)| value(kind)).collect::<Vec<_>>()
}

/// The header of some columns, by place.
fn header(columns: &[usize]) -> String {
    let line = |of: fn(&(&'static str, &'static str)) -> &'static str| {
        columns.iter().map(|&i| of(&COLUMNS[i])).collect::<Vec<_>>().join("\t")
    };
    format!(
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#open\t2024-04-19-00-00-01\n\
         #fields\t{}\n#types\t{}\n",
        line(|c| c.0),
        line(|c| c.1)
    )
}

/// Columns that a header names: the first, and any of the others in any order.
fn columns() -> impl Strategy<Value = Vec<usize>> {
    let others: Vec<usize> = (1..COLUMNS.len()).collect();
    prop::sample::subsequence(others, 0..COLUMNS.len() - 1).prop_shuffle().prop_map(|mut columns| {
        columns.insert(columns.len() / 2, 0);
        columns
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_was_written_is_read(
        parts in prop::collection::vec((columns(), prop::collection::vec(row(), 0..12)), 1..4),
        batch_rows in 1_usize..20,
        newline in any::<bool>(),
        carriage_return in any::<bool>(),
    ) {
        let (mut text, mut expected) = (String::new(), Vec::new());
        for (columns, rows) in &parts {
            text += &header(columns);
            for row in rows {
                let line: Vec<String> = columns.iter().map(|&i| row[i].written()).collect();
                text += &(line.join("\t") + "\n");
                let has = |i: usize| if columns.contains(&i) { row[i].clone() } else { Value::Unset };
                expected.push((0..COLUMNS.len()).map(has).collect::<Vec<_>>());
            }
            text += "#close\t2024-04-19-01-00-00\n";
        }
        if !newline {
            text.pop();
        }
        if carriage_return {
            text = text.replace('\n', "\r\n");
        }
        let read = read(text.as_bytes(), batch_rows);
        read.end.unwrap();
        let mut rows = Vec::new();
        for batch in &read.batches {
            prop_assert!(batch.rejected.is_empty() && batch.n_rows() <= batch_rows);
            for row in 0..batch.n_rows() {
                prop_assert_eq!(batch.numbers.get(row), rows.len() as u64 + 1);
                let value = |&(name, _): &(&str, &str)| match batch.columns.column_by_name(name) {
                    Some(_) => Value::read(&batch.columns, name, row),
                    None => Value::Unset,
                };
                rows.push(COLUMNS.iter().map(value).collect::<Vec<_>>());
            }
        }
        prop_assert_eq!(rows, expected);
    }

    #[test]
    fn any_bytes_are_read_without_harm(
        mut text in prop::collection::vec(prop::sample::select(b"#fieldstyp \t\n\r-()0123456789.ae\xff\xc3\x00".to_vec()), 0..400),
        at in any::<prop::sample::Index>(),
        batch_rows in 1_usize..9,
    ) {
        let whole = header(&[0, 1, 2]);
        text.splice(0..0, whole.bytes());
        let at = at.index(text.len());
        if at > whole.len() {
            text.splice(at..at, header(&[2, 0]).bytes());
        }
        // A line of nothing but separators is a record of empty fields where it has as many as the header: not told apart here.
        let is_bare = |line: &[u8]| line.trim_ascii().is_empty() && line.contains(&b'\t');
        prop_assume!(!text.split(|&b| b == b'\n').any(is_bare));
        if let Ok(shape) = Shape::detect(&text, true) {
            let read = read_as(&text, batch_rows, shape.schema);
            let records: u64 = read.batches.iter().map(|b| (b.n_rows() + b.rejected.len()) as u64).sum();
            let lines = text.split(|&b| b == b'\n').filter(|line| !line.trim_ascii().is_empty() && !line.starts_with(b"#"));
            let cut = u64::from(read.end.is_err());
            let passed: u64 = read.passed.iter().map(|(_, n)| n).sum();
            prop_assert_eq!(records + passed + cut, lines.count() as u64);
        }
    }
}

const LOG: &str = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n\
    #fields\tts\tuid\torig_bytes\n#types\ttime\tstring\tcount\n";

#[test]
fn broken_lines_are_numbered_among_the_records() {
    let text =
        format!("{LOG}1.5\tC1\t7\n#comment\n2.5\tC2\n\n3.5\tC3\tx\nnever\tC4\t1\n4.5\tC5\t1\t2\n5.5\t\u{e9}\t8\n");
    let mut text = text.into_bytes();
    text.extend_from_slice(b"6.5\t\xff\t9\n7.5\tC7\t10\n");
    for batch_rows in [1, 2, 100] {
        let read = read(&text, batch_rows);
        let rejected: Vec<_> = read.batches.iter().flat_map(|b| &b.rejected).map(|r| (r.record, r.reason)).collect();
        use Reject::*;
        let expected = [(2, TooFewFields), (4, BadNumber), (5, BadTime), (6, TooManyFields), (8, NotUtf8)];
        assert_eq!(rejected, expected, "batches of {batch_rows}");
        let numbers: Vec<u64> =
            read.batches.iter().flat_map(|b| (0..b.n_rows()).map(|row| b.numbers.get(row))).collect();
        assert_eq!(numbers, [1, 7, 9]);
        let detail = |record| read.batches.iter().flat_map(|b| &b.rejected).find(|r| r.record == record).unwrap();
        assert_eq!(detail(2).detail, "2 fields instead of 3");
        assert_eq!(detail(5).detail, "column ts: \"never\" is no time");
        assert_eq!(detail(6).text, b"4.5\tC5\t1\t2");
    }
}

#[test]
fn a_log_that_ends_in_mid_row_is_damaged() {
    let text = format!("{LOG}1.5\tC1\t7\n2.5\tC2\t8\n3.5\tC");
    for batch_rows in [1, 2, 3, 100] {
        let read = read(text.as_bytes(), batch_rows);
        assert_eq!(read.batches.iter().map(Batch::n_rows).sum::<usize>(), 2);
        let Err(Error::Damaged { records, reason, .. }) = read.end else { panic!("no damage") };
        assert_eq!(
            (records, reason.as_str()),
            (2, "in a Zeek conn log: it ends in mid-row: its last line has 2 fields of 3")
        );
    }
    assert!(read(format!("{LOG}1.5\tC1\t7").as_bytes(), 5).end.is_ok(), "a last line without its end is a record");
}

#[test]
fn labels_parted_by_spaces_are_columns() {
    let text = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n\
        #fields\tts\ttunnel_parents   label   detailed-label\n#types\ttime\tset[string]   string   string\n\
        1.5\t-   Malicious   DDoS\n2.5\t(empty)   Benign   -";
    let read = read(text.as_bytes(), 9);
    let batch = &read.batches[0].columns;
    let row = |row| ["tunnel_parents", "label", "detailed-label"].map(|name| Value::read(batch, name, row));
    let text = |text: &str| Value::Text(text.into());
    assert_eq!(row(0), [Value::Unset, text("Malicious"), text("DDoS")]);
    assert_eq!(row(1), [text(""), text("Benign"), Value::Unset]);
}

#[test]
fn records_of_other_logs_in_one_file_are_passed_over() {
    let text = format!(
        "{LOG}1.5\tC1\t7\n#path\thttp\n#fields\tts\thost\n#types\ttime\tstring\n2.5\ta\n3.5\tb\n{LOG}4.5\tC2\t9\n"
    );
    let read = read(text.as_bytes(), 2);
    assert_eq!(read.passed, [("http".to_owned(), 2)]);
    let numbers: Vec<u64> = read.batches.iter().flat_map(|b| (0..b.n_rows()).map(|row| b.numbers.get(row))).collect();
    assert_eq!(numbers, [1, 4]);
}

#[test]
fn columns_that_come_up_later_are_counted() {
    let schema = Shape::detect(LOG.as_bytes(), true).unwrap().schema;
    let text = format!("{LOG}1.5\tC1\t7\n#fields\tts\tnew\n#types\ttime\tstring\n2.5\ta\n3.5\tb\n");
    assert_eq!(read_as(text.as_bytes(), 9, schema).unknown, [("new".to_owned(), 2)]);
}

#[test]
fn shapes_tell_columns_times_and_what_is_wrong() {
    let shape = Shape::detect(format!("{LOG}1713484795.943239\tC1\t7\n2.5").as_bytes(), false).unwrap();
    assert_eq!((shape.path.as_str(), shape.records, shape.first_time), ("conn", 1, Some(1_713_484_795_943_239)));
    let types: BTreeMap<_, _> =
        shape.schema.fields().iter().map(|f| (f.name().as_str(), f.data_type().to_string())).collect();
    assert_eq!(types["orig_bytes"], "Int64");
    assert!(types["ts"].starts_with("Timestamp"), "{types:?}");
    assert!(Shape::detect(b"#path\tconn\n", true).unwrap_err().contains("#fields"));
    assert!(Shape::detect(b"#path\tconn\n1.5\tC\n", true).unwrap_err().contains("before a #fields line"));
    assert!(Shape::detect(b"#separator ab\n", true).unwrap_err().contains("single byte"));
}
