//! Unit tests of the sinks' parts; whole outputs are tested in `tests/sinks.rs`.

use super::guard::{is_formula, printable};
use super::{OutputFormat, Target};
use crate::flows::instant::{Zone, push_date, push_seconds, push_time_of_day, push_timestamp};
use crate::flows::source::Compression;
use arrow_array::{ArrayRef, Date32Array, PrimitiveArray, types::*};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::TimeUnit;
use proptest::prelude::*;
use std::sync::Arc;

fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap()
}

fn by_arrow(array: ArrayRef, format: &str) -> String {
    let options = FormatOptions::default()
        .with_timestamp_format(Some(format))
        .with_timestamp_tz_format(Some(format))
        .with_date_format(Some("%Y-%m-%d"));
    ArrayFormatter::try_new(array.as_ref(), &options).unwrap().value(0).to_string()
}

#[test]
fn targets_are_read_by_extension() {
    let read = |text: &str| Target::parse(text).map(|t| (t.path.is_some(), t.format, t.compression)).ok();
    use Compression::{Gzip, None as Plain, Zstd};
    use OutputFormat::*;
    for (given, expected) in [
        ("-", Some((false, Csv, Plain))),
        ("-.ndjson", Some((false, Ndjson, Plain))),
        ("-.csv.gz", Some((false, Csv, Gzip))),
        ("-.arrow", Some((false, ArrowStream, Plain))),
        ("-.parquet", Some((false, Parquet, Plain))),
        ("a.CSV", Some((true, Csv, Plain))),
        ("dir.d/a.b.tsv.zst", Some((true, Tsv, Zstd))),
        ("a.jsonl.GZ", Some((true, Ndjson, Gzip))),
        ("a.arrow", Some((true, ArrowFile, Plain))),
        ("a.arrows", Some((true, ArrowStream, Plain))),
        ("./-.csv", Some((true, Csv, Plain))),
        ("a.parquet.gz", None),
        ("a.arrow.zst", None),
        ("a", None),
        ("a.gz", None),
        ("csv", None),
        (".csv", None),
        ("é.gz", None),
        ("", None),
        ("-.", None),
    ] {
        assert_eq!(read(given), expected, "{given}");
    }
    let said = Target::parse("out.xlsx").unwrap_err().to_string();
    assert!(said.contains("out.xlsx") && said.contains(".parquet"), "{said}");
}

#[test]
fn formulas_are_known_from_numbers() {
    for formula in
        ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "\rx", "\n=x", "＝1", "-1e", "+.", "--1", "-1.2.3", "+1e+"]
    {
        assert!(is_formula(formula), "{formula:?}");
    }
    for harmless in ["", "-", "-1", "+1.5", "-.5", "-1e-9", "+1E+9", "1=1", " =1", "a@b", "'=1", "tcp", "-1."] {
        assert!(!is_formula(harmless), "{harmless:?}");
    }
}

#[test]
fn what_acts_on_a_terminal_is_spelled_out() {
    assert_eq!(printable("plain ünïcode 数 🦀"), "plain ünïcode 数 🦀");
    assert_eq!(printable("\x1b]0;x\x07\r\n\t\0\x7f"), r"\x1b]0;x\x07\x0d\x0a\x09\x00\x7f");
    assert_eq!(
        printable("\u{9b}31m\u{202e}\u{2066}\u{200b}\u{feff}\u{2028}"),
        r"\u{9b}31m\u{202e}\u{2066}\u{200b}\u{feff}\u{2028}"
    );
}

#[test]
fn zones_keep_their_offset() {
    let at = |zone| text(|out| push_timestamp(1_764_054_600_250, TimeUnit::Millisecond, &Zone::of(zone), out));
    assert_eq!(at(None), "2025-11-25T07:10:00.250");
    assert_eq!(at(Some("UTC")), "2025-11-25T07:10:00.250Z");
    assert_eq!(at(Some("+00:00")), "2025-11-25T07:10:00.250Z");
    assert_eq!(at(Some("+05:30")), "2025-11-25T12:40:00.250+05:30");
    assert_eq!(at(Some("-0800")), "2025-11-24T23:10:00.250-08:00");
    assert_eq!(at(Some("Europe/Berlin")), "2025-11-25T07:10:00.250Z");
    assert_eq!(at(Some("+99")), "2025-11-25T07:10:00.250Z");
}

#[test]
fn extremes_do_not_overflow() {
    for value in [i64::MIN, i64::MAX] {
        for unit in [TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond] {
            for zone in [Zone::Utc, Zone::Offset(-1439), Zone::Offset(1439)] {
                assert!(text(|out| push_timestamp(value, unit, &zone, out)).contains('T'));
            }
            text(|out| push_time_of_day(value, unit, out));
            text(|out| push_seconds(value, unit, out));
        }
        text(|out| push_date(value, out));
    }
    assert_eq!(text(|out| push_date(-719_529, out)), "-0001-12-31");
    assert_eq!(text(|out| push_date(2_932_897, out)), "+10000-01-01");
    assert_eq!(text(|out| push_seconds(-1_500, TimeUnit::Millisecond, out)), "-1.500");
    assert_eq!(text(|out| push_time_of_day(25_800_000_001, TimeUnit::Microsecond, out)), "07:10:00.000001");
}

proptest! {
    #[test]
    fn times_agree_with_chrono(seconds in -62_000_000_000_i64..250_000_000_000, nanos in 0_i64..1_000_000_000, minutes in -839_i32..840) {
        let zone = format!("{}{:02}:{:02}", if minutes < 0 { '-' } else { '+' }, minutes.abs() / 60, minutes.abs() % 60);
        let suffix = if minutes == 0 { "Z" } else { "%:z" };
        let millis = PrimitiveArray::<TimestampMillisecondType>::from(vec![seconds * 1_000 + nanos / 1_000_000]);
        let expected = by_arrow(Arc::new(millis.clone().with_timezone(zone.clone())), &format!("%Y-%m-%dT%H:%M:%S%.3f{suffix}"));
        let ours = text(|out| push_timestamp(millis.value(0), TimeUnit::Millisecond, &Zone::of(Some(&zone)), out));
        prop_assert_eq!(ours, expected);

        let micros = PrimitiveArray::<TimestampMicrosecondType>::from(vec![seconds * 1_000_000 + nanos / 1_000]);
        let ours = text(|out| push_timestamp(micros.value(0), TimeUnit::Microsecond, &Zone::Unstated, out));
        prop_assert_eq!(ours, by_arrow(Arc::new(micros), "%Y-%m-%dT%H:%M:%S%.6f"));

        let days = Date32Array::from(vec![(seconds / 86_400) as i32]);
        prop_assert_eq!(text(|out| push_date(i64::from(days.value(0)), out)), by_arrow(Arc::new(days), ""));
    }

    #[test]
    fn printable_text_has_nothing_that_acts(given in any::<String>()) {
        let shown = printable(&given);
        prop_assert!(!shown.chars().any(char::is_control));
        prop_assert_eq!(printable(&shown), shown.as_ref());
    }
}
