//! Between points and the mesh: charges of 1 are laid on it, potentials and their slopes are read from it.

use super::layout::{Layout, axis};
use super::spline::{ORDER, basis};
use rayon::prelude::*;

/// Planes of the first axis in a strip. At least `ORDER − 1`, so that a strip's points touch no further than the next one.
const STRIP: usize = 8;
/// Planes of the next strip that a strip's points touch.
const OVERLAP: usize = ORDER - 1;
/// Points that a thread takes at a time, and over which potentials are summed.
const POINTS: usize = 256;

/// Points in the order of their strips, and room for what strips lay on the next one.
#[derive(Debug, Default)]
pub struct Charges {
    /// Points by strip, in each by number.
    order: Vec<u32>,
    /// Where each strip begins in `order`.
    begins: Vec<usize>,
    overlaps: Vec<f32>,
}

impl Charges {
    /// Lays a charge of 1 for each point on the mesh. Every node adds its points in one order: strips have their own nodes,
    /// and what the strip before lays on them comes last.
    pub fn spread<const D: usize>(&mut self, points: &[[f32; D]], layout: &Layout, mesh: &mut Vec<f32>) {
        self.sort(points, layout);
        let plane = layout.nodes[1] * layout.nodes[2];
        mesh.clear();
        mesh.resize(layout.n_nodes(), 0.0);
        let n_strips = layout.nodes[0].div_ceil(STRIP);
        self.overlaps.clear();
        self.overlaps.resize(n_strips * OVERLAP * plane, 0.0);
        let (order, begins) = (&self.order, &self.begins);
        let lay = |(strip, (own, next)): (usize, (&mut [f32], &mut [f32]))| {
            for &point in &order[begins[strip]..begins[strip + 1]] {
                lay(&points[point as usize], layout, strip * STRIP, own, next);
            }
        };
        let strips = mesh.par_chunks_mut(STRIP * plane).zip(self.overlaps.par_chunks_mut(OVERLAP * plane));
        strips.enumerate().for_each(lay);
        let add = |(own, before): (&mut [f32], &[f32])| own.iter_mut().zip(before).for_each(|(to, from)| *to += *from);
        mesh.par_chunks_mut(STRIP * plane).skip(1).zip(self.overlaps.par_chunks(OVERLAP * plane)).for_each(add);
    }

    /// Of each point, in the points' order, `−½ ∇` of the mesh's potential; and the sum of its values at the points.
    pub fn read<const D: usize>(
        &self,
        points: &[[f32; D]],
        layout: &Layout,
        mesh: &[f32],
        forces: &mut Vec<[f64; D]>,
    ) -> f64 {
        forces.resize(points.len(), [0.0; D]);
        let scale = -0.5 / layout.spacing;
        let read = |(points, forces): (&[[f32; D]], &mut [[f64; D]])| {
            let mut sum = 0f64;
            for (point, force) in points.iter().zip(forces) {
                let (value, slopes) = read(point, layout, mesh);
                sum += f64::from(value);
                *force = slopes.map(|slope| f64::from(slope) * scale);
            }
            sum
        };
        let sums: Vec<f64> = points.par_chunks(POINTS).zip(forces.par_chunks_mut(POINTS)).map(read).collect();
        sums.iter().sum()
    }

    /// By counting.
    fn sort<const D: usize>(&mut self, points: &[[f32; D]], layout: &Layout) {
        let n_strips = layout.nodes[0].div_ceil(STRIP);
        let strip = |point: &[f32; D]| layout.place::<D>(0, point[0]).0 / STRIP;
        let strips: Vec<u32> = points.par_iter().with_min_len(1024).map(|point| strip(point) as u32).collect();
        self.begins.clear();
        self.begins.resize(n_strips + 1, 0);
        strips.iter().for_each(|&strip| self.begins[strip as usize + 1] += 1);
        (0..n_strips).for_each(|strip| self.begins[strip + 1] += self.begins[strip]);
        let mut next = self.begins.clone();
        self.order.resize(points.len(), 0);
        for (point, strip) in strips.into_iter().enumerate() {
            let place = &mut next[strip as usize];
            self.order[*place] = point as u32;
            *place += 1;
        }
    }
}

/// A charge of 1 on the planes from `first` on, of which `own` has [`STRIP`] and `next` what follows.
#[inline]
fn lay<const D: usize>(point: &[f32; D], layout: &Layout, first: usize, own: &mut [f32], next: &mut [f32]) {
    let [_, n_middle, n_last] = layout.nodes;
    let plane = n_middle * n_last;
    let Touched { nodes, weights, .. } = Touched::new(point, layout);
    for (at, along_first) in weights[0].iter().enumerate() {
        let row = nodes[0] + at - first;
        let planes = match row.checked_sub(STRIP.min(own.len() / plane)) {
            None => &mut own[row * plane..][..plane],
            Some(beyond) => &mut next[beyond * plane..][..plane],
        };
        let middle = if D == 2 { 1 } else { ORDER };
        for (at, along_middle) in weights[1].iter().take(middle).enumerate() {
            let weight = along_first * along_middle;
            let line = &mut planes[(nodes[1] + at) * n_last + nodes[2]..][..ORDER];
            line.iter_mut().zip(&weights[2]).for_each(|(node, along_last)| *node += weight * along_last);
        }
    }
}

/// The potential at a point, and its slopes by nodes.
#[inline]
fn read<const D: usize>(point: &[f32; D], layout: &Layout, mesh: &[f32]) -> (f32, [f32; D]) {
    let [_, n_middle, n_last] = layout.nodes;
    let Touched { nodes, weights, slopes } = Touched::new(point, layout);
    let mut value = 0f32;
    let mut out = [0f32; 3];
    let middle = if D == 2 { 1 } else { ORDER };
    for first in 0..ORDER {
        let mut plane = [0f32; 3];
        for at in 0..middle {
            let line = &mesh[((nodes[0] + first) * n_middle + nodes[1] + at) * n_last + nodes[2]..][..ORDER];
            let (mut sum, mut slope) = (0f32, 0f32);
            for last in 0..ORDER {
                sum += line[last] * weights[2][last];
                slope += line[last] * slopes[2][last];
            }
            plane[0] += weights[1][at] * sum;
            plane[1] += slopes[1][at] * sum;
            plane[2] += weights[1][at] * slope;
        }
        value += weights[0][first] * plane[0];
        out[0] += slopes[0][first] * plane[0];
        out[1] += weights[0][first] * plane[1];
        out[2] += weights[0][first] * plane[2];
    }
    (value, std::array::from_fn(|c| out[axis::<D>(c)]))
}

/// The nodes that a point touches.
struct Touched {
    /// The first of each axis.
    nodes: [usize; 3],
    weights: [[f32; ORDER]; 3],
    slopes: [[f32; ORDER]; 3],
}

impl Touched {
    #[inline(always)]
    fn new<const D: usize>(point: &[f32; D], layout: &Layout) -> Self {
        let mut touched = Self { nodes: [0; 3], weights: [[1.0; ORDER]; 3], slopes: [[0.0; ORDER]; 3] };
        for (c, &x) in point.iter().enumerate() {
            let (node, behind) = layout.place::<D>(c, x);
            touched.nodes[axis::<D>(c)] = node;
            (touched.weights[axis::<D>(c)], touched.slopes[axis::<D>(c)]) = basis(behind);
        }
        touched
    }
}
