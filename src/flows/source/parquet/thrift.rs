//! A look at Thrift structs in the compact protocol (thrift.apache.org, "Thrift compact protocol encoding"), which Parquet's footer and the
//! headers of its pages are, before the parquet crate parses them.
//!
//! The crate passes over a list of truth values that it does not know at one step for each and takes no byte for any, so that six bytes can
//! claim two thousand million of them. What it does know it reads as what it should be (see [`super::fields`]).

use crate::words::counted;

/// The types of lists and sets, which are written alike.
const LISTS: [u8; 2] = [9, 10];
/// The type of a struct.
const STRUCT: u8 = 12;
/// The types of truth values: true and false of a field, either of a list.
const TRUTHS: [u8; 2] = [1, 2];
/// Metadata nests less than ten deep.
const MAX_DEPTH: usize = 32;

/// What a field, or an element of a list, holds.
pub(super) enum Holds {
    Truth,
    Byte,
    /// An integer of 16, 32 or 64 bits: they are written alike.
    Number,
    Double,
    /// Text, or other bytes.
    Text,
    List(&'static Holds),
    /// A struct or a union, with the fields that are known of it by their numbers.
    Struct(&'static [(i16, Holds)]),
}

impl Holds {
    fn is_written_as(&self, kind: u8) -> bool {
        match self {
            Self::Truth => TRUTHS.contains(&kind),
            Self::Byte => kind == 3,
            Self::Number => (4..=6).contains(&kind),
            Self::Double => kind == 7,
            Self::Text => kind == 8,
            Self::List(_) => LISTS.contains(&kind),
            Self::Struct(_) => kind == STRUCT,
        }
    }
}

/// What a look at a struct met.
pub(super) enum Look {
    /// It ends within the bytes, claims no more elements of any list than may follow, and its known fields hold what they should.
    Whole,
    /// The bytes end before it does.
    Short,
    /// What is wrong with it, behind "the footer" or the like.
    Wrong(String),
}

/// Looks at the struct that `bytes` begin with, of which these fields are known, and behind which there are so many bytes more in the
/// file.
pub(super) fn look(bytes: &[u8], beyond: u64, fields: &[(i16, Holds)]) -> Look {
    let mut compact = Compact { rest: bytes, beyond, wrong: None };
    match (compact.pass_struct(fields, 0), compact.wrong) {
        (Some(()), _) => Look::Whole,
        (None, None) => Look::Short,
        (None, Some(what)) => Look::Wrong(what),
    }
}

/// A reader of the compact protocol that passes over everything but sizes and types. `None`: `wrong` says why, or the bytes end.
struct Compact<'a> {
    rest: &'a [u8],
    beyond: u64,
    wrong: Option<String>,
}

impl Compact<'_> {
    fn pass_struct(&mut self, fields: &[(i16, Holds)], depth: usize) -> Option<()> {
        let mut number = 0_i32;
        loop {
            let byte = self.byte()?;
            let (step, kind) = (byte >> 4, byte & 15);
            if kind == 0 {
                return Some(());
            }
            // The number stands here where it is no small step from the one before.
            number = match step {
                0 => self.field_number()?,
                step => number + i32::from(step),
            };
            if number > i32::from(i16::MAX) {
                return self.is_wrong(format!("cannot be parsed: a field has the number {number}"));
            }
            match fields.iter().find(|(known, _)| i32::from(*known) == number) {
                Some((_, holds)) if !holds.is_written_as(kind) => {
                    return self.is_wrong(format!("cannot be parsed: a field {number} is of type {kind}"));
                }
                Some((_, holds)) => self.pass_known(holds, kind, depth + 1)?,
                None => self.pass(kind, depth + 1)?,
            }
        }
    }

