//! `oddflow` finds odd network flows: it trains unsupervised detectors on flow records and scores millions of
//! historical records with them, on any GPU (through wgpu) or on the CPU, with the same answers.
//!
//! Data flows one way, and each module knows only the modules below it:
//!
//! | module | what it holds |
//! |---|---|
//! | [`cli`] | flags → a resolved plan → library calls; the only place that prints |
//! | [`report`] | scored rows and their manifest as one page |
//! | [`pipeline`] | streaming: read, encode, score and write overlap in bounded memory |
//! | [`model`] | the saved model: versioned, checksummed, no code in it |
//! | [`watch`] | a log that is scored while it is written |
//! | [`findings`] | rows grouped into what an analyst reads; allow-lists; hosts |
//! | [`detectors`] | isolation forest, local outlier factor, nearest neighbours; severity, thresholds, measures of quality, explanation |
//! | [`picture`] | an embedding drawn: a self-contained HTML page, SVG, PNG |
//! | [`embedding`] | t-SNE and UMAP of rows, their quality measures |
//! | [`ops`] | the compute operations, each with a CPU and a GPU body |
//! | [`device`] | adapters, limits, buffers, pipelines, readback |
//! | [`features`] | flow columns → dense f32 matrix |
//! | [`flows`] | what a flow record is; sources and sinks |
//!
//! A larger score is more anomalous, everywhere. A saved model scores any Arrow batch that has its columns:
//!
//! ```no_run
//! use oddflow::{device::Device, model::Model};
//!
//! fn odd_rows(batch: &arrow_array::RecordBatch) -> oddflow::Result<arrow_array::RecordBatch> {
//!     let model = Model::load("week.model".as_ref())?;
//!     let scorer = model.scorer(&Device::Cpu, &batch.schema(), 65_536)?;
//!     scorer.score_batch(batch) // the columns, and anomaly_score, severity, anomaly
//! }
//! ```

pub mod cli;
pub mod detectors;
pub mod device;
pub mod embedding;
mod error;
pub mod features;
pub mod findings;
pub mod flows;
pub mod model;
pub mod ops;
pub mod picture;
pub mod pipeline;
pub mod report;
mod stop;
pub mod watch;
mod words;

pub use error::{Error, Result};
pub use stop::Stop;
