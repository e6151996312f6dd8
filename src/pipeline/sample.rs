//! The seeded sample: the rows with the smallest `hash(seed, position in the stream)`.
//!
//! Which rows are drawn depends on nothing but the seed and each record's place, so neither threads nor batch sizes
//! nor the split into files change it (bottom-k sampling, Cohen & Kaplan 2007). With a cap, of the rows of a group those with
//! the smallest hashes count, and the sample is drawn of these: what the cap takes out has so many smaller hashes of its group before
//! it, and what the size takes out has a whole sample before it, so neither can come back, and few rows need be kept.

use crate::flows::Batch;
use crate::flows::source::conform;
use crate::{Error, Result};
use arrow_array::{RecordBatch, UInt32Array};
use arrow_schema::SchemaRef;
use arrow_select::concat::concat_batches;
use arrow_select::interleave::interleave_record_batch;
use arrow_select::take::take_record_batch;
use std::sync::atomic::{AtomicU64, Ordering};

/// SplitMix64's finaliser over the seed and the record's position (Steele, Lea & Flood 2014): a bijection of the
/// position for every seed, so two records never tie.
pub fn record_hash(seed: u64, position: u64) -> u64 {
    mix(position.wrapping_add(mix(seed.wrapping_add(0x9e37_79b9_7f4a_7c15))))
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Rows of one batch that may belong to the sample.
pub struct Candidates {
    hashes: Vec<u64>,
    positions: Vec<u64>,
    groups: Vec<Option<u64>>,
    file: usize,
    rows: RecordBatch,
    /// Positions that are none after all, ascending.
    left_out: Vec<u64>,
}

impl Candidates {
    /// Without the rows at these positions of the stream, which ascend.
    pub fn without(self, positions: &[u64]) -> Self {
        Self { left_out: positions.to_vec(), ..self }
    }
}

/// A sample being drawn.
pub struct Sample {
    seed: u64,
    size: usize,
    /// Most rows of a group.
    cap: usize,
    /// No hash above it can be among the `size` smallest. Workers read it to skip rows early; a stale value only
    /// lets more candidates through.
    bound: AtomicU64,
}

/// One candidate: where its row is kept.
#[derive(Clone, Copy)]
struct Entry {
    hash: u64,
    position: u64,
    group: Option<u64>,
    file: usize,
    piece: usize,
    row: usize,
}

/// The rows that were drawn, in stream order.
pub struct Drawn {
    /// The rows.
    pub rows: RecordBatch,
    /// Each row's position in the stream, ascending.
    pub positions: Vec<u64>,
    /// Each row's file, as [`Batch::file`].
    pub files: Vec<usize>,
}

impl Drawn {
    /// These rows and those of `others` that `chosen` names, in stream order. None may be in both.
    ///
    /// # Errors
    /// If the two have other columns.
    pub fn with(self, others: Drawn, chosen: impl IntoIterator<Item = usize>) -> Result<Drawn> {
        let n = self.positions.len();
        let mut places: Vec<(u64, usize)> = self.positions.iter().copied().zip(0..).collect();
        places.extend(chosen.into_iter().filter_map(|row| Some((*others.positions.get(row)?, n + row))));
        places.sort_unstable();
        let both = concat_batches(&others.rows.schema(), [&self.rows, &others.rows]).map_err(arrow)?;
        let indices = UInt32Array::from_iter_values(places.iter().map(|&(_, row)| row as u32));
        let rows = take_record_batch(&both, &indices).map_err(arrow)?;
        let files: Vec<usize> = self.files.into_iter().chain(others.files).collect();
        let known = places.into_iter().filter_map(|(position, row)| Some((position, *files.get(row)?)));
        let (positions, files) = known.unzip();
        Ok(Drawn { rows, positions, files })
    }
}

/// The candidates gathered so far; merged in input order by one thread.
#[derive(Default)]
pub struct Gathered {
    entries: Vec<Entry>,
    pieces: Vec<RecordBatch>,
}

impl Sample {
    /// A sample of up to `size` rows.
    pub fn new(seed: u64, size: usize) -> Self {
        Self { seed, size, cap: usize::MAX, bound: AtomicU64::new(u64::MAX) }
    }

    /// The same with at most `cap` rows of each group.
    pub fn capped(self, cap: usize) -> Self {
        Self { cap, ..self }
    }

    /// The batch's rows that may belong to the sample; runs on any thread.
    pub fn candidates(&self, batch: &Batch) -> Result<Candidates> {
        self.candidates_by(batch, |_, position| record_hash(self.seed, position))
    }

    /// The same of a sample of the rows with the smallest `key(row of the batch, position in the stream)`; of equal ones,
    /// those that come first.
    pub fn candidates_by(&self, batch: &Batch, key: impl Fn(usize, u64) -> u64) -> Result<Candidates> {
        self.candidates_of(batch, |row, position| Some((key(row, position), None)))
    }

    /// The batch's rows that may belong to a sample with a cap: `group` gives the group of a row, which may be none, or `None` for
    /// a row that is not to be drawn.
    pub fn candidates_in(&self, batch: &Batch, group: impl Fn(usize) -> Option<Option<u64>>) -> Result<Candidates> {
        self.candidates_of(batch, |row, position| Some((record_hash(self.seed, position), group(row)?)))
    }

    /// The most general way: `key(row of the batch, position in the stream)` gives what orders the row and its group, or `None` for
    /// a row that is not to be drawn. With a cap, of each group the rows with the smallest keys count.
    pub fn candidates_of(
        &self,
        batch: &Batch,
        key: impl Fn(usize, u64) -> Option<(u64, Option<u64>)>,
    ) -> Result<Candidates> {
        let bound = self.bound.load(Ordering::Relaxed);
        let (mut hashes, mut positions, mut groups, mut rows) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for row in 0..batch.n_rows() {
            let position = batch.stream_position(row);
            let Some((hash, group)) = key(row, position) else { continue };
            if hash <= bound {
                hashes.push(hash);
                positions.push(position);
                groups.push(group);
                rows.push(row as u32);
            }
        }
        let rows = match rows.len() == batch.n_rows() {
            true => batch.columns.clone(),
            false => take_record_batch(&batch.columns, &UInt32Array::from(rows)).map_err(arrow)?,
        };
        Ok(Candidates { hashes, positions, groups, file: batch.file, rows, left_out: Vec::new() })
    }

    /// Adds a batch's candidates.
    pub fn gather(&self, gathered: &mut Gathered, candidates: Candidates) -> Result<()> {
        let piece = gathered.pieces.len();
        let file = candidates.file;
        let rows = candidates.hashes.iter().zip(&candidates.positions).zip(&candidates.groups).enumerate();
        let entry = |(row, ((&hash, &position), &group))| Entry { hash, position, group, file, piece, row };
        let is_drawn = |entry: &Entry| candidates.left_out.binary_search(&entry.position).is_err();
        gathered.entries.extend(rows.map(entry).filter(is_drawn));
        gathered.pieces.push(candidates.rows);
        if gathered.entries.len() > 2 * self.size.max(8_192) || gathered.pieces.len() > 4_096 {
            self.shrink(gathered);
            gathered.compact()?;
        }
        Ok(())
    }

    /// Ends the drawing: the sampled rows in stream order, in `schema`'s types.
    ///
    /// # Errors
    /// If a sampled column cannot be cast to its final type.
    pub fn finish(&self, mut gathered: Gathered, schema: &SchemaRef) -> Result<Drawn> {
        self.shrink(&mut gathered);
        gathered.entries.sort_unstable_by_key(|e| e.position);
        for piece in &mut gathered.pieces {
            *piece = conform(piece, schema)?;
        }
        let rows = match gathered.entries.is_empty() {
            true => RecordBatch::new_empty(schema.clone()),
            false => gathered.interleaved()?,
        };
        let (positions, files) = gathered.entries.iter().map(|e| (e.position, e.file)).unzip();
        Ok(Drawn { rows, positions, files })
    }

    fn shrink(&self, gathered: &mut Gathered) {
        if self.cap < usize::MAX {
            gathered.cap(self.cap);
        }
        if self.size == 0 {
            gathered.entries.clear();
        } else if gathered.entries.len() > self.size {
            gathered.entries.select_nth_unstable_by_key(self.size - 1, |e| (e.hash, e.position));
            gathered.entries.truncate(self.size);
            let bound = gathered.entries.iter().map(|e| e.hash).max().unwrap_or(u64::MAX);
            self.bound.store(bound, Ordering::Relaxed);
        }
    }
}

impl Gathered {
    /// Keeps of each group the rows with the smallest hashes.
    fn cap(&mut self, cap: usize) {
        self.entries.sort_unstable_by_key(|e| (e.group, e.hash, e.position));
        let (mut group, mut n) = (None, 0);
        self.entries.retain(|entry| {
            n = if entry.group == group { n + 1 } else { 1 };
            group = entry.group;
            group.is_none() || n <= cap
        });
    }

    pub(super) fn pieces(&self) -> &[RecordBatch] {
        &self.pieces
    }

    /// Copies the kept rows together, so that pieces of which little is kept are freed. Pieces whose types were
    /// widened on the way cannot be interleaved with others; each kind of piece is compacted by itself.
    fn compact(&mut self) -> Result<()> {
        self.entries.sort_unstable_by_key(|e| (e.piece, e.row));
        let mut schemas: Vec<SchemaRef> = Vec::new();
        for piece in &self.pieces {
            if !schemas.contains(&piece.schema()) {
                schemas.push(piece.schema());
            }
        }
        let mut next = Gathered::default();
        for schema in schemas {
            let of_kind = |e: &&Entry| self.pieces.get(e.piece).is_some_and(|p| p.schema() == schema);
            let entries: Vec<Entry> = self.entries.iter().filter(of_kind).copied().collect();
            if entries.is_empty() {
                continue;
            }
            let piece = next.pieces.len();
            let indices: Vec<(usize, usize)> = entries.iter().map(|e| (e.piece, e.row)).collect();
            next.entries.extend(entries.iter().enumerate().map(|(row, e)| Entry { piece, row, ..*e }));
            next.pieces.push(self.gather_rows(&schema, &indices)?);
        }
        *self = next;
        Ok(())
    }

    fn gather_rows(&self, schema: &SchemaRef, indices: &[(usize, usize)]) -> Result<RecordBatch> {
        // Pieces of another schema are never indexed here; an empty batch of this schema stands in for them.
        let empty = RecordBatch::new_empty(schema.clone());
        let pieces: Vec<&RecordBatch> =
            self.pieces.iter().map(|p| if p.schema() == *schema { p } else { &empty }).collect();
        interleave_record_batch(&pieces, indices).map_err(arrow)
    }

    fn interleaved(&self) -> Result<RecordBatch> {
        let pieces: Vec<&RecordBatch> = self.pieces.iter().collect();
        let indices: Vec<(usize, usize)> = self.entries.iter().map(|e| (e.piece, e.row)).collect();
        interleave_record_batch(&pieces, &indices).map_err(arrow)
    }
}

fn arrow(e: arrow_schema::ArrowError) -> Error {
    Error::Schema(format!("the sample's rows could not be put together: {e}"))
}
