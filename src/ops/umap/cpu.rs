//! The CPU body: vertices gather, side by side.
//!
//! A chunk of vertices first lists its pairs, those that attract and then those that repel, so that lanes are full whatever
//! each vertex meets; then come distances, forces, and sums by vertex.

use super::events::{DRAW, Event, Events, draw, draws, edge, salt};
use super::power::{LANES, power};
use super::{CLIP, Layout, MOST_EVENTS, SUB_STEPS};
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

/// Vertices that a thread takes at a time.
const VERTICES: usize = 512;

/// Vertices on their way.
#[derive(Debug)]
pub(super) struct UmapCpu<const D: usize> {
    layout: Layout,
    points: Vec<[f32; D]>,
    next: Vec<[f32; D]>,
    events: Events,
    /// Room of each chunk.
    pairs: Vec<Pairs<D>>,
}

impl<const D: usize> UmapCpu<D> {
    pub fn new(events: Events, points: ArrayView2<'_, f32>, layout: Layout) -> Self {
        let point =
            |row: ndarray::ArrayView1<'_, f32>| std::array::from_fn(|c| row.get(c).copied().unwrap_or_default());
        let points: Vec<[f32; D]> = points.outer_iter().map(point).collect();
        let pairs = (0..events.n_moving.div_ceil(VERTICES)).map(|_| Pairs::new()).collect();
        Self { layout, next: points.clone(), points, events, pairs }
    }

    pub fn points(&self) -> Array2<f32> {
        Array2::from_shape_fn((self.points.len(), D), |(i, c)| self.points[i][c])
    }

