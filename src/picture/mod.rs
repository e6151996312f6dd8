//! Pictures of an embedding: one self-contained HTML page, SVG and PNG.
