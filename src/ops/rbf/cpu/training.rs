//! Products with the kernel matrix of the training rows, rows on all threads.

#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
use super::columns::{Columns, Place, STRIPE};
use super::expansion::scale;
use super::kernel::{Kernel, Portable};
use super::pack::{self, blocks};
use super::{Group, Pair, ROWS, Tile, WIDTH};
use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

/// Chosen rows whose columns are computed, then added, at once: columns without a slot are kept so long.
const ROUND: usize = 16 * ROWS;

/// Training rows made ready.
#[derive(Debug)]
pub(in super::super) struct TrainingCpu {
    n_rows: usize,
    n_features: usize,
    blocks: Vec<Pair>,
    gamma: f64,
    columns: Columns,
}

/// A round of chosen rows: their groups, and what is to be done with each.
struct Round<'a> {
    groups: Vec<Group>,
    /// Positions within the round of the rows in the groups.
    computed: Vec<usize>,
    places: &'a [Place],
    coefficients: &'a [f64],
}

impl TrainingCpu {
    pub fn prepare(rows: ArrayView2<'_, f32>, gamma: f64, cache: u64) -> Self {
        let (n_rows, n_features) = rows.dim();
        let blocks = blocks(rows);
        // The rows made ready and four numbers a row, which a solver has beside them, are the cache's first entry.
        let first = size_of_val(blocks.as_slice()) + 4 * size_of::<f64>() * n_rows;
        let columns = Columns::new(n_rows, cache.saturating_sub(first as u64));
        Self { n_rows, n_features, blocks, gamma, columns }
    }

    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The values of a row.
    pub fn row(&self, row: u32, into: &mut Vec<f32>) {
        let row = row as usize;
        let block = self.block_of(row / WIDTH);
        into.clear();
        into.extend(block.iter().filter_map(|pair| pair.get(row % WIDTH / 8)?.0.get(row % 8)));
    }

    fn block_of(&self, block: usize) -> &[Pair] {
        self.blocks.get(block * self.n_features..(block + 1) * self.n_features).unwrap_or_default()
    }

    fn rows(&self, chosen: &[u32]) -> Array2<f32> {
        let mut row = Vec::new();
        let mut rows = Array2::zeros((chosen.len(), self.n_features));
        for (mut to, &i) in rows.outer_iter_mut().zip(chosen) {
            self.row(i, &mut row);
            to.iter_mut().zip(&row).for_each(|(to, from)| *to = *from);
        }
        rows
    }

    /// `sums[j] += Σ_i coefficients[i] K(x_chosen[i], x_j)`.
    pub fn add_products(&mut self, chosen: &[u32], coefficients: &[f64], sums: &mut [f64]) {
        #[cfg(target_arch = "x86_64")]
        if Avx2::is_available() {
            return self.add_products_by::<Avx2>(chosen, coefficients, sums);
        }
        self.add_products_by::<Portable>(chosen, coefficients, sums);
    }

    /// The same with the given kernel.
    pub fn add_products_by<K: Kernel>(&mut self, chosen: &[u32], coefficients: &[f64], sums: &mut [f64]) {
        let places = self.columns.place(chosen);
        let mut columns = std::mem::take(&mut self.columns);
        let this = &*self;
        let rounds: Vec<Round<'_>> = (chosen.chunks(ROUND).zip(places.chunks(ROUND)))
            .zip(coefficients.chunks(ROUND))
            .map(|((chosen, places), coefficients)| this.round(chosen, places, coefficients))
            .collect();
        let stripes = columns.stripes(sums.len().div_ceil(STRIPE));
        sums.par_chunks_mut(STRIPE).zip(stripes).enumerate().for_each_init(
            Vec::new,
            |scratch, (stripe, (sums, kept))| {
                for round in &rounds {
                    this.add_round::<K>(round, stripe, sums, kept, scratch);
                }
            },
        );
        self.columns = columns;
    }

    fn round<'a>(&self, chosen: &[u32], places: &'a [Place], coefficients: &'a [f64]) -> Round<'a> {
        let computed: Vec<usize> =
            places.iter().enumerate().filter(|(_, place)| !matches!(place, Place::Kept(_))).map(|(i, _)| i).collect();
        let rows: Vec<u32> = computed.iter().filter_map(|&i| chosen.get(i).copied()).collect();
        Round { groups: self.groups(&rows), computed, places, coefficients }
    }

    /// The rows in groups, [group][feature].
    fn groups(&self, rows: &[u32]) -> Vec<Group> {
        let mut groups = Vec::new();
        let values = self.rows(rows);
        for rows in values.axis_chunks_iter(Axis(0), ROWS) {
            let rows = rows.into_iter().copied().collect::<Vec<f32>>();
            pack::group(rows.chunks(self.n_features.max(1)), self.n_features, &mut groups);
        }
        groups
    }

