//! Going over every training row's list of neighbours, within a memory budget.
//!
//! A detector may need its rows' lists several times. Where they fit the budget they are searched once and kept; where
//! they do not, they are searched again in each pass. Lists are exact and unique, so both ways give the same bits.

#[cfg(test)]
mod tests;

use super::FitContext;
use super::reference_set::row_bytes;
use crate::ops::neighbors::{Neighbor, NeighborLists, Neighbors, Settled, Watch};
use crate::words::counted;
use crate::{Error, Result};
use rayon::prelude::*;
use std::cell::Cell;
use std::fmt;

/// Bytes a row that a search structure takes beside its two copies of the features (by row, and by feature for SIMD):
/// records and their duplicates, boxes, answers on their way.
const INDEX_BYTES: u64 = 32;

/// What a self-join does and takes, worked out before it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SelfJoinPlan {
    /// Rows that are joined with themselves.
    pub n_rows: usize,
    /// Values in a row.
    pub n_features: usize,
    /// Neighbours in a list.
    pub n_neighbors: usize,
    /// Searches of all lists: 1 where lists are kept.
    pub n_passes: u64,
    /// Bytes of the rows, kept and made ready for the search.
    pub reference_bytes: u64,
    /// Bytes of what is worked out for the rows.
    pub result_bytes: u64,
    /// Bytes of the lists; 0 where they are not kept.
    pub list_bytes: u64,
    /// The budget, in bytes.
    pub memory: u64,
}

impl SelfJoinPlan {
    /// Plans a self-join of `n_rows × n_features` with `n_neighbors` that looks at each list `n_looks` times and keeps
    /// an f64 a row of each look, in `memory` bytes.
    ///
    /// # Errors
    /// If even rows and results take more than `memory`.
    pub fn new((n_rows, n_features): (usize, usize), n_neighbors: usize, n_looks: u64, memory: u64) -> Result<Self> {
        let reference_bytes = n_rows as u64 * (3 * row_bytes(n_features) + INDEX_BYTES);
        let result_bytes = n_rows as u64 * n_looks * size_of::<f64>() as u64;
        let least = reference_bytes + result_bytes;
        if least > memory {
            let limit = format!(
                "{} of {} and what is worked out for them take {}: allow that much (--memory), or use fewer rows (--reference-rows)",
                counted(n_rows, "row"),
                counted(n_features, "feature"),
                mib(least)
            );
            return Err(Error::parameter("memory", mib(memory), limit));
        }
        let all_lists = NeighborLists::bytes(n_rows, n_neighbors);
        let keeps = n_looks > 1 && all_lists <= memory - least;
        Ok(Self {
            n_rows,
            n_features,
            n_neighbors,
            n_passes: if keeps { 1 } else { n_looks },
            reference_bytes,
            result_bytes,
            list_bytes: if keeps { all_lists } else { 0 },
            memory,
        })
    }

    /// Whether lists are searched once and kept.
    pub fn keeps_lists(&self) -> bool {
        self.list_bytes > 0
    }
}

impl fmt::Display for SelfJoinPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { n_rows, n_features, n_neighbors, n_passes, .. } = self;
        let ways = match (self.keeps_lists(), n_passes) {
            (true, _) => "searched once and kept",
            (false, 1) => "searched once, not kept",
            (false, _) => "searched again in each pass",
        };
        let passes = counted(*n_passes, "pass");
        let (rows, features) = (counted(*n_rows, "row"), counted(*n_features, "feature"));
        write!(f, "{rows} × {features}, lists of {n_neighbors} {ways}: {passes}; ")?;
        write!(f, "rows {}, results {}", mib(self.reference_bytes), mib(self.result_bytes))?;
        write!(f, ", lists {}, of {} allowed", mib(self.list_bytes), mib(self.memory))
    }
}

fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// A self-join under way.
pub(super) struct SelfJoin<'a> {
    neighbors: &'a Neighbors,
    plan: SelfJoinPlan,
    watch: Watch<'a>,
    kept: Option<NeighborLists>,
    passes_done: Cell<u64>,
    settled: Cell<Settled>,
}

impl<'a> SelfJoin<'a> {
    /// Tells the plan and does what can be done once.
    ///
    /// # Errors
    /// As the search.
    pub fn start(neighbors: &'a Neighbors, plan: SelfJoinPlan, context: &FitContext<'a>) -> Result<Self> {
        (context.plan)(&plan);
        let (passes_done, settled) = (Cell::new(0), Cell::new(Settled::default()));
        let mut join = Self { neighbors, plan, watch: context.watch, kept: None, passes_done, settled };
        if plan.keeps_lists() {
            join.kept = Some(join.pass(|watch| neighbors.self_lists(plan.n_neighbors, watch))?);
        }
        Ok(join)
    }

    /// Gives `look` each row and its list, nearest first.
    ///
    /// # Errors
    /// As the search, and if a stop was asked for.
    pub fn map(&self, look: impl Fn(usize, &[Neighbor]) -> f64 + Sync) -> Result<Vec<f64>> {
        self.watch.stop.check()?;
        let Some(lists) = &self.kept else {
            return self.pass(|watch| self.neighbors.self_map(self.plan.n_neighbors, watch, &look));
        };
        let of_row = |list: &mut Vec<Neighbor>, row: usize| {
            let (indices, sq_dists) = lists.row(row);
            list.clear();
            list.extend(indices.iter().zip(sq_dists).map(|(&index, &sq_dist)| Neighbor { sq_dist, index }));
            look(row, list)
        };
        Ok((0..lists.n_rows()).into_par_iter().map_init(Vec::new, of_row).collect())
    }

    /// What f32 could not decide. Each pass searches the same lists, so one of them tells.
    pub fn settled(&self) -> Settled {
        self.settled.get()
    }

    /// One search of all lists; progress is told over all passes.
    fn pass<T>(&self, search: impl FnOnce(Watch<'_>) -> Result<T>) -> Result<T> {
        let (done, n_passes) = (self.passes_done.get(), self.plan.n_passes);
        let progress = |rows: u64, of: u64| (self.watch.progress)(done * of + rows, n_passes * of);
        let before = self.neighbors.settled();
        let found = search(Watch { stop: self.watch.stop, progress: &progress })?;
        self.settled.set(since(before, self.neighbors.settled()));
        self.passes_done.set(done + 1);
        Ok(found)
    }
}

/// What was settled between two counts.
pub(super) fn since(before: Settled, now: Settled) -> Settled {
    Settled {
        near_ties: now.near_ties.saturating_sub(before.near_ties),
        searched_on_host: now.searched_on_host.saturating_sub(before.searched_on_host),
    }
}
