//! The kernel as the mesh's waves see it.

use super::layout::Layout;
use super::spline::AT_NODES;
use realfft::RealFftPlanner;

/// Multipliers of waves: of the kernel `1 / (1 + r²) − shift`, without what splines do to charges and to potentials.
///
/// The kernel is even along every axis, and so are its waves: half of each axis is kept, and all of it is real.
#[derive(Debug, Default)]
pub struct Spectrum {
    /// [last axis][middle axis][first axis], `size / 2 + 1` of each.
    pub factors: Vec<f32>,
    /// Multipliers along each axis.
    pub half: [usize; 3],
    /// Taken from the kernel, and to be added to potentials once a point: the kernel's least value on the mesh, so that a
    /// small cloud's potential is not lost beside the constant.
    pub shift: f64,
    made_for: Option<(f64, [usize; 3])>,
}

impl Spectrum {
    /// For `layout`, unless it was made for such a one.
    pub fn renew(&mut self, layout: &Layout, planner: &mut RealFftPlanner<f64>) {
        if self.made_for == Some((layout.spacing, layout.size)) {
            return;
        }
        self.made_for = Some((layout.spacing, layout.size));
        let half = layout.size.map(|size| size / 2 + 1);
        let half = [0, 1, 2].map(|axis| if layout.size[axis] == 1 { 1 } else { half[axis] });
        let sq_spacing = layout.spacing * layout.spacing;
        let kernel = |steps: [usize; 3]| 1.0 / (1.0 + sq_spacing * steps.map(|s| (s * s) as f64).iter().sum::<f64>());
        self.shift = kernel(half.map(|half| half - 1));
        self.half = half;
        let mut values = Vec::with_capacity(half.iter().product());
        for last in 0..half[2] {
            for middle in 0..half[1] {
                values.extend((0..half[0]).map(|first| kernel([first, middle, last]) - self.shift));
            }
        }
        let mut stride = 1;
        for (size, half) in layout.size.into_iter().zip(half) {
            if half > 1 {
                transform_axis(&mut values, stride, size, planner);
            }
            stride *= half;
        }
        self.factors = values.iter().map(|&value| value as f32).collect();
    }
}

/// Along one axis: the cosine transform of each line, divided by the square of the splines' and by the axis' length.
fn transform_axis(values: &mut [f64], stride: usize, size: usize, planner: &mut RealFftPlanner<f64>) {
    let half = size / 2 + 1;
    let plan = planner.plan_fft_forward(size);
    let (mut line, mut waves, mut scratch) = (plan.make_input_vec(), plan.make_output_vec(), plan.make_scratch_vec());
    let mut transform = |line: &mut [f64], out: &mut [f64]| {
        // Lengths are the plan's own, the one thing that it can object to.
        let _ = plan.process_with_scratch(line, &mut waves, &mut scratch);
        out.iter_mut().zip(&waves).for_each(|(out, wave)| *out = wave.re);
    };
    let mirror = |from: &dyn Fn(usize) -> f64, line: &mut [f64]| {
        line.iter_mut().enumerate().for_each(|(at, to)| *to = from(at.min(size - at)));
    };
    let mut splines = vec![0.0; half];
    mirror(&|at| AT_NODES.get(at).copied().unwrap_or_default(), &mut line);
    transform(&mut line, &mut splines);
    splines.iter_mut().for_each(|b| *b = 1.0 / (*b * *b * size as f64));

    let mut out = vec![0.0; half];
    for block in values.chunks_mut(stride * half) {
        for offset in 0..stride {
            mirror(&|at| block[offset + at * stride], &mut line);
            transform(&mut line, &mut out);
            for (at, (wave, spline)) in out.iter().zip(&splines).enumerate() {
                block[offset + at * stride] = wave * spline;
            }
        }
    }
}
