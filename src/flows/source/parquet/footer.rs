//! A look at a Parquet footer before the parquet crate parses it: the crate reserves memory for as many row groups as the footer claims, and
//! a flipped bit can claim two thousand million.

use super::fields::FOOTER;
use super::thrift::{self, Look};
use crate::flows::source::positioned::PositionedFile;

/// Where the footer lies, and that it is one: see [`Look::Whole`].
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
    match thrift::look(&footer, 0, FOOTER) {
        Look::Whole => Ok(()),
        Look::Short => Err("the footer cannot be parsed".into()),
        Look::Wrong(what) => Err(format!("the footer {what}")),
    }
}
