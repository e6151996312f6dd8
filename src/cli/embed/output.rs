//! What an embedding is written as.

use crate::cli::args::Embed;
use crate::flows::sink::{Sink, SinkOptions, Staged, Target};
use crate::picture::{MOST_POINTS, Scatter, Size, Theme};
use crate::{Error, Result};
use arrow_array::{ArrayRef, Float32Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use ndarray::Array2;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One output.
pub enum Output {
    Page(PathBuf),
    Svg(PathBuf),
    Png(PathBuf),
    Table(Target),
}

/// How pictures look.
pub struct Picture {
    size: Size,
    theme: Theme,
    color: Option<String>,
}

impl Picture {
    /// From the flags.
    pub fn new(args: &Embed) -> Result<Self> {
        let theme = match args.theme.as_deref() {
            None | Some("light") => Theme::Light,
            Some("dark") => Theme::Dark,
            Some(other) => return Err(Error::parameter("--theme", other, "it must be light or dark")),
        };
        let size = args.size.as_deref().map_or(Ok(Size::default()), size)?;
        size.check()?;
        Ok(Self { size, theme, color: args.color.clone() })
    }

    /// Whether `rows` have the column that colours the points: better said before the map is made.
    pub fn check(&self, rows: &RecordBatch) -> Result<()> {
        let points = Array2::zeros((rows.num_rows(), 2));
        Scatter::new(points.view(), rows, self.color.as_deref(), "", &[]).map(drop)
    }
}

/// `1200x900`, `1200x900@2`.
fn size(text: &str) -> Result<Size> {
    let (lengths, scale) = text.split_once('@').unwrap_or((text, "2"));
    let parsed = lengths.split_once('x').and_then(|(width, height)| {
        Some(Size { width: width.parse().ok()?, height: height.parse().ok()?, scale: scale.parse().ok()? })
    });
    parsed.ok_or_else(|| Error::parameter("--size", text, "it must look like 1200x900 or 1200x900@2"))
}

impl Output {
    /// By extension.
    pub fn parse(text: &str) -> Result<Self> {
        let path = PathBuf::from(text);
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        Ok(match extension.as_str() {
            "html" | "htm" => Self::Page(path),
            "svg" => Self::Svg(path),
            "png" => Self::Png(path),
            _ => Self::Table(Target::parse(text).map_err(|_| {
                let limit = "it must end in .html, .png, .svg, or as a table in .parquet, .csv, .tsv, .ndjson or .arrow; \
                             `-` is CSV on stdout";
                Error::parameter("-o", text, limit)
            })?),
        })
    }

    /// The file, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Page(path) | Self::Svg(path) | Self::Png(path) => Some(path),
            Self::Table(target) => target.path.as_deref(),
        }
    }

    /// More cannot be written.
    pub fn most_rows(&self) -> Option<usize> {
        matches!(self, Self::Page(_)).then_some(MOST_POINTS)
    }

    /// Writes it; its bytes.
    pub fn write(
        &self,
        picture: &Picture,
        points: &Array2<f32>,
        rows: &RecordBatch,
        title: &str,
        facts: &[(String, String)],
        keep_formulas: bool,
    ) -> Result<u64> {
        let scatter = || Scatter::new(points.view(), rows, picture.color.as_deref(), title, facts);
        match self {
            Self::Page(path) => staged(path, |out| scatter()?.html(out)),
            Self::Svg(path) => {
                let svg = scatter()?.svg(picture.size, picture.theme)?;
                staged(path, |out| out.write_all(svg.as_bytes()).map_err(|e| Error::io(path, e)))
            }
            Self::Png(path) => {
                let png = scatter()?.png(picture.size, picture.theme)?;
                staged(path, |out| out.write_all(&png).map_err(|e| Error::io(path, e)))
            }
            Self::Table(target) => {
                let table = with_points(points, rows)?;
                let options = SinkOptions { guard_formulas: !keep_formulas, ..SinkOptions::default() };
                let mut sink = Sink::create(target, table.schema_ref(), &options)?;
                sink.write(sink.encoder().encode(&table)?)?;
                sink.finish().map(|written| written.bytes)
            }
        }
    }
}

/// Appears under its name when it is complete.
pub fn staged(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<u64> {
    let mut out = Staged::beside(path)?;
    write(&mut out)?;
    out.publish()
}

/// The coordinates, then all columns. Coordinates give way to no column: theirs get another name where one is taken.
fn with_points(points: &Array2<f32>, rows: &RecordBatch) -> Result<RecordBatch> {
    let mut fields: Vec<Arc<Field>> = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for (axis, values) in ["x", "y", "z"].into_iter().zip(points.columns()) {
        let mut name = format!("embedding_{axis}");
        while rows.column_by_name(&name).is_some() {
            name.push('_');
        }
        fields.push(Arc::new(Field::new(name, DataType::Float32, false)));
        columns.push(Arc::new(Float32Array::from_iter_values(values.iter().copied())));
    }
    fields.extend(rows.schema_ref().fields().iter().cloned());
    columns.extend(rows.columns().iter().cloned());
    let schema = Schema::new_with_metadata(fields, rows.schema_ref().metadata().clone());
    RecordBatch::try_new(Arc::new(schema), columns).map_err(|e| Error::Schema(format!("the map's table: {e}")))
}
