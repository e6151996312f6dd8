//! The oddest rows as a table on stdout, as wide as the terminal and no wider.

use super::cells::displayable;
use super::talk::{plural, say};
use crate::features::Role;
use crate::flows::sink::printable;
use crate::flows::source::Input;
use crate::model::Model;
use crate::pipeline::{Top, TopRow};
use crate::{Error, Result};
use arrow_array::Array;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use comfy_table::{Cell, CellAlignment, Table, presets};

/// Width where stdout is no terminal.
const PLAIN_WIDTH: usize = 120;
/// Longer values are cut, with an ellipsis.
const MAX_VALUE: usize = 28;
/// What comfy-table puts between two columns.
const GAP: usize = 2;

/// A column of the table: a heading and one text a row.
struct Column {
    heading: String,
    values: Vec<String>,
    right: bool,
}

impl Column {
    fn width(&self) -> usize {
        let longest = self.values.iter().map(|v| v.chars().count()).max().unwrap_or(0);
        longest.max(self.heading.chars().count())
    }

    /// Whether the column tells nothing about these rows: all empty or all zero.
    fn is_blank(&self) -> bool {
        self.values.iter().all(|v| matches!(v.as_str(), "" | "0" | "0.0" | "-" | "false"))
    }
}

/// Prints the oddest rows; columns that do not fit are counted under the table.
///
/// # Errors
/// If stdout cannot be written to.
pub fn print_top(top: &Top, model: &Model, input: &Input) -> Result<()> {
    let Some(first) = top.rows().first() else { return Ok(()) };
    let mut columns = fixed_columns(top.rows(), input);
    let mut room = terminal_width().saturating_sub(columns.iter().map(|c| c.width() + GAP).sum());
    let mut left_out = 0;
    for index in column_order(model, first) {
        let column = field_column(top.rows(), index)?;
        let width = column.width() + GAP;
        if column.is_blank() || width > room {
            left_out += usize::from(!column.is_blank());
            continue;
        }
        room -= width;
        columns.push(column);
    }
    render(&columns).lines().try_for_each(say)?;
    for (at, row) in top.rows().iter().enumerate() {
        if let Some(why) = &row.why {
            say(&format!("{:>2}  why: {why}", at + 1))?;
        }
    }
    if left_out > 0 {
        let more = plural(left_out, "column");
        say(&format!("     and {more} more: write them with -o, or widen the terminal"))?;
    }
    Ok(())
}

fn fixed_columns(rows: &[TopRow], input: &Input) -> Vec<Column> {
    let column = |heading: &str, right, value: &dyn Fn(usize, &TopRow) -> String| Column {
        heading: heading.to_owned(),
        values: rows.iter().enumerate().map(|(i, r)| value(i, r)).collect(),
        right,
    };
    let mut columns = vec![
        column("", true, &|i, _| (i + 1).to_string()),
        column("sev", true, &|_, r| format!("{:.3}", r.severity.min(0.999))),
        column("score", true, &|_, r| format!("{:.4}", r.score)),
    ];
    if input.files.len() > 1 {
        let name = |r: &TopRow| input.files.get(r.file).map_or("", |f| f.name.as_str());
        columns.push(column("file", false, &|_, r| shorten_left(&printable(name(r)))));
    }
    columns.push(column("record", true, &|_, r| r.record.to_string()));
    columns
}

/// Columns in the order an analyst reads: when, who, what kind, how much, and the truth if there is one.
fn column_order(model: &Model, first: &TopRow) -> Vec<usize> {
    let schema = first.fields.schema();
    let role = |name: &str| model.features.columns().iter().find(|c| c.name == name).map(|c| c.role);
    let rank = |name: &str| match role(name) {
        Some(Role::Time) => 0,
        Some(Role::Identifier) => 1,
        Some(Role::Categorical) => 2,
        Some(Role::Label) => 3,
        Some(Role::Numeric) => 4,
        _ => 5,
    };
    let mut order: Vec<usize> = (0..schema.fields().len()).collect();
    order.sort_by_key(|&i| rank(schema.field(i).name()));
    order
}

fn field_column(rows: &[TopRow], index: usize) -> Result<Column> {
    let mut column = Column { heading: String::new(), values: Vec::with_capacity(rows.len()), right: false };
    let options = FormatOptions::default();
    for row in rows {
        let array = displayable(row.fields.column(index));
        let formatter = ArrayFormatter::try_new(&array, &options).map_err(|e| Error::Schema(e.to_string()))?;
        column.right = array.data_type().is_numeric();
        column.values.push(shorten(&printable(&formatter.value(0).to_string())));
        column.heading = shorten(&printable(row.fields.schema().field(index).name()));
    }
    Ok(column)
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(MAX_VALUE) {
        None => text.to_owned(),
        Some(_) => text.chars().take(MAX_VALUE - 1).chain(['…']).collect(),
    }
}

/// Of a path the end tells more than the beginning.
fn shorten_left(text: &str) -> String {
    let n = text.chars().count();
    match n > MAX_VALUE {
        false => text.to_owned(),
        true => std::iter::once('…').chain(text.chars().skip(n - MAX_VALUE + 1)).collect(),
    }
}

/// Columns of the terminal.
pub fn terminal_width() -> usize {
    Table::new().width().map_or(PLAIN_WIDTH, usize::from)
}

fn render(columns: &[Column]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(columns.iter().map(|c| cell(&c.heading, c.right)));
    let n_rows = columns.first().map_or(0, |c| c.values.len());
    for row in 0..n_rows {
        table.add_row(columns.iter().map(|c| cell(c.values.get(row).map_or("", String::as_str), c.right)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, GAP as u16));
    }
    table.trim_fmt()
}

fn cell(text: &str, right: bool) -> Cell {
    Cell::new(text).set_alignment(if right { CellAlignment::Right } else { CellAlignment::Left })
}
