//! Parquet pages: the encodings that a decoder sets memory aside for, and claims that would end the program there.

use super::super::parquet::pages::check;
use super::*;
use ::parquet::basic::Encoding;
use ::parquet::column::page::Page;
use ::parquet::file::properties::WriterVersion;
use ::parquet::schema::parser::parse_message_type;
use ::parquet::schema::types::SchemaDescriptor;

/// Texts in delta encodings, with missing ones, as they are after one page of 300 rows and after several.
fn written(encoding: Encoding, version: WriterVersion, page_rows: usize) -> (tempfile::TempDir, PathBuf, RecordBatch) {
    let directory = tempfile::tempdir().unwrap();
    let rows = rows(0, 300).project(&[1, 2]).unwrap();
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_encoding(encoding)
        .set_writer_version(version)
        .set_data_page_row_count_limit(page_rows)
        .set_write_batch_size(50);
    let path = parquet_file(directory.path(), std::slice::from_ref(&rows), properties);
    (directory, path, rows)
}

const VERSIONS: [WriterVersion; 2] = [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0];

#[test]
fn texts_in_delta_encodings_are_read() {
    for encoding in [Encoding::DELTA_LENGTH_BYTE_ARRAY, Encoding::DELTA_BYTE_ARRAY] {
        for (version, page_rows) in VERSIONS.into_iter().flat_map(|version| [(version, 50), (version, 300)]) {
            let (_directory, path, rows) = written(encoding, version, page_rows);
            for batch_rows in [70, 300] {
                let (probe, batches, failure) = read_parquet(&path, batch_rows);
                assert!(failure.is_none(), "{failure:?}");
                same_rows(&whole(&batches, &Arc::new(probe.schema)), &rows);
            }
        }
    }
}

#[test]
fn pages_that_claim_more_texts_than_values_are_damage() {
    // Blocks of 128 in four, 300 values: the header of a section of `host`, which has no missing values.
    let header = [0x80, 0x01, 0x04, 0xac, 0x02];
    for (encoding, sections) in [(Encoding::DELTA_LENGTH_BYTE_ARRAY, 1), (Encoding::DELTA_BYTE_ARRAY, 2)] {
        for version in VERSIONS {
            let (_directory, path, _) = written(encoding, version, 300);
            let bytes = fs::read(&path).unwrap();
            let at: Vec<usize> =
                (0..bytes.len()).filter(|&at| bytes.get(at..at + 5).is_some_and(|met| *met == header)).collect();
            assert_eq!(at.len(), sections, "{encoding} {version:?}");
            for at in at {
                // The second asks for 2^58 bytes.
                for (claim, n) in [(&[0xff, 0x7f][..], 16_383_u64), (&[0x80; 8], 1 << 56)] {
                    let mut claimed = bytes.clone();
                    claimed[at + 3..][..claim.len()].copy_from_slice(claim);
                    if n > 1 << 50 {
                        claimed[at + 3 + claim.len()] = 1;
                    }
                    fs::write(&path, &claimed).unwrap();
                    let (_, batches, failure) = read_parquet(&path, 300);
                    let said = failure.unwrap().to_string();
                    let wanted = format!("a page of 300 values claims {n} of them are stored");
                    assert!(batches.is_empty() && said.contains(&wanted), "{said}");
                }
            }
        }
    }
}

#[test]
fn pages_that_their_bytes_or_rows_contradict_are_refused() {
    let message = "message flows { required binary host (UTF8); required int64 bytes; }";
    let columns = SchemaDescriptor::new(Arc::new(parse_message_type(message).unwrap()));
    let dictionary = |n_values: u32, encoding: Encoding| Page::DictionaryPage {
        buf: vec![0; 80].into(),
        num_values: n_values,
        encoding,
        is_sorted: false,
    };
    for encoding in [Encoding::PLAIN, Encoding::PLAIN_DICTIONARY, Encoding::RLE_DICTIONARY] {
        for (column, most) in [(0, 20), (1, 10)] {
            let checked = |n: u32| check(&dictionary(n, encoding), &columns.column(column), 1_000);
            assert!(checked(most).is_ok(), "{encoding} {column}");
            let said = checked(most + 1).unwrap_err().to_string();
            assert!(said.contains(&format!("80 bytes claims {} values", most + 1)), "{said}");
        }
    }
    let data = |n_values: u32| Page::DataPage {
        buf: vec![0; 80].into(),
        num_values: n_values,
        encoding: Encoding::PLAIN,
        def_level_encoding: Encoding::RLE,
        rep_level_encoding: Encoding::RLE,
        statistics: None,
    };
    assert!(check(&data(1_000), &columns.column(1), 1_000).is_ok());
    assert!(check(&data(1_001), &columns.column(1), 1_000).unwrap_err().to_string().contains("1000 rows"));
}
