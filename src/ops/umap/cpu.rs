//! The CPU body: vertices gather, side by side.

use super::power::{LANES, power};
use super::{Graph, Layout, SUB_STEPS};
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

/// Vertices that a thread takes at a time.
const VERTICES: usize = 128;
/// Most a coordinate moves by one edge, before the learning rate.
const CLIP: f32 = 4.0;

/// Edges that may act in full on a vertex in one sub-step: more would throw it beyond where they pull it, so a hub follows their
/// mean.
const MOST_EVENTS: u32 = 4;

/// An edge as one of its ends sees it, in its sub-step.
#[derive(Debug, Clone, Copy)]
struct Event {
    other: u32,
    /// Share of epochs in which it takes part, its weight over the largest one, in units of 2⁻³².
    rate: u32,
    /// Decides which vertices repel; 0 at the tail, where none do.
    key: u32,
}

/// Vertices on their way.
#[derive(Debug)]
pub(super) struct UmapCpu<const D: usize> {
    layout: Layout,
    points: Vec<[f32; D]>,
    next: Vec<[f32; D]>,
    n_moving: usize,
    /// Events by sub-step, in each by vertex.
    events: Vec<Event>,
    /// Where the events of (sub-step, vertex) begin, and the last ones end.
    begins: Vec<u32>,
    /// Room of each chunk.
    pairs: Vec<Pairs<D>>,
}

impl<const D: usize> UmapCpu<D> {
    pub fn new(graph: &Graph, points: ArrayView2<'_, f32>, n_moving: usize, layout: Layout) -> Self {
        let point =
            |row: ndarray::ArrayView1<'_, f32>| std::array::from_fn(|c| row.get(c).copied().unwrap_or_default());
        let points: Vec<[f32; D]> = points.outer_iter().map(point).collect();
        let n_moving = n_moving.min(points.len());
        let largest = graph.largest_weight();
        // Edges that would never take part.
        let least = largest / layout.n_epochs.max(1) as f32;
        let mut met: Vec<(u32, u32, Event)> = Vec::new();
        for vertex in 0..n_moving {
            let (columns, weights) = graph.row(vertex);
            for (&other, &weight) in columns.iter().zip(weights).filter(|&(_, &weight)| weight >= least) {
                let rate = (f64::from(weight) / f64::from(largest) * 4_294_967_296.0) as u32;
                let (own, theirs) = (edge(layout.seed, vertex as u32, other), edge(layout.seed, other, vertex as u32));
                met.push((own % SUB_STEPS, vertex as u32, Event { other, rate, key: own | 1 }));
                // An edge of new rows is seen from their end only.
                if graph.row(other as usize).0.binary_search(&(vertex as u32)).is_ok() {
                    met.push((theirs % SUB_STEPS, vertex as u32, Event { other, rate, key: 0 }));
                }
            }
        }
        met.sort_by_key(|&(step, vertex, _)| (step, vertex));
        let mut begins = vec![0u32; SUB_STEPS as usize * n_moving + 1];
        for &(step, vertex, _) in &met {
            begins[step as usize * n_moving + vertex as usize + 1] += 1;
        }
        for at in 1..begins.len() {
            begins[at] += begins[at - 1];
        }
        let events = met.into_iter().map(|(_, _, event)| event).collect();
        let pairs = (0..n_moving.div_ceil(VERTICES)).map(|_| Pairs::new()).collect();
        Self { layout, next: points.clone(), points, n_moving, events, begins, pairs }
    }

    pub fn points(&self) -> Array2<f32> {
        Array2::from_shape_fn((self.points.len(), D), |(i, c)| self.points[i][c])
    }

