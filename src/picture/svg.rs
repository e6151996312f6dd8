//! The picture as SVG: every colour's points are one path of dots, so that 50,000 of them stay a small file.

use super::painted::{Legend, Painted};
use super::palette::{Ink, ramp};
use super::{Scatter, Theme};
use crate::{Error, Result};
use ndarray::Axis;
use std::fmt::Write;

/// The family of the font that is shipped for PNG.
pub const FONT: &str = "DejaVu Sans";
/// Facts that stand under the title.
const HEADLINES: usize = 3;
pub(super) const MARGIN: f64 = 24.0;
pub(super) const HEADER: f64 = 64.0;
const LEGEND: f64 = 250.0;
/// Layers of depth of points in three dimensions.
const DEPTHS: usize = 4;
/// Sine and cosine of the angles from which three dimensions are seen: 30° round, 20° from above.
const ROUND: (f64, f64) = (0.5, 0.866_025_403_784_438_6);
const ABOVE: (f64, f64) = (0.342_020_143_325_668_7, 0.939_692_620_785_908_4);

/// How large a picture is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    /// Of the SVG, and of the PNG before it is scaled; 320 to 8,000.
    pub width: u32,
    /// Likewise.
    pub height: u32,
    /// Pixels of the PNG to one of these; 0.5 to 8.
    pub scale: f32,
}

impl Default for Size {
    fn default() -> Self {
        Self { width: 1200, height: 900, scale: 2.0 }
    }
}

impl Size {
    /// Whether there is a picture of this size.
    ///
    /// # Errors
    /// A length or a scale out of range, or more than 100 million pixels.
    pub fn check(self) -> Result<()> {
        for (name, met) in [("width", self.width), ("height", self.height)] {
            if !(320..=8000).contains(&met) {
                return Err(Error::parameter(name, met, "a picture is 320 to 8000 wide and high"));
            }
        }
        if !(0.5..=8.0).contains(&self.scale) {
            return Err(Error::parameter("scale", self.scale, "it must be 0.5 to 8"));
        }
        let pixels = f64::from(self.width) * f64::from(self.height) * f64::from(self.scale).powi(2);
        match pixels <= 1e8 {
            true => Ok(()),
            false => Err(Error::parameter("pixels", pixels, "a picture has at most 100 million; make it smaller")),
        }
    }
}

pub(super) fn draw(scatter: &Scatter<'_>, size: Size, theme: Theme) -> Result<String> {
    size.check()?;
    let ink = theme.ink();
    let painted = Painted::new(scatter)?;
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let mut svg = opened(scatter.title, scatter.facts, &ink, size);
    let side = if matches!(painted.legend, Legend::None) || width < 600.0 { 0.0 } else { LEGEND };
    let area = Area {
        left: MARGIN,
        top: HEADER + MARGIN,
        width: width - side - 2.0 * MARGIN,
        height: height - HEADER - 2.0 * MARGIN,
    };
    points(&mut svg, scatter, &painted, &area);
    if side > 0.0 {
        legend(&mut svg, &painted, &ink, width - side, height);
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

/// Where points are drawn.
struct Area {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

/// An SVG's begin: its background, title and first facts.
pub(super) fn opened(title: &str, facts: &[(String, String)], ink: &Ink, size: Size) -> String {
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let mut svg = String::new();
    // Writing into a String cannot fail.
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"{FONT}, Verdana, sans-serif\"><title>{}</title><rect width=\"100%\" height=\"100%\" fill=\"{}\"/>",
        escape(title),
        ink.background
    );
    let fit = |size: f64| ((width - 2.0 * MARGIN) / (0.56 * size)) as usize;
    let title = escape(&shortened(title, fit(20.0)));
    let _ = write!(svg, "<text x=\"{MARGIN}\" y=\"40\" font-size=\"20\" fill=\"{}\">{title}</text>", ink.text);
    let facts: Vec<String> = facts.iter().take(HEADLINES).map(|(name, value)| format!("{name} {value}")).collect();
    let facts = escape(&shortened(&facts.join("  ·  "), fit(12.0)));
    let _ = write!(svg, "<text x=\"{MARGIN}\" y=\"62\" font-size=\"12\" fill=\"{}\">{facts}</text>", ink.faint);
    svg
}

fn points(svg: &mut String, scatter: &Scatter<'_>, painted: &Painted, area: &Area) {
    let seen = seen(scatter);
    let bounds = |c: usize| {
        seen.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), p| (low.min(p[c]), high.max(p[c])))
    };
    let ((left, right), (bottom, top), (near, far)) = (bounds(0), bounds(1), bounds(2));
    // One unit is as long in both directions: distances are what an embedding shows.
    let unit = (area.width / (right - left).max(1e-9)).min(area.height / (top - bottom).max(1e-9));
    let x = |p: &[f64; 3]| area.left + area.width / 2.0 + (p[0] - (left + right) / 2.0) * unit;
    let y = |p: &[f64; 3]| area.top + area.height / 2.0 - (p[1] - (bottom + top) / 2.0) * unit;
    let diameter = (2.0 * (area.width * area.height / (seen.len().max(1) as f64)).sqrt() / 8.0).clamp(1.6, 7.0);
    for group in &painted.groups {
        let diameter = diameter * group.size;
        for depth in 0..DEPTHS {
            let mut path = String::new();
            for &row in &group.rows {
                let Some(p) = seen.get(row) else { continue };
                let share = (p[2] - near) / (far - near).max(1e-9);
                let layer =
                    if scatter.points.ncols() == 2 { 0 } else { ((share * DEPTHS as f64) as usize).min(DEPTHS - 1) };
                if layer == depth {
                    let _ = write!(path, "M{:.1},{:.1}h.01", x(p), y(p));
                }
            }
            if path.is_empty() {
                continue;
            }
            let opacity =
                if scatter.points.ncols() == 2 { 0.85 } else { 0.35 + 0.5 * (depth + 1) as f64 / DEPTHS as f64 };
            let _ = write!(
                svg,
                "<path d=\"{path}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{diameter:.2}\" stroke-linecap=\"round\" \
                 stroke-opacity=\"{opacity:.2}\"/>",
                group.color
            );
        }
    }
}

