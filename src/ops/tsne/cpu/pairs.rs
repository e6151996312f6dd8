//! The inner loop of repulsion: points in lanes meet bodies, one at a time.

use super::super::SPAN;
use crate::ops::tsne::real::Real;

/// Points that fill the lanes.
pub(super) const WIDTH: usize = 16;

/// One coordinate of these.
type Lanes<F> = [F; WIDTH];

/// Points, by coordinate.
pub(super) type Group<const D: usize, F> = [Lanes<F>; D];

/// What repels: so many points at one place.
#[derive(Debug, Clone, Copy)]
pub struct Mass<const D: usize, F> {
    pub place: [F; D],
    pub count: F,
}

/// `Σ w² (y_i − y_j)` and `Σ w` of each point of a group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sums<const D: usize> {
    pub force: [[f64; WIDTH]; D],
    pub weight: [f64; WIDTH],
}

/// A group of up to [`WIDTH`] points; lanes behind them are 0.
pub(super) fn group<const D: usize, F: Real>(points: &[[F; D]]) -> Group<D, F> {
    let mut group = [[F::ZERO; WIDTH]; D];
    for (lane, point) in points.iter().enumerate().take(WIDTH) {
        (0..D).for_each(|c| group[c][lane] = point[c]);
    }
    group
}

/// The loop for this processor.
pub(super) fn kernel<const D: usize, F: Real>() -> fn(&Group<D, F>, &[Mass<D, F>]) -> Sums<D> {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        return |group, masses| {
            #[target_feature(enable = "avx2")]
            fn wide<const D: usize, F: Real>(group: &Group<D, F>, masses: &[Mass<D, F>]) -> Sums<D> {
                meet(group, masses)
            }
            // SAFETY: the processor was just found to have AVX2.
            unsafe { wide(group, masses) }
        };
    }
    meet
}

/// Sums over [`SPAN`] masses in the pairs' precision, of these in f64. Nothing is fused, so that the bits are the same for
/// every instruction set.
#[inline(always)]
fn meet<const D: usize, F: Real>(group: &Group<D, F>, masses: &[Mass<D, F>]) -> Sums<D> {
    let mut sums = Sums { force: [[0.0; WIDTH]; D], weight: [0.0; WIDTH] };
    for span in masses.chunks(SPAN) {
        let mut force = [[F::ZERO; WIDTH]; D];
        let mut sum = [F::ZERO; WIDTH];
        for mass in span {
            let mut apart = [[F::ZERO; WIDTH]; D];
            let mut weight = [F::ONE; WIDTH];
            for c in 0..D {
                for lane in 0..WIDTH {
                    let x = group[c][lane] - mass.place[c];
                    apart[c][lane] = x;
                    weight[lane] += x * x;
                }
            }
            for weight in &mut weight {
                *weight = F::ONE / *weight;
            }
            for lane in 0..WIDTH {
                let all = mass.count * weight[lane];
                sum[lane] += all;
                weight[lane] = all * weight[lane];
            }
            for c in 0..D {
                for lane in 0..WIDTH {
                    force[c][lane] += weight[lane] * apart[c][lane];
                }
            }
        }
        for lane in 0..WIDTH {
            sums.weight[lane] += sum[lane].wide();
            (0..D).for_each(|c| sums.force[c][lane] += force[c][lane].wide());
        }
    }
    sums
}
