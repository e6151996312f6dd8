//! A look at a Parquet footer before the parquet crate parses it: the crate reserves memory for as many row groups as
//! the footer claims, and a flipped bit can claim two thousand million.
//!
//! The footer is a Thrift struct in the compact protocol (thrift.apache.org, "Thrift compact protocol encoding");
//! field 4 of `FileMetaData` is the list of row groups.

use crate::flows::source::positioned::PositionedFile;

const ROW_GROUPS: i16 = 4;
/// Metadata nests less than ten deep.
const MAX_DEPTH: usize = 32;

/// Where the footer lies, and that it claims no more row groups than it has bytes.
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
    match (Compact { rest: &footer }).row_groups() {
        Some(claimed) if claimed > size => Err(format!("the footer claims {claimed} row groups in {size} bytes")),
        Some(_) => Ok(()),
        None => Err("the footer cannot be parsed".into()),
    }
}

/// A reader of the compact protocol that skips everything but sizes. `None` is the end of the bytes or nonsense.
struct Compact<'a> {
    rest: &'a [u8],
}

impl Compact<'_> {
    /// Elements claimed for the list of row groups; 0 where there is none.
    fn row_groups(&mut self) -> Option<u64> {
        let mut id = 0_i16;
        loop {
            let (field, kind) = match self.field(id)? {
                None => return Some(0),
                Some(field) => field,
            };
            id = field;
            if id == ROW_GROUPS && kind == 9 {
                return self.list().map(|(size, _)| size);
            }
            self.skip(kind, 0)?;
        }
    }

    /// The next field's number and type, or `Some(None)` at the end of the struct.
    fn field(&mut self, before: i16) -> Option<Option<(i16, u8)>> {
        let byte = self.byte()?;
        let (delta, kind) = (byte >> 4, byte & 15);
        if kind == 0 {
            return Some(None);
        }
        let id = match delta {
            0 => {
                let zigzag = self.varint()?;
                ((zigzag >> 1) as i16) ^ -((zigzag & 1) as i16)
            }
            delta => before.wrapping_add(i16::from(delta)),
        };
        Some(Some((id, kind)))
    }

    fn list(&mut self) -> Option<(u64, u8)> {
        let byte = self.byte()?;
        let size = match byte >> 4 {
            15 => self.varint()?,
            size => u64::from(size),
        };
        Some((size, byte & 15))
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        match kind {
            1 | 2 => Some(()), // a field's truth value is in its type
            3 => self.byte().map(|_| ()),
            4..=6 => self.varint().map(|_| ()),
            7 => self.advance(8),
            8 => {
                let size = self.varint()?;
                self.advance(size)
            }
            9 | 10 => {
                let (size, element) = self.list()?;
                (0..size).try_for_each(|_| self.skip_element(element, depth))
            }
            11 => {
                let size = self.varint()?;
                if size == 0 {
                    return Some(());
                }
                let kinds = self.byte()?;
                (0..size).try_for_each(|_| {
                    self.skip_element(kinds >> 4, depth)?;
                    self.skip_element(kinds & 15, depth)
                })
            }
            12 => {
                let mut id = 0;
                while let Some((field, kind)) = self.field(id)? {
                    id = field;
                    self.skip(kind, depth + 1)?;
                }
                Some(())
            }
            13 => self.advance(16),
            _ => None,
        }
    }

    /// In lists and maps a truth value takes a byte.
    fn skip_element(&mut self, kind: u8, depth: usize) -> Option<()> {
        match kind {
            1 | 2 => self.byte().map(|_| ()),
            kind => self.skip(kind, depth + 1),
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