    /// One epoch, the first is 0.
    pub fn epoch(&mut self, epoch: usize) {
        let run = kernel::<D>();
        let rate = self.layout.learning_rate * (1.0 - epoch as f32 / self.layout.n_epochs as f32);
        for step in 0..SUB_STEPS as usize {
            let begins = &self.begins[step * self.n_moving..=(step + 1) * self.n_moving];
            let (events, points, layout) = (&self.events, &self.points, &self.layout);
            // Fitted points alone repel new ones, whatever these are placed with.
            let repelling = if self.n_moving < points.len() { &points[self.n_moving..] } else { &points[..] };
            let moving = &mut self.next[..self.n_moving];
            moving.par_chunks_mut(VERTICES).zip(&mut self.pairs).enumerate().for_each(|(chunk, (next, pairs))| {
                let from = chunk * VERTICES;
                let step =
                    Step { layout, points, repelling, events, begins: &begins[from..], epoch: epoch as u64, rate };
                run(&step, from, next, pairs);
            });
            std::mem::swap(&mut self.points, &mut self.next);
        }
    }
}

/// What all vertices of a sub-step share.
struct Step<'a, const D: usize> {
    layout: &'a Layout,
    points: &'a [[f32; D]],
    repelling: &'a [[f32; D]],
    events: &'a [Event],
    begins: &'a [u32],
    epoch: u64,
    rate: f32,
}

/// Pairs of a vertex and what acts on it, one after the other, so that lanes are full whatever a vertex meets.
#[derive(Debug)]
struct Pairs<const D: usize> {
    /// Which of the chunk's vertices.
    vertices: Vec<u32>,
    /// Vertex less other, by coordinate; then what the other does.
    apart: [Vec<f32>; D],
    /// 1 where the other attracts, else 0.
    attracts: Vec<f32>,
    /// Of each of the chunk's vertices, how much of what others do it does.
    shares: Vec<f32>,
}

impl<const D: usize> Pairs<D> {
    fn new() -> Self {
        Self {
            vertices: Vec::new(),
            apart: std::array::from_fn(|_| Vec::new()),
            attracts: Vec::new(),
            shares: Vec::new(),
        }
    }

    #[inline(always)]
    fn push(&mut self, vertex: usize, own: &[f32; D], other: &[f32; D], attracts: f32) {
        self.vertices.push(vertex as u32);
        for c in 0..D {
            self.apart[c].push(own[c] - other[c]);
        }
        self.attracts.push(attracts);
    }

    /// Of the chunk's vertices, for one sub-step.
    #[inline(always)]
    fn gather(&mut self, step: &Step<'_, D>, from: usize, n_vertices: usize) {
        self.vertices.clear();
        for side in &mut self.apart {
            side.clear();
        }
        self.attracts.clear();
        self.shares.clear();
        let n = step.repelling.len() as u64;
        for at in 0..n_vertices {
            let own = step.points[from + at];
            let mut n_events = 0u32;
            for event in &step.events[step.begins[at] as usize..step.begins[at + 1] as usize] {
                if !takes_part(step.epoch, event.rate) {
                    continue;
                }
                n_events += 1;
                self.push(at, &own, &step.points[event.other as usize], 1.0);
                if event.key == 0 {
                    continue;
                }
                // A hash draws two vertices.
                let key = u64::from(event.key) << 32 | step.epoch;
                let mut left = step.layout.n_negatives;
                let mut drawn = 0;
                while left > 0 {
                    drawn = if left.is_multiple_of(2) == step.layout.n_negatives.is_multiple_of(2) {
                        mix(key, u64::from(left))
                    } else {
                        drawn >> 32
                    };
                    self.push(at, &own, &step.repelling[(((drawn & 0xffff_ffff) * n) >> 32) as usize], 0.0);
                    left -= 1;
                }
            }
            self.shares.push(if n_events > MOST_EVENTS { MOST_EVENTS as f32 / n_events as f32 } else { 1.0 });
        }
        // Pairs of equal points do nothing.
        let full = self.vertices.len().next_multiple_of(LANES);
        self.vertices.resize(full, 0);
        for side in &mut self.apart {
            side.resize(full, 0.0);
        }
        self.attracts.resize(full, 0.0);
    }

