//! Row groups cut into spans, spans decoded batch by batch on whichever worker wants one.
//!
//! A row group of about a batch is one span of one batch; small ones are joined; a large one is cut into spans of a few
//! batches. A span in the middle of a row group skips to its rows: pages before it are passed over by their headers,
//! and the page that it begins in is decoded from its start, as are the dictionaries. To pay that for each batch costs
//! 2.5 times a plain read on 5 million flows in one row group, and 9 times where pages are large; a span shares it among
//! its batches. Within a span decoding is sequential, so spans must not be long either: the spans in flight are the
//! threads that can decode at once. So even a file that is one single row group streams in bounded memory.

use super::damage::FirstDamage;
use crate::Result;
use crate::flows::source::OpenFile;
use crate::flows::source::conform::{Readable, conform};
use crate::flows::source::contain::contained;
use crate::flows::source::positioned::PositionedFile;
use crate::flows::{Batch, RecordNumbers};
use crate::words::counted;
use arrow_array::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReader, RowSelection, RowSelector};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Batches in a span of a large row group.
const SPAN_BATCHES: u64 = 4;

/// Rows of consecutive row groups that are decoded in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    /// The row groups.
    pub groups: Range<usize>,
    /// Rows of the first of them that earlier spans have.
    pub skip: u64,
    /// Rows of each batch; all but the last are equal.
    pub batches: Vec<u64>,
}

/// All spans of a file, in order.
#[derive(Debug)]
pub(super) struct Spans {
    /// Rows of each row group.
    rows: Vec<u64>,
    batch_rows: u64,
    group: usize,
    skip: u64,
}

impl Spans {
    /// Spans over row groups of `rows` rows each, in batches of about `batch_rows`: at most half as many again.
    pub fn new(rows: Vec<u64>, batch_rows: usize) -> Self {
        Self { rows, batch_rows: batch_rows.max(1) as u64, group: 0, skip: 0 }
    }

    /// Whole row groups, as many as make a batch.
    fn joined(&mut self) -> Span {
        let start = self.group;
        let mut rows = 0_u64;
        while let Some(&more) = self.rows.get(self.group) {
            if rows > 0 && rows.saturating_add(more) > self.batch_rows {
                break;
            }
            rows = rows.saturating_add(more);
            self.group += 1;
        }
        Span { groups: start..self.group, skip: 0, batches: vec![rows] }
    }

    /// Part of a row group of `group_rows`, in batches of `step`.
    fn cut(&mut self, group_rows: u64, step: u64) -> Span {
        let (start, skip) = (self.group, self.skip);
        let mut left = (group_rows - skip).min(step.saturating_mul(SPAN_BATCHES));
        self.skip += left;
        if self.skip >= group_rows {
            (self.group, self.skip) = (start + 1, 0);
        }
        let mut batches = Vec::new();
        while left > 0 {
            batches.push(left.min(step));
            left -= left.min(step);
        }
        Span { groups: start..start + 1, skip, batches }
    }
}

impl Iterator for Spans {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        while self.rows.get(self.group) == Some(&0) {
            self.group += 1;
        }
        let rows = *self.rows.get(self.group)?;
        // As many batches as bring them nearest to the size aimed at: no crumbs at the end of a group.
        let wanted = (rows.saturating_add(self.batch_rows / 2) / self.batch_rows).max(1);
        Some(if wanted == 1 { self.joined() } else { self.cut(rows, rows.div_ceil(wanted)) })
    }
}

/// What every span of a file is decoded with.
pub(super) struct Decoding {
    /// The file.
    pub file: PositionedFile,
    /// Its footer, with the types to decode to.
    pub footer: ArrowReaderMetadata,
    /// The columns to decode.
    pub projection: ProjectionMask,
    /// Their names.
    pub readable: Readable,
    /// Its place in the input.
    pub place: OpenFile,
    /// What of it is known to be damaged.
    pub first_damage: FirstDamage,
}

impl Decoding {
    /// Rows of a row group, as the footer has it.
    pub fn rows(&self, group: usize) -> u64 {
        self.footer.metadata().row_groups().get(group).map_or(0, |group| u64::try_from(group.num_rows()).unwrap_or(0))
    }
}