    fn pass_known(&mut self, holds: &Holds, kind: u8, depth: usize) -> Option<()> {
        match holds {
            Holds::Struct(fields) => self.pass_struct(fields, depth),
            Holds::List(element) => {
                let (size, kind) = self.list()?;
                if size > 0 && !element.is_written_as(kind) {
                    return self.is_wrong(format!("cannot be parsed: a list has elements of type {kind}"));
                }
                (0..size).try_for_each(|_| self.pass_known(element, kind, depth + 1))
            }
            Holds::Truth | Holds::Byte | Holds::Number | Holds::Double | Holds::Text => self.pass(kind, depth),
        }
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

    fn pass(&mut self, kind: u8, depth: usize) -> Option<()> {
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
            kind if LISTS.contains(&kind) => {
                let (size, element) = self.list()?;
                (0..size).try_for_each(|_| self.pass(element, depth + 1))
            }
            11 => {
                let size = self.varint()?;
                if size == 0 {
                    return Some(());
                }
                let kinds = self.byte()?;
                self.claims(size, &[kinds >> 4, kinds & 15])?;
                (0..size).try_for_each(|_| {
                    self.pass(kinds >> 4, depth + 1)?;
                    self.pass(kinds & 15, depth + 1)
                })
            }
            STRUCT => self.pass_struct(&[], depth),
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

    /// The number of a field, in zigzag. The crate takes the lowest 16 bits of a larger one.
    fn field_number(&mut self) -> Option<i32> {
        let value = self.varint()?;
        match u16::try_from(value) {
            Ok(value) => Some(i32::from(value >> 1) ^ -i32::from(value & 1)),
            Err(_) => self.is_wrong(format!("cannot be parsed: a field's number is {value} in zigzag")),
        }
    }

    fn advance(&mut self, bytes: u64) -> Option<()> {
        self.rest = self.rest.get(usize::try_from(bytes).ok()?..)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fields::{FOOTER, PAGE_HEADER};
    use super::*;

    /// What is wrong with the fields; `None`: nothing.
    fn wrong(bytes: &[u8], fields: &[(i16, Holds)]) -> Option<String> {
        match look(bytes, 0, fields) {
            Look::Whole => None,
            Look::Short => panic!("{bytes:?} is whole"),
            Look::Wrong(what) => Some(what),
        }
    }

    /// A value of a type, as small as may be: a list has one truth value as its element.
    fn value(kind: u8) -> Vec<u8> {
        match kind {
            7 => vec![0; 8],
            9 | 10 => vec![0x13, 7],
            13 => vec![0; 16],
            1 | 2 => vec![],
            _ => vec![0],
        }
    }

    #[test]
    fn what_is_known_is_of_its_type() {
        for fields in [FOOTER, PAGE_HEADER] {
            for (number, holds) in fields {
                for kind in 1..=13 {
                    let bytes = [&[kind, (number * 2) as u8][..], &value(kind), &[0]].concat();
                    let said = wrong(&bytes, fields);
                    // The list's element is a byte, and none of a footer's is.
                    let fits = holds.is_written_as(kind) && !LISTS.contains(&kind);
                    assert_eq!(said.is_none(), fits, "field {number} of type {kind}: {said:?}");
                }
            }
            // One that is not known may be of any type.
            assert!((1..=13).all(|kind| wrong(&[&[kind, 40][..], &value(kind), &[0]].concat(), fields).is_none()));
        }
    }

    #[test]
    fn nothing_hides_in_what_would_be_read_otherwise() {
        // The crate would read the text's size as the version, and then the text as fields: of those one has 2^31 - 1 truth values.
        let hidden = [0x18, 8, 0x09, 40, 0xf1, 0xff, 0xff, 0xff, 0xff, 0x07, 0];
        assert_eq!(wrong(&hidden, FOOTER).unwrap(), "cannot be parsed: a field 1 is of type 8");
        // So would it the number of field 2^16 + 1.
        let far = [&[0x08, 0x82, 0x80, 0x08][..], &hidden[1..]].concat();
        assert!(wrong(&far, FOOTER).unwrap().contains("number is 131074"));
        assert!(wrong(&hidden, &[]).is_none());
        // Truth values that follow each other by 15.
        assert!(wrong(&[0xf1; 3_000], FOOTER).unwrap().contains("has the number 32775"));
    }

    #[test]
    fn elements_and_what_lies_deeper_are_of_their_types() {
        // A row group: columns, one of them, with a text where its offset belongs.
        let chunk = [0x28, 1, 7, 0];
        let footer = |chunk: &[u8]| [&[0x49, 0x1c, 0x19, 0x1c][..], chunk, &[0, 0]].concat();
        assert_eq!(wrong(&footer(&chunk), FOOTER).unwrap(), "cannot be parsed: a field 2 is of type 8");
        assert_eq!(wrong(&footer(&[0x26, 7, 0]), FOOTER), None);
        // Row groups that are numbers.
        assert_eq!(wrong(&[0x49, 0x15, 7, 0], FOOTER).unwrap(), "cannot be parsed: a list has elements of type 5");
        // None may be of any type.
        assert_eq!(wrong(&[0x49, 0, 0], FOOTER), None);
    }
}
