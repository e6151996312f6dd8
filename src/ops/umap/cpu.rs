//! The CPU body: vertices gather, side by side.

use super::power::{LANES, power};
use super::{Graph, Layout, SUB_STEPS};
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

/// Vertices that a thread takes at a time.
const VERTICES: usize = 128;
/// Most a coordinate moves by one edge, before the learning rate.
const CLIP: f32 = 4.0;

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
                met.push((theirs % SUB_STEPS, vertex as u32, Event { other, rate, key: 0 }));
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
        Self { layout, next: points.clone(), points, n_moving, events, begins }
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
            let moving = &mut self.next[..self.n_moving];
            moving.par_chunks_mut(VERTICES).enumerate().for_each_init(Pairs::default, |pairs, (chunk, next)| {
                let from = chunk * VERTICES;
                let step = Step { layout, points, events, begins: &begins[from..], epoch: epoch as u64, rate };
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
    events: &'a [Event],
    begins: &'a [u32],
    epoch: u64,
    rate: f32,
}

/// Pairs of a vertex and what acts on it, one after the other, so that lanes are full whatever a vertex meets.
struct Pairs<const D: usize> {
    /// Which of the chunk's vertices.
    vertices: Vec<u32>,
    /// Vertex less other.
    apart: Vec<[f32; D]>,
    /// Whether the other attracts.
    attracts: Vec<bool>,
}

impl<const D: usize> Default for Pairs<D> {
    fn default() -> Self {
        Self { vertices: Vec::new(), apart: Vec::new(), attracts: Vec::new() }
    }
}

impl<const D: usize> Pairs<D> {
    #[inline(always)]
    fn push(&mut self, vertex: usize, own: &[f32; D], other: &[f32; D], attracts: bool) {
        self.vertices.push(vertex as u32);
        self.apart.push(std::array::from_fn(|c| own[c] - other[c]));
        self.attracts.push(attracts);
    }

    /// Of the chunk's vertices, for one sub-step.
    #[inline(always)]
    fn gather(&mut self, step: &Step<'_, D>, from: usize, n_vertices: usize) {
        self.vertices.clear();
        self.apart.clear();
        self.attracts.clear();
        let n = step.points.len() as u64;
        let place = |drawn: u64| step.points[(((drawn & 0xffff_ffff) * n) >> 32) as usize];
        for at in 0..n_vertices {
            let own = step.points[from + at];
            for event in &step.events[step.begins[at] as usize..step.begins[at + 1] as usize] {
                if !takes_part(step.epoch, event.rate) {
                    continue;
                }
                self.push(at, &own, &step.points[event.other as usize], true);
                if event.key == 0 {
                    continue;
                }
                // A hash draws two vertices.
                let key = u64::from(event.key) << 32 | step.epoch;
                for pair in 0..step.layout.n_negatives.div_ceil(2) {
                    let drawn = mix(key, u64::from(pair));
                    self.push(at, &own, &place(drawn), false);
                    if 2 * pair + 1 < step.layout.n_negatives {
                        self.push(at, &own, &place(drawn >> 32), false);
                    }
                }
            }
        }
    }
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
    next.copy_from_slice(&step.points[from..from + next.len()]);
    let groups = pairs.vertices.chunks(LANES).zip(pairs.apart.chunks(LANES)).zip(pairs.attracts.chunks(LANES));
    for ((vertices, apart), attracts) in groups {
        let moves = moves(apart, attracts, step.layout);
        for (lane, &vertex) in vertices.iter().enumerate() {
            let point = &mut next[vertex as usize];
            (0..D).for_each(|c| point[c] += step.rate * moves[c][lane]);
        }
    }
}

/// What up to eight others do to their vertices; equal points do nothing.
#[inline(always)]
fn moves<const D: usize>(apart: &[[f32; D]], attracts: &[bool], layout: &Layout) -> [[f32; LANES]; D] {
    let (a, b) = (layout.a, layout.b);
    let mut sides = [[0f32; LANES]; D];
    let mut attraction = [0f32; LANES];
    for (lane, (apart, &attracts)) in apart.iter().zip(attracts).enumerate() {
        (0..D).for_each(|c| sides[c][lane] = apart[c]);
        attraction[lane] = if attracts { 1.0 } else { 0.0 };
    }
    let mut sq_dist = [0f32; LANES];
    for side in &sides {
        for lane in 0..LANES {
            sq_dist[lane] += side[lane] * side[lane];
        }
    }
    let p = power(&sq_dist, b);
    let mut force = [0f32; LANES];
    for lane in 0..LANES {
        // Numerator and the part of the denominator in which they differ.
        let attracts = attraction[lane] > 0.0;
        let above = if attracts { -2.0 * a * b * p[lane] } else { 2.0 * layout.repulsion * b };
        let below = if attracts { sq_dist[lane] } else { 0.001 + sq_dist[lane] };
        let whole = above / (below * (1.0 + a * p[lane]));
        force[lane] = if sq_dist[lane] > 0.0 { whole } else { 0.0 };
    }
    sides.map(|side| {
        let mut moved = [0f32; LANES];
        for lane in 0..LANES {
            let x = force[lane] * side[lane];
            let x = if x > CLIP { CLIP } else { x };
            moved[lane] = if x < -CLIP { -CLIP } else { x };
        }
        moved
    })
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
