//! Parquet pages: the encodings that a decoder sets memory aside for, and claims that would end the program there.

use super::*;
use ::parquet::basic::Encoding;
use ::parquet::file::properties::WriterVersion;

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
                let mut claimed = bytes.clone();
                claimed[at + 3..at + 5].copy_from_slice(&[0xff, 0x7f]);
                fs::write(&path, &claimed).unwrap();
                let (_, batches, failure) = read_parquet(&path, 300);
                let said = failure.unwrap().to_string();
                assert!(batches.is_empty() && said.contains("a page of 300 values claims 16383 texts"), "{said}");
            }
        }
    }
}

#[test]
fn no_byte_of_a_page_ends_the_program() {
    for encoding in [Encoding::DELTA_LENGTH_BYTE_ARRAY, Encoding::DELTA_BYTE_ARRAY] {
        let (_directory, path, _) = written(encoding, WriterVersion::PARQUET_1_0, 300);
        let bytes = fs::read(&path).unwrap();
        let pages = bytes.len() - 8 - u32::from_le_bytes(bytes[bytes.len() - 8..][..4].try_into().unwrap()) as usize;
        for at in (4..pages.min(1_500)).chain(pages.saturating_sub(200)..pages) {
            let mut other = bytes.clone();
            other[at] = if bytes[at] == 0xff { 0x7f } else { 0xff };
            fs::write(&path, &other).unwrap();
            read_parquet(&path, 300);
        }
    }
}
