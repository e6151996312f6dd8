//! Queries to a body, its candidates to settled lists.

use super::settle::Settle;
use super::{Neighbors, NeighborsGpu, Watch, cpu, references};
use crate::Result;
use rayon::prelude::*;
use std::sync::atomic::Ordering::Relaxed;

/// Queries of a batch from a GPU that one task settles.
const GROUP: usize = 64;

/// What a task needs to settle them.
#[derive(Default)]
struct Scratch {
    candidates: Vec<u32>,
    search: cpu::Search,
    settle: Settle,
}

/// One set of queries.
pub(super) struct Join<'a> {
    pub neighbors: &'a Neighbors,
    /// The queries, row-major.
    pub values: &'a [f32],
    /// Distinct rows that each of them wants.
    pub wanted: usize,
    /// Records that they stand for, as progress counts them.
    pub n_records: u64,
    pub watch: Watch<'a>,
}

impl Join<'_> {
    /// Settles the queries of all groups: `rows` gives those of a group, which lie together and are at most 64. `answer` is
    /// called on any thread with a query, whether f32 could not have ordered its neighbours, and the settled ones; what it
    /// gathers goes to `sink` on this thread.
    pub fn each<Part: Default + Send>(
        &self,
        n_groups: usize,
        rows: impl Fn(usize) -> Vec<u32> + Sync,
        answer: impl Fn(&mut Part, u32, bool, &mut Settle) + Sync,
        sink: impl FnMut(Part),
    ) -> Result<()> {
        if let Some(gpu) = &self.neighbors.gpu {
            let rows: Vec<u32> = (0..n_groups).flat_map(rows).collect();
            return self.each_on(gpu, &rows, answer, sink);
        }
        let work = |group: usize, search: &mut cpu::Search| {
            let (rows, mut settle, mut part) = (rows(group), Settle::default(), Part::default());
            self.search(&rows, search);
            for (lane, &row) in rows.iter().enumerate() {
                let candidates = search.candidates(lane).iter().map(|candidate| candidate.1);
                let near_tie = settle.key(&self.neighbors.references, self.query(row), candidates, self.wanted);
                answer(&mut part, row, near_tie, &mut settle);
            }
            part
        };
        cpu::run(n_groups, self.n_records, GROUP * self.wanted, self.watch, work, sink)
    }

    /// Settles rows of many records, in pieces of them. A row of more than `k` records has its nearest among them.
    pub fn each_crowded<Part: Default + Send>(
        &self,
        rows: &[u32],
        k: usize,
        answer: impl Fn(&mut Part, &[u32], bool, &mut Settle) + Sync,
        sink: impl FnMut(Part),
    ) -> Result<()> {
        let references = &self.neighbors.references;
        let piece = cpu::piece_records(k);
        let pieces: Vec<(u32, &[u32])> =
            rows.iter().flat_map(|&row| references.members(row).chunks(piece).map(move |part| (row, part))).collect();
        let work = |at: usize, search: &mut cpu::Search| {
            let (mut settle, mut part) = (Settle::default(), Part::default());
            let Some(&(row, members)) = pieces.get(at) else { return part };
            let near_tie = if references.members(row).len() > k {
                settle.key(references, self.query(row), std::iter::once(row), self.wanted);
                false
            } else {
                self.search(&[row], search);
                let candidates = search.candidates(0).iter().map(|candidate| candidate.1);
                settle.key(references, self.query(row), candidates, self.wanted)
            };
            answer(&mut part, members, near_tie, &mut settle);
            part
        };
        // Progress is told by the search for the others, which counts all records.
        let watch = Watch::stop(self.watch.stop);
        cpu::run(pieces.len(), self.n_records, piece.saturating_mul(k), watch, work, sink)
    }

    /// The same with candidates from a GPU: it looks for those of the next batches while the host settles one.
    fn each_on<Part: Default + Send>(
        &self,
        gpu: &NeighborsGpu,
        rows: &[u32],
        answer: impl Fn(&mut Part, u32, bool, &mut Settle) + Sync,
        mut sink: impl FnMut(Part),
    ) -> Result<()> {
        let queries: Vec<f32> = rows.iter().flat_map(|&row| self.query(row)).copied().collect();
        gpu.candidates(&queries, self.wanted, |batch| {
            self.watch.stop.check()?;
            let range = batch.queries();
            let group = |(i, rows): (usize, &[u32])| {
                let (mut scratch, mut part) = (Scratch::default(), Part::default());
                for (query, &row) in (range.start + i * GROUP..).zip(rows) {
                    if !batch.of(query, &mut scratch.candidates) {
                        self.search_on_host(row, &mut scratch);
                    }
                    let candidates = scratch.candidates.iter().copied();
                    let references = &self.neighbors.references;
                    let near_tie = scratch.settle.key(references, self.query(row), candidates, self.wanted);
                    answer(&mut part, row, near_tie, &mut scratch.settle);
                }
                part
            };
            let of_batch = rows.get(range.clone()).unwrap_or_default();
            let parts: Vec<Part> = of_batch.par_chunks(GROUP).enumerate().map(group).collect();
            parts.into_iter().for_each(&mut sink);
            (self.watch.progress)(self.n_records * range.end as u64 / rows.len() as u64, self.n_records);
            Ok(())
        })
    }

    /// Finds the candidates that a GPU had no room for.
    fn search_on_host(&self, row: u32, scratch: &mut Scratch) {
        self.neighbors.searched_on_host.fetch_add(1, Relaxed);
        self.search(&[row], &mut scratch.search);
        scratch.candidates.clear();
        scratch.candidates.extend(scratch.search.candidates(0).iter().map(|candidate| candidate.1));
    }

    fn query(&self, row: u32) -> &[f32] {
        references::row_of(self.values, self.neighbors.n_features(), row as usize)
    }

    /// The candidates of some queries by the CPU's body.
    fn search(&self, rows: &[u32], search: &mut cpu::Search) {
        let references = &self.neighbors.references;
        let queries = rows.iter().map(|&row| self.query(row));
        self.neighbors.tree.search(references, queries, self.wanted.min(references.n_unique()), search);
    }
}
