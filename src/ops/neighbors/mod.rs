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
mod cpu;
mod gpu;
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
use crate::device::{AdapterReport, Device};
use crate::{Error, Result, Stop};
use answers::Answers;
use lists::PackedLists;
use ndarray::ArrayView2;
use references::References;
use settle::Settle;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// On the list of operations.
pub(super) const OPERATION: Operation =
    Operation { name: "neighbors", kernels: gpu::KERNELS, shortfall: AdapterReport::shortfall, cases: |_| Vec::new() };

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
    /// Queries whose nearest a GPU could not narrow down to the room a list has there; they were searched on the CPU.
    pub searched_on_host: u64,
}

/// Reference rows made ready on a device; shared by threads.
#[derive(Debug)]
pub struct Neighbors {
    references: References,
    tree: cpu::Tree,
    near_ties: AtomicU64,
    searched_on_host: AtomicU64,
}

impl Neighbors {
    /// Makes `references` (`n_references × n_features`, at least one row) ready on `device`.
    ///
    /// # Errors
    /// If there are no rows or more than 2³² − 2, or a value is not finite; if the device cannot take them.
    pub fn prepare(references: ArrayView2<'_, f32>, device: &Device) -> Result<Self> {
        let _ = device;
        let mut references = References::new(references)?;
        let tree = cpu::Tree::build(&mut references);
        Ok(Self { references, tree, near_ties: AtomicU64::new(0), searched_on_host: AtomicU64::new(0) })
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
        let row = |row: u32| references::row_of(&values, self.n_features(), row as usize);
        let groups = self.tree.group_queries(&values, n_queries, k + n_left_out);
        let mut answers = Answers::new(n_queries);
        let work = |group: &cpu::Group, search: &mut cpu::Search| {
            let lanes = group.rows.iter().map(|&query| row(query));
            let wanted = (k + n_left_out).min(self.references.n_unique());
            self.tree.search(&self.references, lanes, wanted, search);
            let mut settle = Settle::default();
            let answer = |(lane, &query): (usize, &u32)| {
                self.settle(row(query), search.candidates(lane), k + n_left_out, 1, &mut settle);
                let left_out = excluded.get(query as usize).copied().flatten();
                (query, f(query as usize, settle.expand(&self.references, k, left_out)))
            };
            group.rows.iter().enumerate().map(answer).collect::<Vec<_>>()
        };
        cpu::run(
            groups.len(),
            n_queries as u64,
            watch,
            |i, search| work(&groups[i], search),
            |part| answers.add(part),
        )?;
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
        sink: impl FnMut(Part),
    ) -> Result<()> {
        self.check_k(k, 1)?;
        let references = &self.references;
        let groups = self.tree.own_groups(k + 1);
        let work = |index: usize, search: &mut cpu::Search| {
            let rows = groups.get(index);
            let lanes = rows.clone().map(|row| references.unique(row));
            self.tree.search(references, lanes, (k + 1).min(references.n_unique()), search);
            let mut settle = Settle::default();
            let mut part = Part::default();
            for (lane, row) in rows.enumerate() {
                let members = references.members(row);
                self.settle(references.unique(row), search.candidates(lane), k + 1, members.len(), &mut settle);
                for &member in members {
                    answer(&mut part, member, settle.expand(references, k, Some(member)));
                }
            }
            part
        };
        cpu::run(groups.len(), self.n_references() as u64, watch, work, sink)
    }

    /// Settles the candidates of a row that stands for `n_records` queries, and counts them if f32 could not have.
    fn settle(&self, query: &[f32], candidates: &[(f32, u32)], k: usize, n_records: usize, settle: &mut Settle) {
        let near_tie = settle.key(&self.references, query, candidates.iter().map(|candidate| candidate.1), k);
        self.near_ties.fetch_add(if near_tie { n_records as u64 } else { 0 }, Relaxed);
    }

    /// Checks what can be wrong with queries; gives their exclusions.
    fn check<'q>(&self, queries: &Queries<'q>, k: usize) -> Result<&'q [Option<u32>]> {
        if queries.rows.ncols() != self.n_features() {
            let limit = format!("the references have {}; give the queries the same columns", self.n_features());
            return Err(Error::parameter("n_features of the queries", queries.rows.ncols(), limit));
        }
        let excluded = queries.excluded.unwrap_or_default();
        if queries.excluded.is_some() && excluded.len() != queries.rows.nrows() {
            let limit = format!("there are {} query rows; it must have one entry for each", queries.rows.nrows());
            return Err(Error::parameter("length of the exclusions", excluded.len(), limit));
        }
        if let Some(met) = excluded.iter().flatten().find(|&&index| index as usize >= self.n_references()) {
            let limit = format!("there are {} references, numbered from 0", self.n_references());
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
        let limit = format!("with {} reference rows{without}, it must lie between 1 and {most}", self.n_references());
        Err(Error::parameter("n_neighbors", k, limit))
    }
}
