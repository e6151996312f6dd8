//! Records against the csv crate, values against plain parsing, dialects case by case.

use super::names::unique;
use super::{Dialect, Header, open, preset};
use crate::flows::source::bytes::Bytes;
use crate::flows::source::widened::Widened;
use crate::flows::source::{Compression, OpenFile};
use crate::flows::{Batch, Reject};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use proptest::prelude::*;
use std::io::Cursor;
use std::sync::Arc;

/// Reads `text` (no header) as columns of these types.
fn read(text: &[u8], types: &[DataType], batch_rows: usize, survey: Option<Arc<Widened>>) -> Vec<Batch> {
    let names: Vec<String> = (1..=types.len()).map(|i| format!("c{i}")).collect();
    let dialect = Dialect {
        delimiter: b',',
        header: Header::None,
        names: names.clone(),
        types: types.to_vec(),
        numeric: vec![true; types.len()],
        data_start: 0,
        management: None,
    };
    let fields = names.iter().zip(types).map(|(name, data_type)| Field::new(name, data_type.clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let context = OpenFile {
        file: 0,
        name: "test.csv".into(),
        schema,
        stream_offset: 0,
        batch_rows,
        skip_errors: false,
        quotes: None,
    };
    let bytes = Bytes::new(Box::new(Cursor::new(text.to_vec())), Compression::None).unwrap();
    let widened = survey.unwrap_or_else(|| Arc::new(Widened::new(types.len(), false)));
    let mut reader = open(bytes, &dialect, context, widened, Default::default(), Default::default());
    let mut batches = Vec::new();
    while let Some(chunk) = reader.next_chunk().unwrap() {
        let batch = chunk.parse().unwrap();
        assert!(batch.n_rows() <= batch_rows);
        batches.push(batch);
    }
    batches
}

/// What became of a record.
#[derive(Debug, PartialEq, Clone)]
enum Fate {
    Row(Vec<String>),
    TooFew,
    TooMany,
    Other(Reject),
}

/// The fates of all records in order of their numbers (text columns; null is empty).
fn fates(batches: &[Batch]) -> Vec<(u64, Fate)> {
    let mut fates = Vec::new();
    for batch in batches {
        for row in 0..batch.n_rows() {
            let value = |column: &Arc<dyn Array>| match column.is_null(row) {
                true => String::new(),
                false => column.as_string::<i32>().value(row).to_owned(),
            };
            fates.push((batch.numbers.get(row), Fate::Row(batch.columns.columns().iter().map(value).collect())));
        }
        for rejected in &batch.rejected {
            let fate = match rejected.reason {
                Reject::TooFewFields => Fate::TooFew,
                Reject::TooManyFields => Fate::TooMany,
                other => Fate::Other(other),
            };
            fates.push((rejected.record, fate));
        }
    }
    fates.sort_by_key(|(number, _)| *number);
    fates
}

/// The same by the csv crate, which numbers no blank lines.
fn oracle(text: &[u8], width: usize) -> Vec<Fate> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .terminator(csv::Terminator::Any(b'\n'))
        .from_reader(text);
    let mut fates = Vec::new();
    for record in reader.byte_records() {
        let record = record.unwrap();
        let mut fields: Vec<String> = record.iter().map(|f| String::from_utf8(f.to_vec()).unwrap()).collect();
        let start = record.position().unwrap().byte() as usize;
        let quoted = text[start..].iter().find(|&&b| b != b'\n') == Some(&b'"');
        if let Some(last) = fields.last_mut().filter(|last| last.ends_with('\r')) {
            last.pop();
        }
        if fields.len() == 1 && fields[0].trim().is_empty() && !quoted {
            continue;
        }
        fates.push(match fields.len().cmp(&width) {
            std::cmp::Ordering::Less => Fate::TooFew,
            std::cmp::Ordering::Greater => Fate::TooMany,
            std::cmp::Ordering::Equal => Fate::Row(fields),
        });
    }
    fates
}

/// Documents with everything that makes CSV hard, quotes closed at the end.
fn document() -> impl Strategy<Value = Vec<u8>> {
    let field = prop_oneof![
        4 => "[a-z0-9 .]{0,6}",
        2 => "\"([a-z,\n]|\"\"){0,8}\"",
        1 => "\"[a-z]{0,3}\"[a-z\"]{1,3}",
        1 => "[a-z ]{1,2}\"[a-z\"]{0,3}",
        1 => "[a-zé€]{60,90}",
        1 => "[\",a]{1,4}",
    ];
    let record = (prop::collection::vec(field, 0..5), prop::bool::weighted(0.3));
    let end = prop::sample::select(vec!["", "\n", "\r\n", "\n\n"]);
    (prop::collection::vec(record, 0..40), end).prop_map(|(records, end)| {
        let mut text = String::new();
        for (i, (fields, cr)) in records.iter().enumerate() {
            text.push_str(if i == 0 {
                ""
            } else if *cr {
                "\r\n"
            } else {
                "\n"
            });
            text.push_str(&fields.join(","));
        }
        text.push_str(end);
        let mut inside = false;
        let mut start = true;
        for c in text.chars() {
            inside = match (inside, c) {
                (true, '"') => {
                    start = true;
                    false
                }
                (true, _) => true,
                (false, '"') if start => true,
                (false, c) => {
                    start = matches!(c, ',' | '\n');
                    false
                }
            };
        }
        if inside {
            text.push_str("\"\n");
        }
        text.into_bytes()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn records_are_those_of_the_csv_crate(text in document(), width in 1usize..5, batch_rows in prop::sample::select(vec![1usize, 2, 3, 7, 20, 1000])) {
        let types = vec![DataType::Utf8; width];
        let ours: Vec<Fate> = fates(&read(&text, &types, batch_rows, None)).into_iter().map(|(_, fate)| fate).collect();
        prop_assert_eq!(ours, oracle(&text, width));
    }

    #[test]
    fn numbers_do_not_depend_on_blocks(text in document(), batch_rows in 1usize..9) {
        let types = [DataType::Utf8, DataType::Utf8];
        prop_assert_eq!(fates(&read(&text, &types, batch_rows, None)), fates(&read(&text, &types, 1 << 20, None)));
    }

    #[test]
    fn any_bytes_are_read_without_harm(text in prop::collection::vec(prop::sample::select(vec![b'1', b'.', b'-', b'a', b',', b'"', b'\n', b'\r', 0, 0xff, 0xc3, 0xa9]), 0..400), batch_rows in 1usize..50) {
        let types = [DataType::Int64, DataType::Float64, DataType::Utf8, DataType::Boolean];
        let batches = read(&text, &types, batch_rows, None);
        let _ = read(&text, &types, batch_rows, Some(Arc::new(Widened::new(4, true))));
        // Each record is a row, rejected or blank, and numbered once.
        let mut numbers: Vec<u64> = Vec::new();
        for batch in &batches {
            numbers.extend((0..batch.n_rows()).map(|row| batch.numbers.get(row)));
            numbers.extend(batch.rejected.iter().map(|rejected| rejected.record));
        }
        let n = numbers.len();
        numbers.sort_unstable();
        numbers.dedup();
        prop_assert_eq!(numbers.len(), n);
        let _ = Dialect::detect(&text, true, false, None, None);
    }

    #[test]
    fn values_are_those_of_plain_parsing(fields in prop::collection::vec("(-|nan|x|[+-]?[0-9]{1,20}|[0-9]{1,8}|-?[0-9]{1,9}\\.[0-9]{1,12}|[0-9]e[0-9]|inf| [0-9] |\"[0-9]{1,3}\")?", 1..300), batch_rows in 1usize..400) {
        let text: String = fields.iter().map(|field| format!("{field},{field},{field}\n")).collect();
        let plain = |field: &str| {
            let field = field.trim_matches('"').trim();
            match field {
                "" | "-" | "nan" => Ok(None),
                _ => field.parse::<f64>().map(Some).map_err(|_| ()),
            }
        };
        // Written with a sign or zeros that a number does not keep.
        let is_code = |field: &str| {
            let field = field.trim_matches('"').trim();
            let digits = field.trim_start_matches(['+', '-']).as_bytes();
            field.parse::<f64>().is_ok() && !digits.is_empty()
                && ((digits[0] == b'0' && digits.get(1).is_some_and(u8::is_ascii_digit))
                    || (field.starts_with('+') && digits.iter().all(u8::is_ascii_digit)))
        };
        let plain = |field: &str| if is_code(field) { Err(()) } else { plain(field) };
        let whole = |field: &str| match field.trim_matches('"').trim().parse::<i64>() {
            _ if is_code(field) => Err(()),
            Ok(value) => Ok(Some(value)),
            Err(_) => match plain(field)? {
                None => Ok(None),
                // Digits alone are an integer beyond 64 bits here.
                Some(_) if field.trim_matches('"').trim_start_matches('-').bytes().all(|b| b.is_ascii_digit()) => Err(()),
                Some(value) if value.fract() == 0.0 && value.abs() < 9.2e18 => Ok(Some(value as i64)),
                Some(_) => Err(()),
            },
        };
        let batches = read(text.as_bytes(), &[DataType::Int64, DataType::Float64, DataType::Utf8], batch_rows, None);
        let mut seen = 0;
        for batch in &batches {
            let ints = batch.columns.column(0).as_primitive::<Int64Type>();
            let floats = batch.columns.column(1).as_primitive::<Float64Type>();
            for row in 0..batch.n_rows() {
                let field = &fields[batch.numbers.get(row) as usize - 1];
                prop_assert_eq!(ints.is_valid(row).then(|| ints.value(row)), whole(field).unwrap());
                let float = floats.is_valid(row).then(|| floats.value(row));
                prop_assert_eq!(float.map(f64::to_bits), plain(field).unwrap().map(f64::to_bits));
            }
            for rejected in &batch.rejected {
                let field = &fields[rejected.record as usize - 1];
                prop_assert!(whole(field).is_err() && rejected.reason == Reject::BadNumber);
                prop_assert_eq!(String::from_utf8_lossy(&rejected.text), format!("{field},{field},{field}"));
            }
            seen += batch.n_rows() + batch.rejected.len();
        }
        prop_assert_eq!(seen, fields.len());
    }
}

#[test]
fn rejected_records_say_why_and_keep_their_text() {
    let text = b"1,a\r\n2\r\n\r\n3,b,c\n4x,d\n\x81,e\n5,f\n\x96,g";
    let batches = read(text, &[DataType::Int64, DataType::Utf8], 100, None);
    let [batch] = batches.as_slice() else { panic!("{batches:?}") };
    let kept: Vec<_> = (0..batch.n_rows()).map(|row| batch.numbers.get(row)).collect();
    assert_eq!(kept, [1, 7]);
    // Not UTF-8, but sensible in Windows-1252: text in a column of numbers all the same.
    let rejected: Vec<_> =
        batch.rejected.iter().map(|r| (r.record, r.reason, r.detail.as_str(), &r.text[..])).collect();
    assert_eq!(
        rejected,
        [
            (2, Reject::TooFewFields, "1 field instead of 2", &b"2"[..]),
            (4, Reject::TooManyFields, "3 fields instead of 2", b"3,b,c"),
            (5, Reject::BadNumber, "column c1: \"4x\"", b"4x,d"),
            (6, Reject::NotUtf8, "byte 0x81 at offset 0", b"\x81,e"),
            (8, Reject::BadNumber, "column c1: \"–\"", "–,g".as_bytes()),
        ]
    );
}

#[test]
fn an_unclosed_quote_costs_one_record() {
    let text = b"1,a\n2,\"b\n3,c\n4,d\n";
    let batches = read(text, &[DataType::Int64, DataType::Utf8], 100, None);
    let fates: Vec<_> = batches.iter().flat_map(|b| b.rejected.iter().map(|r| (r.record, r.reason))).collect();
    assert_eq!(fates, [(2, Reject::BadQuote)]);
    assert_eq!(batches.iter().map(Batch::n_rows).sum::<usize>(), 3);
}

#[test]
fn a_survey_widens_and_a_fixed_schema_rejects() {
    let text = b"1,1\n2,9007199254740993\n2.5,3\n4,4\n";
    let types = [DataType::Int64, DataType::Int64];
    let fixed = read(text, &types, 100, None);
    assert_eq!(fixed[0].rejected.len(), 1);
    let widened = Arc::new(Widened::new(2, true));
    let surveyed: Vec<RecordBatch> =
        read(text, &types, 100, Some(widened.clone())).into_iter().map(|batch| batch.columns).collect();
    assert_eq!(surveyed[0].column(0).as_primitive::<Float64Type>().values(), &[1.0, 2.0, 2.5, 4.0]);
    assert_eq!(surveyed[0].column(1).as_primitive::<Int64Type>().value(1), 9_007_199_254_740_993);
    let fields = ["c1", "c2"].map(|name| Field::new(name, DataType::Int64, true));
    let (settled, _) = widened.settle(&Arc::new(Schema::new(fields.to_vec())));
    assert_eq!(settled.field(0).data_type(), &DataType::Float64);
    assert_eq!(settled.field(1).data_type(), &DataType::Int64);
}

#[test]
fn dialects_are_recognised() {
    let detect = |text: &str| Dialect::detect(text.as_bytes(), true, false, None, None);
    let found = |text: &str| {
        let dialect = detect(text).unwrap();
        (char::from(dialect.delimiter), dialect.header, dialect.names.len(), dialect.data_start)
    };
    assert_eq!(found("a,b\n1,2\n"), (',', Header::Own, 2, 4));
    assert_eq!(found("1,2\n3,4\n"), (',', Header::None, 2, 0));
    assert_eq!(found("\n\na;b;c\r\n1,5;2;x\r\n2,5;3;y\r\n"), (';', Header::Own, 3, 9));
    assert_eq!(found("a\tb,c\n1\t2,5\n3\t4,5\n"), ('\t', Header::Own, 2, 6));
    assert_eq!(found("a|b|c\n1|2|3\n"), ('|', Header::Own, 3, 6));
    assert_eq!(found("x y z\n1 2 3\n4 5 6\n"), (' ', Header::Own, 3, 6));
    assert_eq!(found("\"a,1\",\"b\nc\"\n1,2\n"), (',', Header::Own, 2, 12));
    assert_eq!(found("value\n1\n2\n"), (',', Header::Own, 1, 6));
    // All text: names are what no row below repeats.
    assert_eq!(found("proto,state\ntcp,SF\nudp,SF\n"), (',', Header::Own, 2, 12));
    assert_eq!(found("tcp,SF\ntcp,S0\nudp,SF\n"), (',', Header::None, 2, 0));
    assert_eq!(found("proto,state\n"), (',', Header::Own, 2, 12));
    assert!(detect("just a line of prose\nand another one, longer than that\n").is_err());
    assert!(detect("\n\n").is_err());
}

/// What a filter by words leaves of a Zeek log has no names: as a table its addresses and times would be taken for texts.
#[test]
fn a_zeek_log_without_its_header_is_refused_unless_columns_are_named() {
    let record = "1713567603.318246\tC5IIb03R0K8PRgLXpj\t206.168.34.163\t64220\tfe80::1\t6003\ttcp\t-\n".repeat(3);
    let detect = |text: &str, names: Option<&[String]>| Dialect::detect(text.as_bytes(), true, false, names, None);
    let reason = detect(&record, None).unwrap_err();
    assert!(reason.contains("Zeek") && reason.contains("--columns"), "{reason}");
    let names: Vec<String> = (0..8).map(|i| format!("n{i}")).collect();
    assert_eq!(detect(&record, Some(&names)).unwrap().header, Header::None);
    for other in ["C5IIb03R0K8PRgLXpj", "206.168.34.163", "64220", "6003"] {
        assert_eq!(detect(&record.replace(other, "x"), None).unwrap().header, Header::None, "{other}");
    }
}

#[test]
fn given_names_meet_headers() {
    let names = ["a", "b"].map(String::from);
    let detect = |text: &str, names: &[String]| Dialect::detect(text.as_bytes(), true, false, Some(names), None);
    assert_eq!(detect("a,b\n1,2\n", &names).unwrap().header, Header::Own);
    assert_eq!(detect("1,2\n", &names).unwrap().header, Header::None);
    let replaced = detect("x,y\n1,2\n", &names).unwrap();
    assert_eq!((replaced.header, replaced.names), (Header::Replaced, names.to_vec()));
    let reason = detect("1,2,3\n", &names).unwrap_err();
    assert!(reason.contains("3 fields") && reason.contains("2 column names"), "{reason}");
}

#[test]
fn names_are_cleaned_and_unique() {
    let clean = |names: &[&str]| unique(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    assert_eq!(clean(&[" a", "b ", "a", "", " a "]), ["a", "b", "a.1", "c4", "a.2"]);
    assert_eq!(clean(&["a", "a", "a.1"]), ["a", "a.2", "a.1"]);
    assert_eq!(clean(&["", "c1"]), ["c1.1", "c1"]);
    let nsl = preset("NSL-KDD").unwrap();
    assert_eq!((nsl.len(), nsl[22], nsl[41], nsl[42]), (43, "count", "attack", "difficulty"));
    assert_eq!(preset("other"), None);
}
