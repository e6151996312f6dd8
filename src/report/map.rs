//! A map of some rows: points on which like flows lie near each other.

use super::gather::ShownRows;
use crate::picture::columns::Column;
use crate::pipeline::{Drawn, Said, ScoredColumns, record_hash};
use crate::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{RecordBatch, UInt32Array};
use arrow_schema::DataType;
use arrow_select::take::take_record_batch;

/// One row in so many is one of the oddest.
const ODD_SHARE: usize = 5;
/// Longest text of a cell in the page, in characters.
const MOST_CHARACTERS: usize = 300;

/// Points, and the rows they stand for.
#[derive(Debug, Clone)]
pub struct Map {
    /// How it was made.
    pub described: String,
    /// Right and up.
    pub points: Vec<[f64; 2]>,
    /// The rows.
    pub rows: RecordBatch,
}

impl Map {
    /// Of a table that `oddflow embed -o` wrote: columns `embedding_x` and `embedding_y`, then those of the rows. A third dimension is
    /// left out.
    ///
    /// # Errors
    /// Without these columns.
    pub fn of_table(described: String, table: &RecordBatch) -> Result<Self> {
        let axis = |name: &str| {
            let column = table.column_by_name(name).ok_or_else(|| {
                Error::Schema(format!(
                    "{described}: there is no column `{name}`; give a table that `oddflow embed SCORED -o MAP.csv` wrote"
                ))
            })?;
            arrow_cast::cast(column, &DataType::Float64)
                .map_err(|e| Error::Schema(format!("{described}: `{name}`: {e}")))
        };
        let (x, y) = (axis("embedding_x")?, axis("embedding_y")?);
        let (x, y) = (x.as_primitive::<Float64Type>(), y.as_primitive::<Float64Type>());
        let points = x.iter().zip(y.iter()).map(|(x, y)| [x.unwrap_or(f64::NAN), y.unwrap_or(f64::NAN)]).collect();
        let kept: Vec<usize> = (0..table.num_columns())
            .filter(|&at| !table.schema_ref().field(at).name().starts_with("embedding_"))
            .collect();
        let rows = table.project(&kept).map_err(|e| Error::Schema(format!("{described}: {e}")))?;
        Ok(Self { described, points, rows })
    }

    /// The rows that a map of `n_rows` shows, of those that are shown anyway: one in five the oddest, the others drawn by the seed.
    ///
    /// # Errors
    /// Rows without scores.
    pub fn pick(shown: &ShownRows, prefix: &str, n_rows: usize, seed: u64) -> Result<Drawn> {
        let scored = ScoredColumns::find(shown.rows.schema_ref(), prefix)?.read(&shown.rows)?;
        let said = |row: usize| scored.row(row).map(|said| (row, said));
        let mut rows: Vec<(usize, Said)> = (0..shown.rows.num_rows()).filter_map(said).collect();
        rows.sort_by(|(a, x), (b, y)| {
            (y.anomaly.cmp(&x.anomaly)).then(y.severity.total_cmp(&x.severity)).then(a.cmp(b))
        });
        let others = rows.split_off(rows.len().min(n_rows / ODD_SHARE));
        let mut others: Vec<usize> = others.into_iter().map(|(row, _)| row).collect();
        others.sort_by_key(|&row| shown.positions.get(row).map(|&position| record_hash(seed, position)));
        let mut picked: Vec<u32> =
            rows.iter().map(|(row, _)| *row).chain(others).take(n_rows).map(|row| row as u32).collect();
        picked.sort_unstable();
        let of = |row: &u32| Some((*shown.positions.get(*row as usize)?, *shown.files.get(*row as usize)?));
        let (positions, files) = picked.iter().filter_map(of).unzip();
        let rows = take_record_batch(&shown.rows, &UInt32Array::from(picked))
            .map_err(|e| Error::Schema(format!("the map's rows could not be put together: {e}")))?;
        Ok(Drawn { rows, positions, files })
    }

    /// Where the rows' scores are, if they have any.
    pub(super) fn scored(&self, prefix: &str) -> Option<ScoredColumns> {
        ScoredColumns::find(self.rows.schema_ref(), prefix).ok()
    }
}

/// The columns of rows as JSON; long texts are cut.
pub(super) fn columns(rows: &RecordBatch) -> Result<Vec<String>> {
    rows.columns()
        .iter()
        .map(|column| {
            Ok(match Column::new(column)? {
                Column::Texts(texts, places) => Column::Texts(texts.into_iter().map(cut).collect(), places).json(),
                numbers => numbers.json(),
            })
        })
        .collect()
}

fn cut(text: String) -> String {
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
