//! Which colour each point has, for pictures that cannot change it.

use super::Scatter;
use super::columns::Column;
use super::palette::{CATEGORIES, OTHER, SEVERITIES, SEVERITY_STEPS, ramp};
use crate::Result;
use crate::features::math;

/// Colours of a ramp that are told apart.
const STEPS: usize = 32;
/// A column of numbers with this few distinct ones is one of categories.
const FEW: usize = 6;
/// Points of higher severity must be found among many.
const SIZES: [f64; 4] = [1.0, 1.2, 1.7, 2.1];
/// Positive numbers whose largest is this often their median are painted by their logarithms.
const SKEWED: f64 = 50.0;

/// Points by colour; those of later colours are drawn over those of earlier ones.
pub struct Painted {
    pub name: Option<String>,
    pub groups: Vec<Group>,
    pub legend: Legend,
}

/// Points of one colour.
pub struct Group {
    pub color: String,
    /// How much larger its points are than others.
    pub size: f64,
    pub rows: Vec<usize>,
}

impl Group {
    fn new(color: impl Into<String>) -> Self {
        Self { color: color.into(), size: 1.0, rows: Vec::new() }
    }
}

/// What the colours mean.
pub enum Legend {
    None,
    /// Each colour, its text and how many points it has.
    Entries(Vec<(String, String, usize)>),
    /// From, to, and whether by logarithm.
    Ramp(f64, f64, bool),
}

impl Painted {
    pub fn new(scatter: &Scatter<'_>) -> Result<Self> {
        let n = scatter.points.nrows();
        let Some(column) = scatter.color else {
            let all = Group { color: CATEGORIES[0].to_owned(), size: 1.0, rows: (0..n).collect() };
            return Ok(Self { name: None, groups: vec![all], legend: Legend::None });
        };
        let name = scatter.table.schema_ref().field(column).name().clone();
        let values = Column::new(scatter.table.column(column))?;
        let (groups, legend) = match values {
            Column::Numbers(values, _) if scatter.severity()? == Some(column) => severities(&values),
            Column::Numbers(values, cells) => match few(&values, &cells) {
                Some(Column::Texts(texts, rows)) => categories(&texts, &rows),
                _ => numbers(&values),
            },
            Column::Texts(texts, rows) => categories(&texts, &rows),
        };
        Ok(Self { name: Some(name), groups, legend })
    }
}

fn severities(values: &[f64]) -> (Vec<Group>, Legend) {
    let step = |value: f64| SEVERITY_STEPS.iter().filter(|&&step| value > step).count();
    let names = ["up to 0.3", "0.3–0.7: one in ten", "0.7–0.9: one in a hundred", "above 0.9: one in a thousand"];
    let mut groups: Vec<Group> =
        SEVERITIES.iter().zip(SIZES).map(|(color, size)| Group { size, ..Group::new(*color) }).collect();
    let mut none = Group::new(OTHER);
    for (row, &value) in values.iter().enumerate() {
        let group = if value.is_nan() { &mut none } else { &mut groups[step(value)] };
        group.rows.push(row);
    }
    let entry = |group: &Group, name: &str| (group.color.clone(), name.to_owned(), group.rows.len());
    let mut entries: Vec<_> = groups.iter().zip(names).map(|(group, name)| entry(group, name)).rev().collect();
    // Rows that a later record replaces are not scored.
    if !none.rows.is_empty() {
        entries.push(entry(&none, "none"));
        groups.insert(0, none);
    }
    (groups, Legend::Entries(entries))
}

/// As categories, where there are few distinct values.
fn few(values: &[f64], cells: &[String]) -> Option<Column> {
    let mut distinct: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    if distinct.len() > FEW {
        return None;
    }
    let place = |value: &f64| distinct.iter().position(|x| x == value).map(|place| place as u32);
    let texts = distinct.iter().map(|x| {
        let first = values.iter().position(|value| value == x);
        first.and_then(|row| cells.get(row)).cloned().unwrap_or_default()
    });
    Some(Column::Texts(texts.collect(), values.iter().map(place).collect()))
}

fn categories(texts: &[String], rows: &[Option<u32>]) -> (Vec<Group>, Legend) {
    let n_named = if texts.len() > CATEGORIES.len() { CATEGORIES.len() - 1 } else { texts.len() };
    let mut groups: Vec<Group> = CATEGORIES.iter().take(n_named).map(|color| Group::new(*color)).collect();
    let mut other = Group::new(OTHER);
    for (row, place) in rows.iter().enumerate() {
        match place.and_then(|place| groups.get_mut(place as usize)) {
            Some(group) => group.rows.push(row),
            None => other.rows.push(row),
        }
    }
    let mut entries: Vec<_> =
        groups.iter().zip(texts).map(|(g, text)| (g.color.clone(), text.clone(), g.rows.len())).collect();
    if !other.rows.is_empty() {
        let name =
            if texts.len() > n_named { format!("{} others, or none", texts.len() - n_named) } else { "none".into() };
        entries.push((other.color.clone(), name, other.rows.len()));
    }
    // The most frequent lie lowest.
    groups.insert(0, other);
    (groups, Legend::Entries(entries))
}

fn numbers(values: &[f64]) -> (Vec<Group>, Legend) {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = (sorted.first().copied().unwrap_or(0.0), sorted.last().copied().unwrap_or(1.0));
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    let logarithmic = low >= 0.0 && high > SKEWED * (median.max(f64::MIN_POSITIVE)) && high > SKEWED;
    let scale = |x: f64| if logarithmic { math::ln_1p(x) } else { x };
    let (from, to) = (scale(low), scale(high));
    let mut groups = vec![Group::new(OTHER)];
    groups.extend((0..STEPS).map(|i| Group::new(ramp((i as f64 + 0.5) / STEPS as f64))));
    for (row, &value) in values.iter().enumerate() {
        let share = if to > from { (scale(value) - from) / (to - from) } else { 0.0 };
        let group = if value.is_nan() { 0 } else { 1 + ((share * STEPS as f64) as usize).min(STEPS - 1) };
        groups[group].rows.push(row);
    }
    (groups, Legend::Ramp(low, high, logarithmic))
}