    /// One epoch, the first is 0.
    pub fn epoch(&mut self, epoch: usize) {
        let run = kernel::<D>();
        let n_moving = self.events.n_moving;
        // Fitted points alone repel new ones, whatever these are placed with.
        let first_repelling = if n_moving < self.points.len() { n_moving } else { 0 };
        for step in 0..SUB_STEPS as usize {
            let begins = self.events.of_step(step);
            let (events, points, layout) = (&self.events.all, &self.points, &self.layout);
            let moving = &mut self.next[..n_moving];
            moving.par_chunks_mut(VERTICES).zip(&mut self.pairs).enumerate().for_each(|(chunk, (next, pairs))| {
                let from = chunk * VERTICES;
                let step = Step {
                    layout,
                    points,
                    first_repelling: first_repelling as u32,
                    events,
                    begins: &begins[from..],
                    epoch: epoch as u32,
                    rate: layout.rate(epoch),
                };
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
    first_repelling: u32,
    events: &'a [Event],
    begins: &'a [u32],
    epoch: u32,
    rate: f32,
}

/// Pairs of the chunk's vertices with what acts on them: first those that attract, then those that repel, each part filled
/// up to whole lanes with pairs of equal points, which do nothing.
#[derive(Debug)]
struct Pairs<const D: usize> {
    /// Which of the chunk's vertices.
    vertices: Vec<u32>,
    /// Which of all vertices acts on it.
    others: Vec<u32>,
    /// Of each attraction, whether the vertex is the head.
    heads: Vec<bool>,
    /// Vertex less other, by coordinate; then what the other does.
    apart: [Vec<f32>; D],
    /// Of each of the chunk's vertices: how many attract it, and the sum of all that is done.
    n_active: Vec<u32>,
    sums: Vec<[f32; D]>,
    /// How many attract, without those that fill up.
    n_attracting: usize,
}

impl<const D: usize> Pairs<D> {
    fn new() -> Self {
        Self {
            vertices: Vec::new(),
            others: Vec::new(),
            heads: Vec::new(),
            apart: std::array::from_fn(|_| Vec::new()),
            n_active: Vec::new(),
            sums: Vec::new(),
            n_attracting: 0,
        }
    }

    /// Lists who attracts. Nothing branches on whether an event takes part, which no processor can foresee.
    #[inline(always)]
    fn list_attracting(&mut self, step: &Step<'_, D>, from: usize, n_vertices: usize) {
        let most = (step.begins[n_vertices] - step.begins[0]) as usize;
        self.vertices.resize(most + 1, 0);
        self.others.resize(most + 1, 0);
        self.heads.resize(most + 1, false);
        self.n_active.clear();
        let mut n = 0;
        for at in 0..n_vertices {
            let before = n;
            for event in &step.events[step.begins[at] as usize..step.begins[at + 1] as usize] {
                self.vertices[n] = at as u32;
                self.others[n] = event.other;
                self.heads[n] = event.is_head();
                n += usize::from(event.takes_part(step.epoch));
            }
            self.n_active.push((n - before) as u32);
        }
        self.n_attracting = n;
        self.fill_up(n, from);
    }

    /// Lists who repels, at each attraction of which the vertex is the head.
    #[inline(always)]
    fn list_repelling(&mut self, step: &Step<'_, D>, from: usize) {
        let first = self.vertices.len();
        let n_negatives = step.layout.n_negatives;
        let most = self.n_attracting * n_negatives as usize;
        self.vertices.resize(first + most, 0);
        self.others.resize(first + most, 0);
        let (vertices, repelled) = self.vertices.split_at_mut(first);
        let (others, repelling) = self.others.split_at_mut(first);
        let salt = salt(step.layout.seed);
        let mut n = 0;
        for ((&vertex, &other), &head) in vertices.iter().zip(others.iter()).zip(&self.heads).take(self.n_attracting) {
            let drawn = draws(edge(salt, from as u32 + vertex, other), step.epoch);
            for i in 0..n_negatives as usize {
                repelled[n + i] = vertex;
                // The i-th draw is of this, once all are listed.
                repelling[n + i] = drawn.wrapping_add((i as u32 + 1).wrapping_mul(DRAW));
            }
            n += if head { n_negatives as usize } else { 0 };
        }
        let n_repelling = step.points.len() as u32 - step.first_repelling;
        for other in &mut repelling[..n] {
            *other = step.first_repelling + draw(*other, n_repelling);
        }
        self.fill_up(first + n, from);
    }

    #[inline(always)]
    fn fill_up(&mut self, n: usize, from: usize) {
        self.vertices.truncate(n);
        self.others.truncate(n);
        let full = n.next_multiple_of(LANES);
        self.vertices.resize(full, 0);
        self.others.resize(full, from as u32);
    }

    /// How far apart the listed pairs are.
    #[inline(always)]
    fn measure(&mut self, step: &Step<'_, D>, from: usize) {
        for side in &mut self.apart {
            side.resize(self.vertices.len(), 0.0);
        }
        let own = &step.points[from..];
        for (at, (&vertex, &other)) in self.vertices.iter().zip(&self.others).enumerate() {
            let (own, other) = (&own[vertex as usize], &step.points[other as usize]);
            for c in 0..D {
                self.apart[c][at] = own[c] - other[c];
            }
        }
    }

    /// Puts what others do where their distances were.
    #[inline(always)]
    fn act(&mut self, layout: &Layout) {
        let n_attracting = self.n_attracting.next_multiple_of(LANES);
        for group in (0..self.vertices.len()).step_by(LANES) {
            let mut sq_dist = [0f32; LANES];
            for side in &self.apart {
                let side = &side[group..][..LANES];
                for lane in 0..LANES {
                    sq_dist[lane] += side[lane] * side[lane];
                }
            }
            let force = if group < n_attracting { attraction(&sq_dist, layout) } else { repulsion(&sq_dist, layout) };
            for side in &mut self.apart {
                let side = &mut side[group..][..LANES];
                for lane in 0..LANES {
                    let x = force[lane] * side[lane];
                    let x = if x > CLIP { CLIP } else { x };
                    side[lane] = if x < -CLIP { -CLIP } else { x };
                }
            }
        }
    }

    /// What is done to each vertex, in the order of the pairs.
    #[inline(always)]
    fn add_up(&mut self, n_vertices: usize) {
        self.sums.clear();
        self.sums.resize(n_vertices, [0.0; D]);
        for (at, &vertex) in self.vertices.iter().enumerate() {
            for (sum, side) in self.sums[vertex as usize].iter_mut().zip(&self.apart) {
                *sum += side[at];
            }
        }
    }
}

/// By which an attracting pair's distance is multiplied; 0 for equal points.
#[inline(always)]
fn attraction(sq_dist: &[f32; LANES], layout: &Layout) -> [f32; LANES] {
    let (a, b) = (layout.a, layout.b);
    let mut p = [0f32; LANES];
    power(sq_dist, b, &mut p);
    let above = -2.0 * a * b;
    let mut force = [0f32; LANES];
    for lane in 0..LANES {
        let whole = above * p[lane] / (sq_dist[lane] * (1.0 + a * p[lane]));
        force[lane] = if sq_dist[lane] > 0.0 { whole } else { 0.0 };
    }
    force
}

/// Likewise of a repelling pair.
#[inline(always)]
fn repulsion(sq_dist: &[f32; LANES], layout: &Layout) -> [f32; LANES] {
    let (a, b) = (layout.a, layout.b);
    let mut p = [0f32; LANES];
    power(sq_dist, b, &mut p);
    let above = 2.0 * layout.repulsion * b;
    let mut force = [0f32; LANES];
    for lane in 0..LANES {
        let whole = above / ((0.001 + sq_dist[lane]) * (1.0 + a * p[lane]));
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
    pairs.list_attracting(step, from, next.len());
    pairs.list_repelling(step, from);
    pairs.measure(step, from);
    pairs.act(step.layout);
    pairs.add_up(next.len());
    for (at, next) in next.iter_mut().enumerate() {
        let n_active = pairs.n_active[at];
        let share = if n_active > MOST_EVENTS { MOST_EVENTS as f32 / n_active as f32 } else { 1.0 };
        for ((next, own), sum) in next.iter_mut().zip(&step.points[from + at]).zip(&pairs.sums[at]) {
            *next = own + step.rate * share * sum;
        }
    }
}
