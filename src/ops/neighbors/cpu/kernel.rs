//! The two inner loops, in f32: a query against the rows of a leaf, and boxes against boxes.

use super::{Lanes, VECTORS};

/// Distances of the rows of a leaf.
pub(in super::super) type Distances = [Lanes; VECTORS];

/// After so many features, and after each doubling of them, a leaf is left if none of its rows can still be near.
pub(super) const FIRST_LOOK: usize = 8;

/// One way of computing them. Rounding may differ between kernels; the settling bears any that [`Margin`] bounds.
///
/// [`Margin`]: super::super::order::Margin
pub(in super::super) trait Kernel {
    /// Squared distances of `query` from the rows of a leaf (`block`: [feature][row]). Bit i of the result says that row i
    /// is within `limit`; where no bit is set the distances may be incomplete. Rows that are no rows hold NaN and are
    /// never within.
    fn scan(block: &[[Lanes; VECTORS]], query: &[f32], limit: f32, distances: &mut Distances) -> u64;

    /// Which of the 64 `queries` ([feature][query]) can have a row of a box within their limits: bit i says that query i's
    /// squared distance to the box is at most its limit.
    fn near_box(queries: &[[Lanes; VECTORS]], limits: &Distances, low: &[f32], high: &[f32]) -> u64;

    /// The squared distance between two boxes, given by their least and greatest corners; at most (up to rounding) the
    /// distance of any two points of theirs.
    fn between(low: &[f32], high: &[f32], other_low: &[f32], other_high: &[f32]) -> f32;
}

/// Plain Rust, for every processor; the compiler vectorises it as far as the target's baseline allows.
pub(in super::super) struct Portable;

impl Kernel for Portable {
    fn scan(block: &[[Lanes; VECTORS]], query: &[f32], limit: f32, distances: &mut Distances) -> u64 {
        *distances = [Lanes([0.0; 8]); VECTORS];
        let mut look = FIRST_LOOK;
        for (done, (rows, &value)) in block.iter().zip(query).enumerate() {
            if done == look && done < query.len() {
                look *= 2;
                if within(distances, limit) == 0 {
                    return 0;
                }
            }
            for (sums, row) in distances.iter_mut().zip(rows) {
                for (sum, other) in sums.0.iter_mut().zip(row.0) {
                    let difference = value - other;
                    *sum += difference * difference;
                }
            }
        }
        within(distances, limit)
    }

    fn near_box(queries: &[[Lanes; VECTORS]], limits: &Distances, low: &[f32], high: &[f32]) -> u64 {
        let mut distances = [Lanes([0.0; 8]); VECTORS];
        for (values, (&low, &high)) in queries.iter().zip(low.iter().zip(high)) {
            for (sums, values) in distances.iter_mut().zip(values) {
                for (sum, value) in sums.0.iter_mut().zip(values.0) {
                    let gap = (low - value).max(value - high).max(0.0);
                    *sum += gap * gap;
                }
            }
        }
        let pairs = distances.iter().flat_map(|lanes| lanes.0).zip(limits.iter().flat_map(|lanes| lanes.0));
        mask(pairs.map(|(distance, limit)| distance <= limit))
    }

    fn between(low: &[f32], high: &[f32], other_low: &[f32], other_high: &[f32]) -> f32 {
        let sides = low.iter().zip(high).zip(other_low.iter().zip(other_high));
        sides.fold(0.0, |sum, ((&low, &high), (&other_low, &other_high))| {
            let gap = (other_low - high).max(low - other_high).max(0.0);
            sum + gap * gap
        })
    }
}

fn within(distances: &Distances, limit: f32) -> u64 {
    mask(distances.iter().flat_map(|lanes| lanes.0).map(|distance| distance <= limit))
}

fn mask(bits: impl Iterator<Item = bool>) -> u64 {
    bits.enumerate().fold(0, |mask, (i, bit)| mask | u64::from(bit) << i)
}