/// Right, up and towards the eye.
fn seen(scatter: &Scatter<'_>) -> Vec<[f64; 3]> {
    let place = |row: ndarray::ArrayView1<'_, f32>| {
        let at = |c: usize| row.get(c).copied().map_or(0.0, f64::from);
        if row.len() == 2 {
            return [at(0), at(1), 0.0];
        }
        let (right, back) = (at(0) * ROUND.1 - at(1) * ROUND.0, at(0) * ROUND.0 + at(1) * ROUND.1);
        [right, at(2) * ABOVE.1 + back * ABOVE.0, at(2) * ABOVE.0 - back * ABOVE.1]
    };
    scatter.points.axis_iter(Axis(0)).map(place).collect()
}

fn legend(svg: &mut String, painted: &Painted, ink: &Ink, left: f64, height: f64) {
    let name = escape(&shortened(painted.name.as_deref().unwrap_or_default(), 26));
    let top = HEADER + MARGIN + 12.0;
    let _ = write!(svg, "<text x=\"{left}\" y=\"{top}\" font-size=\"13\" fill=\"{}\">{name}</text>", ink.text);
    match &painted.legend {
        Legend::None => {}
        Legend::Entries(entries) => {
            let room = ((height - top - MARGIN) / 20.0) as usize;
            for (at, (color, text, count)) in entries.iter().take(room).enumerate() {
                let y = top + 22.0 + 20.0 * at as f64;
                let text = escape(&format!("{} ({count})", shortened(text, 32)));
                let _ = write!(
                    svg,
                    "<circle cx=\"{}\" cy=\"{}\" r=\"5\" fill=\"{color}\"/><text x=\"{}\" y=\"{y}\" font-size=\"11\" fill=\"{}\">{text}</text>",
                    left + 5.0,
                    y - 4.0,
                    left + 16.0,
                    ink.faint
                );
            }
        }
        Legend::Ramp(low, high, logarithmic) => {
            for at in 0..64 {
                let y = top + 14.0 + 2.0 * f64::from(63 - at);
                let color = ramp(f64::from(at) / 63.0);
                let _ = write!(svg, "<rect x=\"{left}\" y=\"{y}\" width=\"14\" height=\"2.5\" fill=\"{color}\"/>");
            }
            let text = |svg: &mut String, y: f64, text: String| {
                let _ = write!(
                    svg,
                    "<text x=\"{}\" y=\"{y}\" font-size=\"11\" fill=\"{}\">{text}</text>",
                    left + 20.0,
                    ink.faint
                );
            };
            text(svg, top + 24.0, short_number(*high));
            text(svg, top + 142.0, short_number(*low));
            if *logarithmic {
                text(svg, top + 84.0, "logarithmic".to_owned());
            }
        }
    }
}

fn short_number(x: f64) -> String {
    match x.abs() {
        size if size >= 1e6 || (size > 0.0 && size < 1e-3) => format!("{x:.2e}"),
        size if size >= 100.0 || x.fract() == 0.0 => format!("{x:.0}"),
        _ => format!("{x:.3}"),
    }
}

/// At most `most` characters, none of which acts on what shows it.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let text = crate::flows::sink::printable(text);
    if text.chars().count() <= most {
        return text.into_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// As XML has it: markup escaped, and what is no character of XML replaced.
pub(super) fn escape(text: &str) -> String {
    let is_none = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    let text: String = text.chars().map(|c| if is_none(c) { '\u{fffd}' } else { c }).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
