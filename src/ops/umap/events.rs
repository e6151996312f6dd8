//! Who acts on whom, and when: what both bodies share.

use super::{Graph, Layout, SUB_STEPS};

/// An edge as one of its ends sees it, in its sub-step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Event {
    /// The other end.
    pub other: u32,
    /// Share of epochs in which it takes part, its weight over the largest one, in units of 2⁻³²; the lowest bit says instead
    /// whether this end is the head, at which others repel.
    pub rate: u32,
}

impl Event {
    const HEAD: u32 = 1;

    /// Others repel at it.
    #[inline(always)]
    pub fn is_head(self) -> bool {
        self.rate & Self::HEAD != 0
    }

    /// Whether it takes part in this epoch: `⌊(e + 1) r⌋ > ⌊e r⌋`, where the sum of fractions carries.
    #[inline(always)]
    pub fn takes_part(self, epoch: u32) -> bool {
        let rate = self.rate & !Self::HEAD;
        epoch.wrapping_mul(rate).checked_add(rate).is_none()
    }
}

/// The events of a layout.
#[derive(Debug, Clone)]
pub(super) struct Events {
    pub n_moving: usize,
    /// By sub-step, in each by vertex.
    pub all: Vec<Event>,
    /// Where the events of (sub-step, vertex) begin, and the last ones end.
    pub begins: Vec<u32>,
}

impl Events {
    /// Of the vertices before `n_moving`. Edges so light that they would never take part are left out.
    pub fn new(graph: &Graph, n_moving: usize, layout: &Layout) -> Self {
        let largest = graph.largest_weight();
        let least = largest / layout.n_epochs.max(1) as f32;
        let salt = salt(layout.seed);
        let each = |see: &mut dyn FnMut(u32, usize, Event)| {
            for vertex in 0..n_moving {
                let (columns, weights) = graph.row(vertex);
                for (&other, &weight) in columns.iter().zip(weights).filter(|&(_, &weight)| weight >= least) {
                    let rate = (f64::from(weight) / f64::from(largest) * 4_294_967_296.0) as u32;
                    let (head, tail) = (rate | Event::HEAD, rate & !Event::HEAD);
                    see(edge(salt, vertex as u32, other) % SUB_STEPS, vertex, Event { other, rate: head });
                    // An edge of new rows is seen from their end only.
                    let back = (other as usize) < n_moving
                        || graph.row(other as usize).0.binary_search(&(vertex as u32)).is_ok();
                    if back {
                        see(edge(salt, other, vertex as u32) % SUB_STEPS, vertex, Event { other, rate: tail });
                    }
                }
            }
        };
        let mut begins = vec![0u32; SUB_STEPS as usize * n_moving + 1];
        let place = |step: u32, vertex: usize| step as usize * n_moving + vertex;
        each(&mut |step, vertex, _| begins[place(step, vertex) + 1] += 1);
        for at in 1..begins.len() {
            begins[at] += begins[at - 1];
        }
        let mut next = begins.clone();
        let mut all = vec![Event { other: 0, rate: 0 }; begins.last().map_or(0, |&end| end as usize)];
        each(&mut |step, vertex, event| {
            let at = &mut next[place(step, vertex)];
            all[*at as usize] = event;
            *at += 1;
        });
        Self { n_moving, all, begins }
    }

    /// Where the events of each vertex begin in a sub-step, and the last ones end.
    pub fn of_step(&self, step: usize) -> &[u32] {
        &self.begins[step * self.n_moving..=(step + 1) * self.n_moving]
    }
}

/// A seed for the hashes below.
pub(super) fn salt(seed: u64) -> u32 {
    mix(seed as u32 ^ mix((seed >> 32) as u32 ^ 0x756d_6170))
}

/// The number of a directed edge: decides its sub-step and who repels.
#[inline(always)]
pub(super) fn edge(salt: u32, head: u32, tail: u32) -> u32 {
    mix(mix(salt ^ head).wrapping_add(tail.wrapping_mul(0x9e37_79b9)))
}

/// From which an edge's draws of an epoch follow.
#[inline(always)]
pub(super) fn draws(edge: u32, epoch: u32) -> u32 {
    mix(edge.wrapping_add(epoch.wrapping_mul(0x9e37_79b9)))
}

/// Distance between an edge's draws of an epoch.
pub(super) const DRAW: u32 = 0x85eb_ca6b;

/// The vertex of `n` that is drawn by `draws + i DRAW`, of which i counts from 1.
#[inline(always)]
pub(super) fn draw(drawn: u32, n: u32) -> u32 {
    ((u64::from(mix(drawn)) * u64::from(n)) >> 32) as u32
}

/// A bijection of 32 bits without visible bias (Wellons, "Prospecting for hash functions", 2018: lowbias32).
#[inline(always)]
pub(super) fn mix(mut x: u32) -> u32 {
    x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d);
    x = (x ^ (x >> 15)).wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}
