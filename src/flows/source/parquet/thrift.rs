//! A look at Thrift structs in the compact protocol (thrift.apache.org, "Thrift compact protocol encoding"), which Parquet's footer and the
//! headers of its pages are, before the parquet crate parses them.
//!
//! The crate passes over a list of truth values that it does not know at one step for each and takes no byte for any, so that six bytes can
//! claim two thousand million of them.

use crate::words::counted;

/// The type of a struct.
const STRUCT: u8 = 12;
/// The types of truth values: true and false of a field, either of a list.
const TRUTHS: [u8; 2] = [1, 2];
/// Metadata nests less than ten deep.
const MAX_DEPTH: usize = 32;

/// What a look at a struct met.
pub(super) enum Look {
    /// It ends within the bytes, and claims no more elements of any list than may follow.
    Whole,
    /// The bytes end before it does.
    Short,
    /// What is wrong with it, behind "the footer" or the like.
    Wrong(String),
}

/// Looks at the struct that `bytes` begin with, behind which there are so many more in the file.
pub(super) fn look(bytes: &[u8], beyond: u64) -> Look {
    let mut compact = Compact { rest: bytes, beyond, wrong: None };
    match (compact.skip(STRUCT, 0), compact.wrong) {
        (Some(()), _) => Look::Whole,
        (None, None) => Look::Short,
        (None, Some(what)) => Look::Wrong(what),
    }
}

/// A reader of the compact protocol that skips everything but sizes. `None`: `wrong` says why, or the bytes end.
struct Compact<'a> {
    rest: &'a [u8],
    beyond: u64,
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
        let left = self.beyond.saturating_add(self.rest.len() as u64);
        if size > left {
            return self.is_wrong(format!("claims {size} elements of a list with {} left", counted(left, "byte")));
        }
        match size > 0 && kinds.iter().any(|kind| TRUTHS.contains(kind)) {
            true => self.is_wrong("has a list of truth values, and Parquet's have none".into()),
            false => Some(()),
        }
    }

    fn is_wrong<T>(&mut self, what: String) -> Option<T> {
        self.wrong = Some(what);
        None
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return self.is_wrong("nests too deep".into());
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
            _ => self.is_wrong(format!("cannot be parsed: there is no type {kind}")),
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
        self.is_wrong("cannot be parsed: a number has no end".into())
    }

    fn advance(&mut self, bytes: u64) -> Option<()> {
        self.rest = self.rest.get(usize::try_from(bytes).ok()?..)?;
        Some(())
    }
}
