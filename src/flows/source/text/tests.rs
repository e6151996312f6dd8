//! Each fast way against a plain one.

use super::blocks::{Blocks, Kind, RECORD_LIMIT};
use super::columns::unquote;
use super::infer::Evidence;
use super::number::{Token, classify, eight_digits, integral, short_decimal, short_integer};
use super::scan::{Marks, Scanner, padded, positions_native, positions_portable};
use crate::flows::source::Compression;
use crate::flows::source::bytes::{Bytes, End};
use arrow_schema::DataType;
use proptest::prelude::*;
use std::io::Cursor;

/// Text of the characters that matter, in which long plain stretches occur too.
fn tricky() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => prop::sample::select(vec![&b"a"[..], b"bc", b",", b"\"", b"\n", b"\r\n", b" ", b"\"\""]).prop_map(<[u8]>::to_vec),
        1 => (1usize..200).prop_map(|n| vec![b'x'; n]),
        1 => Just(b"\"quoted, field\"".to_vec()),
    ];
    prop::collection::vec(piece, 0..200).prop_map(|pieces| pieces.concat())
}

/// One byte a step: where delimiters and newlines stand outside quotes, and whether the end is inside.
fn plain_scan(text: &[u8]) -> (Vec<(usize, bool)>, bool) {
    let (mut marks, mut quoted, mut i, mut at_start) = (Vec::new(), false, 0, true);
    while i < text.len() {
        match (quoted, text[i]) {
            (true, b'"') if text.get(i + 1) == Some(&b'"') => i += 1,
            (true, b'"') => quoted = false,
            (true, _) => {}
            (false, b'"') if at_start => quoted = true,
            (false, b',') => marks.push((i, false)),
            (false, b'\n') => marks.push((i, true)),
            _ => {}
        }
        at_start = !quoted && matches!(text[i], b',' | b'\n');
        i += 1;
    }
    (marks, quoted)
}

fn fast_scan(text: &[u8]) -> (Vec<(usize, bool)>, bool) {
    let mut scanner = Scanner::new(b',');
    let mut marks = Vec::new();
    for base in (0..text.len()).step_by(64) {
        let Marks { seps, ends } = scanner.advance(&padded(text, base));
        for i in 0..64 {
            if (seps | ends) >> i & 1 == 1 {
                marks.push((base + i, ends >> i & 1 == 1));
            }
        }
    }
    (marks, scanner.in_quotes())
}

fn blocks_of(text: &[u8], quoted: bool, records: usize) -> Blocks {
    let bytes = Bytes::new(Box::new(Cursor::new(text.to_vec())), Compression::None).unwrap();
    if quoted { Blocks::quoted(bytes, b',', records) } else { Blocks::lines(bytes, records) }
}

