//! The SVG as PNG, by a font that is shipped, so that text looks the same everywhere.

use super::Size;
use super::svg::FONT;
use crate::{Error, Result};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

/// Latin, Greek and Cyrillic of DejaVu Sans 2.37; its licence lies beside it.
const DATA: &[u8] = include_bytes!("font/DejaVuSans.ttf");

pub(super) fn render(svg: &str, size: Size) -> Result<Vec<u8>> {
    let failed =
        |what: &str, why: &dyn std::fmt::Display| Error::Internal(format!("{what} of the picture failed: {why}"));
    let mut options = Options { font_family: FONT.to_owned(), ..Options::default() };
    options.fontdb_mut().load_font_data(DATA.to_vec());
    let tree = Tree::from_str(svg, &options).map_err(|e| failed("parsing", &e))?;
    let pixels = |length: u32| (length as f32 * size.scale).round() as u32;
    let mut pixmap = Pixmap::new(pixels(size.width), pixels(size.height)).ok_or_else(|| {
        let limit = "there is no picture of this size; choose a smaller one";
        Error::parameter("size", format!("{} × {}", pixels(size.width), pixels(size.height)), limit)
    })?;
    resvg::render(&tree, Transform::from_scale(size.scale, size.scale), &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|e| failed("encoding", &e))
}