/// Decodes one span; shared by the chunks of its batches.
pub(super) struct SpanDecoder {
    /// The file it is a part of.
    pub shared: Arc<Decoding>,
    /// The span.
    pub span: Span,
    /// Records of the file before the span.
    pub before: u64,
    progress: Mutex<Progress>,
}

#[derive(Default)]
struct Progress {
    reader: Option<ParquetRecordBatchReader>,
    /// Batches decoded so far.
    decoded: usize,
    /// Batches that were decoded on the way to a later one.
    waiting: BTreeMap<usize, RecordBatch>,
    /// What ended decoding.
    failure: Option<String>,
}

impl SpanDecoder {
    /// Nothing is read before the first batch is asked for.
    pub fn new(shared: Arc<Decoding>, span: Span, before: u64) -> Self {
        Self { shared, span, before, progress: Mutex::default() }
    }

    /// Records of the file before the span's batch `index`.
    pub fn records(&self, index: usize) -> u64 {
        self.before.saturating_add(self.span.batches.iter().take(index).sum())
    }

    /// Decoded rows with their place, as the span's batch `index`.
    pub fn batch_of(&self, decoded: &RecordBatch, index: usize) -> Result<Batch> {
        Ok(Batch {
            columns: conform(decoded, &self.shared.place.schema)?,
            file: self.shared.place.file,
            numbers: RecordNumbers::Run { first: self.records(index).saturating_add(1) },
            stream_offset: self.shared.place.stream_offset,
            rejected: Vec::new(),
            damage: None,
        })
    }

    /// The columns of batch `index`: batches before it are decoded first and kept for those who will ask for them.
    pub fn decoded(&self, index: usize) -> Result<RecordBatch, String> {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(batch) = progress.waiting.remove(&index) {
                return Ok(batch);
            }
            if let Some(failure) = &progress.failure {
                return Err(failure.clone());
            }
            let at = progress.decoded;
            match contained(|| self.decode_next(&mut progress)) {
                Ok(batch) => drop(progress.waiting.insert(at, batch)),
                Err(reason) => progress.failure = Some(reason),
            }
            if progress.decoded == self.span.batches.len() {
                progress.reader = None;
            }
        }
    }

    fn decode_next(&self, progress: &mut Progress) -> Result<RecordBatch, String> {
        let rows = self.span.batches.get(progress.decoded).ok_or("a batch was asked for twice")?;
        let rows = usize::try_from(*rows).map_err(|e| e.to_string())?;
        let reader = match &mut progress.reader {
            Some(reader) => reader,
            none => none.insert(self.open()?),
        };
        let mut batches: Vec<RecordBatch> = Vec::with_capacity(1);
        let mut met = 0;
        while met < rows {
            let Some(batch) = reader.next() else {
                return Err(format!("the footer promises {} where the columns hold {met}", counted(rows, "row")));
            };
            let batch = batch.map_err(|e| e.to_string())?;
            met += batch.num_rows();
            batches.push(self.shared.readable.name(&batch)?);
        }
        if met > rows {
            return Err(format!("the footer promises {} where the columns hold {met}", counted(rows, "row")));
        }
        progress.decoded += 1;
        match batches.as_slice() {
            [batch] => Ok(batch.clone()),
            [] => Err("a batch without rows".into()),
            [first, ..] => arrow_select::concat::concat_batches(&first.schema(), &batches).map_err(|e| e.to_string()),
        }
    }

    fn open(&self) -> Result<ParquetRecordBatchReader, String> {
        let size = |rows: u64| usize::try_from(rows).map_err(|e| e.to_string());
        let groups = self.span.groups.clone();
        let rows: u64 = self.span.batches.iter().sum();
        let batch_rows = size(self.span.batches.first().copied().unwrap_or(1))?;
        let in_groups = groups.clone().map(|group| self.shared.rows(group)).fold(0, u64::saturating_add);
        let selection = match in_groups == rows {
            true => None,
            false => {
                let selectors = vec![RowSelector::skip(size(self.span.skip)?), RowSelector::select(size(rows)?)];
                Some(RowSelection::from(selectors))
            }
        };
        self.shared.reader(groups, batch_rows, selection)
    }
}
