//! `--curves`: the points of the ROC and precision-recall curves, as a table or as a picture.

use super::Evaluated;
use crate::cli::embed::staged;
use crate::cli::run::Session;
use crate::cli::talk::{percent, plural};
use crate::detectors::{Assessed, CurvePoint, Measures};
use crate::flows::sink::{Sink, SinkOptions, Target};
use crate::picture::{CurvesPicture, Line, MOST_LINES, Size, Theme};
use crate::{Error, Result};
use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray, UInt64Array};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Two squares and the names of the lines.
const SIZE: Size = Size { width: 1400, height: 660, scale: 2.0 };

/// Where curves go.
pub enum CurvesOutput {
    Svg(PathBuf),
    Png(PathBuf),
    Table(Target),
}

impl CurvesOutput {
    /// By extension.
    pub fn parse(text: &str) -> Result<Self> {
        if text == "-" {
            return Err(Error::parameter("--curves", text, "the measures go to stdout; give the curves a file"));
        }
        let path = PathBuf::from(text);
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        Ok(match extension.as_str() {
            "svg" => Self::Svg(path),
            "png" => Self::Png(path),
            _ => Self::Table(Target::parse(text).map_err(|_| {
                let limit = "it must end in .svg or .png, or as a table in .csv, .tsv, .ndjson, .parquet or .arrow";
                Error::parameter("--curves", text, limit)
            })?),
        })
    }

    /// The file, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Svg(path) | Self::Png(path) => Some(path),
            Self::Table(target) => target.path.as_deref(),
        }
    }

    /// Writes them.
    pub fn write(&self, evaluated: &Evaluated<'_>, session: &Session) -> Result<()> {
        let (path, bytes) = match self {
            Self::Table(target) => return write_table(&evaluated.assessed, target),
            Self::Svg(path) | Self::Png(path) if evaluated.assessed.measures.auroc.value.is_none() => {
                let said = format!("{}: not drawn, there are rows of one class only", path.display());
                session.talk.warning("curves", &said);
                return Ok(());
            }
            Self::Svg(path) => (path, draw(evaluated, |p| Ok(p.svg(SIZE, Theme::Light)?.into_bytes()))?),
            Self::Png(path) => (path, draw(evaluated, |p| p.png(SIZE, Theme::Light))?),
        };
        staged(path, |out| out.write_all(&bytes).map_err(|e| Error::io(path, e))).map(drop)
    }
}

fn draw(evaluated: &Evaluated<'_>, made: impl Fn(&CurvesPicture<'_>) -> Result<Vec<u8>>) -> Result<Vec<u8>> {
    let Evaluated { assessed, model, input, args, label, .. } = evaluated;
    let Measures { positives, negatives, precision, recall, called, .. } = assessed.measures;
    let share = positives as f64 / (positives + negatives).max(1) as f64;
    // Kinds with the most rows have lines of their own.
    let mut kinds: Vec<_> = assessed.kinds.iter().collect();
    kinds.sort_by(|a, b| b.measures.positives.cmp(&a.measures.positives).then(a.kind.cmp(&b.kind)));
    let left_out = kinds.len().saturating_sub(MOST_LINES - 1);
    let named = |name: &str, auroc: Option<f64>, curve: &[CurvePoint]| Line {
        name: name.to_owned(),
        auroc,
        roc: std::iter::once([0.0, 0.0])
            .chain(curve.iter().map(|p| [p.false_positive_rate, p.true_positive_rate]))
            .collect(),
        precision_recall: curve.iter().map(|p| [p.true_positive_rate, p.precision]).collect(),
    };
    let mut lines = vec![named("all rows", assessed.measures.auroc.value, &assessed.curve)];
    let drawn = kinds.into_iter().take(MOST_LINES - 1);
    lines.extend(drawn.map(|kind| named(&kind.kind, kind.measures.auroc.value, &kind.curve)));
    let verdict = match (recall.value, precision.value) {
        (Some(recall), Some(precise)) => {
            let wrong = called as f64 * (1.0 - precise) / negatives.max(1) as f64;
            Some([wrong, recall, precise])
        }
        _ => None,
    };
    let facts = vec![
        ("labels".to_owned(), format!("{label}: {} of {}", percent(share), plural(positives + negatives, "row"))),
        ("detector".to_owned(), model.detector.short_name()),
        ("model".to_owned(), format!("{}, AUROC in brackets", args.model.display())),
    ];
    let title = crate::cli::embed::title(input);
    made(&CurvesPicture { title: &title, facts: &facts, lines: &lines, left_out, share, verdict })
}

/// Writes the points of all curves: those of all rows have an empty `kind`.
fn write_table(assessed: &Assessed, target: &Target) -> Result<()> {
    let curves = std::iter::once((None, &assessed.curve))
        .chain(assessed.kinds.iter().map(|kind| (Some(kind.kind.as_str()), &kind.curve)));
    let points: Vec<(Option<&str>, CurvePoint)> =
        curves.flat_map(|(kind, curve)| curve.iter().map(move |point| (kind, *point))).collect();
    let numbers = |of: fn(&CurvePoint) -> f64| -> ArrayRef {
        Arc::new(points.iter().map(|(_, point)| Some(of(point))).collect::<Float64Array>())
    };
    let counts = |of: fn(&CurvePoint) -> u64| -> ArrayRef {
        Arc::new(points.iter().map(|(_, point)| Some(of(point))).collect::<UInt64Array>())
    };
    let kinds: ArrayRef = Arc::new(points.iter().map(|(kind, _)| *kind).collect::<StringArray>());
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("kind", kinds, true),
        ("score", numbers(|p| p.score), true),
        ("true_positives", counts(|p| p.true_positives), true),
        ("false_positives", counts(|p| p.false_positives), true),
        ("true_positive_rate", numbers(|p| p.true_positive_rate), true),
        ("false_positive_rate", numbers(|p| p.false_positive_rate), true),
        ("precision", numbers(|p| p.precision), true),
        ("recall", numbers(|p| p.true_positive_rate), true),
    ])
    .map_err(|e| Error::Internal(format!("points of curves: {e}")))?;
    let mut sink = Sink::create(target, &batch.schema(), &SinkOptions::default())?;
    let encoded = sink.encoder().encode(&batch)?;
    sink.write(encoded)?;
    sink.finish().map(drop)
}
