//! Sorting what does not fit in memory: sorted runs in a temporary file, then one merge of them all (Knuth 1998, 5.4).

use super::spool::Spool;
use crate::Result;
use bytemuck::Pod;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::{Path, PathBuf};

/// A record of fixed size with a key that no other has.
pub(super) trait Sortable: Pod {
    type Key: Ord + Copy;
    fn key(&self) -> Self::Key;
}

/// Takes records in any order. Up to `memory` bytes of them stay in memory; beyond, runs of that size are written.
#[derive(Debug)]
pub(super) struct Sorter<R> {
    buffer: Vec<R>,
    most: usize,
    memory: usize,
    folder: PathBuf,
    spool: Option<Spool>,
    runs: Vec<Run>,
}

/// Where a run is: of records, not bytes.
#[derive(Debug, Clone, Copy)]
struct Run {
    from: u64,
    to: u64,
}

impl<R: Sortable> Sorter<R> {
    pub fn new(memory: usize, folder: &Path) -> Self {
        let most = (memory / size_of::<R>()).max(1);
        Self { buffer: Vec::new(), most, memory, folder: folder.to_path_buf(), spool: None, runs: Vec::new() }
    }

    /// The same, over a file that is there already.
    #[cfg(test)]
    pub fn over(memory: usize, spool: Spool) -> Self {
        Self { spool: Some(spool), ..Self::new(memory, Path::new("")) }
    }

    pub fn push(&mut self, record: R) -> Result<()> {
        if self.buffer.len() == self.buffer.capacity() {
            // By doubling, but not beyond the bound.
            let more = self.buffer.len().clamp(1, 1 << 20).max(64).min(self.most - self.buffer.len());
            self.buffer.reserve_exact(more);
        }
        self.buffer.push(record);
        if self.buffer.len() >= self.most { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> Result<()> {
        self.buffer.sort_unstable_by_key(R::key);
        let spool = match &mut self.spool {
            Some(spool) => spool,
            none => none.insert(Spool::create(&self.folder)?),
        };
        let from = spool.len() / size_of::<R>() as u64;
        spool.append(bytemuck::cast_slice(&self.buffer))?;
        self.runs.push(Run { from, to: from + self.buffer.len() as u64 });
        self.buffer.clear();
        Ok(())
    }

    /// All records in the order of their keys.
    pub fn merge(mut self) -> Result<Merge<R>> {
        if self.runs.is_empty() {
            self.buffer.sort_unstable_by_key(R::key);
            return Ok(Merge::of_memory(self.buffer));
        }
        if !self.buffer.is_empty() {
            self.spill()?;
        }
        self.buffer = Vec::new();
        Merge::of_runs(&self.runs, self.spool, self.memory)
    }
}

/// Gives the records of all runs in the order of their keys; together the runs' buffers hold at most the sorter's
/// memory, but never less than one record each.
#[derive(Debug)]
pub(super) struct Merge<R: Sortable> {
    spool: Option<Spool>,
    cursors: Vec<Cursor<R>>,
    /// The next record of each run that has one.
    heads: BinaryHeap<Reverse<(R::Key, usize)>>,
}

/// The part of a run that is in memory, and where the rest is.
#[derive(Debug)]
struct Cursor<R> {
    buffer: Vec<R>,
    at: usize,
    rest: Run,
}

impl<R: Sortable> Merge<R> {
    fn of_memory(sorted: Vec<R>) -> Self {
        let head = sorted.first().map(|record| Reverse((record.key(), 0)));
        let cursor = Cursor { buffer: sorted, at: 0, rest: Run { from: 0, to: 0 } };
        Self { spool: None, cursors: vec![cursor], heads: head.into_iter().collect() }
    }

    fn of_runs(runs: &[Run], spool: Option<Spool>, memory: usize) -> Result<Self> {
        let each = (memory / (runs.len() * size_of::<R>())).clamp(1, 1 << 14);
        let empty = |&rest: &Run| Cursor { buffer: vec![R::zeroed(); each], at: each, rest };
        let cursors = runs.iter().map(empty).collect();
        let mut merge = Self { spool, cursors, heads: BinaryHeap::new() };
        for run in 0..runs.len() {
            merge.advance(run)?;
        }
        Ok(merge)
    }

    /// Bytes on disk.
    pub fn spilled(&self) -> u64 {
        self.spool.as_ref().map_or(0, Spool::len)
    }

    /// All of it, if it is in memory.
    pub fn whole(&mut self) -> Option<Vec<R>> {
        match (&self.spool, self.cursors.as_mut_slice()) {
            (None, [cursor]) => Some(std::mem::take(&mut cursor.buffer)),
            _ => None,
        }
    }

    /// Puts the run's next record among the heads.
    fn advance(&mut self, run: usize) -> Result<()> {
        let Some(cursor) = self.cursors.get_mut(run) else { return Ok(()) };
        if cursor.at >= cursor.buffer.len()
            && let Some(spool) = &mut self.spool
        {
            cursor.refill(spool)?;
        }
        if let Some(record) = cursor.buffer.get(cursor.at) {
            self.heads.push(Reverse((record.key(), run)));
        }
        Ok(())
    }

    /// The next record; `None` behind the last.
    pub fn next(&mut self) -> Result<Option<R>> {
        let Some(Reverse((_, run))) = self.heads.pop() else { return Ok(None) };
        let Some(cursor) = self.cursors.get_mut(run) else { return Ok(None) };
        let record = cursor.buffer.get(cursor.at).copied();
        cursor.at += 1;
        self.advance(run)?;
        Ok(record)
    }
}

impl<R: Sortable> Cursor<R> {
    fn refill(&mut self, spool: &mut Spool) -> Result<()> {
        let n = (self.rest.to - self.rest.from).min(self.buffer.len() as u64);
        self.buffer.truncate(n as usize);
        self.at = 0;
        let offset = self.rest.from * size_of::<R>() as u64;
        self.rest.from += n;
        spool.read(offset, bytemuck::cast_slice_mut(&mut self.buffer))
    }
}
