//! Parquet: spans, dictionaries, what is damaged and how it is said.

use super::*;

#[test]
fn parquet_pieces_of_any_size_give_the_rows_back() {
    let directory = tempfile::tempdir().unwrap();
    let written = rows(0, 10_007);
    let shapes: [fn(WriterPropertiesBuilder) -> WriterPropertiesBuilder; 6] = [
        |p| p,
        |p| p.set_max_row_group_row_count(Some(1_000)),
        |p| p.set_max_row_group_row_count(Some(97)),
        |p| p.set_data_page_row_count_limit(100).set_write_batch_size(64).set_compression(Compression::SNAPPY),
        |p| p.set_dictionary_enabled(false).set_offset_index_disabled(true).set_compression(Compression::LZ4_RAW),
        |p| {
            p.set_writer_version(::parquet::file::properties::WriterVersion::PARQUET_2_0)
                .set_data_page_row_count_limit(333)
                .set_compression(Compression::ZSTD(ZstdLevel::default()))
        },
    ];
    for (shape, properties) in shapes.into_iter().enumerate() {
        let path =
            parquet_file(directory.path(), std::slice::from_ref(&written), properties(WriterProperties::builder()));
        for batch_rows in [1, 64, 1_000, 3_333, 65_536] {
            if batch_rows == 1 && shape > 0 {
                continue; // ten thousand chunks once are enough
            }
            let (probe, batches, failure) = read_parquet(&path, batch_rows);
            assert!(failure.is_none(), "{failure:?}");
            assert!(batches.iter().all(|b| b.n_rows() <= batch_rows + batch_rows / 2), "{shape} {batch_rows}");
            same_rows(&whole(&batches, &Arc::new(probe.schema)), &written);
        }
    }
}

#[test]
fn parquet_text_comes_as_dictionaries_where_it_is_stored_so() {
    let directory = tempfile::tempdir().unwrap();
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let written = rows(0, 5_000);
    let properties = WriterProperties::builder().set_dictionary_page_size_limit(2_000);
    let path = parquet_file(directory.path(), std::slice::from_ref(&written), properties);
    let (probe, batches, _) = read_parquet(&path, 1_000);
    assert_eq!(probe.schema.field_with_name("service").unwrap().data_type(), &dictionary);
    assert_eq!(probe.schema.field_with_name("host").unwrap().data_type(), &DataType::Utf8, "its dictionary overflowed");
    same_rows(&whole(&batches, &Arc::new(probe.schema)), &written);
    // The input as a whole may have them otherwise.
    let met = written.schema();
    let fields = met.fields().iter().map(|field| match field.name().as_str() {
        "host" => Field::new("host", dictionary.clone(), true),
        "service" => Field::new("service", DataType::Utf8, true),
        "count" => Field::new("count", DataType::Float64, true),
        _ => field.as_ref().clone(),
    });
    let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let (batches, failure) = drain(parquet::open(&path, place(schema.clone(), 700)).unwrap());
    assert!(failure.is_none(), "{failure:?}");
    same_rows(&whole(&batches, &schema), &written);
}

#[test]
fn source_bytes_add_up_to_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(1_111));
    let path = parquet_file(directory.path(), &[rows(0, 10_000)], properties);
    let probe = parquet::probe("named", &path).unwrap();
    let mut reader = parquet::open(&path, place(Arc::new(probe.schema), 300)).unwrap();
    let mut bytes = 0;
    while let Some(chunk) = reader.next_chunk().unwrap() {
        bytes += chunk.source_bytes;
    }
    assert_eq!((bytes, reader.records()), (fs::metadata(&path).unwrap().len(), 10_000));
}

#[test]
pub(super) fn parquet_files_without_rows_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = parquet_file(directory.path(), &[rows(0, 0)], WriterProperties::builder());
    let (probe, batches, failure) = read_parquet(&path, 10);
    assert_eq!((probe.schema.fields().len(), batches.len()), (6, 0));
    assert!(failure.is_none());
}

#[test]
fn damaged_parquet_is_named_for_what_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(500));
    let path = parquet_file(directory.path(), &[rows(0, 2_000)], properties);
    let good = fs::read(&path).unwrap();
    let with = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        parquet::probe("named", &path).map(|_| ()).unwrap_err()
    };
    assert!(matches!(with(b"PAR"), Error::UnknownFormat { .. }));
    assert!(matches!(with(b"GIF89a_________"), Error::UnknownFormat { .. }));
    let cut = with(&good[..good.len() - 1]);
    assert!(cut.to_string().contains("footer is missing"), "{cut}");
    assert!(matches!(cut, Error::Damaged { records: 0, .. }));
    let mut lying = good.clone();
    let at = lying.len() - 8;
    lying[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(with(&lying).to_string().contains("footer claims"));
    // Pages of the third row group: what is before them is read, then the error says how much that was.
    let footer = ::parquet::file::metadata::ParquetMetaDataReader::new()
        .parse_and_finish(&bytes::Bytes::from(good.clone()))
        .unwrap();
    let (start, length) = footer.row_group(2).column(0).byte_range();
    let mut broken = good.clone();
    broken[start as usize..(start + length) as usize].fill(0x5a);
    fs::write(&path, &broken).unwrap();
    let (probe, batches, failure) = read_parquet(&path, 500);
    let Some(Error::Damaged { file, records, .. }) = failure else { panic!("no damage: {failure:?}") };
    assert_eq!((file.as_str(), records), ("named", 1_000));
    same_rows(&whole(&batches, &Arc::new(probe.schema)), &rows(0, 1_000));
}

#[test]
fn a_footer_may_not_claim_more_elements_than_it_has_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.parquet");
    let looked_at = |footer: &[u8]| {
        let length = (footer.len() as u32).to_le_bytes();
        fs::write(&path, [b"PAR1", footer, &length, b"PAR1"].concat()).unwrap();
        parquet::probe("named", &path).map(drop).map_err(|error| error.to_string())
    };
    let said = |footer: &[u8]| looked_at(footer).unwrap_err();
    // version = 1; schema = [{name: "r"}]; num_rows = 0; row_groups: list of 2^31 - 1 structs
    let begin = [0x15, 2, 0x19, 0x1c, 0x48, 1, b'r', 0, 0x16, 0];
    let many = [0xff, 0xff, 0xff, 0xff, 0x07];
    let row_groups = said(&[&begin[..], &[0x19, 0xfc], &many].concat());
    assert!(row_groups.contains("2147483647 elements of a list with 0 bytes left"), "{row_groups}");
    // No row groups, then a field 20 that nobody knows: of as many truth values, or of three that are there.
    let unknown = |list: &[u8]| [&begin[..], &[0x19, 0x0c, 0x09, 40], list, &[0]].concat();
    let truths = said(&unknown(&[&[0xf1][..], &many].concat()));
    assert!(truths.contains("2147483647 elements of a list with 1 byte left"), "{truths}");
    let three = said(&unknown(&[0x31, 1, 1, 1]));
    assert!(three.contains("a list of truth values"), "{three}");
    let map = said(&[&begin[..], &[0x19, 0x0c, 0x0b, 40, 0x02, 0x11, 0, 0, 0, 0]].concat());
    assert!(map.contains("a list of truth values"), "{map}");
    // Of numbers it is passed over.
    assert_eq!(looked_at(&unknown(&[0x35, 1, 1, 1])), Ok(()));
}
