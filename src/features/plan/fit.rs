//! Fitting a plan: one pass over the sample's columns.

use super::notes::{listed, notes};
use super::{ColumnEncoder, ColumnSummary, FeatureOptions, FeaturePlan};
use crate::features::categorical::{self, CategoricalEncoder};
use crate::features::numbers::Numbers;
use crate::features::numeric::{NumericEncoder, ValueFeature, clean};
use crate::features::roles::{ColumnRole, FlowMeter, Role};
use crate::features::texts;
use crate::words::counted;
use crate::{Error, Result};
use arrow_array::{Array, RecordBatch};
use std::collections::HashMap;

pub fn fit(sample: &RecordBatch, roles: &[ColumnRole], options: &FeatureOptions) -> Result<FeaturePlan> {
    options.check()?;
    let schema = sample.schema();
    let same =
        roles.len() == schema.fields().len() && roles.iter().zip(schema.fields()).all(|(r, f)| r.name == *f.name());
    if !same {
        return Err(Error::Schema(format!(
            "{} given for the sample's {}; there must be one for each, in their order",
            counted(roles.len(), "role"),
            counted(schema.fields().len(), "column")
        )));
    }
    if sample.num_rows() == 0 {
        return Err(Error::NoInput("the sample has no rows to fit features on".to_owned()));
    }
    let mut fitting =
        Fitting { options, flow_meter: FlowMeter::recognise(&schema), seen: HashMap::new(), masks: HashMap::new() };
    let mut plan = FeaturePlan {
        options: options.clone(),
        sample_rows: sample.num_rows() as u64,
        columns: Vec::with_capacity(roles.len()),
        encoders: Vec::new(),
        notes: Vec::new(),
    };
    for ((role, field), array) in roles.iter().zip(schema.fields()).zip(sample.columns()) {
        let (encoder, outcome) = match fitting.column(role, array.as_ref())? {
            Outcome::Features(encoder, outcome) => (Some(encoder), outcome),
            Outcome::Dropped(why) => (None, format!("dropped: {why}")),
            Outcome::NoFeature => (None, "no feature".to_owned()),
        };
        let n_features = encoder.as_ref().map_or(0, ColumnEncoder::n_features);
        plan.columns.push(ColumnSummary {
            name: role.name.clone(),
            data_type: field.data_type().to_string(),
            role: role.role,
            reason: role.reason.clone(),
            outcome,
            n_features,
        });
        plan.encoders.extend(encoder);
    }
    plan.notes = notes(&plan.columns, &schema, fitting.flow_meter);
    if plan.n_features() == 0 {
        return Err(no_features(&plan));
    }
    Ok(plan)
}

/// Why no column gives a feature.
fn no_features(plan: &FeaturePlan) -> Error {
    if plan.sample_rows == 1 {
        return Error::Schema("what is odd is learned from many records, and there is 1 to learn from".to_owned());
    }
    let what = |c: &ColumnSummary| match c.role {
        Role::Numeric | Role::Categorical => format!("`{}` ({})", c.name, c.outcome),
        role => format!("`{}` ({role}, {})", c.name, c.reason),
    };
    Error::Schema(format!(
        "no column gives a feature; the sample of {} has {}. Set a column's role to numeric or categorical to use it",
        counted(plan.sample_rows, "row"),
        listed(plan.columns.iter().map(what))
    ))
}

enum Outcome {
    Features(ColumnEncoder, String),
    Dropped(String),
    NoFeature,
}

struct Fitting<'a> {
    options: &'a FeatureOptions,
    flow_meter: FlowMeter,
    /// Digest of a column's values → the first column that has them. BLAKE3 makes equal digests equal columns.
    seen: HashMap<blake3::Hash, String>,
    /// Digest of which rows are missing → the first column whose indicator says it.
    masks: HashMap<blake3::Hash, String>,
}

