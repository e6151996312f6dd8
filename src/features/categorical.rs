//! A categorical column: an indicator for each of its most frequent values, and its rarity.

use super::math;
use super::numeric::{fit_scaler, strided};
use super::plan::FeatureOptions;
use super::statistics::Scaler;
use super::texts::{self, Keys};
use crate::{Error, Result};
use arrow_array::Array;
use arrow_array::cast::AsArray;
use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::HashMap;

/// How a categorical column becomes features.
///
/// Rarity is −ln p, where p is the value's share of the sample; a value that the sample did not hold counts as if it had
/// occurred once: −ln(1/n) = ln n. A missing value is a category like any other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CategoricalEncoder {
    pub name: String,
    /// Rows of the sample: n.
    pub sample_rows: u64,
    /// The values met in the sample, the most frequent first (then by text).
    pub categories: Vec<Category>,
    /// The first so many categories have an indicator each.
    pub n_one_hot: usize,
    /// How rarity is scaled; `None` if all categories are equally frequent.
    pub rarity: Option<Scaler>,
}

/// A value of a categorical column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// Its text; `None` is the missing value.
    pub text: Option<String>,
    /// How often the sample held it.
    pub count: u64,
}

impl CategoricalEncoder {
    /// Fits on a column of the sample; `None` if it has one value only.
    pub fn fit(name: &str, array: &dyn Array, options: &FeatureOptions) -> Result<Option<(Self, usize)>> {
        let mut categories = count(array)?;
        let n_distinct = categories.len();
        if n_distinct < 2 {
            return Ok(None);
        }
        categories.sort_unstable_by(|a, b| (Reverse(a.count), &a.text).cmp(&(Reverse(b.count), &b.text)));
        let sample_rows = array.len() as u64;
        let rarity = fit_rarity(&categories, sample_rows, options);
        let supported = |c: &Category| c.count >= 2 && c.count as f64 >= options.min_support * sample_rows as f64;
        let mut n_one_hot = categories.iter().take(options.max_one_hot).take_while(|c| supported(c)).count();
        if n_distinct == 2 && n_one_hot == 2 {
            n_one_hot = 1; // the other one's indicator would be its complement
        }
        if n_one_hot == 0 && rarity.is_none() {
            // Equally frequent values without an indicator: nothing tells them apart.
            return Ok(None);
        }
        categories.truncate(options.max_categories);
        Ok(Some((Self { name: name.to_owned(), sample_rows, categories, n_one_hot, rarity }, n_distinct)))
    }

    pub fn n_features(&self) -> usize {
        self.n_one_hot + usize::from(self.rarity.is_some())
    }

    pub fn feature_names(&self) -> Vec<String> {
        let indicators = self.categories.iter().take(self.n_one_hot).map(|category| match &category.text {
            Some(text) => format!("{} = {text}", self.name),
            None => format!("{} is missing", self.name),
        });
        indicators.chain(self.rarity.map(|_| format!("rarity({})", self.name))).collect()
    }

    /// What is unsound about an encoder read from a file.
    pub fn complaint(&self) -> Option<String> {
        let wrong = |what: &str| Some(format!("column `{}` {what}", self.name));
        if self.n_one_hot > self.categories.len() {
            return wrong("has more indicators than categories");
        }
        if self.n_features() == 0 {
            return wrong("has an encoder without features");
        }
        if self.rarity.is_some_and(|scaler| !scaler.is_sound()) {
            return wrong("has a scale of rarity that is not finite or not above 0");
        }
        let counted: u128 = self.categories.iter().map(|category| u128::from(category.count)).sum();
        if counted > u128::from(self.sample_rows) || self.categories.iter().any(|category| category.count == 0) {
            return wrong("counts its categories in a way that cannot be");
        }
        let mut texts: Vec<&Option<String>> = self.categories.iter().map(|category| &category.text).collect();
        texts.sort_unstable();
        if texts.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
            return wrong("names a category twice");
        }
        None
    }

    pub fn lookup(&self) -> Lookup {
        let unseen = self.categories.len() as u32;
        let mut codes = HashMap::default();
        let mut missing = unseen;
        for (code, category) in (0u32..).zip(&self.categories) {
            match &category.text {
                Some(text) => drop(codes.insert(text.clone().into_boxed_str(), code)),
                None => missing = code,
            }
        }
        let rarity = self.rarity.map(|scaler| {
            let counts = self.categories.iter().map(|category| category.count).chain([1]);
            counts.map(|count| scaler.apply(rarity(count, self.sample_rows))).collect()
        });
        Lookup { codes, missing, unseen, n_one_hot: self.n_one_hot, rarity }
    }
}

/// −ln(count / n).
fn rarity(count: u64, n: u64) -> f64 {
    math::ln(n as f64) - math::ln(count as f64)
}

