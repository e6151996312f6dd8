//! Pictures of high-dimensional rows: points in two or three dimensions whose neighbours are the rows' neighbours.

pub mod affinities;
mod near;
mod normal;
pub mod pca;
pub mod quality;
pub mod spectral;
pub mod tsne;
pub mod umap;

pub use affinities::Conditional;
pub use tsne::{TsneEmbedding, TsneParams};
pub use umap::{Umap, UmapParams};
