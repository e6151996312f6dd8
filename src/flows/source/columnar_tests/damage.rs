//! Thousands of damaged files: none panics, none ends the process.

use super::*;

/// Damages a copy of `good`: flips, overwrites, inserts, removes, cuts.
fn mutated(good: &[u8], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for _ in 0..random.random_range(1..4) {
        if bytes.is_empty() {
            break;
        }
        let at = random.random_range(0..bytes.len());
        match random.random_range(0..6) {
            0 => bytes[at] ^= 1 << random.random_range(0..8),
            1 => bytes[at] = random.random(),
            2 => {
                let end = (at + random.random_range(1..9)).min(bytes.len());
                let extreme = [0x00, 0xff, 0x7f, 0x80][random.random_range(0..4)];
                bytes[at..end].fill(extreme);
            }
            3 => bytes.insert(at, random.random()),
            4 => drop(bytes.remove(at)),
            _ => {
                let end = (at + random.random_range(1..33)).min(bytes.len());
                random.fill_bytes(&mut bytes[at..end]);
            }
        }
    }
    if random.random_range(0..10) == 0 {
        bytes.truncate(random.random_range(0..=bytes.len()));
    }
    bytes
}

/// Whatever the bytes, reading ends with rows or an error; what it gives first is what was written or was damaged.
fn survives(read: impl Fn(&[u8]) -> Result<(), Error>, good: &[u8], seed: u64, rounds: usize) -> (usize, usize) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    read(good).unwrap();
    let mut refused = 0;
    for _ in 0..rounds {
        refused += usize::from(read(&mutated(good, &mut random)).is_err());
    }
    (refused, rounds)
}

const ROUNDS: usize = 600;

/// A new file each time: some file systems flush one that is overwritten, and thousands of those take minutes.
fn replace(path: &Path, bytes: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn mutated_parquet_never_panics() {
    let directory = tempfile::tempdir().unwrap();
    let nested = WriterProperties::builder().set_max_row_group_row_count(Some(2));
    let plain = WriterProperties::builder().set_max_row_group_row_count(Some(40)).set_compression(Compression::SNAPPY);
    let zstd = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default()));
    let v2 = WriterProperties::builder().set_writer_version(::parquet::file::properties::WriterVersion::PARQUET_2_0);
    for (seed, (batch, properties)) in
        [(rows(0, 100), plain), (awkward(), nested), (rows(0, 60), zstd), (rows(0, 60), v2)].into_iter().enumerate()
    {
        let path = parquet_file(directory.path(), &[batch], properties);
        let good = fs::read(&path).unwrap();
        let read = |bytes: &[u8]| {
            replace(&path, bytes);
            let probe = parquet::probe("named", &path)?;
            drain(parquet::open(&path, place(Arc::new(probe.schema), 30))?).1.map_or(Ok(()), Err)
        };
        let (refused, of) = survives(read, &good, seed as u64, ROUNDS);
        assert!(refused * 4 > of, "only {refused} of {of} were refused");
    }
}

#[test]
fn mutated_arrow_never_panics() {
    let directory = tempfile::tempdir().unwrap();
    for (seed, options) in packings().into_iter().enumerate() {
        let batches = if seed == 3 { vec![awkward(), awkward()] } else { vec![rows(0, 40), rows(40, 30)] };
        let path = arrow_file(directory.path(), &batches, options.clone());
        let good = fs::read(&path).unwrap();
        let read = |bytes: &[u8]| {
            replace(&path, bytes);
            let probe = ipc::probe_file("named", &path)?;
            drain(ipc::open_file(&path, place(Arc::new(probe.schema), 30))?).1.map_or(Ok(()), Err)
        };
        survives(read, &good, seed as u64, ROUNDS);
        let read = |bytes: &[u8]| {
            let probe = ipc::probe_stream("named", Box::new(Cursor::new(bytes.to_vec())))?;
            let place = place(Arc::new(probe.schema), 30);
            drain(ipc::open_stream(Box::new(Cursor::new(bytes.to_vec())), place)?).1.map_or(Ok(()), Err)
        };
        survives(read, &arrow_stream(&batches, options), 100 + seed as u64, ROUNDS);
    }
}

#[test]
fn what_a_compressed_buffer_claims_is_not_taken_on_trust() {
    // Numbers that shrink to about a fourth, so that the ratio of a lie can be believed.
    let numbers: Int64Array =
        (0..500_000).map(|i| Some(i64::from((i as u32).wrapping_mul(2_654_435_761) >> 16))).collect();
    let table = RecordBatch::try_from_iter(vec![("n", Arc::new(numbers) as ArrayRef)]).unwrap();
    let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME)).unwrap();
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &table.schema(), options).unwrap();
    writer.write(&table).unwrap();
    let mut bytes = writer.into_inner().unwrap();
    let stated = 4_000_000_u64.to_le_bytes();
    let at = bytes.windows(8).rposition(|eight| eight == stated).unwrap();
    bytes[at..at + 8].copy_from_slice(&(1_u64 << 35).to_le_bytes());
    let schema = table.schema();
    let reader = ipc::open_stream(Box::new(Cursor::new(bytes)), place(schema, 1 << 20)).unwrap();
    let (batches, failure) = drain(reader);
    let failure = failure.unwrap().to_string();
    assert!(batches.is_empty() && failure.contains("claims to hold 34359738368 bytes unpacked"), "{failure}");
}
