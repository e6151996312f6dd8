//! Arrow IPC: joining and cutting, dictionaries, streams and files that are cut off.

use super::*;

#[test]
fn arrow_batches_are_joined_and_cut_to_size() {
    let directory = tempfile::tempdir().unwrap();
    let sizes = [10, 0, 7, 5_000, 1, 1, 999, 1_001, 2_400, 3];
    let mut first = 0;
    let batches: Vec<RecordBatch> = sizes
        .iter()
        .map(|&n| {
            first += n;
            rows(first - n, n)
        })
        .collect();
    let written = arrow_select::concat::concat_batches(&batches[0].schema(), &batches).unwrap();
    for options in packings() {
        for batch_rows in [1, 13, 1_000, 65_536] {
            let path = arrow_file(directory.path(), &batches, options.clone());
            for (probe, read, failure) in [
                read_arrow_file(&path, batch_rows),
                read_arrow_stream(&arrow_stream(&batches, options.clone()), batch_rows),
            ] {
                assert!(failure.is_none(), "{failure:?}");
                assert!(read.iter().all(|b| b.n_rows() <= 2 * batch_rows));
                assert!(read.len() <= written.num_rows().div_ceil(batch_rows) + sizes.len());
                same_rows(&whole(&read, &Arc::new(probe.schema)), &written);
            }
        }
    }
}

#[test]
fn dictionaries_change_and_grow_within_a_stream() {
    let word = |words: &[&str], keys: &[Option<i32>]| {
        let values = Arc::new(StringArray::from(words.to_vec()));
        let array = DictionaryArray::<Int32Type>::new(Int32Array::from(keys.to_vec()), values);
        RecordBatch::try_from_iter_with_nullable([("word", Arc::new(array) as ArrayRef, true)]).unwrap()
    };
    let growing = [
        word(&["a"], &[Some(0), None]),
        word(&["a", "b"], &[Some(1), Some(0)]),
        word(&["a", "b", "c"], &[Some(2), Some(1), Some(0)]),
    ];
    let replaced = [word(&["a", "b"], &[Some(0), Some(1)]), word(&["z", "y", "x"], &[Some(2), Some(0), None])];
    let [plain, lz4, zstd, deltas] = packings();
    for (batches, options) in
        [(&growing[..], deltas.clone()), (&replaced[..], plain), (&replaced[..], lz4), (&growing[..], zstd)]
    {
        for batch_rows in [1, 2, 100] {
            let (probe, read, failure) = read_arrow_stream(&arrow_stream(batches, options.clone()), batch_rows);
            assert!(failure.is_none(), "{failure:?}");
            let flat = |batch: &RecordBatch| arrow_cast::cast(batch.column(0), &DataType::Utf8).unwrap();
            let read = flat(&whole(&read, &Arc::new(probe.schema)));
            let written: Vec<ArrayRef> = batches.iter().map(flat).collect();
            let written: Vec<&dyn Array> = written.iter().map(AsRef::as_ref).collect();
            assert_eq!(&read, &arrow_select::concat::concat(&written).unwrap());
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let (_, read, failure) = read_arrow_file(&arrow_file(directory.path(), &growing, deltas), 100);
    assert!(failure.is_none() && read[0].n_rows() == 7, "{failure:?}");
}

#[test]
fn a_stream_that_is_cut_off_says_what_came_before() {
    let batches: Vec<RecordBatch> = (0..4).map(|i| rows(i * 100, 100)).collect();
    let bytes = arrow_stream(&batches, IpcWriteOptions::default());
    let end_mark = 8;
    for cut in [1, end_mark - 1, end_mark + 1, 300, 2_000] {
        let (probe, read, failure) = read_arrow_stream(&bytes[..bytes.len() - cut], 100);
        if cut == 1 || cut == end_mark - 1 || cut == end_mark + 1 || cut > end_mark {
            let Some(Error::Damaged { records, .. }) = failure else { panic!("cut by {cut}: {failure:?}") };
            let met = whole(&read, &Arc::new(probe.schema));
            assert_eq!(records, met.num_rows() as u64);
            same_rows(&met, &rows(0, met.num_rows()));
            assert_eq!(records, if cut < end_mark { 400 } else { 300 });
        }
    }
    // Without its end mark a stream is whole: the specification allows it.
    let (_, read, failure) = read_arrow_stream(&bytes[..bytes.len() - end_mark], 100);
    assert!(failure.is_none() && read.len() == 4);
}

#[test]
fn a_file_without_its_footer_is_read_up_to_the_cut() {
    let directory = tempfile::tempdir().unwrap();
    let batches: Vec<RecordBatch> = (0..4).map(|i| rows(i * 100, 100)).collect();
    let path = arrow_file(directory.path(), &batches, IpcWriteOptions::default());
    let good = fs::read(&path).unwrap();
    for (keep, expected) in [(good.len() - 1, 400), (good.len() / 2, 200), (good.len() / 5, 0)] {
        fs::write(&path, &good[..keep]).unwrap();
        let (probe, read, failure) = read_arrow_file(&path, 100);
        let Some(Error::Damaged { records, .. }) = failure else { panic!("{failure:?}") };
        assert_eq!(records, expected, "of {keep} bytes");
        same_rows(&whole(&read, &Arc::new(probe.schema)), &rows(0, expected as usize));
    }
    fs::write(&path, b"ARROW1\0\0").unwrap();
    assert!(ipc::probe_file("named", &path).is_err());
    fs::write(&path, b"ARROW").unwrap();
    assert!(matches!(ipc::probe_file("named", &path), Err(Error::UnknownFormat { .. })));
}

#[test]
fn streams_without_batches_are_read() {
    let (probe, read, failure) = read_arrow_stream(&arrow_stream(&[rows(0, 0)], IpcWriteOptions::default()), 10);
    assert_eq!((probe.schema.fields().len(), read.len()), (6, 0));
    assert!(failure.is_none());
    assert!(ipc::probe_stream("named", Box::new(Cursor::new(Vec::new()))).is_err());
}
