//! Repulsion interpolated on a mesh.
//!
//! Since `w² (y_i − y_j) = −½ ∇_i w`, repulsion is the slope of one potential, `Σ_j w(y − y_j)`, whose values at the points
//! add up to Z; so one convolution serves where FIt-SNE (Linderman, Rachh, Hoskins, Steinerberger & Kluger 2019) has four.
//! Charges are laid on an even mesh by quintic B-splines, convolved with the kernel by Fourier transforms, and potential and
//! slope are read by the same splines; what they blur is undone among the waves (Essmann et al. 1995, smooth particle mesh
//! Ewald), which makes it spline interpolation of the kernel in both arguments: its error falls with the sixth power of the
//! spacing, that of the slope with the fifth.
//!
//! The mesh is padded to twice its length, so that nothing acts round its ends. Time is that of points × 36 (216 in three
//! dimensions) plus that of the transforms, which grow with the area that an embedding covers.

mod charges;
mod convolve;
mod layout;
mod spectrum;
mod spline;

use super::{Field, Repel};
use crate::{Error, Result};
use charges::Charges;
use convolve::Transforms;
use layout::Layout;
use rayon::prelude::*;
use realfft::RealFftPlanner;
use spectrum::Spectrum;

/// Most nodes of a padded mesh: 2³⁰ bytes of waves.
const MOST_NODES: usize = 1 << 27;

/// What is kept between steps.
#[derive(Default)]
pub struct Mesh<const D: usize> {
    charges: Charges,
    transforms: Transforms,
    spectrum: Spectrum,
    planner: Option<RealFftPlanner<f64>>,
    values: Vec<f32>,
}

impl<const D: usize> std::fmt::Debug for Mesh<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mesh").field("n_nodes", &self.values.len()).finish_non_exhaustive()
    }
}

impl<const D: usize> Repel<D, f32> for Mesh<D> {
    fn repulsion(&mut self, points: &[[f32; D]], field: &mut Field<D>) -> Result<()> {
        let layout = around(points)?;
        self.charges.spread(points, &layout, &mut self.values);
        self.spectrum.renew(&layout, self.planner.get_or_insert_with(RealFftPlanner::new));
        self.transforms.convolve(&mut self.values, &layout, &self.spectrum);
        let sum = self.charges.read(points, &layout, &self.values, &mut field.forces);
        // Each point was met by itself too, and got 1.
        let n = points.len() as f64;
        field.z = sum + n * n * self.spectrum.shift - n;
        Ok(())
    }
}

fn around<const D: usize>(points: &[[f32; D]]) -> Result<Layout> {
    let bounds = |(low, high): ([f32; D], [f32; D]), point: &[f32; D]| {
        (std::array::from_fn(|c| low[c].min(point[c])), std::array::from_fn(|c| high[c].max(point[c])))
    };
    let start = ([f32::INFINITY; D], [f32::NEG_INFINITY; D]);
    let (low, high): ([f32; D], [f32; D]) = points.iter().fold(start, bounds);
    let longest = (0..D).map(|c| f64::from(high[c]) - f64::from(low[c])).fold(0.0, f64::max);
    let finite = points.par_iter().with_min_len(1024).all(|point| point.iter().all(|x| x.is_finite()));
    if !finite || longest > 1e6 {
        let limit = "t-SNE has diverged; choose a smaller --learning-rate";
        return Err(Error::parameter("extent of the points", longest, limit));
    }
    let layout = Layout::new(low.map(f64::from), high.map(f64::from));
    let n_nodes = layout.size.iter().fold(1usize, |product, &size| product.saturating_mul(size));
    if n_nodes > MOST_NODES {
        let limit =
            format!("its mesh would have {n_nodes} nodes, at most {MOST_NODES}; embed fewer rows, or in 2 dimensions");
        return Err(Error::parameter("extent of the points", longest, limit));
    }
    Ok(layout)
}
