//! An embedding drawn: one self-contained HTML page, SVG for papers, PNG for tickets; and curves, as the latter two.
//!
//! An embedding's are made from a [`Scatter`]: points, the table of their rows, and what to say about them. Nothing that a log
//! says can act: in the page the table is JSON in which no character can end the element that holds it, and reaches the
//! page as text only; in SVG all text is escaped.

pub(crate) mod columns;
mod curves;
mod html;
mod painted;
pub(crate) mod palette;
mod png;
mod svg;
pub(crate) mod template;
#[cfg(test)]
mod tests;

pub use curves::{CurvesPicture, Line, MOST_LINES};
pub use svg::Size;

use crate::{Error, Result};
use arrow_array::RecordBatch;
use arrow_schema::Schema;
use ndarray::ArrayView2;
use std::io::Write;

/// Most points of a page: what browsers pan and zoom smoothly.
pub const MOST_POINTS: usize = 50_000;

/// Columns by whose values points are painted unless another is named: the first that there is.
const PAINTED_BY: [&str; 5] = ["severity", "anomaly_score", "label", "attack", "class"];

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// Dark on white: paper.
    #[default]
    Light,
    /// Light on nearly black.
    Dark,
}

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Scatter<'a> {
    points: ArrayView2<'a, f32>,
    table: &'a RecordBatch,
    color: Option<usize>,
    title: &'a str,
    facts: &'a [(String, String)],
}

impl<'a> Scatter<'a> {
    /// `points` (`n_rows × 2` or `× 3`) of the rows of `table`, painted by column `color` (`None`: severity, score or label,
    /// where there is such a column); `facts` are what the picture says about itself, the most important first.
    ///
    /// # Errors
    /// Points that are not one a row, not of 2 or 3 dimensions or not finite; a column that is not in the table.
    pub fn new(
        points: ArrayView2<'a, f32>,
        table: &'a RecordBatch,
        color: Option<&str>,
        title: &'a str,
        facts: &'a [(String, String)],
    ) -> Result<Self> {
        if points.nrows() != table.num_rows() || !matches!(points.ncols(), 2 | 3) {
            let what = format!("{} × {} points for {} rows", points.nrows(), points.ncols(), table.num_rows());
            return Err(Error::Internal(what));
        }
        if let Some(x) = points.iter().find(|x| !x.is_finite()) {
            return Err(Error::parameter("coordinate", x, "a picture needs finite ones"));
        }
        let color = match color {
            Some(name) => Some(named(table.schema_ref(), name)?),
            None => PAINTED_BY.iter().find_map(|name| named(table.schema_ref(), name).ok()),
        };
        Ok(Self { points, table, color, title, facts })
    }

    /// Writes the page.
    ///
    /// # Errors
    /// More than [`MOST_POINTS`] points; what writing meets.
    pub fn html(&self, out: &mut dyn Write) -> Result<()> {
        if self.points.nrows() > MOST_POINTS {
            let limit = format!("a page holds at most {MOST_POINTS}; embed fewer rows, or write .png, .svg or a table");
            return Err(Error::parameter("points", self.points.nrows(), limit));
        }
        html::write(self, out)
    }

    /// The picture as SVG.
    ///
    /// # Errors
    /// A size out of range; a column that cannot be read.
    pub fn svg(&self, size: Size, theme: Theme) -> Result<String> {
        svg::draw(self, size, theme)
    }

    /// The same picture as PNG.
    ///
    /// # Errors
    /// As [`svg`](Self::svg).
    pub fn png(&self, size: Size, theme: Theme) -> Result<Vec<u8>> {
        png::render(&svg::draw(self, size, theme)?, size)
    }
}

impl Scatter<'_> {
    /// The column of this program's severities: called so, beside a score, numbers in 0..1 or none throughout. Other logs call other
    /// things severity.
    fn severity(&self) -> Result<Option<usize>> {
        let schema = self.table.schema_ref();
        let (Ok(severity), Ok(_)) = (schema.index_of("severity"), schema.index_of("anomaly_score")) else {
            return Ok(None);
        };
        let values = columns::Column::new(self.table.column(severity))?;
        let within = |values: &[f64]| values.iter().all(|x| x.is_nan() || (0.0..1.0).contains(x));
        Ok(matches!(values, columns::Column::Numbers(values, _) if within(&values)).then_some(severity))
    }
}

fn named(schema: &Schema, name: &str) -> Result<usize> {
    schema.index_of(name).map_err(|_| {
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        Error::parameter("column", name, format!("the rows have {}", names.join(", ")))
    })
}