proptest! {
    #[test]
    fn bytes_are_found_where_they_are(bytes in prop::array::uniform32(prop::sample::select(vec![0u8, 9, 10, 34, 44, 127, 128, 138, 162, 255])), wanted in any::<[u8; 3]>()) {
        let mut block = [0; 64];
        block[..32].copy_from_slice(&bytes);
        block[32..].copy_from_slice(&bytes);
        block[40] = wanted[0];
        for wanted in [wanted, [44, 10, 34]] {
            let plain = wanted.map(|w| block.iter().enumerate().fold(0u64, |bits, (i, &b)| bits | u64::from(b == w) << i));
            prop_assert_eq!(positions_portable(&block, wanted), plain);
            prop_assert_eq!(positions_native(&block, wanted), plain);
        }
    }

    #[test]
    fn scanning_agrees_with_a_plain_scan(text in tricky()) {
        // At the very end of the text a quote can still turn out to be doubled: both say "not inside".
        prop_assert_eq!(fast_scan(&text), plain_scan(&text));
    }

    #[test]
    fn blocks_are_the_text_cut_after_records(text in tricky(), records in 1usize..50, quoted in any::<bool>()) {
        let mut blocks = blocks_of(&text, quoted, records);
        let (mut joined, mut next) = (Vec::new(), 1);
        let end = loop {
            match blocks.next_block() {
                Ok(block) => {
                    prop_assert!(block.records <= records && block.records > 0);
                    prop_assert_eq!(block.first, next);
                    next += block.records as u64;
                    joined.extend_from_slice(block.bytes());
                    let newlines = match block.kind {
                        Kind::Quoted => plain_scan(block.bytes()).0.iter().filter(|mark| mark.1).count(),
                        _ => block.bytes().iter().filter(|&&b| b == b'\n').count(),
                    };
                    let open = usize::from(!block.bytes().ends_with(b"\n"));
                    prop_assert_eq!(newlines + open, block.records);
                }
                Err(end) => break end,
            }
        };
        prop_assert_eq!(end, End::Whole);
        prop_assert_eq!(joined, text);
        prop_assert_eq!(blocks.records() + 1, next);
    }

    #[test]
    fn eight_digits_are_read_or_refused(text in "[0-9]{0,9}", junk in "[0-9:/ a,\u{80}]{0,12}", at in 0usize..9) {
        let bytes = [text.as_bytes(), junk.as_bytes()].concat();
        let wanted = (text.len() <= 8 && !text.is_empty() && bytes.len() >= 8 && (text.len() == 1 || !text.starts_with('0'))).then(|| text.parse::<i64>().unwrap());
        prop_assert_eq!(eight_digits(&bytes, 0, text.len()), wanted);
        // One byte that is no digit spoils it, whichever byte it is.
        if at < text.len() {
            for wrong in (0..=255u8).filter(|b| !b.is_ascii_digit()) {
                let mut bytes = bytes.clone();
                bytes[at] = wrong;
                prop_assert_eq!(eight_digits(&bytes, 0, text.len()), None);
            }
        }
    }

    #[test]
    fn short_numbers_are_what_the_standard_library_reads(text in "-?[0-9]{0,17}(\\.[0-9]{0,16})?") {
        if let Some(value) = short_decimal(text.as_bytes()) {
            prop_assert_eq!(value.to_bits(), text.parse::<f64>().unwrap().to_bits());
        }
        if let Some(value) = short_integer(text.as_bytes()) {
            prop_assert_eq!(value, text.parse::<i64>().unwrap());
        }
    }

    #[test]
    fn numbers_that_are_written_are_read_back(value in any::<f64>(), int in any::<i64>()) {
        let text = format!("{value}");
        match classify(text.as_bytes()) {
            Token::Float(read) | Token::Wide(read) => prop_assert_eq!(read.to_bits(), value.to_bits()),
            Token::Int(read) => prop_assert_eq!(read as f64, value),
            Token::Missing { nan } => prop_assert!(nan && value.is_nan()),
            other => prop_assert!(false, "{text} is {other:?}"),
        }
        prop_assert_eq!(classify(int.to_string().as_bytes()), Token::Int(int));
        if let Some(whole) = integral(value) {
            prop_assert_eq!(whole as f64, value);
        }
    }

    #[test]
    fn unquoting_undoes_quoting(text in "[a\",\n]{0,40}") {
        let quoted = format!("\"{}\"", text.replace('"', "\"\""));
        prop_assert_eq!(unquote(quoted.as_bytes()), text.as_bytes());
    }
}

#[test]
fn tokens_are_what_people_write() {
    let missing = Token::Missing { nan: false };
    let nan = Token::Missing { nan: true };
    let cases: [(&str, Token); 40] = [
        ("", missing),
        ("  ", missing),
        ("-", missing),
        ("NULL", missing),
        ("None", missing),
        ("n/a", missing),
        ("NA", nan),
        ("NaN", nan),
        ("-nan", nan),
        (" 12 ", Token::Int(12)),
        ("-7", Token::Int(-7)),
        ("0", Token::Int(0)),
        ("+7", Token::Code),
        ("+0", Token::Code),
        ("007", Token::Code),
        ("-07", Token::Code),
        ("00", Token::Code),
        ("07.5", Token::Code),
        ("0.5", Token::Float(0.5)),
        ("-0.5", Token::Float(-0.5)),
        ("+0.5", Token::Float(0.5)),
        ("0x0008", Token::Code),
        ("0x867d", Token::Code),
        ("0x00000000000000001", Token::Code),
        ("07:30", Token::Text),
        ("0x", Token::Text),
        ("9223372036854775807", Token::Int(i64::MAX)),
        ("-9223372036854775808", Token::Int(i64::MIN)),
        ("9223372036854775808", Token::Wide(9_223_372_036_854_775_808.0)),
        ("1e3", Token::Float(1000.0)),
        ("1.", Token::Float(1.0)),
        (".5", Token::Float(0.5)),
        ("Infinity", Token::Float(f64::INFINITY)),
        ("-inf", Token::Float(f64::NEG_INFINITY)),
        ("12x", Token::Text),
        ("1,5", Token::Text),
        ("--", Token::Text),
        ("1 2", Token::Text),
        ("10.0.0.1", Token::Text),
        ("\u{663}", Token::Text),
    ];
    for (text, token) in cases {
        assert_eq!(classify(text.as_bytes()), token, "{text:?}");
    }
}

