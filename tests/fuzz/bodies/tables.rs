//! Files of records, of any format that is read.

use super::flows;
use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use oddflow::Result;
use oddflow::flows::source::{Input, InputOptions, Source, preset};
use oddflow::flows::{Batch, Reject};
use std::io::{Cursor, Write};

/// Passes that an input may want before its types are wide enough: whole number, real number, text.
const MOST_PASSES: usize = 4;

/// Records and bytes of decoded rows after which a reading is given up: packed bytes may stand for any number.
const ENOUGH: (usize, usize) = (1 << 20, 256 << 20);

/// What reading an input gave.
#[derive(Debug, PartialEq)]
struct Outcome {
    rows: RecordBatch,
    rejected: Vec<(u64, Reject)>,
    /// Whether it ended in an error.
    failed: bool,
}

/// Delimited text whose delimiter may be named.
pub fn csv(data: &[u8]) {
    let (data, delimiter) = match data {
        [b'#', b'd', delimiter @ (b';' | b'|' | b'\t' | b','), rest @ ..] => (rest, Some(*delimiter)),
        data => (data, None),
    };
    read(data, &InputOptions { delimiter, ..InputOptions::default() }, true);
}

/// Text that says itself what it is.
pub fn text(data: &[u8]) {
    read(data, &InputOptions::default(), true);
}

/// Tables of connections: as they are, and with the names of KDD's columns.
pub fn with_presets(data: &[u8]) {
    read(data, &InputOptions::default(), true);
    let line = data.split(|&byte| byte == b'\n').next().unwrap_or_default();
    if line.iter().filter(|&&byte| byte == b',').count() >= 40 {
        let names = preset("nsl-kdd").map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        read(data, &InputOptions { column_names: names, ..InputOptions::default() }, true);
    }
}

/// Parquet and Arrow. Rows come in the batches that the file has.
pub fn columnar(data: &[u8]) {
    read(data, &InputOptions::default(), false);
}

/// Packed text: as it is where it begins as such, else packed here, and damaged as the first three bytes say.
pub fn packed(data: &[u8]) {
    if data.starts_with(&[0x1f, 0x8b]) || data.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        return read(data, &InputOptions::default(), true);
    }
    let [how, at, xor, text @ ..] = data else { return };
    let (first, second) = text.split_at(text.len() / (1 + usize::from(how >> 4)));
    // Two members, or two frames.
    let Ok(mut stored) =
        [first, second].into_iter().map(|part| pack(part, how & 1 == 1)).collect::<std::io::Result<Vec<_>>>()
    else {
        return;
    };
    let mut stored = std::mem::take(&mut stored).concat();
    let place = stored.len() * usize::from(*at) / 256;
    match how >> 1 & 3 {
        0 => {}
        1 => stored.truncate(place),
        2 => stored[place] ^= xor,
        _ => stored.extend([*at, *xor]),
    }
    read(&stored, &InputOptions::default(), true);
}

fn pack(text: &[u8], gzip: bool) -> std::io::Result<Vec<u8>> {
    if !gzip {
        return zstd::encode_all(text, 1);
    }
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text)?;
    encoder.finish()
}

/// Reads an input whole, in large batches and in small ones, strictly and keeping what is before damage; then as flows.
fn read(data: &[u8], options: &InputOptions, in_any_batches: bool) {
    let small = InputOptions { batch_rows: 1 + data.len() % 5, ..options.clone() };
    for skip_errors in [false, true] {
        let large = InputOptions { skip_errors, ..options.clone() };
        let Some((input, batches, whole)) = whole(data, &large) else { return };
        let again = whole_outcome(data, &InputOptions { skip_errors, ..small.clone() });
        if in_any_batches {
            let again = again.expect("what opens once opens again");
            // What is before damage may end with the batch that it is in.
            if !whole.failed {
                assert_eq!(whole, again, "rows depend on the size of batches");
            }
        }
        flows::read(&input, &batches);
        if !whole.failed {
            break;
        }
    }
    pipe(data, options);
}

fn whole_outcome(data: &[u8], options: &InputOptions) -> Option<Outcome> {
    whole(data, options).map(|(_, _, outcome)| outcome)
}

/// `None`: it is no input. Types are settled by surveys first.
fn whole(data: &[u8], options: &InputOptions) -> Option<(Input, Vec<Batch>, Outcome)> {
    let options = InputOptions { spool: Some(1 << 30), ..options.clone() };
    let mut input = Input::open_with_stdin(&["-".into()], &options, Box::new(Cursor::new(data.to_vec()))).ok()?;
    for pass in 0.. {
        assert!(pass < MOST_PASSES, "an input wants to be read again and again");
        drain(input.survey_source());
        let again = input.wants_wider();
        input.settle();
        if !again {
            break;
        }
    }
    let (batches, failed) = drain(input.source());
    assert!(!input.wants_wider() || failed, "a pass after the last survey wants another");
    let rows = batches.iter().map(|batch| &batch.columns);
    let rows = concat_batches(&input.schema, rows).expect("batches have the schema of the input");
    let rejected = batches.iter().flat_map(|batch| &batch.rejected).map(|r| (r.record, r.reason)).collect();
    let _ = (input.passed_over(), input.recoded_lines(), input.damages(), &input.notes);
    Some((input, batches, Outcome { rows, rejected, failed }))
}

/// All batches, and whether an error ended them.
fn drain(source: Result<Box<dyn Source>>) -> (Vec<Batch>, bool) {
    let Ok(mut source) = source else { return (Vec::new(), true) };
    let (mut batches, mut last, mut rows, mut bytes) = (Vec::<Batch>::new(), 0, 0, 0);
    loop {
        let batch = match source.next_chunk() {
            Ok(Some(chunk)) => chunk.parse(),
            Ok(None) => return (batches, false),
            Err(error) => Err(error),
        };
        let Ok(batch) = batch else { return (batches, true) };
        for row in 0..batch.n_rows() {
            let number = batch.numbers.get(row);
            assert!(number > last, "record {number} comes after {last}");
            last = number;
        }
        let damaged = batch.damage.is_some();
        rows += batch.n_rows() + batch.rejected.len();
        bytes += batch.columns.get_array_memory_size();
        batches.push(batch);
        if rows > ENOUGH.0 || bytes > ENOUGH.1 {
            return (batches, true);
        }
        if damaged {
            // What is behind the damage does not count.
            return (batches, false);
        }
    }
}

/// Once, as standard input that is not copied.
fn pipe(data: &[u8], options: &InputOptions) {
    let opened = Input::open_with_stdin(&["-".into()], options, Box::new(Cursor::new(data.to_vec())));
    if let Ok(input) = opened {
        drain(input.source());
    }
}
