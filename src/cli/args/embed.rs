//! The flags of `oddflow embed`.

use super::{InputArgs, RunArgs};
use clap::Args;
use std::path::PathBuf;

/// `oddflow embed`.
#[derive(Debug, Args)]
pub struct Embed {
    #[command(flatten)]
    pub input: InputArgs,
    /// What to make: .html (a page to explore), .png, .svg, or a table of coordinates and columns (.parquet, .csv, …);
    /// several may be given
    #[arg(short, long, value_name = "OUT", required = true, help_heading = "Output")]
    pub output: Vec<String>,
    /// Score the rows with this model: its features make the map, its severity the colours
    #[arg(short, long, value_name = "MODEL")]
    pub model: Option<PathBuf>,
    /// Features of flow logs without a model: default, basic or columns, as of `detect` [default: default; of tables columns]
    #[arg(long, value_name = "SET")]
    pub features: Option<String>,
    /// Zone of times that state none (Argus), such as Europe/Berlin or +02:00 [default: UTC]
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true)]
    pub tz: Option<String>,
    /// Rows to draw from the input [default: 10000]
    #[arg(long, value_name = "N")]
    pub rows: Option<usize>,
    /// tsne or umap [default: tsne]
    #[arg(long, value_name = "NAME", help_heading = "Map")]
    pub method: Option<String>,
    /// Dimensions of the map: 2 or 3 [default: 2]
    #[arg(long, value_name = "N", help_heading = "Map")]
    pub dims: Option<usize>,
    /// How many neighbors count for a row (tsne) [default: 30, fewer for few rows]
    #[arg(long, value_name = "P", help_heading = "Map")]
    pub perplexity: Option<f64>,
    /// How much neighbors attract each other in the first phase (tsne) [default: 12]
    #[arg(long, value_name = "X", help_heading = "Map")]
    pub early_exaggeration: Option<f64>,
    /// Length of a step (tsne: default rows / early exaggeration, at least 200; umap: default 1)
    #[arg(long, value_name = "X", help_heading = "Map")]
    pub learning_rate: Option<f64>,
    /// Steps in all, of which a quarter, up to 250, are the first phase (tsne) [default: 1000]
    #[arg(long, value_name = "N", help_heading = "Map")]
    pub steps: Option<usize>,
    /// Where points start: pca or random (tsne), spectral or pca (umap) [default: pca for tsne, spectral for umap]
    #[arg(long, value_name = "NAME", help_heading = "Map")]
    pub start: Option<String>,
    /// Neighbors of a row, itself counted (umap) [default: 15, fewer for few rows]
    #[arg(long, value_name = "K", help_heading = "Map")]
    pub neighbors: Option<usize>,
    /// How close points may lie (umap) [default: 0.1]
    #[arg(long, value_name = "D", help_heading = "Map")]
    pub min_dist: Option<f64>,
    /// How far clusters spread (umap) [default: 1]
    #[arg(long, value_name = "S", help_heading = "Map")]
    pub spread: Option<f64>,
    /// Passes over the graph (umap) [default: 200]
    #[arg(long, value_name = "N", help_heading = "Map")]
    pub epochs: Option<usize>,
    /// Seed of everything random [default: 0]
    #[arg(long, value_name = "S", help_heading = "Map")]
    pub seed: Option<u64>,
    /// Column that colours the points [default: severity, score or label, where there is one]
    #[arg(long, value_name = "COLUMN", help_heading = "Picture")]
    pub color: Option<String>,
    /// light or dark: of .png and .svg; a page follows the browser [default: light]
    #[arg(long, value_name = "NAME", help_heading = "Picture")]
    pub theme: Option<String>,
    /// Width and height of .png and .svg, and pixels of a .png to one of these [default: 1200x900@2]
    #[arg(long, value_name = "WxH@S", help_heading = "Picture")]
    pub size: Option<String>,
    /// Keep rejected records, with reasons, in this NDJSON file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub rejected: Option<PathBuf>,
    /// Leave text that a spreadsheet would take for a formula as it is (.csv and .tsv)
    #[arg(long, help_heading = "Output")]
    pub keep_formulas: bool,
    #[command(flatten)]
    pub run: RunArgs,
}
