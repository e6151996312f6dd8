//! What a file is, by its first bytes.

use super::{Compression, Format};

/// How a file is packed, by its first stored bytes.
pub(super) fn compression(stored: &[u8]) -> Compression {
    match stored {
        [0x1f, 0x8b, ..] => Compression::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
        // A skippable frame (pzstd begins with one).
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Compression::Zstd,
        _ => Compression::None,
    }
}

/// Formats that are known but not read, with the way out.
const KNOWN: [(&[u8], &str); 16] = [
    (b"PK\x03\x04", "a zip archive; unpack it first"),
    (b"BZh", "bzip2 data; decompress it first, or use gzip or zstd"),
    (b"\xfd7zXZ\0", "xz data; decompress it first, or use gzip or zstd"),
    (b"\x04\x22\x4d\x18", "lz4 data; decompress it first, or use gzip or zstd"),
    (b"PARE", "an encrypted Parquet file; write it without encryption"),
    (b"\xd4\xc3\xb2\xa1", "a packet capture; turn it into flow records first (Zeek, Suricata, Argus)"),
    (b"\xa1\xb2\xc3\xd4", "a packet capture; turn it into flow records first (Zeek, Suricata, Argus)"),
    (b"\x4d\x3c\xb2\xa1", "a packet capture; turn it into flow records first (Zeek, Suricata, Argus)"),
    (b"\x0a\x0d\x0d\x0a", "a packet capture; turn it into flow records first (Zeek, Suricata, Argus)"),
    (b"\x0c\xa5", "an nfdump file; export it first: nfdump -r FILE -o csv"),
    (b"SQLite format 3\0", "an SQLite database; export the table as CSV"),
    (b"Obj\x01", "Avro; convert it to Parquet first"),
    (b"ORC", "ORC; convert it to Parquet first"),
    (b"\xff\xfe", "UTF-16 text; convert it to UTF-8 first: iconv -f UTF-16 -t UTF-8"),
    (b"\xfe\xff", "UTF-16 text; convert it to UTF-8 first: iconv -f UTF-16 -t UTF-8"),
    (b"%PDF", "a PDF document"),
];

/// The UTF-8 byte order mark.
pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

/// What the first decompressed bytes say; `None` for nothing at all. The error is what was met and the way out.
pub(super) fn format(head: &[u8]) -> Result<Option<Format>, String> {
    if head.starts_with(b"PAR1") {
        return Ok(Some(Format::Parquet));
    }
    if head.starts_with(b"ARROW1") {
        return Ok(Some(Format::ArrowFile));
    }
    if head.starts_with(b"\xff\xff\xff\xff") {
        return Ok(Some(Format::ArrowStream));
    }
    if let Some((_, what)) = KNOWN.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(format!("this is {what}"));
    }
    let text = head.strip_prefix(BOM).unwrap_or(head);
    let begin = text.trim_ascii_start();
    if begin.is_empty() {
        return Ok(None);
    }
    if begin.starts_with(b"{") {
        return Ok(Some(Format::Ndjson));
    }
    if begin.starts_with(b"[") && matches!(begin[1..].trim_ascii_start().first(), Some(b'{' | b']')) {
        return Err("this is one JSON array; one object a line is read: jq -c '.[]' FILE".into());
    }
    if super::zeek::begins(text) {
        return Ok(Some(Format::Zeek));
    }
    if text.contains(&b'\r') && !text.contains(&b'\n') && text.trim_ascii_end().contains(&b'\r') {
        return Err("its lines end in carriage returns alone; make newlines of them: tr '\\r' '\\n'".into());
    }
    let look = &text[..text.len().min(4096)];
    let controls = bare(look).filter(|byte| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x1b)).count();
    if bare(look).any(|byte| byte == 0) || controls * 50 > look.len() {
        let first: Vec<String> = head.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        return Err(format!("this is binary data of no kind that is known here (it begins with {})", first.join(" ")));
    }
    Ok(Some(Format::Csv))
}

/// The bytes outside of quoted fields, in which text may hold anything. A field is quoted that begins with a quote where a field
/// can begin and ends with one where it can end, or not in these bytes.
fn bare(text: &[u8]) -> impl Iterator<Item = u8> {
    let is_edge = |byte: u8| matches!(byte, b',' | b';' | b'\t' | b'|' | b' ' | b'\n' | b'\r');
    let mut at = 0;
    std::iter::from_fn(move || {
        while text.get(at) == Some(&b'"') && at.checked_sub(1).and_then(|i| text.get(i)).is_none_or(|b| is_edge(*b)) {
            let end = after_quoted(&text[at..]).map_or(text.len(), |length| at + length);
            if !text.get(end).is_none_or(|byte| is_edge(*byte)) {
                break;
            }
            at = end;
        }
        at += 1;
        text.get(at - 1).copied()
    })
}

/// The length of a quoted field, with its quotes; `None` if it does not end.
fn after_quoted(field: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += field.get(at..)?.iter().position(|byte| *byte == b'"')? + 1;
        match field.get(at) {
            // Doubled: one quote of the text.
            Some(b'"') => at += 1,
            _ => return Some(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_in_quotes_are_text_and_elsewhere_binary() {
        for text in [&b"a,b\n1,\"x\0y\"\n"[..], b"a\tb\n\"\0\"\"\0\"\t2\n", b"a,b\n1,\"\0 goes on", b"\"\0\"\n1\n"] {
            assert_eq!(format(text), Ok(Some(Format::Csv)), "{text:?}");
        }
        for data in [&b"a,b\n1,x\0y\n"[..], b"a,b\n1,\"x\"\0\n", b"a\"b\0\"\n", b"a,\"b\"\0c\"\n", b"\x01\x02,\"x\"\n"]
        {
            assert!(format(data).unwrap_err().contains("binary data"), "{data:?}");
        }
    }
}
