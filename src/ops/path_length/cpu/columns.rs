//! Rows to columns, a tile at a time.

use super::select::ROWS;
use ndarray::{ArrayView2, s};

/// Features transposed together: a vector register of f32.
pub(super) const TILE: usize = 8;

/// A block of rows of one tile, column by column.
pub(super) type Columns = [[f32; ROWS]; TILE];

/// Copies the features from `base` of up to [`ROWS`] rows; what lies beyond the matrix is left as it was.
#[inline(always)]
pub(super) fn transpose(rows: ArrayView2<'_, f32>, base: usize, columns: &mut Columns) {
    let width = rows.ncols();
    match rows.as_slice() {
        Some(values) if base + TILE <= width => {
            let n_tiles = rows.nrows() / TILE;
            for (tile, values) in values.chunks_exact(TILE * width).enumerate() {
                let square: [[f32; TILE]; TILE] =
                    std::array::from_fn(|row| values[row * width + base..].first_chunk().copied().unwrap_or_default());
                for (feature, column) in columns.iter_mut().enumerate() {
                    column.as_chunks_mut::<TILE>().0[tile] = std::array::from_fn(|row| square[row][feature]);
                }
            }
            if n_tiles * TILE < rows.nrows() {
                copy(rows, base, n_tiles * TILE, columns);
            }
        }
        _ => copy(rows, base, 0, columns),
    }
}

/// The same for the rows from `first`, value by value: for odd shapes and strides.
#[inline(always)]
fn copy(rows: ArrayView2<'_, f32>, base: usize, first: usize, columns: &mut Columns) {
    let rest = rows.slice(s![first.., base..]);
    for (from, column) in rest.columns().into_iter().zip(columns) {
        for (value, &x) in column[first..].iter_mut().zip(from) {
            *value = x;
        }
    }
}
