//! `neighbors`: the exact k nearest reference rows of each query row.
//!
//! # Contract
//! Given `n_references × n_features` finite f32 reference rows and `n_queries × n_features` finite f32 query rows, each
//! query gets its `k` nearest references, nearest first. What "nearest" means is the same on every device:
//!
//! ```text
//! key(q, r) = (sq_dist, index of r),   sq_dist = Σ_j (q_j − r_j)²
//! ```
//!
//! with the f32 values widened to f64, differences, squares and sums in f64, in the order of the features, without fused
//! operations; equal distances are ordered by the reference's index. Hence lists are unique, and every `sq_dist` is too.
//!
//! - `k` is at least 1 and at most the number of references, less one where a reference is left out.
//! - A reference can be left out of a query's list **by its record** ([`Queries::excluding`]), whatever its distance: exact
//!   duplicates of a left-out row stay. [`Neighbors::self_lists`] and [`Neighbors::self_map`] leave each row out of its own.
//! - A value that is not finite is an error with its row and column; −0 equals 0. Any finite f32 is accepted: squares of f32
//!   values do not overflow in f64.
//! - The `n × n` matrix never exists; [`Neighbors::map`] does not keep lists either.
//!
//! # Agreement
//! **Exact**: indices and f64 distances have the same bits for every device, body, instruction set, thread count and
//! batch size. Bodies compute f32 distances with rounding of their own (blocked, fused, in another order of features); for
//! each query they give a set of references that certainly holds its k nearest, by the bound that a sum of `n_features`
//! squares has whatever its order (Higham, *Accuracy and Stability of Numerical Algorithms*, §3.1; `order`). The list is
//! then settled from that set by the key itself, in f64, on the host (`settle`). Exact duplicates among the references are
//! collapsed first, so that ties of hundreds of equal rows cost nothing and are decided by index alone.

mod answers;
mod bench;
mod cpu;
mod gpu;
mod join;
mod lists;
mod order;
mod references;
mod settle;
#[cfg(test)]
mod tests;

pub use gpu::{Candidates, Fenced, NeighborsGpu, Tiling};
pub use lists::NeighborLists;
pub use order::Neighbor;

use super::Operation;
use crate::device::{AdapterReport, Device, Timings};
use crate::words::counted;
use crate::{Error, Result, Stop};
use answers::Answers;
use join::Join;
use lists::PackedLists;
use ndarray::ArrayView2;
use references::References;
use settle::Settle;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// On the list of operations.
pub(super) const OPERATION: Operation =
    Operation { name: "neighbors", kernels: gpu::KERNELS, shortfall: AdapterReport::shortfall, cases: bench::cases };

/// Query rows, and which reference each of them may not find.
#[derive(Debug, Clone, Copy)]
pub struct Queries<'a> {
    rows: ArrayView2<'a, f32>,
    excluded: Option<&'a [Option<u32>]>,
}

impl<'a> Queries<'a> {
    /// Query rows (`n_queries × n_features`) that may find every reference.
    pub fn new(rows: ArrayView2<'a, f32>) -> Self {
        Self { rows, excluded: None }
    }

    /// Query rows of which each may not find the reference named for it, if one is: one entry a row.
    pub fn excluding(rows: ArrayView2<'a, f32>, excluded: &'a [Option<u32>]) -> Self {
        Self { rows, excluded: Some(excluded) }
    }
}

/// Where a long computation asks whether to stop, and tells how many rows are done.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Asked between groups of rows.
    pub stop: &'a Stop,
    /// Told after each group: rows done so far, of all.
    pub progress: &'a (dyn Fn(u64, u64) + Sync),
}

impl<'a> Watch<'a> {
    /// Asks `stop`, tells nobody.
    pub fn stop(stop: &'a Stop) -> Self {
        Self { stop, progress: &|_, _| {} }
    }
}

/// What f32 could not decide, counted since the operation was prepared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Settled {
    /// Queries with two distances among their first k + 1 that f32 cannot tell apart for certain, so that the f64 key
    /// decided. Exact duplicates do not count. The same on every device.
    pub near_ties: u64,
    /// Queries (in a self-join, distinct rows) whose nearest a GPU could not narrow down to the room a list has there; they
    /// were searched on the CPU.
    pub searched_on_host: u64,
}

