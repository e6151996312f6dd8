//! Which layout was asked for, and its carrying out.

use crate::cli::args::Embed;
use crate::cli::progress::Bar;
use crate::cli::run::Session;
use crate::cli::talk::count;
use crate::embedding::tsne::{self, TsneParams};
use crate::embedding::umap::{self, Umap, UmapParams};
use crate::{Error, Result};
use ndarray::{Array2, ArrayView2};
use std::time::Instant;

/// Of few steps, at most one in so many belongs to the first phase.
const EXAGGERATED_SHARE: usize = 4;

/// A method with its parameters.
pub enum Layout {
    Tsne(TsneParams),
    Umap(UmapParams),
}

/// Points, and what is said of them.
pub struct Map {
    pub points: Array2<f32>,
    pub described: String,
    pub seconds: f64,
}

/// Options that belong to one method, as they were given.
struct Given<'a> {
    name: &'a str,
    method: &'a str,
    given: bool,
}

impl Layout {
    /// From the flags.
    pub fn new(args: &Embed) -> Result<Self> {
        let method = args.method.as_deref().unwrap_or("tsne");
        let of = |name, method, given| Given { name, method, given };
        let options = [
            of("--perplexity", "tsne", args.perplexity.is_some()),
            of("--early-exaggeration", "tsne", args.early_exaggeration.is_some()),
            of("--steps", "tsne", args.steps.is_some()),
            of("--neighbors", "umap", args.neighbors.is_some()),
            of("--min-dist", "umap", args.min_dist.is_some()),
            of("--spread", "umap", args.spread.is_some()),
            of("--epochs", "umap", args.epochs.is_some()),
        ];
        if let Some(other) = options.iter().find(|option| option.given && option.method != method) {
            let limit = format!("it belongs to --method {}; leave it out", other.method);
            return Err(Error::parameter(other.name, "given", limit));
        }
        match method {
            "tsne" => tsne_params(args).map(Self::Tsne),
            "umap" => umap_params(args).map(Self::Umap),
            other => Err(Error::parameter("--method", other, "it must be tsne or umap")),
        }
    }

    /// What is drawn where nothing is said of it: t-SNE in two dimensions.
    pub fn plain(seed: u64) -> Self {
        Self::Tsne(TsneParams { seed, ..TsneParams::default() })
    }

    pub fn seed(&self) -> u64 {
        match self {
            Self::Tsne(params) => params.seed,
            Self::Umap(params) => params.seed,
        }
    }

    /// Lays `rows` out.
    pub fn carry_out(&self, rows: ArrayView2<'_, f32>, session: &Session) -> Result<Map> {
        let begin = Instant::now();
        let quiet = session.running.quiet;
        let (points, described) = match self {
            Self::Tsne(params) => {
                let bar = Bar::of_steps("t-SNE", params.n_steps, quiet);
                let report = |at: tsne::Progress| bar.update_steps(at.step, &format!("KL {:.4}", at.divergence));
                let met = tsne::tsne(rows, params, &session.device, session.stop(), report)?;
                let perplexity = (met.perplexity * 100.0).round() / 100.0;
                let steps = count(params.n_steps as u64);
                (met.points, format!("t-SNE, perplexity {perplexity}, {steps} steps, KL {:.4}", met.divergence))
            }
            Self::Umap(params) => {
                let bar = Bar::of_steps("UMAP", 0, quiet);
                let report = |at: umap::Progress| bar.update_epochs(at.epoch, at.n_epochs);
                let met = Umap::fit(rows, params, &session.device, session.stop(), report)?;
                let start = if met.started_at_pca() { "principal components" } else { "the spectrum" };
                let described = format!(
                    "UMAP, {} neighbors, min_dist {}, {} epochs from {start}",
                    met.n_neighbors(),
                    params.min_dist,
                    met.n_epochs()
                );
                (met.points().to_owned(), described)
            }
        };
        Ok(Map { points, described, seconds: begin.elapsed().as_secs_f64() })
    }
}

fn tsne_params(args: &Embed) -> Result<TsneParams> {
    let default = TsneParams::default();
    let start = match args.start.as_deref() {
        None | Some("pca") => tsne::Start::Pca,
        Some("random") => tsne::Start::Random,
        Some(other) => return Err(Error::parameter("--start", other, "it must be pca or random for tsne")),
    };
    let n_steps = args.steps.unwrap_or(default.n_steps);
    let params = TsneParams {
        n_dims: args.dims.unwrap_or(default.n_dims),
        perplexity: args.perplexity,
        early_exaggeration: args.early_exaggeration.unwrap_or(default.early_exaggeration),
        n_steps,
        n_exaggerated: default.n_exaggerated.min(n_steps / EXAGGERATED_SHARE),
        learning_rate: args.learning_rate,
        start,
        seed: args.seed.unwrap_or(default.seed),
    };
    params.check()?;
    Ok(params)
}

fn umap_params(args: &Embed) -> Result<UmapParams> {
    let default = UmapParams::default();
    let start = match args.start.as_deref() {
        None | Some("spectral") => umap::Start::Spectral,
        Some("pca") => umap::Start::Pca,
        Some(other) => return Err(Error::parameter("--start", other, "it must be spectral or pca for umap")),
    };
    let params = UmapParams {
        n_dims: args.dims.unwrap_or(default.n_dims),
        n_neighbors: args.neighbors,
        min_dist: args.min_dist.unwrap_or(default.min_dist),
        spread: args.spread.unwrap_or(default.spread),
        learning_rate: args.learning_rate.unwrap_or(default.learning_rate),
        n_epochs: args.epochs,
        start,
        seed: args.seed.unwrap_or(default.seed),
        ..default
    };
    params.check()?;
    Ok(params)
}
