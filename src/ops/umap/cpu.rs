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
    /// Share of epochs in which it takes part: its weight over the largest one.
    rate: f32,
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
                let rate = weight / largest;
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
            moving.par_chunks_mut(VERTICES).enumerate().for_each(|(chunk, next)| {
                let from = chunk * VERTICES;
                run(&Step { layout, points, events, begins: &begins[from..], epoch: epoch as u32, rate }, from, next);
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
    epoch: u32,
    rate: f32,
}

type Kernel<const D: usize> = fn(&Step<'_, D>, usize, &mut [[f32; D]]);

fn kernel<const D: usize>() -> Kernel<D> {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        return |step, from, next| {
            #[target_feature(enable = "avx2")]
            fn wide<const D: usize>(step: &Step<'_, D>, from: usize, next: &mut [[f32; D]]) {
                gather(step, from, next);
            }
            // SAFETY: the processor was just found to have AVX2.
            unsafe { wide(step, from, next) }
        };
    }
    gather
}

/// Moves the vertices from `from` on.
#[inline(always)]
fn gather<const D: usize>(step: &Step<'_, D>, from: usize, next: &mut [[f32; D]]) {
    let n = step.points.len() as u64;
    for (at, next) in next.iter_mut().enumerate() {
        let vertex = from + at;
        let own = step.points[vertex];
        let mut moved = [0f32; D];
        for event in &step.events[step.begins[at] as usize..step.begins[at + 1] as usize] {
            if !takes_part(step.epoch, event.rate) {
                continue;
            }
            // The neighbour first, then those that repel, eight at a time.
            let n_negatives = if event.key == 0 { 0 } else { step.layout.n_negatives };
            let all = 1 + n_negatives as usize;
            for first in (0..all).step_by(LANES) {
                let mut others = [own; LANES];
                for (lane, other) in others.iter_mut().enumerate().take(all - first) {
                    *other = match first + lane {
                        0 => step.points[event.other as usize],
                        i => {
                            let drawn = mix(u64::from(event.key) << 32 | u64::from(step.epoch), i as u64);
                            step.points[(((drawn >> 32) * n) >> 32) as usize]
                        }
                    };
                }
                add(&own, &others, first == 0, step.layout, &mut moved);
            }
        }
        *next = std::array::from_fn(|c| own[c] + step.rate * moved[c]);
    }
}

/// Adds what eight others do, the first of them attracting if `attracts`; equal points do nothing.
#[inline(always)]
fn add<const D: usize>(
    own: &[f32; D],
    others: &[[f32; D]; LANES],
    attracts: bool,
    layout: &Layout,
    moved: &mut [f32; D],
) {
    let (a, b) = (layout.a, layout.b);
    let mut apart = [[0f32; LANES]; D];
    let mut sq_dist = [0f32; LANES];
    for c in 0..D {
        for lane in 0..LANES {
            let x = own[c] - others[lane][c];
            apart[c][lane] = x;
            sq_dist[lane] += x * x;
        }
    }
    let p = power(&sq_dist, b);
    let mut force = [0f32; LANES];
    for lane in 0..LANES {
        let repulsion = 2.0 * layout.repulsion * b / ((0.001 + sq_dist[lane]) * (1.0 + a * p[lane]));
        force[lane] = if sq_dist[lane] > 0.0 { repulsion } else { 0.0 };
    }
    if attracts {
        let attraction = -2.0 * a * b * p[0] / (sq_dist[0] * (1.0 + a * p[0]));
        force[0] = if sq_dist[0] > 0.0 { attraction } else { 0.0 };
    }
    for c in 0..D {
        let mut sum = 0f32;
        for lane in 0..LANES {
            sum += (force[lane] * apart[c][lane]).clamp(-CLIP, CLIP);
        }
        moved[c] += sum;
    }
}

/// Whether an edge of this rate takes part in this epoch.
#[inline(always)]
fn takes_part(epoch: u32, rate: f32) -> bool {
    // f64: over 500 epochs an f32 product would drift by an epoch.
    let rate = f64::from(rate);
    (f64::from(epoch) * rate + rate) as u32 > (f64::from(epoch) * rate) as u32
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
