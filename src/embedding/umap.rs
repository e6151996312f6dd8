//! Uniform manifold approximation and projection (McInnes, Healy & Melville 2018): from rows to points.
//!
//! The graph is umap-learn's to the last step of its bisections; the layout is of the same forces and schedule, in
//! sub-steps that any number of threads compute alike (see [`crate::ops::umap`]).

mod curve;
mod fuzzy;
mod start;

use crate::device::Device;
use crate::embedding::near::near;
use crate::ops::neighbors::{Neighbors, Queries, Watch};
use crate::ops::umap::{Graph, Layout, Umap as Descent};
use crate::{Error, Result, Stop};
pub use curve::fit_curve;
pub use fuzzy::{Memberships, fuzzy_graph};
use ndarray::{Array2, ArrayView2, Axis, concatenate};
use serde::{Deserialize, Serialize};
pub use start::Start;

/// Epochs unless it is said how many. umap-learn takes 500 up to 10,000 rows; on 10,000 flows that keeps 0.426 of the neighbours
/// where 200 keep 0.414 (`EPOCHS=500 METHOD=umap cargo bench --bench embed -- ROWS.npy`).
const N_EPOCHS: usize = 200;
/// Neighbours of a row unless it is said how many.
const N_NEIGHBORS: usize = 15;
/// Vertices that repel at each edge.
const N_NEGATIVES: u32 = 5;
/// Epochs between looks at whether to stop, and between reports.
const REPORT_EVERY: usize = 10;
/// New rows take this share of the epochs, at this share of the learning rate, as in umap-learn.
const PLACING_SHARE: usize = 3;
const PLACING_RATE: f32 = 0.25;

/// How rows are embedded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UmapParams {
    /// Dimensions of the points: 2 or 3.
    pub n_dims: usize,
    /// Neighbours of a row, itself counted; at least 2 and at most the number of rows. None: 15, or that many.
    pub n_neighbors: Option<usize>,
    /// How close points may lie: 0 to `spread`.
    pub min_dist: f64,
    /// How far clusters spread; above 0.
    pub spread: f64,
    /// Share of the fuzzy union against the intersection: 0 to 1.
    pub set_op_mix_ratio: f64,
    /// γ, the weight of repulsion; not below 0.
    pub repulsion_strength: f64,
    /// α at the beginning; above 0.
    pub learning_rate: f64,
    /// None: 200.
    pub n_epochs: Option<usize>,
    /// Where points start.
    pub start: Start,
    /// Decides what is random.
    pub seed: u64,
}

impl Default for UmapParams {
    fn default() -> Self {
        Self {
            n_dims: 2,
            n_neighbors: None,
            min_dist: 0.1,
            spread: 1.0,
            set_op_mix_ratio: 1.0,
            repulsion_strength: 1.0,
            learning_rate: 1.0,
            n_epochs: None,
            start: Start::default(),
            seed: 0,
        }
    }
}

impl UmapParams {
    /// Whether the parameters are in range, as far as that can be said without rows.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check(&self) -> Result<()> {
        let within = |name: &str, met: f64, holds: bool, limit: &str| match holds {
            true => Ok(()),
            false => Err(Error::parameter(name, met, limit)),
        };
        if !matches!(self.n_dims, 2 | 3) {
            return Err(Error::parameter("dims", self.n_dims, "an embedding has 2 or 3 dimensions"));
        }
        if let Some(k) = self.n_neighbors.filter(|&k| k < 2) {
            return Err(Error::parameter("neighbors", k, "it must be at least 2, the row itself counted"));
        }
        within("spread", self.spread, self.spread > 0.0 && self.spread.is_finite(), "it must be above 0")?;
        let fits = (0.0..=self.spread).contains(&self.min_dist);
        within("min_dist", self.min_dist, fits, &format!("it must lie between 0 and the spread, {}", self.spread))?;
        let mix = self.set_op_mix_ratio;
        within("set_op_mix_ratio", mix, (0.0..=1.0).contains(&mix), "it must lie between 0 and 1")?;
        let strength = self.repulsion_strength;
        within("repulsion_strength", strength, strength >= 0.0 && strength.is_finite(), "it must not be below 0")?;
        let rate = self.learning_rate;
        within("learning_rate", rate, rate > 0.0 && rate.is_finite(), "it must be above 0")
    }
}

/// Where a layout stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Epochs done, of how many.
    pub epoch: usize,
    /// Epochs to do.
    pub n_epochs: usize,
}

/// Rows embedded, so that more can be placed among them.
#[derive(Debug)]
pub struct Umap {
    n_neighbors: usize,
    rows: Array2<f32>,
    points: Array2<f32>,
    layout: Layout,
    started_at_pca: bool,
}

