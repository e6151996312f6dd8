//! The search for one group of queries.

use super::super::References;
use super::super::order::Margin;
#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
use super::kernel::{Kernel, Portable};
use super::nearest::{Measure, Nearest};
use super::tree::{Tree, middle};
use super::{BLOCK, Lanes, VECTORS};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Scratch of one thread, and the candidates it found for the last group.
#[derive(Default)]
pub(in super::super) struct Search {
    nearest: Vec<Nearest>,
    /// The queries in the tree's order of features, padded, and the least and greatest corners of their box.
    values: Vec<f32>,
    low: Vec<f32>,
    high: Vec<f32>,
    waiting: BinaryHeap<Reverse<Waiting>>,
}

/// A node to be looked at: nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    /// Bits of its box's distance from the group's: they order as the distances do, which are not negative.
    bound: u32,
    node: u32,
    first: u32,
    end: u32,
}

impl Search {
    /// The candidates of the group's query `lane`: f32 distance and distinct row.
    pub fn candidates(&self, lane: usize) -> &[(f32, u32)] {
        self.nearest.get(lane).map_or(&[], Nearest::found)
    }

    fn load<'q>(&mut self, tree: &Tree, queries: impl Iterator<Item = &'q [f32]>) -> usize {
        let width = tree.width();
        self.waiting.clear();
        self.values.clear();
        self.low.clear();
        self.high.clear();
        let mut n = 0;
        for query in queries {
            let begin = self.values.len();
            self.values.resize(begin + width, 0.0);
            if let Some(values) = self.values.get_mut(begin..) {
                tree.arrange(query, values);
                if n == 0 {
                    self.low.extend_from_slice(values);
                    self.high.extend_from_slice(values);
                }
                for ((low, high), value) in self.low.iter_mut().zip(&mut self.high).zip(values) {
                    (*low, *high) = (low.min(*value), high.max(*value));
                }
            }
            n += 1;
            if self.nearest.len() < n {
                self.nearest.push(Nearest::default());
            }
        }
        self.nearest.iter_mut().take(n).for_each(Nearest::clear);
        n
    }
}

impl Tree {
    /// Finds, for each of the `queries` (at most 64, rows of the references' columns), a set of distinct rows that holds
    /// its `wanted` nearest for certain. They lie in `search` until the next call.
    pub fn search<'q>(
        &self,
        references: &References,
        queries: impl Iterator<Item = &'q [f32]> + Clone,
        wanted: usize,
        search: &mut Search,
    ) {
        #[cfg(target_arch = "x86_64")]
        if Avx2::is_available() {
            return self.search_by::<Avx2>(references, queries, wanted, search);
        }
        self.search_by::<Portable>(references, queries, wanted, search);
    }

    /// The same with the given kernel.
    pub fn search_by<'q, K: Kernel>(
        &self,
        references: &References,
        queries: impl Iterator<Item = &'q [f32]> + Clone,
        wanted: usize,
        search: &mut Search,
    ) {
        let n_queries = search.load(self, queries.clone());
        let queries: Vec<&[f32]> = queries.collect();
        let measure = Measure { references, margin: Margin::new(self.features.len()), wanted: wanted.max(1) };
        let mut next = Some(Waiting { bound: 0, node: 0, first: 0, end: self.n_leaves() as u32 });
        let mut limit = f32::INFINITY;
        while let Some(node) = next {
            if f32::from_bits(node.bound) > limit {
                break;
            }
            next = if node.end - node.first > 1 {
                Some(self.descend::<K>(node, limit, search))
            } else {
                self.scan::<K>(node, measure, &queries, search);
                let limits = search.nearest.iter().take(n_queries).map(Nearest::limit);
                limit = limits.fold(0.0, f32::max);
                search.waiting.pop().map(|waiting| waiting.0)
            };
        }
    }

    /// The nearer child; the other one waits, unless it is beyond the limit.
    fn descend<K: Kernel>(&self, node: Waiting, limit: f32, search: &mut Search) -> Waiting {
        let middle = middle(node.first, node.end);
        let [left, right] =
            [(node.node + 1, node.first, middle), (node.node + 2 * (middle - node.first), middle, node.end)].map(
                |(node, first, end)| {
                    let (low, high) = self.bounds(node);
                    let distance = K::between(&search.low, &search.high, low, high);
                    Waiting { bound: distance.max(0.0).to_bits(), node, first, end }
                },
            );
        let nearer_is_left = match left.bound.cmp(&right.bound) {
            std::cmp::Ordering::Equal => self.is_nearer_centre(left.node, right.node, search),
            order => order.is_lt(),
        };
        let (nearer, farther) = if nearer_is_left { (left, right) } else { (right, left) };
        if f32::from_bits(farther.bound) <= limit {
            search.waiting.push(Reverse(farther));
        }
        nearer
    }

    /// Whether the centre of box `a` is at most as far from the group's as that of `b`.
    fn is_nearer_centre(&self, a: u32, b: u32, search: &Search) -> bool {
        let distance = |node: u32| {
            let (low, high) = self.bounds(node);
            let sides = search.low.iter().zip(&search.high).zip(low.iter().zip(high));
            sides.fold(0.0, |sum, ((l, h), (low, high))| {
                let gap = (l + h) - (low + high);
                sum + gap * gap
            })
        };
        distance(a) <= distance(b)
    }

    /// Scans a leaf for each query that it can hold a neighbour of.
    fn scan<K: Kernel>(&self, leaf: Waiting, measure: Measure<'_>, queries: &[&[f32]], search: &mut Search) {
        let (low, high) = self.bounds(leaf.node);
        let block = self.block(leaf.first);
        let first_row = leaf.first * BLOCK as u32;
        let mut distances = [Lanes([0.0; 8]); VECTORS];
        let n_features = self.features.len();
        let rows = search.values.chunks(self.width().max(1)).zip(queries);
        for (nearest, (values, query)) in search.nearest.iter_mut().zip(rows) {
            let limit = nearest.limit();
            if f32::from_bits(leaf.bound) > limit || K::between(values, values, low, high) > limit {
                continue;
            }
            let mut within = K::scan(block, values.get(..n_features).unwrap_or_default(), limit, &mut distances);
            while within != 0 {
                let lane = within.trailing_zeros();
                within &= within - 1;
                let distance = distances.get(lane as usize / 8).and_then(|lanes| lanes.0.get(lane as usize % 8));
                nearest.push(distance.copied().unwrap_or(f32::INFINITY), first_row + lane);
            }
            nearest.tighten(measure, query);
        }
    }
}
