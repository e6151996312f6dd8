//! The mesh's charges become its potentials: three passes of Fourier transforms, of which the middle one also goes back.

use super::layout::Layout;
use super::spectrum::Spectrum;
use rayon::prelude::*;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

type Wave = Complex<f32>;
const NOTHING: Wave = Wave { re: 0.0, im: 0.0 };

/// Waves of the last axis that are taken together, so that a line of cache is read once.
const BLOCK: usize = 8;

/// Plans of transforms, and the room that they need.
#[derive(Default)]
pub struct Transforms {
    real: Option<RealFftPlanner<f32>>,
    complex: Option<FftPlanner<f32>>,
    /// [first][middle][waves of the last axis]
    waves: Vec<Wave>,
    /// [block of waves][first][middle][wave]
    turned: Vec<Wave>,
}

impl std::fmt::Debug for Transforms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transforms").field("waves", &self.waves.len()).finish()
    }
}

/// Plans for one size.
struct Plans {
    forward: Arc<dyn RealToComplex<f32>>,
    back: Arc<dyn ComplexToReal<f32>>,
    middle: [Arc<dyn Fft<f32>>; 2],
    first: [Arc<dyn Fft<f32>>; 2],
}

impl Transforms {
    /// `mesh` ([first][middle][last] of `layout.nodes`), convolved with what `spectrum` stands for.
    pub fn convolve(&mut self, mesh: &mut [f32], layout: &Layout, spectrum: &Spectrum) {
        let plans = self.plan(layout);
        let [n_first, n_middle, n_last] = layout.nodes;
        let n_waves = spectrum.half[2];
        self.waves.resize(n_first * n_middle * n_waves, NOTHING);
        let to_waves = |(line, scratch): &mut (Vec<f32>, Vec<Wave>), (row, waves): (&[f32], &mut [Wave])| {
            let (used, padding) = line.split_at_mut(n_last);
            used.copy_from_slice(row);
            padding.fill(0.0);
            // Lengths are the plan's own, the one thing that it can object to.
            let _ = plans.forward.process_with_scratch(line, waves, scratch);
        };
        let room = || (plans.forward.make_input_vec(), plans.forward.make_scratch_vec());
        mesh.par_chunks(n_last).zip(self.waves.par_chunks_mut(n_waves)).for_each_init(room, to_waves);

        let block = n_first * n_middle * BLOCK;
        self.turned.resize(n_waves.div_ceil(BLOCK) * block, NOTHING);
        let waves = &self.waves;
        let filter = |planes: &mut Planes, (at, turned): (usize, &mut [Wave])| {
            planes.filter(waves, at * BLOCK, turned, layout, spectrum, &plans);
        };
        self.turned.par_chunks_mut(block).enumerate().for_each_init(Planes::default, filter);

        let turned = &self.turned;
        let to_values = |(line, waves, scratch): &mut (Vec<f32>, Vec<Wave>, Vec<Wave>),
                         (at, row): (usize, &mut [f32])| {
            for (waves, block) in waves.chunks_mut(BLOCK).zip(turned.chunks(block)) {
                waves.iter_mut().zip(&block[at * BLOCK..]).for_each(|(to, from)| *to = *from);
            }
            // What real values have; rounding left something there.
            if let Some(wave) = waves.first_mut() {
                wave.im = 0.0;
            }
            if let Some(wave) = waves.last_mut() {
                wave.im = 0.0;
            }
            let _ = plans.back.process_with_scratch(waves, line, scratch);
            row.iter_mut().zip(line).for_each(|(to, from)| *to = *from);
        };
        let room = || (plans.back.make_output_vec(), plans.back.make_input_vec(), plans.back.make_scratch_vec());
        mesh.par_chunks_mut(n_last).enumerate().for_each_init(room, to_values);
    }

    fn plan(&mut self, layout: &Layout) -> Plans {
        let real = self.real.get_or_insert_with(RealFftPlanner::new);
        let complex = self.complex.get_or_insert_with(FftPlanner::new);
        let [first, middle, last] = layout.size;
        let mut both = |size| [complex.plan_fft_forward(size), complex.plan_fft_inverse(size)];
        Plans {
            forward: real.plan_fft_forward(last),
            back: real.plan_fft_inverse(last),
            middle: both(middle),
            first: both(first),
        }
    }
}

/// A thread's room: one wave's plane, lines of its first axis, and what transforms need.
#[derive(Default)]
struct Planes {
    plane: Vec<Wave>,
    lines: Vec<Wave>,
    scratch: Vec<Wave>,
}

impl Planes {
    /// The waves from `from` on along the last axis: to waves of the other axes, times the spectrum, and back.
    fn filter(
        &mut self,
        waves: &[Wave],
        from: usize,
        turned: &mut [Wave],
        layout: &Layout,
        spectrum: &Spectrum,
        plans: &Plans,
    ) {
        let [n_first, n_middle, _] = layout.nodes;
        let [_, middle, _] = layout.size;
        let n_waves = spectrum.half[2];
        let needed = [&plans.middle, &plans.first].into_iter().flatten().map(|plan| plan.get_inplace_scratch_len());
        self.scratch.resize(needed.max().unwrap_or_default(), NOTHING);
        for wave in from..n_waves.min(from + BLOCK) {
            self.plane.clear();
            self.plane.resize(n_first * middle, NOTHING);
            for (row, line) in self.plane.chunks_mut(middle).enumerate() {
                for (column, to) in line.iter_mut().take(n_middle).enumerate() {
                    *to = waves[(row * n_middle + column) * n_waves + wave];
                }
                plans.middle[0].process_with_scratch(line, &mut self.scratch);
            }
            self.filter_first(wave, layout, spectrum, plans);
            for (row, line) in self.plane.chunks_mut(middle).enumerate() {
                plans.middle[1].process_with_scratch(line, &mut self.scratch);
                for (column, from_line) in line.iter().take(n_middle).enumerate() {
                    turned[(row * n_middle + column) * BLOCK + wave - from] = *from_line;
                }
            }
        }
    }

    /// The first axis of the plane: there, times the spectrum, and back.
    fn filter_first(&mut self, wave: usize, layout: &Layout, spectrum: &Spectrum, plans: &Plans) {
        let [first, middle, _] = layout.size;
        let [half_first, half_middle, _] = spectrum.half;
        self.lines.resize(BLOCK * first, NOTHING);
        for column in (0..middle).step_by(BLOCK) {
            let n_columns = BLOCK.min(middle - column);
            let lines = &mut self.lines[..n_columns * first];
            lines.fill(NOTHING);
            for (row, from) in self.plane.chunks(middle).enumerate() {
                for at in 0..n_columns {
                    lines[at * first + row] = from[column + at];
                }
            }
            plans.first[0].process_with_scratch(lines, &mut self.scratch);
            for (at, line) in lines.chunks_mut(first).enumerate() {
                let folded = (column + at).min(middle - column - at);
                let factors = &spectrum.factors[(wave * half_middle + folded) * half_first..][..half_first];
                let (low, high) = line.split_at_mut(half_first);
                low.iter_mut().zip(factors).for_each(|(wave, factor)| *wave *= *factor);
                high.iter_mut().rev().zip(&factors[1..]).for_each(|(wave, factor)| *wave *= *factor);
            }
            plans.first[1].process_with_scratch(lines, &mut self.scratch);
            for (row, to) in self.plane.chunks_mut(middle).enumerate() {
                for at in 0..n_columns {
                    to[column + at] = lines[at * first + row];
                }
            }
        }
    }
}