impl Settled {
    /// Both counts added up.
    pub fn plus(self, other: Self) -> Self {
        Self {
            near_ties: self.near_ties + other.near_ties,
            searched_on_host: self.searched_on_host + other.searched_on_host,
        }
    }
}

/// Reference rows made ready on a device; shared by threads.
#[derive(Debug)]
pub struct Neighbors {
    references: References,
    /// The CPU's body; beside a GPU it searches what does not fit a list there.
    tree: cpu::Tree,
    gpu: Option<NeighborsGpu>,
    near_ties: AtomicU64,
    searched_on_host: AtomicU64,
}

impl Neighbors {
    /// Makes `references` (`n_references × n_features`, at least one row) ready on `device`.
    ///
    /// # Errors
    /// If there are no rows or more than 2³² − 2, or a value is not finite; if the device cannot take them.
    pub fn prepare(references: ArrayView2<'_, f32>, device: &Device) -> Result<Self> {
        let mut references = References::new(references)?;
        let tree = cpu::Tree::build(&mut references);
        let gpu = match device {
            Device::Cpu => None,
            Device::Gpu(gpu) => Some(NeighborsGpu::prepare(references.values(), references.n_features(), gpu)?),
        };
        Ok(Self { references, tree, gpu, near_ties: AtomicU64::new(0), searched_on_host: AtomicU64::new(0) })
    }

    /// Reference rows, exact duplicates counted.
    pub fn n_references(&self) -> usize {
        self.references.n_rows()
    }

    /// Values in a row.
    pub fn n_features(&self) -> usize {
        self.references.n_features()
    }

    /// What f32 could not decide so far.
    pub fn settled(&self) -> Settled {
        Settled { near_ties: self.near_ties.load(Relaxed), searched_on_host: self.searched_on_host.load(Relaxed) }
    }

    /// Time that a GPU body spent so far, by stage; None on the CPU.
    pub fn timings(&self) -> Option<Timings> {
        self.gpu.as_ref().map(NeighborsGpu::timings)
    }

    /// The GPU body, where that is the one prepared.
    pub fn gpu(&self) -> Option<&NeighborsGpu> {
        self.gpu.as_ref()
    }

    /// Calls `f` with each query's number and its `k` nearest references, nearest first, and returns what it gave in the
    /// order of the queries. A list lives while `f` looks at it. Runs on the current rayon pool.
    ///
    /// # Errors
    /// If the queries have another number of columns or a value that is not finite, `k` is out of its range, the device
    /// fails, or a stop was asked for.
    pub fn map<T: Send>(
        &self,
        queries: Queries<'_>,
        k: usize,
        watch: Watch<'_>,
        f: impl Fn(usize, &[Neighbor]) -> T + Sync,
    ) -> Result<Vec<T>> {
        let n_queries = queries.rows.nrows();
        let excluded = self.check(&queries, k)?;
        let n_left_out = usize::from(excluded.iter().any(Option::is_some));
        let values = references::compact(queries.rows, "query")?;
        let groups = self.tree.group_queries(&values, n_queries, k + n_left_out);
        let join =
            Join { neighbors: self, values: &values, wanted: k + n_left_out, n_records: n_queries as u64, watch };
        let mut answers = Answers::new(n_queries);
        let answer = |part: &mut Vec<(u32, T)>, query: u32, near_tie: bool, settle: &mut Settle| {
            self.near_ties.fetch_add(u64::from(near_tie), Relaxed);
            let left_out = excluded.get(query as usize).copied().flatten();
            part.push((query, f(query as usize, settle.expand(&self.references, k, left_out))));
        };
        let rows = |group: usize| groups.get(group).map(|group| group.rows.clone()).unwrap_or_default();
        join.each(groups.len(), rows, answer, |part| answers.add(part))?;
        answers.finish()
    }

