//! What an expansion sums.

use crate::words::counted;
use crate::{Error, Result};
use half::f16;
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How the vectors of an expansion are stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Storage {
    /// As they are.
    #[default]
    F32,
    /// Rounded to half precision: half the memory traffic, and other sums. Never chosen unasked.
    F16,
}

impl fmt::Display for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
        })
    }
}

impl FromStr for Storage {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.trim() {
            "f32" => Ok(Self::F32),
            "f16" => Ok(Self::F16),
            other => Err(Error::parameter("storage", format!("`{other}`"), "it must be f32 or f16")),
        }
    }
}

/// Vectors, their coefficients and γ.
#[derive(Debug, Clone)]
pub struct Expansion {
    vectors: Array2<f32>,
    coefficients: Vec<f64>,
    gamma: f64,
    storage: Storage,
}

impl Expansion {
    /// Puts together `vectors` (`n_vectors × n_features`), one coefficient for each, and γ > 0.
    ///
    /// # Errors
    /// If a number is not finite, γ is not positive, or the lengths differ.
    pub fn new(vectors: Array2<f32>, coefficients: Vec<f64>, gamma: f64) -> Result<Self> {
        check_gamma(gamma)?;
        check_finite(vectors.view(), "vector")?;
        if coefficients.len() != vectors.nrows() {
            let limit = format!("each of {} has one", counted(vectors.nrows(), "vector"));
            return Err(Error::parameter("coefficients", coefficients.len(), limit));
        }
        if let Some((i, bad)) = coefficients.iter().enumerate().find(|(_, a)| !(**a as f32).is_finite()) {
            return Err(Error::parameter("coefficient", bad, format!("that of vector {i} is no finite f32")));
        }
        Ok(Self { vectors: vectors.as_standard_layout().into_owned(), coefficients, gamma, storage: Storage::F32 })
    }

    /// The same with its vectors stored in another way.
    ///
    /// # Errors
    /// If a value is beyond half precision's 65,504.
    pub fn stored(mut self, storage: Storage) -> Result<Self> {
        if storage == Storage::F16 {
            // What lies below half precision's normal range (6.1e-5) becomes 0: a device may read it as 0, and all have to
            // sum the same.
            self.vectors.mapv_inplace(|x| match f16::from_f32(x) {
                half if half.is_normal() || !half.is_finite() => half.to_f32(),
                _ => 0.0,
            });
            if let Some(bad) = self.vectors.iter().find(|x| !x.is_finite()) {
                let limit = "half precision ends at 65,504: store the vectors in f32";
                return Err(Error::parameter("vector", bad, limit));
            }
        }
        self.storage = storage;
        Ok(self)
    }

    /// The vectors, `n_vectors × n_features`, as stored.
    pub fn vectors(&self) -> ArrayView2<'_, f32> {
        self.vectors.view()
    }

    /// One coefficient a vector.
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// γ.
    pub fn gamma(&self) -> f64 {
        self.gamma
    }

    /// How the vectors are stored.
    pub fn storage(&self) -> Storage {
        self.storage
    }

    /// Values of a row.
    pub fn n_features(&self) -> usize {
        self.vectors.ncols()
    }

    /// Σ |a|: what [`super::error_bound`] is multiplied by.
    pub fn absolute_sum(&self) -> f64 {
        self.coefficients.iter().map(|a| a.abs()).sum()
    }
}

pub(super) fn check_gamma(gamma: f64) -> Result<()> {
    // −γ log₂e is used in f32.
    match gamma > 0.0 && (gamma as f32).is_normal() && ((gamma * std::f64::consts::LOG2_E) as f32).is_finite() {
        true => Ok(()),
        false => Err(Error::parameter("gamma", gamma, "it must be above 0 and within the normal range of f32")),
    }
}

pub(super) fn check_finite(rows: ArrayView2<'_, f32>, what: &'static str) -> Result<()> {
    match rows.indexed_iter().find(|(_, value)| !value.is_finite()) {
        None => Ok(()),
        Some(((row, column), value)) => {
            let limit = format!("{what} {row} has it in column {column}; values must be finite: impute or drop it");
            Err(Error::parameter("value", value, limit))
        }
    }
}

/// What to say of a row that was chosen and is not there.
pub(super) fn no_such_row(row: u32, n_rows: usize) -> Error {
    let limit = format!("it must be one of {}, numbered from 0", counted(n_rows, "row"));
    Error::parameter("chosen row", row, limit)
}
