//! Values of columns beside what is typical, in words.

use super::categorical::CategoricalEncoder;
use super::flow::{FlowSet, phrase_of};
use super::numbers::Numbers;
use super::numeric::{NumericEncoder, clean};
use super::phrase::{Phrase, number, share};
use super::plan::{ColumnEncoder, FeaturePlan};
use super::texts;
use crate::flows::sink::printable;
use crate::{Error, Result};
use arrow_array::{Array, RecordBatch};

/// Characters of a text that is told.
const LONGEST_TEXT: usize = 40;

/// A value as it is told.
#[derive(Debug, Clone, PartialEq)]
pub struct ToldValue {
    /// The value; of a derived feature in its own units.
    pub value: String,
    /// What is typical: the median of the training rows, or their most frequent value.
    pub typical: String,
    /// Both in one phrase: `src_bytes 1,635,223,048 (typical 1,032)`, `service irc: in 0.01% of the training rows`.
    pub words: String,
}

impl FeaturePlan {
    /// The columns that have features, in the order of the features.
    pub fn encoded_columns(&self) -> Vec<&str> {
        self.encoders().iter().map(ColumnEncoder::name).collect()
    }

    /// Of each feature, its column's place in [`FeaturePlan::encoded_columns`].
    pub fn column_of_feature(&self) -> Vec<usize> {
        let of = |(at, encoder): (usize, &ColumnEncoder)| std::iter::repeat_n(at, encoder.n_features());
        self.encoders().iter().enumerate().flat_map(of).collect()
    }

    /// The features of a row that has the median of each number and the most frequent value of each category.
    pub fn typical_row(&self) -> Vec<f32> {
        self.encoders().iter().flat_map(ColumnEncoder::typical).collect()
    }

    /// How values of the column at this place of [`FeaturePlan::encoded_columns`] are read. `set`: where the columns were
    /// derived from flows.
    pub fn tell(&self, column: usize, set: Option<FlowSet>, batch: &RecordBatch, row: usize) -> Result<ToldValue> {
        let encoder = self.encoders().get(column);
        let array = encoder.and_then(|encoder| batch.column_by_name(encoder.name()));
        let (Some(encoder), Some(array)) = (encoder, array) else {
            return Err(Error::Internal(format!("column {column} was to be told, and the rows have none")));
        };
        match encoder {
            ColumnEncoder::Numeric(encoder) => {
                let phrase = set.and_then(|set| phrase_of(set, &encoder.name));
                Ok(tell_number(encoder, phrase, value_at(array.as_ref(), row)?))
            }
            ColumnEncoder::Categorical(encoder) => {
                let mut value = None;
                texts::visit(array.as_ref(), row..row + 1, |_, text| value = text.map(str::to_owned))?;
                Ok(encoder.tell(value.as_deref()))
            }
        }
    }

    /// Whether the column's values have an order.
    pub fn is_number(&self, column: usize) -> bool {
        matches!(self.encoders().get(column), Some(ColumnEncoder::Numeric(_)))
    }

    /// A column's values as numbers, NaN where missing; those of categories as digests of their texts.
    pub fn comparable(&self, column: usize, batch: &RecordBatch) -> Result<Vec<f64>> {
        let encoder = self.encoders().get(column);
        let Some((encoder, array)) = encoder.and_then(|e| Some((e, batch.column_by_name(e.name())?))) else {
            return Ok(vec![f64::NAN; batch.num_rows()]);
        };
        let mut values = vec![f64::NAN; batch.num_rows()];
        match encoder {
            ColumnEncoder::Numeric(encoder) => {
                Numbers::new(array.as_ref())?.read(0, &mut values);
                values.iter_mut().for_each(|value| *value = clean(*value, encoder.negative_is_missing));
            }
            ColumnEncoder::Categorical(_) => texts::visit(array.as_ref(), 0..batch.num_rows(), |row, text| {
                if let Some(value) = values.get_mut(row) {
                    // 53 bits, which f64 holds as they are; what is missing is a category like any other.
                    *value = text.map_or(-1.0, |text| (crate::flows::record::digest(text) >> 11) as f64);
                }
            })?,
        }
        Ok(values)
    }
}

fn value_at(array: &dyn Array, row: usize) -> Result<f64> {
    let mut value = [f64::NAN];
    Numbers::new(array)?.read(row, &mut value);
    Ok(value[0])
}

fn tell_number(encoder: &NumericEncoder, phrase: Option<&Phrase>, value: f64) -> ToldValue {
    let value = clean(value, encoder.negative_is_missing);
    let median = encoder.value.as_ref().map_or(f64::NAN, |feature| feature.median);
    if let Some(phrase) = phrase {
        let shown = |value: f64| match value.is_nan() {
            true => "not known".to_owned(),
            false if phrase.unit == super::phrase::Unit::Truth => phrase.of(value),
            false => phrase.unit.shown(value),
        };
        return ToldValue { value: shown(value), typical: shown(median), words: phrase.beside(value, median) };
    }
    let name = told_text(&encoder.name);
    let typical = if median.is_nan() { "present".to_owned() } else { number(median) };
    let beside = match number(value) {
        value if value == typical => "(typical)".to_owned(),
        _ => format!("(typical {typical})"),
    };
    ToldValue { value: number(value), words: format!("{name} {} {beside}", number(value)), typical }
}

impl ColumnEncoder {
    /// The features of the median, or of the most frequent value.
    fn typical(&self) -> Vec<f32> {
        match self {
            Self::Numeric(encoder) => {
                let value = encoder.value.as_ref().map(|feature| feature.encode(feature.median));
                value.into_iter().chain(encoder.indicator.then_some(0.0)).collect()
            }
            Self::Categorical(encoder) => {
                let mut row = vec![0.0; encoder.n_features()];
                encoder.lookup().encode_code(0, &mut row);
                row
            }
        }
    }
}

impl CategoricalEncoder {
    fn tell(&self, value: Option<&str>) -> ToldValue {
        let name = told_text(&self.name);
        let shown = |text: Option<&str>| text.map_or_else(|| "missing".to_owned(), told_text);
        let of =
            |count: u64| format!("in {} of the training rows", share(count as f64 / self.sample_rows.max(1) as f64));
        let met = self.categories.iter().find(|category| category.text.as_deref() == value);
        let all: u64 = self.categories.iter().map(|category| category.count).sum();
        let seen = match met {
            Some(category) => of(category.count),
            None if all == self.sample_rows => "in none of the training rows".to_owned(),
            None => format!("not among the {} most frequent values of the training rows", self.categories.len()),
        };
        let typical = self.categories.first().map_or_else(String::new, |first| shown(first.text.as_deref()));
        ToldValue { value: shown(value), words: format!("{name} {}: {seen}", shown(value)), typical }
    }
}

/// Text of the input with nothing in it that acts, cut to what fits a line.
fn told_text(text: &str) -> String {
    let text = printable(text);
    match text.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.into_owned(),
    }
}
