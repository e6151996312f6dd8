//! A table's columns as JSON, small: numbers as they are, everything else as a list of distinct texts and places in it.

use crate::Result;
use crate::flows::sink::json_cells;
use arrow_array::ArrayRef;
use std::collections::HashMap;

/// Integers beyond are not told apart by what reads the JSON.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A column's values.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// `NaN` where there is none, with each value as JSON.
    Numbers(Vec<f64>, Vec<String>),
    /// Distinct texts, most frequent first, and each row's; rows without one have none.
    Texts(Vec<String>, Vec<Option<u32>>),
}

impl Column {
    /// Of any type that sources produce.
    ///
    /// # Errors
    /// A type without a text form.
    pub fn new(array: &ArrayRef) -> Result<Self> {
        let cells = json_cells(array)?;
        let number = |cell: &String| match cell.as_str() {
            "null" => Some(f64::NAN),
            text => text.parse::<f64>().ok().filter(|x| x.abs() < EXACT),
        };
        match cells.iter().map(number).collect::<Option<Vec<f64>>>() {
            Some(numbers) => Ok(Self::Numbers(numbers, cells)),
            None => Ok(Self::texts(cells)),
        }
    }

    fn texts(cells: Vec<String>) -> Self {
        let mut counts: HashMap<&str, (usize, usize)> = HashMap::new();
        for (row, cell) in cells.iter().enumerate().filter(|(_, cell)| *cell != "null") {
            counts.entry(cell).or_insert((0, row)).0 += 1;
        }
        let mut texts: Vec<(&str, (usize, usize))> = counts.into_iter().collect();
        texts.sort_by_key(|&(_, (count, first))| (std::cmp::Reverse(count), first));
        let places: HashMap<&str, u32> = (0..).zip(&texts).map(|(place, (text, _))| (*text, place)).collect();
        let rows = cells.iter().map(|cell| places.get(cell.as_str()).copied()).collect();
        Self::Texts(texts.iter().map(|(text, _)| plain(text)).collect(), rows)
    }

    /// As JSON: `[1,2,null]`, or `{"texts":["tcp","udp"],"rows":[0,1,-1]}`.
    pub fn json(&self) -> String {
        match self {
            Self::Numbers(_, cells) => format!("[{}]", cells.join(",")),
            Self::Texts(texts, rows) => {
                let texts = serde_json::Value::from(texts.clone());
                let rows: Vec<String> = rows.iter().map(|row| row.map_or("-1".into(), |row| row.to_string())).collect();
                format!("{{\"texts\":{texts},\"rows\":[{}]}}", rows.join(","))
            }
        }
    }
}

/// A JSON cell as text: strings without quotes, all else as it is written.
fn plain(cell: &str) -> String {
    serde_json::from_str::<String>(cell).unwrap_or_else(|_| cell.to_owned())
}