#[test]
fn types_follow_from_values() {
    let judge = |fields: &[&str]| {
        let mut evidence = Evidence::default();
        fields.iter().for_each(|field| evidence.field(field.as_bytes()));
        evidence.data_type()
    };
    assert_eq!(judge(&["1", "", "-", "3"]), DataType::Int64);
    assert_eq!(judge(&["1", "2.5"]), DataType::Float64);
    assert_eq!(judge(&["1", "Infinity"]), DataType::Float64);
    assert_eq!(judge(&["1", "NaN"]), DataType::Float64);
    assert_eq!(judge(&["1", "x"]), DataType::Utf8);
    assert_eq!(judge(&["", "-"]), DataType::Null);
    assert_eq!(judge(&["80", "0x0008"]), DataType::Utf8);
    assert_eq!(judge(&["80", "07618"]), DataType::Utf8);
    assert_eq!(judge(&["0", "0.00", "0.5"]), DataType::Float64);
    assert_eq!(judge(&["1", "+5"]), DataType::Utf8);
    assert_eq!(judge(&["1", "14052249837599279341"]), DataType::Utf8);
    assert_eq!(judge(&["NaN", "14052249837599279341"]), DataType::Utf8);
    assert_eq!(judge(&["0.5", "100000000000000000000"]), DataType::Float64);
    assert_eq!(judge(&["0x1f", "0x2a"]), DataType::Utf8);
    let many = |bad: usize| [vec!["1"; 1000 - bad], vec!["x"; bad]].concat();
    assert_eq!(judge(&many(10)), DataType::Int64);
    assert_eq!(judge(&many(11)), DataType::Utf8);
}

#[test]
fn a_quote_that_never_closes_costs_its_own_line() {
    let mut text = b"a,b\n\"open,1\n".to_vec();
    let lines = 3 * RECORD_LIMIT / 4;
    (0..lines).for_each(|_| text.extend_from_slice(b"c,d\n"));
    for records in [1000, 65_536, usize::MAX] {
        let mut blocks = blocks_of(&text, true, records);
        let (mut joined, mut n, mut as_lines) = (Vec::new(), 0, 0);
        while let Ok(block) = blocks.next_block() {
            n += block.records;
            as_lines += if block.kind == Kind::Lines { block.bytes().len() } else { 0 };
            joined.extend_from_slice(block.bytes());
        }
        assert!(joined == text && n == lines + 2);
        // Lines are read as such up to the first that begins past the limit, whatever the size of a block.
        assert_eq!(as_lines, RECORD_LIMIT.div_ceil(4) * 4);
    }
}

#[test]
fn quotes_that_never_pair_cost_time_in_proportion() {
    // Each line leaves the next in quotes for ever; whether the limit falls inside or between them must not matter.
    for line in [&b"a\"b,\"c\n"[..], b"a\"b,\"cc\n", b"a\"bbbbbbbbb,\"c\n"] {
        let n = (10 << 20) / line.len();
        let text = line.repeat(n);
        let mut blocks = blocks_of(&text, true, 65_536);
        let (mut records, mut n_blocks) = (0, 0);
        while let Ok(block) = blocks.next_block() {
            assert!(block.kind == Kind::Lines);
            records += block.records;
            n_blocks += 1;
        }
        assert!(records == n && n_blocks < 60, "{records} records of {n} in {n_blocks} blocks");
    }
}

#[test]
fn a_line_beyond_the_limit_is_one_record() {
    for (length, kept) in [(RECORD_LIMIT, true), (RECORD_LIMIT + 1, false), (40 << 20, false)] {
        for quoted in [true, false] {
            let text = [b"a,b\n".to_vec(), vec![b'x'; length], b"\nc,d\n".to_vec()].concat();
            let mut blocks = blocks_of(&text, quoted, 100);
            let mut kinds = Vec::new();
            while let Ok(block) = blocks.next_block() {
                kinds.push((block.kind == Kind::Overlong, block.first, block.records, block.bytes().len()));
            }
            let wanted = if kept {
                vec![(false, 1, 3, text.len())]
            } else {
                vec![(false, 1, 1, 4), (true, 2, 1, 64 << 10), (false, 3, 1, 4)]
            };
            assert_eq!(kinds, wanted);
        }
    }
}
