//! Queries to a body, its candidates to settled lists.

use super::settle::Settle;
use super::{Neighbors, Watch, cpu, references};
use crate::Result;

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
        cpu::run(n_groups, self.n_records, self.watch, work, sink)
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
