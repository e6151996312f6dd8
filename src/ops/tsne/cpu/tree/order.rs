//! Points along a curve that fills the space, so that neighbours in order are neighbours in space (Morton 1966).

use rayon::prelude::*;

/// Halvings of the box that the curve tells apart, in each coordinate.
pub const DEPTH: u32 = 21;

/// Points in order.
#[derive(Debug, Default)]
pub struct Order<const D: usize> {
    /// Their numbers.
    pub points: Vec<u32>,
    /// Where they are on the curve.
    pub codes: Vec<u64>,
    /// Where they are.
    pub places: Vec<[f32; D]>,
    /// The side of the box.
    pub side: f32,
    keyed: Vec<(u64, u32)>,
}

impl<const D: usize> Order<D> {
    /// By place on the curve, then by number. The last order is where sorting starts, and mostly nearly right.
    pub fn sort(&mut self, points: &[[f32; D]]) {
        let start = ([f32::INFINITY; D], [f32::NEG_INFINITY; D]);
        let (low, high) = points.iter().fold(start, |(low, high), point| {
            (std::array::from_fn(|c| low[c].min(point[c])), std::array::from_fn(|c| high[c].max(point[c])))
        });
        self.side = (0..D).map(|c| high[c] - low[c]).fold(0.0, f32::max);
        let cells = f64::from((1u32 << DEPTH) - 1);
        let scale = if self.side > 0.0 { cells / f64::from(self.side) } else { 0.0 };
        let code = |point: &[f32; D]| {
            let at = |c: usize| ((f64::from(point[c]) - f64::from(low[c])) * scale) as u64;
            (0..D).fold(0, |code, c| code | spread::<D>(at(c)) << c)
        };
        if self.points.len() != points.len() {
            self.points = (0..points.len() as u32).collect();
        }
        let key = |&point: &u32| (code(&points[point as usize]), point);
        self.points.par_iter().with_min_len(1024).map(key).collect_into_vec(&mut self.keyed);
        self.keyed.par_sort();
        self.points.clear();
        self.points.extend(self.keyed.iter().map(|&(_, point)| point));
        self.codes.clear();
        self.codes.extend(self.keyed.iter().map(|&(code, _)| code));
        self.places.clear();
        self.places.extend(self.points.iter().map(|&point| points[point as usize]));
    }
}

/// The bits of `x`, `D − 1` zeros after each.
fn spread<const D: usize>(x: u64) -> u64 {
    let steps: [(u32, u64); 5] = match D {
        2 => [
            (16, 0x0000_ffff_0000_ffff),
            (8, 0x00ff_00ff_00ff_00ff),
            (4, 0x0f0f_0f0f_0f0f_0f0f),
            (2, 0x3333_3333_3333_3333),
            (1, 0x5555_5555_5555_5555),
        ],
        _ => [
            (32, 0x001f_0000_0000_ffff),
            (16, 0x001f_0000_ff00_00ff),
            (8, 0x100f_00f0_0f00_f00f),
            (4, 0x10c3_0c30_c30c_30c3),
            (2, 0x1249_2492_4924_9249),
        ],
    };
    steps.iter().fold(x, |x, (shift, mask)| (x | x << shift) & mask)
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn bits_are_spread_in_order() {
        for x in [0u64, 1, 0b1011, 0x15_5555, 0x1f_ffff] {
            let slow = |d: u32| (0..21).map(|bit| (x >> bit & 1) << (bit * d)).sum::<u64>();
            assert_eq!((spread::<2>(x), spread::<3>(x)), (slow(2), slow(3)), "{x:x}");
        }
    }
}