    /// The same for every reference among the others: each row is left out of its own list, by record.
    ///
    /// # Errors
    /// As [`Neighbors::map`].
    pub fn self_map<T: Send>(
        &self,
        k: usize,
        watch: Watch<'_>,
        f: impl Fn(usize, &[Neighbor]) -> T + Sync,
    ) -> Result<Vec<T>> {
        let mut answers = Answers::new(self.n_references());
        let answer = |part: &mut Vec<(u32, T)>, row: u32, list: &[Neighbor]| part.push((row, f(row as usize, list)));
        self.self_join(k, watch, answer, |part| answers.add(part))?;
        answers.finish()
    }

    /// The lists of all references among themselves, each left out of its own, by record. Takes
    /// [`NeighborLists::bytes`].
    ///
    /// # Errors
    /// As [`Neighbors::map`].
    pub fn self_lists(&self, k: usize, watch: Watch<'_>) -> Result<NeighborLists> {
        let mut lists = NeighborLists::empty(self.n_references(), k);
        self.self_join(k, watch, PackedLists::push, |part| lists.add(&part))?;
        Ok(lists)
    }

    /// Finds the neighbours of each distinct row once and hands every record of it a list of its own.
    fn self_join<Part: Default + Send>(
        &self,
        k: usize,
        watch: Watch<'_>,
        answer: impl Fn(&mut Part, u32, &[Neighbor]) + Sync,
        mut sink: impl FnMut(Part),
    ) -> Result<()> {
        self.check_k(k, 1)?;
        let references = &self.references;
        let join = Join {
            neighbors: self,
            values: references.values(),
            wanted: k + 1,
            n_records: self.n_references() as u64,
            watch,
        };
        let answer = |part: &mut Part, members: &[u32], near_tie: bool, settle: &mut Settle| {
            self.near_ties.fetch_add(if near_tie { members.len() as u64 } else { 0 }, Relaxed);
            for &member in members {
                answer(part, member, settle.expand(references, k, Some(member)));
            }
        };
        let is_crowded = |row: &u32| cpu::is_crowded(references.members(*row).len(), k);
        let crowded: Vec<u32> = (0..references.n_unique() as u32).filter(is_crowded).collect();
        join.each_crowded(&crowded, k, answer, &mut sink)?;
        let groups = self.tree.own_groups(k + 1);
        let rows = |group: usize| groups.get(group).filter(|row| !is_crowded(row)).collect();
        let answer = |part: &mut Part, row: u32, near_tie: bool, settle: &mut Settle| {
            answer(part, references.members(row), near_tie, settle);
        };
        join.each(groups.len(), rows, answer, sink)
    }

    /// Checks what can be wrong with queries; gives their exclusions.
    fn check<'q>(&self, queries: &Queries<'q>, k: usize) -> Result<&'q [Option<u32>]> {
        if queries.rows.ncols() != self.n_features() {
            let limit = format!("the references have {}; give the queries the same columns", self.n_features());
            return Err(Error::parameter("n_features of the queries", queries.rows.ncols(), limit));
        }
        let excluded = queries.excluded.unwrap_or_default();
        if queries.excluded.is_some() && excluded.len() != queries.rows.nrows() {
            let limit = format!("it must have one entry for each of {}", counted(queries.rows.nrows(), "query row"));
            return Err(Error::parameter("length of the exclusions", excluded.len(), limit));
        }
        if let Some(met) = excluded.iter().flatten().find(|&&index| index as usize >= self.n_references()) {
            let limit = format!("it must be one of {}, numbered from 0", counted(self.n_references(), "reference"));
            return Err(Error::parameter("excluded reference", met, limit));
        }
        self.check_k(k, usize::from(excluded.iter().any(Option::is_some)))?;
        Ok(excluded)
    }

    fn check_k(&self, k: usize, n_left_out: usize) -> Result<()> {
        let most = self.n_references() - n_left_out;
        if (1..=most).contains(&k) {
            return Ok(());
        }
        let without = if n_left_out > 0 { ", a row itself left out" } else { "" };
        let references = counted(self.n_references(), "reference row");
        let limit = format!("with {references}{without}, it must lie between 1 and {most}");
        Err(Error::parameter("n_neighbors", k, limit))
    }
}