impl Umap {
    /// Embeds `rows` (`n_rows × n_features`, finite); `report` hears every tenth
    /// epoch and the last.
    ///
    /// # Errors
    /// Parameters out of range, values that are not finite, fewer than 5 rows, a request to stop, a device that fails.
    pub fn fit(
        rows: ArrayView2<'_, f32>,
        params: &UmapParams,
        device: &Device,
        stop: &Stop,
        report: impl FnMut(Progress),
    ) -> Result<Self> {
        params.check()?;
        let n_rows = rows.nrows();
        if n_rows < 5 {
            return Err(Error::parameter("n_rows", n_rows, "an embedding needs at least 5 rows"));
        }
        let n_neighbors = params.n_neighbors.unwrap_or(N_NEIGHBORS.min(n_rows));
        if n_neighbors > n_rows {
            return Err(Error::parameter("neighbors", n_neighbors, format!("there are {n_rows} rows")));
        }
        let lists = near(rows, n_neighbors - 1, device, Watch::stop(stop))?;
        let memberships = Memberships::new(&lists);
        let graph = fuzzy_graph(&lists, &memberships, params.set_op_mix_ratio)?;
        drop(lists);
        stop.check()?;
        let (a, b) = fit_curve(params.min_dist, params.spread);
        let layout = Layout {
            a: a as f32,
            b: b as f32,
            repulsion: params.repulsion_strength as f32,
            n_negatives: N_NEGATIVES,
            n_epochs: params.n_epochs.unwrap_or(N_EPOCHS),
            learning_rate: params.learning_rate as f32,
            seed: params.seed,
        };
        let (start, started_at_pca) = params.start.points(rows, &graph, params.n_dims, params.seed)?;
        let points = descend(&graph, start.view(), n_rows, layout, device, stop, report)?;
        Ok(Self { n_neighbors, rows: rows.to_owned(), points, layout, started_at_pca })
    }

    /// `n_rows × n_dims`.
    pub fn points(&self) -> ArrayView2<'_, f32> {
        self.points.view()
    }

    /// Neighbours of a row, itself counted, as they were used.
    pub fn n_neighbors(&self) -> usize {
        self.n_neighbors
    }

    /// Epochs that were run.
    pub fn n_epochs(&self) -> usize {
        self.layout.n_epochs
    }

    /// Whether the layout started at principal components, as it does where the graph falls into several parts, of whose
    /// distances a spectrum says nothing.
    pub fn started_at_pca(&self) -> bool {
        self.started_at_pca
    }

    /// Points for new rows, which have the fitted rows' columns: each begins at the mean of its neighbours, weighted by
    /// membership, and moves for a third of the epochs; the fitted points stay.
    ///
    /// # Errors
    /// Rows with other columns or values that are not finite, a request to stop, a device that fails.
    pub fn place(&self, new: ArrayView2<'_, f32>, device: &Device, stop: &Stop) -> Result<Array2<f32>> {
        let k = self.n_neighbors.min(self.rows.nrows());
        let neighbors = Neighbors::prepare(self.rows.view(), device)?;
        let lists = neighbors.map(Queries::new(new), k, Watch::stop(stop), |_, list| {
            list.iter().map(|near| (near.index, near.sq_dist)).collect::<Vec<_>>()
        })?;
        let n_new = new.nrows();
        let mut edges: Vec<Vec<(u32, f32)>> = vec![Vec::new(); n_new + self.rows.nrows()];
        let mut start = Array2::zeros((n_new, self.points.ncols()));
        for (row, list) in lists.iter().enumerate() {
            let weights = fuzzy::memberships_of_new(list);
            let total: f64 = weights.iter().sum();
            for (&(index, _), &weight) in list.iter().zip(&weights) {
                let share = (weight / total.max(f64::MIN_POSITIVE)) as f32;
                start.row_mut(row).scaled_add(share, &self.points.row(index as usize));
                if weight as f32 > 0.0 {
                    edges[row].push((n_new as u32 + index, weight as f32));
                }
            }
        }
        edges.iter_mut().for_each(|row| row.sort_by_key(|&(other, _)| other));
        // New rows come first: they are the ones that move.
        let graph = Graph::new(edges)?;
        let all = concatenate(Axis(0), &[start.view(), self.points.view()])
            .map_err(|e| Error::Internal(format!("points of new rows: {e}")))?;
        let layout = Layout {
            n_epochs: (self.layout.n_epochs / PLACING_SHARE).max(1),
            learning_rate: PLACING_RATE * self.layout.learning_rate,
            ..self.layout
        };
        let placed = descend(&graph, all.view(), n_new, layout, device, stop, |_| ())?;
        Ok(placed.slice(ndarray::s![..n_new, ..]).to_owned())
    }
}

fn descend(
    graph: &Graph,
    start: ArrayView2<'_, f32>,
    n_moving: usize,
    layout: Layout,
    device: &Device,
    stop: &Stop,
    mut report: impl FnMut(Progress),
) -> Result<Array2<f32>> {
    let mut descent = Descent::prepare(graph, start, n_moving, layout, device)?;
    let mut epoch = 0;
    while epoch < layout.n_epochs {
        stop.check()?;
        epoch = descent.advance(REPORT_EVERY)?;
        report(Progress { epoch, n_epochs: layout.n_epochs });
    }
    let points = descent.points()?;
    match points.iter().find(|x| !x.is_finite()) {
        None => Ok(points),
        Some(x) => Err(Error::parameter(
            "learning_rate",
            layout.learning_rate,
            format!("points became {x}; choose a smaller one"),
        )),
    }
}

#[cfg(test)]
mod tests;