    /// Computes what columns of the round are not kept, for one stripe, and adds all of them in their order.
    fn add_round<K: Kernel>(
        &self,
        round: &Round<'_>,
        stripe: usize,
        sums: &mut [f64],
        kept: &mut [f32],
        scratch: &mut Vec<f32>,
    ) {
        scratch.resize(ROUND * STRIPE, 0.0);
        let groups = round.groups.chunks(self.n_features.max(1)).zip(round.computed.chunks(ROWS));
        for (group, members) in groups {
            for block in 0..sums.len().div_ceil(WIDTH) {
                let tile = K::tile(self.block_of(stripe * (STRIPE / WIDTH) + block), group, scale(self.gamma));
                for (&member, values) in members.iter().zip(&tile) {
                    let column = match round.places.get(member) {
                        Some(Place::New(slot)) => segment_mut(kept, *slot as usize),
                        _ => segment_mut(scratch, member),
                    };
                    put(column, block, values);
                }
            }
        }
        for (member, (place, &coefficient)) in round.places.iter().zip(round.coefficients).enumerate() {
            let column = match place {
                Place::Kept(slot) | Place::New(slot) => segment(kept, *slot as usize),
                Place::None => segment(scratch, member),
            };
            K::add(column, coefficient, sums);
        }
    }

    /// The kernel matrix of the chosen rows.
    pub fn block(&self, chosen: &[u32]) -> Array2<f32> {
        let lanes = blocks(self.rows(chosen).view());
        self.kernels(chosen, &lanes, chosen.len())
    }

    /// The kernels of the chosen rows with all rows.
    pub fn columns(&self, chosen: &[u32]) -> Array2<f32> {
        self.kernels(chosen, &self.blocks, self.n_rows)
    }

    fn kernels(&self, chosen: &[u32], lanes: &[Pair], n_lanes: usize) -> Array2<f32> {
        #[cfg(target_arch = "x86_64")]
        if Avx2::is_available() {
            return self.kernels_by::<Avx2>(chosen, lanes, n_lanes);
        }
        self.kernels_by::<Portable>(chosen, lanes, n_lanes)
    }

    /// The kernels of the chosen rows with those of the blocks in `lanes`, `chosen.len() × n_lanes`.
    fn kernels_by<K: Kernel>(&self, chosen: &[u32], lanes: &[Pair], n_lanes: usize) -> Array2<f32> {
        let mut matrix = Array2::ones((chosen.len(), n_lanes));
        if self.n_features == 0 {
            return matrix;
        }
        let groups = self.groups(chosen);
        let rows = matrix.axis_chunks_iter_mut(Axis(0), ROWS).into_par_iter();
        rows.zip(groups.par_chunks(self.n_features)).for_each(|(mut rows, group)| {
            for (block, lanes) in lanes.chunks(self.n_features).enumerate() {
                let tile: Tile = K::tile(lanes, group, scale(self.gamma));
                for (mut row, values) in rows.outer_iter_mut().zip(&tile) {
                    let to = row.iter_mut().skip(block * WIDTH);
                    to.zip(values.iter().flat_map(|lanes| lanes.0)).for_each(|(to, value)| *to = value);
                }
            }
        });
        matrix
    }

    /// The kernel matrix of the chosen rows with the given kernel.
    #[cfg(test)]
    pub fn block_by<K: Kernel>(&self, chosen: &[u32]) -> Array2<f32> {
        self.kernels_by::<K>(chosen, &blocks(self.rows(chosen).view()), chosen.len())
    }

    /// The products in f64 throughout.
    pub fn exact_products(&self, chosen: &[u32], coefficients: &[f64]) -> Vec<f64> {
        #[cfg(target_arch = "x86_64")]
        if Avx2::is_available() {
            return self.exact_products_by::<Avx2>(chosen, coefficients);
        }
        self.exact_products_by::<Portable>(chosen, coefficients)
    }

    /// The same with the given kernel.
    pub fn exact_products_by<K: Kernel>(&self, chosen: &[u32], coefficients: &[f64]) -> Vec<f64> {
        let values = self.rows(chosen);
        let scale = -self.gamma * std::f64::consts::LOG2_E;
        let mut sums = vec![0.0; self.n_rows];
        sums.par_chunks_mut(WIDTH).enumerate().for_each(|(block, sums)| {
            let (lanes, mut products) = (self.block_of(block), [0.0; WIDTH]);
            for (row, &coefficient) in values.outer_iter().zip(coefficients) {
                K::exact(lanes, row.as_slice().unwrap_or_default(), scale, coefficient, &mut products);
            }
            sums.iter_mut().zip(products).for_each(|(sum, product)| *sum = product);
        });
        sums
    }
}

fn segment(columns: &[f32], slot: usize) -> &[f32] {
    columns.get(slot * STRIPE..(slot + 1) * STRIPE).unwrap_or_default()
}

fn segment_mut(columns: &mut [f32], slot: usize) -> &mut [f32] {
    columns.get_mut(slot * STRIPE..(slot + 1) * STRIPE).unwrap_or_default()
}

/// Writes the kernel values of a block to its place in a stripe of a column.
fn put(column: &mut [f32], block: usize, values: &Pair) {
    let to = column.get_mut(block * WIDTH..(block + 1) * WIDTH).unwrap_or_default();
    for (to, lanes) in to.chunks_exact_mut(8).zip(values) {
        to.copy_from_slice(&lanes.0);
    }
}
