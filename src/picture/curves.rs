//! ROC and precision-recall curves, side by side.

use super::palette::{CATEGORIES, Ink};
use super::svg::{HEADER, MARGIN, escape, opened, shortened};
use super::{Size, Theme, png};
use crate::Result;
use crate::words::counted;
use std::fmt::Write;

/// Room for numbers and names of axes, left and below.
const AXIS: f64 = 52.0;
/// Room for names of lines.
const LEGEND: f64 = 230.0;
/// Height of one such name.
const ENTRY: f64 = 20.0;
/// Numbers at an axis.
const TICKS: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];

/// One classifier, or one kind of anomaly.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What it is called.
    pub name: String,
    /// The area under its ROC curve, if it has one.
    pub auroc: Option<f64>,
    /// False positive rate and true positive rate, from (0, 0) up to (1, 1).
    pub roc: Vec<[f64; 2]>,
    /// Recall and precision, by ascending recall.
    pub precision_recall: Vec<[f64; 2]>,
}

/// The picture of some lines.
#[derive(Debug, Clone, PartialEq)]
pub struct CurvesPicture<'a> {
    /// At the top.
    pub title: &'a str,
    /// Under it.
    pub facts: &'a [(String, String)],
    /// All rows first; then at most [`MOST_LINES`] − 1 more, one colour each.
    pub lines: &'a [Line],
    /// Lines that are not drawn.
    pub left_out: usize,
    /// The share of rows that are anomalies: the precision of chance.
    pub share: f64,
    /// Where the threshold lies on the first line: false positive rate, recall, precision.
    pub verdict: Option<[f64; 3]>,
}

/// Lines that a picture has room and colours for.
pub const MOST_LINES: usize = CATEGORIES.len() + 1;

impl CurvesPicture<'_> {
    /// The picture as SVG.
    ///
    /// # Errors
    /// A size out of range.
    pub fn svg(&self, size: Size, theme: Theme) -> Result<String> {
        size.check()?;
        let ink = theme.ink();
        let (width, height) = (f64::from(size.width), f64::from(size.height));
        let mut svg = opened(self.title, self.facts, &ink, size);
        let room = (width - LEGEND - 2.0 * MARGIN) / 2.0 - AXIS;
        let side = room.min(height - HEADER - 2.0 * MARGIN - AXIS).max(40.0);
        let top = HEADER + MARGIN;
        let roc = Panel { left: MARGIN + AXIS, top, side };
        let precision = Panel { left: MARGIN + 2.0 * AXIS + side, top, side };
        roc.axes(&mut svg, &ink, "false positive rate", "true positive rate");
        precision.axes(&mut svg, &ink, "recall", "precision");
        roc.path(&mut svg, [[0.0, 0.0], [1.0, 1.0]].into_iter(), ink.faint, 1.0, "4 4");
        precision.path(&mut svg, [[0.0, self.share], [1.0, self.share]].into_iter(), ink.faint, 1.0, "4 4");
        for (at, line) in self.lines.iter().enumerate().rev() {
            let (color, stroke) = stroke(at, &ink);
            roc.path(&mut svg, line.roc.iter().copied(), color, stroke, "none");
            precision.path(&mut svg, stairs(&line.precision_recall), color, stroke, "none");
        }
        if let Some([false_positives, recall, precise]) = self.verdict {
            roc.dot(&mut svg, [false_positives, recall], ink.text);
            precision.dot(&mut svg, [recall, precise], ink.text);
        }
        self.legend(&mut svg, &ink, precision.left + side + MARGIN, top);
        svg.push_str("</svg>\n");
        Ok(svg)
    }

    /// The same picture as PNG.
    ///
    /// # Errors
    /// As [`svg`](Self::svg).
    pub fn png(&self, size: Size, theme: Theme) -> Result<Vec<u8>> {
        png::render(&self.svg(size, theme)?, size)
    }

    fn legend(&self, svg: &mut String, ink: &Ink, left: f64, top: f64) {
        let row = |at: usize| top + 8.0 + ENTRY * at as f64;
        let mut text = |at: usize, mark: String, words: &str| {
            let words = escape(&shortened(words, 32));
            let (x, y) = (left + 24.0, row(at) + 4.0);
            let _ =
                write!(svg, "{mark}<text x=\"{x}\" y=\"{y}\" font-size=\"11\" fill=\"{}\">{words}</text>", ink.faint);
        };
        let dash = |at: usize, color: &str, width: f64, dashes: &str| {
            let (y, end) = (row(at), left + 18.0);
            format!(
                "<path d=\"M{left:.1},{y:.1}H{end:.1}\" stroke=\"{color}\" stroke-width=\"{width}\" stroke-dasharray=\"{dashes}\"/>"
            )
        };
        for (at, line) in self.lines.iter().enumerate() {
            let (color, width) = stroke(at, ink);
            let auroc = line.auroc.map(|auroc| format!(" ({auroc:.3})")).unwrap_or_default();
            text(at, dash(at, color, width, "none"), &(shortened(&line.name, 24) + &auroc));
        }
        let mut at = self.lines.len();
        if self.left_out > 0 {
            text(at, String::new(), &format!("and {}", counted(self.left_out as u64, "more kind")));
            at += 1;
        }
        text(at, dash(at, ink.faint, 1.0, "4 4"), "chance, all rows");
        if self.verdict.is_some() {
            let (x, y) = (left + 9.0, row(at + 1));
            let dot = format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{}\"/>", ink.text);
            text(at + 1, dot, "the threshold");
        }
    }
}

