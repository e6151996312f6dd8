//! Lines against serde_json.

use super::line::{Kind, leaves, unescape};
use super::{Shape, Unfit, open};
use crate::flows::source::bytes::Bytes;
use crate::flows::source::select::{Objects, Passed};
use crate::flows::source::widened::Widened;
use crate::flows::source::{Compression, OpenFile};
use crate::flows::{Batch, Reject};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_schema::DataType;
use proptest::prelude::*;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::Arc;

/// A place for what does not fit, which nobody looks at.
fn unnoted() -> Arc<Widened> {
    Arc::new(Widened::new(0, false))
}

fn read(text: &[u8], batch_rows: usize) -> (Vec<Batch>, Passed) {
    let unknown = Passed::default();
    let schema = super::super::unite::Union::of(&Shape::detect(text, true, "test.json").unwrap().schema()).finish();
    let context = OpenFile {
        file: 0,
        name: "test.json".into(),
        schema,
        stream_offset: 0,
        batch_rows,
        skip_errors: false,
        quotes: None,
    };
    let bytes = Bytes::new(Box::new(Cursor::new(text.to_vec())), Compression::None).unwrap();
    let mut reader = open(bytes, (0, Objects::All), context, unnoted(), unknown.clone(), Passed::default());
    let mut batches = Vec::new();
    while let Some(chunk) = reader.next_chunk().unwrap() {
        batches.push(chunk.parse().unwrap());
    }
    (batches, unknown)
}

