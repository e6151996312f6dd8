//! Where in a table the parts of a flow are, by the names of its columns.

use super::super::LogZone;
use super::columns::{Instants, Numbers, Texts};
use crate::Result;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::Schema;

/// The names that columns of one part have, compared without case and separators.
pub(super) type Names = &'static str;

/// The columns of each part of a flow that a format knows, in the order in which the format lists its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Places(Vec<Vec<usize>>);

/// A name without what names of the same thing differ in: `id.orig_h`, `id_orig_h` → `idorigh`.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl Places {
    /// Finds the columns of parts, each given by its names, parted by spaces. A name that stands first wins over later ones.
    pub fn find(schema: &Schema, parts: &[Names]) -> Self {
        let columns: Vec<String> = schema.fields().iter().map(|field| plain(field.name())).collect();
        let of_part = |names: &Names| -> Vec<usize> {
            let with = |name| columns.iter().enumerate().filter(move |(_, column)| *column == name).map(|(i, _)| i);
            names.split(' ').flat_map(with).collect()
        };
        Self(parts.iter().map(of_part).collect())
    }

    fn columns(&self, part: usize) -> &[usize] {
        self.0.get(part).map_or(&[], Vec::as_slice)
    }

    /// Whether the table has a part.
    pub fn has(&self, part: usize) -> bool {
        !self.columns(part).is_empty()
    }

    /// Whether it has all of these.
    pub fn have(&self, parts: &[usize]) -> bool {
        parts.iter().all(|&part| self.has(part))
    }

    /// Values that a part has in a batch.
    pub fn n_values(&self, part: usize, batch: &RecordBatch) -> usize {
        self.arrays(part, batch).iter().map(|array| array.len() - array.null_count()).max().unwrap_or(0)
    }

    /// The columns of a part.
    pub fn arrays<'a>(&self, part: usize, batch: &'a RecordBatch) -> Vec<&'a ArrayRef> {
        self.columns(part).iter().filter_map(|&column| batch.columns().get(column)).collect()
    }

    /// A part as texts.
    pub fn texts(&self, part: usize, batch: &RecordBatch) -> Result<Texts> {
        Texts::of(&self.arrays(part, batch))
    }

    /// A part as numbers.
    pub fn numbers(&self, part: usize, batch: &RecordBatch) -> Result<Numbers> {
        Numbers::of(&self.arrays(part, batch))
    }

    /// Whether the times of a part state no zone, as far as the first of each column tells.
    pub fn lacks_zone(&self, part: usize, batch: &RecordBatch) -> bool {
        self.arrays(part, batch).into_iter().any(Instants::lack_zone)
    }

    /// A part as times; `zone` is that of those without one.
    pub fn instants(&self, part: usize, batch: &RecordBatch, zone: LogZone) -> Result<Instants> {
        Instants::of(&self.arrays(part, batch), zone)
    }
}