/// All rows are told by a strong line, the others by colours.
fn stroke(at: usize, ink: &Ink) -> (&'static str, f64) {
    match at.checked_sub(1) {
        None => (ink.text, 2.5),
        Some(at) => (CATEGORIES[at % CATEGORIES.len()], 1.5),
    }
}

/// Between two points of a precision-recall curve precision is no straight line (Davis & Goadrich 2006): the precision of a point
/// holds back to the recall of the one before it, as the average precision sums it.
fn stairs(points: &[[f64; 2]]) -> impl Iterator<Item = [f64; 2]> {
    let before = std::iter::once(0.0).chain(points.iter().map(|[recall, _]| *recall));
    before.zip(points).flat_map(|(before, &[recall, precision])| [[before, precision], [recall, precision]])
}

/// A square of 0..1 by 0..1.
struct Panel {
    left: f64,
    top: f64,
    side: f64,
}

impl Panel {
    fn x(&self, share: f64) -> f64 {
        self.left + self.side * share
    }

    fn y(&self, share: f64) -> f64 {
        self.top + self.side * (1.0 - share)
    }

    fn axes(&self, svg: &mut String, ink: &Ink, across: &str, up: &str) {
        let Self { left, top, side } = *self;
        let (bottom, right, faint) = (top + side, left + side, ink.faint);
        for tick in TICKS {
            let (x, y) = (self.x(tick), self.y(tick));
            let _ = write!(
                svg,
                "<path d=\"M{left:.1},{y:.1}H{right:.1}M{x:.1},{top:.1}V{bottom:.1}\" stroke=\"{faint}\" stroke-opacity=\".25\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"11\" text-anchor=\"end\" fill=\"{faint}\">{tick}</text>\
                 <text x=\"{x:.1}\" y=\"{:.1}\" font-size=\"11\" text-anchor=\"middle\" fill=\"{faint}\">{tick}</text>",
                left - 6.0,
                y + 4.0,
                bottom + 16.0
            );
        }
        let (middle, below) = (left + side / 2.0, bottom + 36.0);
        let (beside, center) = (left - 38.0, top + side / 2.0);
        let _ = write!(
            svg,
            "<text x=\"{middle:.1}\" y=\"{below:.1}\" font-size=\"13\" text-anchor=\"middle\" fill=\"{0}\">{across}</text>\
             <text transform=\"translate({beside:.1} {center:.1}) rotate(-90)\" font-size=\"13\" text-anchor=\"middle\" \
             fill=\"{0}\">{up}</text>",
            ink.text
        );
    }

    fn path(&self, svg: &mut String, points: impl Iterator<Item = [f64; 2]>, color: &str, width: f64, dashes: &str) {
        let mut path = String::new();
        for [x, y] in points {
            let _ = write!(path, "{}{:.1},{:.1}", if path.is_empty() { 'M' } else { 'L' }, self.x(x), self.y(y));
        }
        let _ = write!(
            svg,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"{width}\" stroke-linejoin=\"round\" \
             stroke-dasharray=\"{dashes}\"/>"
        );
    }

    fn dot(&self, svg: &mut String, [x, y]: [f64; 2], color: &str) {
        let (x, y) = (self.x(x), self.y(y));
        let _ = write!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\" fill=\"{color}\"/>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str) -> Line {
        let name = name.to_owned();
        let auroc = Some(0.75);
        Line {
            name,
            auroc,
            roc: vec![[0.0, 0.0], [0.5, 1.0], [1.0, 1.0]],
            precision_recall: vec![[0.5, 1.0], [1.0, 0.4]],
        }
    }

    #[test]
    fn names_cannot_act_and_points_lie_where_they_should() {
        let lines = [line("all rows"), line("<script>ddos</script>")];
        let picture = CurvesPicture {
            title: "a <b> & c",
            facts: &[],
            lines: &lines,
            left_out: 3,
            share: 0.25,
            verdict: Some([0.1, 0.6, 0.9]),
        };
        let size = Size { width: 1000, height: 500, scale: 1.0 };
        let svg = picture.svg(size, Theme::Light).unwrap();
        assert!(!svg.contains("<script") && !svg.contains("<b>"), "{svg}");
        assert!(svg.contains("and 3 more kinds") && svg.contains("the threshold") && svg.contains("chance, all rows"));
        // 1000 − 230 − 48 halved, less 52: squares of 309; their left and lower edges at 76 and 397.
        assert!(svg.contains("M76.0,397.0L230.5,88.0L385.0,88.0"), "{svg}");
        // Stairs: precision 1 up to recall 0.5, 0.4 up to 1.
        assert!(svg.contains("M437.0,88.0L591.5,88.0L591.5,273.4L746.0,273.4"), "{svg}");
        assert!(picture.png(size, Theme::Dark).unwrap().starts_with(b"\x89PNG"));
        assert!(picture.svg(Size { width: 100, ..size }, Theme::Light).is_err());
    }
}