impl Fitting<'_> {
    fn column(&mut self, role: &ColumnRole, array: &dyn Array) -> Result<Outcome> {
        match role.role {
            Role::Numeric => self.numeric(&role.name, array),
            Role::Categorical => self.categorical(&role.name, array),
            _ => Ok(Outcome::NoFeature),
        }
    }

    fn numeric(&mut self, name: &str, array: &dyn Array) -> Result<Outcome> {
        let negative_is_missing = self.flow_meter.is_never_negative(name);
        let mut values = vec![f64::NAN; array.len()];
        let reader = Numbers::new(array).map_err(|e| {
            Error::Schema(format!("column `{name}` is to be numeric: {e}; set its role to categorical or ignored"))
        })?;
        reader.read(0, &mut values);
        values.iter_mut().for_each(|value| *value = clean(*value, negative_is_missing));

        let mut present: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
        present.sort_unstable_by(f64::total_cmp);
        let n_missing = values.len() - present.len();
        let (Some(&constant), Some(&greatest)) = (present.first(), present.last()) else {
            return Ok(Outcome::Dropped("no usable value in the sample".to_owned()));
        };
        if constant == greatest && n_missing == 0 {
            return Ok(Outcome::Dropped(format!("constant ({constant})")));
        }
        if let Some(first) = first_with(&mut self.seen, digest_of_numbers(&values), name) {
            return Ok(Outcome::Dropped(format!("repeats `{first}`")));
        }

        let value = ValueFeature::fit(present, self.options);
        let wants_indicator = n_missing > 0 && self.options.missing_indicators;
        let shares = if wants_indicator { first_with(&mut self.masks, digest_of_mask(&values), name) } else { None };
        let indicator = wants_indicator && shares.is_none();
        if value.is_none() && !indicator {
            return Ok(Outcome::Dropped(match shares {
                Some(first) => format!("constant ({constant}) where present, and missing where `{first}` is"),
                None => format!("constant ({constant})"),
            }));
        }
        let mut words = match &value {
            Some(value) if value.log1p => format!("log1p, {}", self.scaling(value)),
            Some(value) => self.scaling(value).to_owned(),
            None => format!("constant ({constant}) where present"),
        };
        if n_missing > 0 {
            words += &format!(", {n_missing} of {} missing", values.len());
            match (&value, shares) {
                (_, Some(first)) => words += &format!(" (indicated by `{first}`)"),
                (Some(value), None) => words += &format!(" (median {} and an indicator)", value.median),
                (None, None) => words += " (an indicator)",
            }
        }
        let encoder = NumericEncoder { name: name.to_owned(), negative_is_missing, value, indicator };
        words += &format!("; {}", n_features(encoder.n_features()));
        Ok(Outcome::Features(ColumnEncoder::Numeric(encoder), words))
    }

    fn scaling(&self, value: &ValueFeature) -> &'static str {
        use super::Scaling;
        match self.options.scaling {
            _ if value.scaler == crate::features::statistics::Scaler::NONE => "as it is",
            Scaling::Robust => "robust scaling",
            Scaling::Standard => "standard scaling",
            Scaling::None => "as it is",
        }
    }

    fn categorical(&mut self, name: &str, array: &dyn Array) -> Result<Outcome> {
        categorical::check_type(name, array.data_type())?;
        let Some((encoder, n_distinct)) = CategoricalEncoder::fit(name, array, self.options)? else {
            return Ok(Outcome::Dropped(why_no_category(array)?));
        };
        if let Some(first) = first_with(&mut self.seen, digest_of_texts(array)?, name) {
            return Ok(Outcome::Dropped(format!("repeats `{first}`")));
        }
        let mut words = match encoder.n_one_hot {
            0 => counted(n_distinct, "value"),
            n => format!("one-hot of {n} of {}", counted(n_distinct, "value")),
        };
        if encoder.rarity.is_some() {
            words += ", rarity";
        }
        if encoder.categories.len() < n_distinct {
            words += &format!(" (the {} most frequent values kept)", encoder.categories.len());
        }
        words += &format!("; {}", n_features(encoder.n_features()));
        Ok(Outcome::Features(ColumnEncoder::Categorical(encoder), words))
    }
}

fn why_no_category(array: &dyn Array) -> Result<String> {
    let mut first: Option<Option<String>> = None;
    let mut varies = false;
    texts::visit(array, 0..array.len(), |_, text| match &first {
        None => first = Some(text.map(str::to_owned)),
        Some(first) => varies |= first.as_deref() != text,
    })?;
    Ok(match first.flatten() {
        _ if varies => "all of its values are equally rare".to_owned(),
        Some(text) => format!("constant (`{}`)", cut(&text)),
        None => "no value in the sample".to_owned(),
    })
}

/// The column that had this digest before `name`, which takes it otherwise.
fn first_with(seen: &mut HashMap<blake3::Hash, String>, digest: blake3::Hash, name: &str) -> Option<String> {
    if let Some(first) = seen.get(&digest) {
        return Some(first.clone());
    }
    seen.insert(digest, name.to_owned());
    None
}

fn digest_of_numbers(cleaned: &[f64]) -> blake3::Hash {
    let bits = |value: &f64| if value.is_nan() { u64::MAX } else { value.to_bits() }.to_le();
    let bits: Vec<u64> = cleaned.iter().map(bits).collect();
    blake3::hash(bytemuck::cast_slice(&bits))
}

fn digest_of_mask(cleaned: &[f64]) -> blake3::Hash {
    let mask: Vec<u8> = cleaned.iter().map(|value| u8::from(value.is_nan())).collect();
    blake3::hash(&mask)
}

fn digest_of_texts(array: &dyn Array) -> Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new_derive_key("oddflow categorical column");
    texts::visit(array, 0..array.len(), |_, text| {
        let length = text.map_or(u64::MAX, |text| text.len() as u64);
        hasher.update(&length.to_le_bytes());
        hasher.update(text.unwrap_or_default().as_bytes());
    })?;
    Ok(hasher.finalize())
}

/// The first characters of a text that may be a page long.
fn cut(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn n_features(n: usize) -> String {
    format!("{n} feature{}", if n == 1 { "" } else { "s" })
}