/// The values of an object by path, last one first served, as their JSON.
fn flat(json: &Json, prefix: &str, out: &mut BTreeMap<String, Json>) {
    for (key, value) in json.as_object().unwrap() {
        let path = format!("{prefix}{key}");
        match value {
            Json::Object(_) => flat(value, &format!("{path}."), out),
            other => {
                out.insert(path, other.clone());
            }
        }
    }
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(Json::from),
        "[a-z\"\\\\/\n\té€😀]{0,12}".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 30, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map("[a-e.\"é]{0,3}", inner, 0..4)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Json> {
    prop::collection::btree_map("[a-e]{1,2}", json(), 0..6).prop_map(|map| Json::Object(map.into_iter().collect()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn leaves_are_those_of_serde_json(object in object(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&object).unwrap() } else { object.to_string() };
        let mut ours = BTreeMap::new();
        leaves(text.as_bytes(), |path, value| {
            let raw = std::str::from_utf8(value.text(text.as_bytes())).unwrap();
            let value = match value.kind {
                Kind::Text => Json::from(raw),
                Kind::Escaped => Json::from(unescape(raw.as_bytes()).unwrap()),
                _ => serde_json::from_str(raw).unwrap(),
            };
            ours.insert(String::from_utf8(path.to_vec()).unwrap(), value);
        }).unwrap();
        let mut theirs = BTreeMap::new();
        flat(&serde_json::from_str(&text).unwrap(), "", &mut theirs);
        // Different keys can have one path ("a.b" beside a.b): the later one counts, and order decides which it is.
        prop_assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
        if theirs.keys().all(|key| !key.contains('.')) {
            prop_assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn broken_lines_are_refused_where_serde_json_refuses(object in object(), at in any::<prop::sample::Index>(), byte in prop::sample::select(b"{}[]\",:\\ 0-.eE+tfnu\x01x".to_vec()), drop in any::<bool>()) {
        let mut text = object.to_string().into_bytes();
        let at = at.index(text.len());
        if drop { text.remove(at); } else { text[at] = byte; }
        let Ok(line) = std::str::from_utf8(&text) else { return Ok(()) };
        let theirs = serde_json::from_str::<Json>(line);
        if theirs.as_ref().is_err_and(|e| e.to_string().contains("out of range")) {
            return Ok(());
        }
        let theirs = theirs.is_ok_and(|json| json.is_object());
        prop_assert_eq!(leaves(&text, |_, _| {}).is_ok(), theirs, "{}", line);
    }

    #[test]
    fn any_bytes_are_read_without_harm(text in prop::collection::vec(prop::sample::select(b"{}[]\",:\\ 0-.eEtrue\nu\x01x\xff\xc3".to_vec()), 0..300)) {
        let text = [b"{\"a\":1}\n{\"a\":2}\n".to_vec(), text].concat();
        let _ = Shape::detect(&text, true, "test.json");
        let _ = leaves(&text, |_, _| {});
        if Shape::detect(&text, true, "test.json").is_ok() {
            let (batches, _) = read(&text, 7);
            let records: u64 = batches.iter().map(|b| (b.n_rows() + b.rejected.len()) as u64).sum();
            let lines = text.split(|&b| b == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
            prop_assert_eq!(records, lines as u64);
        }
    }
}

#[test]
fn columns_take_the_types_of_their_values() {
    let text = br#"{"i": 1, "f": 1.5, "s": "7", "b": true, "n": null, "o": {"x": {"y": 3}}, "l": [1, {"q": 2}], "m": 1}
{"b": false, "i": null, "f": 2, "m": "two", "s": "a\"\u00e9", "new": 1}
{"i": 12345678901, "f": NaN, "m": false}
"#;
    let (batches, unknown) = read(text, 100);
    let [batch] = batches.as_slice() else { panic!() };
    let schema = batch.columns.schema();
    let types: Vec<_> = schema.fields().iter().map(|f| format!("{} {}", f.name(), f.data_type())).collect();
    assert_eq!(
        types,
        ["i Int64", "f Float64", "s Utf8", "b Boolean", "n Utf8", "o.x.y Int64", "l Utf8", "m Utf8", "new Int64"]
    );
    let text = |name: &str, row| {
        let column = batch.columns.column_by_name(name).unwrap().as_string::<i32>();
        arrow_array::Array::is_valid(column, row).then(|| column.value(row).to_owned())
    };
    assert_eq!(text("s", 1).unwrap(), "a\"é");
    assert_eq!(text("l", 0).unwrap(), r#"[1, {"q": 2}]"#);
    assert_eq!([0, 1, 2].map(|row| text("m", row).unwrap()), ["1", "two", "false"]);
    assert_eq!(text("n", 0), None);
    let ints = batch.columns.column(0).as_primitive::<Int64Type>();
    assert_eq!((ints.value(0), arrow_array::Array::is_null(ints, 1), ints.value(2)), (1, true, 12_345_678_901));
    let floats = batch.columns.column(1).as_primitive::<Float64Type>();
    assert_eq!((floats.value(1), arrow_array::Array::is_null(floats, 2)), (2.0, true));
    assert!(unknown.counts().is_empty());
}

#[test]
fn bad_lines_are_numbered_and_kept() {
    let text = b"{\"a\": 1}\r\n\n{\"a\": 2,}\n[1]\n{\"a\": \"x\"}\n{\"a\": 4} {}\n{\"a\": \xff}\n{\"a\": \"5\"}\n{\"a\":6}\n{\"a\":7}\n{\"a\":8}";
    let head = b"{\"a\": 1}\n";
    let schema = super::super::unite::Union::of(&Shape::detect(head, true, "test.json").unwrap().schema()).finish();
    let context = OpenFile {
        file: 0,
        name: "test.json".into(),
        schema,
        stream_offset: 0,
        batch_rows: 100,
        skip_errors: false,
        quotes: None,
    };
    let bytes = Bytes::new(Box::new(Cursor::new(text.to_vec())), Compression::None).unwrap();
    let batch = open(bytes, (0, Objects::All), context, unnoted(), Passed::default(), Passed::default())
        .next_chunk()
        .unwrap()
        .unwrap()
        .parse()
        .unwrap();
    let reasons: Vec<_> = batch.rejected.iter().map(|r| (r.record, r.reason)).collect();
    use Reject::{BadJson, BadNumber, NotUtf8};
    assert_eq!(reasons, [(3, BadJson), (4, BadJson), (5, BadNumber), (6, BadJson), (7, NotUtf8)]);
    assert_eq!(batch.rejected[0].text, b"{\"a\": 2,}");
    assert_eq!(batch.rejected[0].detail, "offset 8: a string was expected");
    assert_eq!(batch.rejected[2].detail, "column a: \"x\"");
    let kept: Vec<_> = (0..batch.n_rows()).map(|row| batch.numbers.get(row)).collect();
    assert_eq!(kept, [1, 8, 9, 10, 11]);
}

#[test]
fn deep_nesting_is_an_error_not_a_stack_overflow() {
    let deep = |open: &str, close: &str| format!("{{\"a\":{}1{}}}", open.repeat(100_000), close.repeat(100_000));
    for line in [deep("[", "]"), deep("{\"a\":", "}"), deep("[{\"a\":", "}]")] {
        let bad = leaves(line.as_bytes(), |_, _| {}).unwrap_err();
        assert!(bad.to_string().contains("deeper than 64"), "{bad}");
    }
}

/// A log that begins with a flood shows nothing of what came back: what flows have is a column all the same, where more follows.
#[test]
fn what_comes_later_in_a_log_has_its_columns() {
    let column =
        |shape: &Shape, name: &str| shape.schema().field_with_name(name).map(|field| field.data_type().clone()).ok();
    let zeek = b"{\"ts\":1.5,\"uid\":\"C1\",\"id.orig_h\":\"10.0.0.1\",\"conn_state\":\"S0\",\"orig_bytes\":null}\n";
    let shape = |text: &[u8], whole| Shape::detect(text, whole, "conn.log").unwrap();
    let cut = shape(zeek, false);
    let types = ["orig_bytes", "duration", "service", "local_orig"].map(|name| column(&cut, name));
    assert_eq!(types, [DataType::Int64, DataType::Float64, DataType::Utf8, DataType::Boolean].map(Some));
    assert_eq!(shape(zeek, true).schema().fields().len(), 5);
    let eve = b"{\"timestamp\":\"2021-06-06T15:59:46.4+0200\",\"event_type\":\"flow\",\"src_ip\":\"10.0.0.1\"}\n";
    assert_eq!(column(&shape(eve, false), "tcp.state"), Some(DataType::Utf8));
    assert_eq!(column(&shape(eve, true), "tcp.state"), None);
    assert_eq!(shape(b"{\"a\":1}\n", false).schema().fields().len(), 1);
}

#[test]
fn what_is_not_one_object_a_line_is_refused() {
    for text in ["{\n  \"a\": 1\n}\n", "{a: 1}\n"] {
        let Err(Unfit::NoObjects(reason)) = Shape::detect(text.as_bytes(), true, "a.json") else { panic!("{text}") };
        assert!(reason.contains("jq -c"), "{reason}");
    }
}
