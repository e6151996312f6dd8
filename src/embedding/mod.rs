//! Pictures of high-dimensional rows: points in two or three dimensions whose neighbours are the rows' neighbours.

pub mod affinities;
pub mod pca;
pub mod tsne;

pub use affinities::Conditional;
pub use tsne::{TsneEmbedding, TsneParams};
