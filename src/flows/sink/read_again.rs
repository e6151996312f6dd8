//! What is written in a text format reads again with the same values.

use super::{Sink, SinkOptions, Target};
use crate::flows::source::{Input, InputOptions};
use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::DataType;
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;

/// Any text, often with control characters, quotes, separators, and what readers take for nothing.
fn texts() -> impl Strategy<Value = Option<String>> {
    let odd: Vec<char> = (0..=0x20).chain(0x7f..=0x9f).filter_map(char::from_u32).collect();
    let odd = odd.into_iter().chain("\"\\,;\t|#-'\u{feff}\u{2028}\u{85}".chars()).collect::<Vec<char>>();
    let character =
        prop_oneof![3 => proptest::sample::select(odd), 1 => any::<char>(), 2 => proptest::char::range('a', 'z')];
    let text = proptest::collection::vec(character, 0..12).prop_map(|chars| chars.into_iter().collect::<String>());
    let word = proptest::sample::select(vec!["", "-", "NaN", "null", "1", "07", "(empty)", "true", "\0", " ", "inf"]);
    prop_oneof![1 => Just(None), 6 => text.prop_map(Some), 1 => word.prop_map(|word| Some(word.to_owned()))]
}

fn read_again(path: &Path, columns: &[&str]) -> Vec<Vec<Option<String>>> {
    let known_types = columns.iter().map(|name| ((*name).to_owned(), DataType::Utf8)).collect();
    let options = InputOptions { known_types, batch_rows: 7, ..InputOptions::default() };
    let input = Input::open(&[path.display().to_string()], &options).unwrap();
    let (mut source, mut read) = (input.source().unwrap(), vec![Vec::new(); columns.len()]);
    while let Some(chunk) = source.next_chunk().unwrap() {
        let batch = chunk.parse().unwrap();
        assert!(batch.rejected.is_empty(), "{:?}", batch.rejected);
        for (name, read) in columns.iter().zip(&mut read) {
            let column =
                batch.columns.column_by_name(name).unwrap_or_else(|| panic!("no {name} in {:?}", input.schema));
            read.extend(column.as_string::<i32>().iter().map(|text| text.map(str::to_owned)));
        }
    }
    read
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(if cfg!(debug_assertions) { 400 } else { 2_000 }) })]
    #[test]
    fn any_text_reads_again(a in proptest::collection::vec(texts(), 1..9), b in proptest::collection::vec(texts(), 9)) {
        let b = &b[..a.len()];
        let id = Arc::new(Int64Array::from_iter_values(0..a.len() as i64)) as ArrayRef;
        let column = |texts: &[Option<String>]| Arc::new(StringArray::from_iter(texts)) as ArrayRef;
        let batch = RecordBatch::try_from_iter([("id", id), ("first", column(&a)), ("last", column(b))]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        for name in ["out.csv", "out.tsv", "out.ndjson"] {
            let path = folder.path().join(name);
            let target = Target::parse(path.to_str().unwrap()).unwrap();
            let options = SinkOptions { guard_formulas: false, ..SinkOptions::default() };
            let mut sink = Sink::create(&target, &batch.schema(), &options).unwrap();
            sink.write(sink.encoder().encode(&batch).unwrap()).unwrap();
            sink.finish().unwrap();
            let read = read_again(&path, &["first", "last"]);
            let written = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            // In delimited text an empty field is nothing, quoted or not.
            let empty = |text: &Option<String>| text.clone().filter(|text| !text.is_empty() || name.ends_with("json"));
            let wanted = |texts: &[Option<String>]| texts.iter().map(empty).collect::<Vec<_>>();
            prop_assert_eq!(&read[0], &wanted(&a), "{}: {:?}", name, written);
            prop_assert_eq!(&read[1], &wanted(b), "{}: {:?}", name, written);
        }
    }
}
