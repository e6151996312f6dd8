//! The search for one group of queries.

use super::super::References;
use super::super::order::Margin;
#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
use super::kernel::{Distances, Kernel, Portable};
use super::nearest::{Measure, Nearest};
use super::tree::{Tree, middle};
use super::{BLOCK, Lanes, VECTORS};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Scratch of one thread, and the candidates it found for the last group.
pub(in super::super) struct Search {
    nearest: Vec<Nearest>,
    /// The queries in the tree's order of features, padded: row-major, and [feature][query].
    values: Vec<f32>,
    lanes: Vec<[Lanes; VECTORS]>,
    /// Their limits; below 0 where there is no query.
    limits: Distances,
    /// The least and greatest corners of their box.
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

impl Waiting {
    /// Whether its box can hold a row that is needed.
    fn is_within(self, limit: f32) -> bool {
        f32::from_bits(self.bound) <= limit
    }
}

impl Default for Search {
    fn default() -> Self {
        let (nearest, values, lanes, low, high) = Default::default();
        Self { nearest, values, lanes, limits: [Lanes([-1.0; 8]); VECTORS], low, high, waiting: BinaryHeap::new() }
    }
}

impl Search {
    /// The candidates of the group's query `lane`: f32 distance and distinct row.
    pub fn candidates(&self, lane: usize) -> &[(f32, u32)] {
        self.nearest.get(lane).map_or(&[], Nearest::found)
    }

    fn load<'q>(&mut self, tree: &Tree, queries: impl Iterator<Item = &'q [f32]>) {
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
        self.spread(width, n);
    }

    /// Fills the lanes with the first `n` queries.
    fn spread(&mut self, width: usize, n: usize) {
        self.lanes.clear();
        self.lanes.resize(width, [Lanes([0.0; 8]); VECTORS]);
        for (lane, values) in self.values.chunks(width).enumerate() {
            for (lanes, value) in self.lanes.iter_mut().zip(values) {
                set(lanes, lane, *value);
            }
        }
        (0..BLOCK).for_each(|lane| set(&mut self.limits, lane, if lane < n { f32::INFINITY } else { -1.0 }));
    }

    /// The largest limit of a query; limits are no NaN.
    fn limit(&self) -> f32 {
        let larger = |a: f32, b: f32| if a > b { a } else { b };
        // Lane by lane, so that the compiler takes eight at a time.
        let mut largest = [0.0; 8];
        for lanes in &self.limits {
            for (most, &limit) in largest.iter_mut().zip(&lanes.0) {
                *most = larger(*most, limit);
            }
        }
        largest.into_iter().fold(0.0, larger)
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
        search.load(self, queries.clone());
        let queries: Vec<&[f32]> = queries.collect();
        let measure = Measure { references, margin: Margin::new(self.features.len()), wanted: wanted.max(1) };
        let mut next = Some(Waiting { bound: 0, node: 0, first: 0, end: self.n_leaves() as u32 });
        let mut limit = f32::INFINITY;
        while let Some(node) = next {
            let child = if node.end - node.first > 1 {
                // Both children of a node within the limit may lie beyond it, and what waits be nearer.
                Some(self.descend::<K>(node, limit, search)).filter(|child| child.is_within(limit))
            } else {
                self.scan::<K>(node, measure, &queries, search);
                limit = search.limit();
                None
            };
            next = child.or_else(|| search.waiting.pop().map(|waiting| waiting.0).filter(|node| node.is_within(limit)));
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
        if farther.is_within(limit) {
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
        let mut near = K::near_box(&search.lanes, &search.limits, low, high);
        while near != 0 {
            let lane = near.trailing_zeros() as usize;
            near &= near - 1;
            let values = search.values.get(lane * self.width()..).and_then(|values| values.get(..n_features));
            let (Some(nearest), Some(query), Some(values)) = (search.nearest.get_mut(lane), queries.get(lane), values)
            else {
                continue;
            };
            let mut within = K::scan(block, values, nearest.limit(), &mut distances);
            while within != 0 {
                let row = within.trailing_zeros();
                within &= within - 1;
                let distance = distances.get(row as usize / 8).and_then(|lanes| lanes.0.get(row as usize % 8));
                nearest.push(distance.copied().unwrap_or(f32::INFINITY), first_row + row);
            }
            nearest.tighten(measure, query);
            set(&mut search.limits, lane, nearest.limit());
        }
    }
}

fn set(lanes: &mut Distances, lane: usize, value: f32) {
    if let Some(place) = lanes.get_mut(lane / 8).and_then(|lanes| lanes.0.get_mut(lane % 8)) {
        *place = value;
    }
}