fn count(array: &dyn Array) -> Result<Vec<Category>> {
    let mut counts: HashMap<String, u64, RandomState> = HashMap::default();
    let mut missing = 0;
    texts::visit(array, 0..array.len(), |_, text| match text {
        None => missing += 1,
        Some(text) => match counts.get_mut(text) {
            Some(count) => *count += 1,
            None => drop(counts.insert(text.to_owned(), 1)),
        },
    })?;
    let mut categories: Vec<Category> =
        counts.into_iter().map(|(text, count)| Category { text: Some(text), count }).collect();
    if missing > 0 {
        categories.push(Category { text: None, count: missing });
    }
    Ok(categories)
}

fn fit_rarity(categories: &[Category], n: u64, options: &FeatureOptions) -> Option<Scaler> {
    if categories.iter().all(|category| Some(category.count) == categories.first().map(|c| c.count)) {
        return None;
    }
    // The most frequent first, so ascending.
    let rows = categories.iter().flat_map(|c| std::iter::repeat_n(rarity(c.count, n), c.count as usize));
    let sorted: Vec<f64> = rows.collect();
    Some(fit_scaler(&sorted, options.scaling))
}

/// A fitted column's categories by text: what encoding needs, made once per binding.
#[derive(Debug)]
pub struct Lookup {
    codes: HashMap<Box<str>, u32, RandomState>,
    missing: u32,
    unseen: u32,
    n_one_hot: usize,
    /// By code, the unseen one last.
    rarity: Option<Vec<f32>>,
}

/// A batch's column, ready for [`Lookup::encode`]: dictionaries are looked up once per entry.
pub enum Coded<'a> {
    Texts(&'a dyn Array),
    Entries { keys: Keys<'a>, codes: Vec<u32> },
}

impl Lookup {
    /// Codes of the categories and, the last, of what is none of them.
    pub fn n_codes(&self) -> usize {
        self.unseen as usize + 1
    }

    /// The code of a value.
    #[inline]
    pub fn code(&self, text: Option<&str>) -> u32 {
        match text {
            Some(text) => self.codes.get(text).copied().unwrap_or(self.unseen),
            None => self.missing,
        }
    }

    pub fn prepare<'a>(&self, array: &'a dyn Array) -> Result<Coded<'a>> {
        let Some(dictionary) = array.as_any_dictionary_opt() else { return Ok(Coded::Texts(array)) };
        let entries = dictionary.values();
        let mut codes = Vec::with_capacity(entries.len());
        texts::visit(entries.as_ref(), 0..entries.len(), |_, text| codes.push(self.code(text)))?;
        Ok(Coded::Entries { keys: Keys::new(dictionary.keys())?, codes })
    }

    /// Encodes rows `start..` into a block of zeros, `width` values a row, from feature `offset` on; `codes` has one place
    /// per row of the block. Returns how many rows held a value that the sample did not.
    pub fn encode(
        &self,
        column: &Coded<'_>,
        start: usize,
        block: &mut [f32],
        width: usize,
        offset: usize,
        codes: &mut [u32],
    ) -> Result<u64> {
        let rows = start..start + codes.len();
        match column {
            Coded::Entries { keys, codes: entries } => {
                for (row, code) in rows.zip(codes.iter_mut()) {
                    *code = keys.get(row).map_or(self.missing, |key| entries.get(key).copied().unwrap_or(self.missing));
                }
            }
            Coded::Texts(array) => {
                let mut places = codes.iter_mut();
                texts::visit(*array, rows, |_, text| {
                    if let Some(code) = places.next() {
                        *code = self.code(text);
                    }
                })?;
            }
        }
        Ok(self.write(codes, block, width, offset))
    }

    /// The features of one category, in `row`, which is zeros.
    pub fn encode_code(&self, code: u32, row: &mut [f32]) {
        let width = row.len();
        if width > 0 {
            self.write(&[code], row, width, 0);
        }
    }

    fn write(&self, codes: &[u32], block: &mut [f32], width: usize, offset: usize) -> u64 {
        let mut unseen = 0;
        for (row, code) in block.chunks_exact_mut(width).zip(codes) {
            unseen += u64::from(*code == self.unseen);
            let code = *code as usize;
            if code < self.n_one_hot
                && let Some(place) = row.get_mut(offset + code)
            {
                *place = 1.0;
            }
        }
        if let Some(rarity) = &self.rarity {
            for (out, code) in strided(block, width, offset + self.n_one_hot).zip(codes) {
                *out = rarity.get(*code as usize).copied().unwrap_or(0.0);
            }
        }
        unseen
    }
}

/// Whether a column of this type can be categorical.
pub fn check_type(name: &str, data_type: &arrow_schema::DataType) -> Result<()> {
    if texts::is_text(data_type) || super::numbers::is_number(data_type) {
        return Ok(());
    }
    Err(Error::Schema(format!("column `{name}` has type {data_type}, and categories are text or numbers")))
}

#[cfg(test)]
mod tests;