    /// Puts what others do where their distances were.
    #[inline(always)]
    fn act(&mut self, layout: &Layout) {
        let (attracts, _) = self.attracts.as_chunks::<LANES>();
        for (group, attracts) in attracts.iter().enumerate() {
            let mut sq_dist = [0f32; LANES];
            for side in &self.apart {
                let side = &side[group * LANES..][..LANES];
                for lane in 0..LANES {
                    sq_dist[lane] += side[lane] * side[lane];
                }
            }
            let force = force(&sq_dist, attracts, layout);
            for side in &mut self.apart {
                let side = &mut side[group * LANES..][..LANES];
                for lane in 0..LANES {
                    let x = force[lane] * side[lane];
                    let x = if x > CLIP { CLIP } else { x };
                    side[lane] = if x < -CLIP { -CLIP } else { x };
                }
            }
        }
    }
}

/// By which a pair's distance is multiplied; 0 for equal points.
#[inline(always)]
fn force(sq_dist: &[f32; LANES], attracts: &[f32; LANES], layout: &Layout) -> [f32; LANES] {
    let (a, b) = (layout.a, layout.b);
    let mut p = [0f32; LANES];
    power(sq_dist, b, &mut p);
    let (attraction, repulsion) = (-2.0 * a * b, 2.0 * layout.repulsion * b);
    let mut force = [0f32; LANES];
    for lane in 0..LANES {
        // Numerator and the part of the denominator in which they differ.
        let above = if attracts[lane] > 0.0 { attraction * p[lane] } else { repulsion };
        let below = if attracts[lane] > 0.0 { sq_dist[lane] } else { 0.001 + sq_dist[lane] };
        let whole = above / (below * (1.0 + a * p[lane]));
        force[lane] = if sq_dist[lane] > 0.0 { whole } else { 0.0 };
    }
    force
}

type Kernel<const D: usize> = fn(&Step<'_, D>, usize, &mut [[f32; D]], &mut Pairs<D>);

fn kernel<const D: usize>() -> Kernel<D> {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        return |step, from, next, pairs| {
            #[target_feature(enable = "avx2")]
            fn wide<const D: usize>(step: &Step<'_, D>, from: usize, next: &mut [[f32; D]], pairs: &mut Pairs<D>) {
                advance(step, from, next, pairs);
            }
            // SAFETY: the processor was just found to have AVX2.
            unsafe { wide(step, from, next, pairs) }
        };
    }
    advance
}

/// Moves the vertices from `from` on.
#[inline(always)]
fn advance<const D: usize>(step: &Step<'_, D>, from: usize, next: &mut [[f32; D]], pairs: &mut Pairs<D>) {
    pairs.gather(step, from, next.len());
    pairs.act(step.layout);
    next.copy_from_slice(&step.points[from..from + next.len()]);
    for (at, &vertex) in pairs.vertices.iter().enumerate() {
        let rate = step.rate * pairs.shares[vertex as usize];
        for (x, moved) in next[vertex as usize].iter_mut().zip(&pairs.apart) {
            *x += rate * moved[at];
        }
    }
}

/// Whether an edge of this rate takes part in this epoch.
#[inline(always)]
fn takes_part(epoch: u64, rate: u32) -> bool {
    ((epoch + 1) * u64::from(rate)) >> 32 > (epoch * u64::from(rate)) >> 32
}

/// The number of a directed edge, by which it has its sub-step.
fn edge(seed: u64, head: u32, tail: u32) -> u32 {
    (mix(seed ^ (u64::from(head) << 32 | u64::from(tail)), 0) >> 32) as u32
}

/// SplitMix64 (Steele, Lea & Flood 2014).
#[inline(always)]
fn mix(key: u64, i: u64) -> u64 {
    let mut z = key.wrapping_add((i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
