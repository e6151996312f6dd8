//! Lines that are not UTF-8.
//!
//! Old tools on Windows write dashes and quotation marks as single bytes (the original CIC-IDS-2017 files do, in the
//! very labels of the attacks). A line that is not UTF-8 but makes sense as Windows-1252 is read as that, and counted;
//! any other line stays as it is, to be rejected.

/// Text in UTF-8, and how many lines had to be read as Windows-1252.
pub(in crate::flows::source) struct Recoded {
    pub text: Vec<u8>,
    pub lines: u64,
}

/// The text with its Windows-1252 lines in UTF-8; `None` where it is UTF-8 already.
pub(in crate::flows::source) fn recode(text: &[u8]) -> Option<Recoded> {
    if std::str::from_utf8(text).is_ok() {
        return None;
    }
    let mut recoded = Recoded { text: Vec::with_capacity(text.len() + text.len() / 16), lines: 0 };
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        match std::str::from_utf8(line).is_err().then(|| windows_1252(line)).flatten() {
            Some(decoded) => {
                recoded.text.extend_from_slice(decoded.as_bytes());
                recoded.lines += 1;
            }
            None => recoded.text.extend_from_slice(line),
        }
    }
    Some(recoded)
}

/// A name or value for a person to read, whatever its bytes are.
pub(in crate::flows::source) fn readable(text: &[u8]) -> String {
    match std::str::from_utf8(text) {
        Ok(text) => text.to_owned(),
        Err(_) => windows_1252(text).unwrap_or_else(|| String::from_utf8_lossy(text).into_owned()),
    }
}

/// The characters of 0x80 to 0x9f; the rest is as in Latin-1. Five bytes have none.
const UPPER_CONTROLS: [Option<char>; 32] = [
    Some('€'),
    None,
    Some('‚'),
    Some('ƒ'),
    Some('„'),
    Some('…'),
    Some('†'),
    Some('‡'),
    Some('ˆ'),
    Some('‰'),
    Some('Š'),
    Some('‹'),
    Some('Œ'),
    None,
    Some('Ž'),
    None,
    None,
    Some('‘'),
    Some('’'),
    Some('“'),
    Some('”'),
    Some('•'),
    Some('–'),
    Some('—'),
    Some('˜'),
    Some('™'),
    Some('š'),
    Some('›'),
    Some('œ'),
    None,
    Some('ž'),
    Some('Ÿ'),
];

/// The text of Windows-1252 bytes; `None` where one has no character or is a control character that no text has.
fn windows_1252(bytes: &[u8]) -> Option<String> {
    let character = |&byte: &u8| match byte {
        b'\t' | b'\n' | b'\r' => Some(char::from(byte)),
        0..0x20 | 0x7f => None,
        0x80..0xa0 => UPPER_CONTROLS[usize::from(byte) - 0x80],
        _ => Some(char::from(byte)),
    };
    bytes.iter().map(character).collect()
}
