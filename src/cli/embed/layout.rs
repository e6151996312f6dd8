//! Which layout was asked for, and its carrying out.

use crate::cli::args::Embed;
use crate::cli::progress::Bar;
use crate::cli::run::Session;
use crate::cli::talk::count;
use crate::embedding::tsne::{Progress, Start, TsneParams, tsne};
use crate::{Error, Result};
use ndarray::{Array2, ArrayView2};
use std::time::Instant;

/// A method with its parameters.
pub enum Layout {
    Tsne(TsneParams),
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
            "tsne" => Self::tsne(args).map(Self::Tsne),
            other => Err(Error::parameter("--method", other, "it must be tsne or umap")),
        }
    }

    fn tsne(args: &Embed) -> Result<TsneParams> {
        let default = TsneParams::default();
        let start = match args.start.as_deref() {
            None | Some("pca") => Start::Pca,
            Some("random") => Start::Random,
            Some(other) => return Err(Error::parameter("--start", other, "it must be pca or random for tsne")),
        };
        let params = TsneParams {
            n_dims: args.dims.unwrap_or(default.n_dims),
            perplexity: args.perplexity,
            early_exaggeration: args.early_exaggeration.unwrap_or(default.early_exaggeration),
            n_steps: args.steps.unwrap_or(default.n_steps),
            learning_rate: args.learning_rate,
            start,
            seed: args.seed.unwrap_or(default.seed),
            ..default
        };
        params.check()?;
        Ok(params)
    }

    pub fn seed(&self) -> u64 {
        match self {
            Self::Tsne(params) => params.seed,
        }
    }

    /// Lays `rows` out.
    pub fn carry_out(&self, rows: ArrayView2<'_, f32>, session: &Session) -> Result<Map> {
        let begin = Instant::now();
        let (points, described) = match self {
            Self::Tsne(params) => {
                let bar = Bar::of_steps("t-SNE", params.n_steps, session.running.quiet);
                let report = |at: Progress| bar.update_steps(at.step, &format!("KL {:.4}", at.divergence));
                let met = tsne(rows, params, &session.device, session.stop(), report)?;
                let described = format!(
                    "t-SNE, perplexity {}, {} steps, KL {:.4}",
                    (met.perplexity * 100.0).round() / 100.0,
                    count(params.n_steps as u64),
                    met.divergence
                );
                (met.points, described)
            }
        };
        Ok(Map { points, described, seconds: begin.elapsed().as_secs_f64() })
    }
}
