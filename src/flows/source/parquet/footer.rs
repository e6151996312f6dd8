//! A look at a Parquet footer before the parquet crate parses it: the crate reserves memory for as many row groups as the footer claims, and
//! a flipped bit can claim two thousand million; it passes over a list of truth values that it does not know at one step for each, and
//! takes no byte for any, so that six bytes can claim as many of these too.
//!
//! The footer is a Thrift struct in the compact protocol (thrift.apache.org, "Thrift compact protocol encoding").

use crate::flows::source::positioned::PositionedFile;
use crate::words::counted;

/// The type of a struct.
const STRUCT: u8 = 12;
/// The types of truth values: true and false of a field, either of a list.
const TRUTHS: [u8; 2] = [1, 2];
/// Metadata nests less than ten deep.
const MAX_DEPTH: usize = 32;

/// Where the footer lies, and that it claims no more elements of any list than it has bytes.
///
/// # Errors
/// What is wrong, in words.
pub(super) fn check(file: &PositionedFile) -> Result<(), String> {
    let len = file.bytes();
    let Some(tail_start) = len.checked_sub(8).filter(|&start| start >= 4) else {
        return Err(format!("{len} bytes are too few for a Parquet file"));
    };
    let tail = file.read(tail_start, 8).map_err(|e| e.to_string())?;
    let (size, magic) = tail.split_at(4);
    if magic == b"PARE" {
        return Err("the footer is encrypted, which is not read here".into());
    }
    if magic != b"PAR1" {
        return Err("the footer is missing: the file was cut off or never completed".into());
    }
    let size = u64::from(u32::from_le_bytes(size.try_into().unwrap_or_default()));
    let Some(start) = tail_start.checked_sub(size) else {
        return Err(format!("the footer claims {size} bytes of a file of {len}"));
    };
    let footer = file.read(start, size).map_err(|e| e.to_string())?;
    let mut compact = Compact { rest: &footer, wrong: None };
    match compact.skip(STRUCT, 0) {
        Some(()) => Ok(()),
        None => Err(compact.wrong.unwrap_or_else(|| "the footer cannot be parsed".into())),
    }
}

/// A reader of the compact protocol that skips everything but sizes. `None` is the end of the bytes or nonsense, or what `wrong` says.
struct Compact<'a> {
    rest: &'a [u8],
    wrong: Option<String>,
}

impl Compact<'_> {
    /// The next field's type, or `Some(None)` at the end of the struct.
    fn field(&mut self) -> Option<Option<u8>> {
        let byte = self.byte()?;
        let (delta, kind) = (byte >> 4, byte & 15);
        if kind == 0 {
            return Some(None);
        }
        // Its number stands here where it is no small step from the one before.
        if delta == 0 {
            self.varint()?;
        }
        Some(Some(kind))
    }

    fn list(&mut self) -> Option<(u64, u8)> {
        let byte = self.byte()?;
        let size = match byte >> 4 {
            15 => self.varint()?,
            size => u64::from(size),
        };
        self.claims(size, &[byte & 15])?;
        Some((size, byte & 15))
    }

    /// Whether so many elements of these types may follow: each takes a byte at least.
    fn claims(&mut self, size: u64, kinds: &[u8]) -> Option<()> {
        let left = self.rest.len();
        if size > left as u64 {
            self.wrong =
                Some(format!("the footer claims {size} elements of a list with {} left", counted(left, "byte")));
        } else if size > 0 && kinds.iter().any(|kind| TRUTHS.contains(kind)) {
            self.wrong = Some("the footer has a list of truth values, and Parquet's has none".into());
        }
        self.wrong.is_none().then_some(())
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        match kind {
            kind if TRUTHS.contains(&kind) => Some(()), // a field's truth value is in its type
            3 => self.byte().map(|_| ()),
            4..=6 => self.varint().map(|_| ()),
            7 => self.advance(8),
            8 => {
                let size = self.varint()?;
                self.advance(size)
            }
            9 | 10 => {
                let (size, element) = self.list()?;
                (0..size).try_for_each(|_| self.skip(element, depth + 1))
            }
            11 => {
                let size = self.varint()?;
                if size == 0 {
                    return Some(());
                }
                let kinds = self.byte()?;
                self.claims(size, &[kinds >> 4, kinds & 15])?;
                (0..size).try_for_each(|_| {
                    self.skip(kinds >> 4, depth + 1)?;
                    self.skip(kinds & 15, depth + 1)
                })
            }
            STRUCT => {
                while let Some(kind) = self.field()? {
                    self.skip(kind, depth + 1)?;
                }
                Some(())
            }
            13 => self.advance(16),
            _ => None,
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn advance(&mut self, bytes: u64) -> Option<()> {
        self.rest = self.rest.get(usize::try_from(bytes).ok()?..)?;
        Some(())
    }
}
