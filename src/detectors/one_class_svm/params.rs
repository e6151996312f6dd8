//! How a one-class support vector machine is fitted.

use crate::ops::rbf::Storage;
use crate::words::counted;
use crate::{Error, Result};
use ndarray::ArrayView2;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// γ of the kernel exp(−γ ‖x − y‖²).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Gamma {
    /// 1 / (`n_features` × variance of all values), as scikit-learn has it.
    #[default]
    Scale,
    /// 1 / `n_features`.
    Auto,
    /// As given, above 0.
    Value(f64),
}

impl Gamma {
    /// γ for these training rows; `Scale` gives 1 where all their values are equal, as in scikit-learn.
    pub fn resolve(self, rows: ArrayView2<'_, f32>) -> f64 {
        let n_features = rows.ncols().max(1) as f64;
        match self {
            Self::Auto => 1.0 / n_features,
            Self::Value(gamma) => gamma,
            Self::Scale => {
                let n = rows.len().max(1) as f64;
                let mean = rows.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
                let variance = rows.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n;
                if variance > 0.0 { 1.0 / (n_features * variance) } else { 1.0 }
            }
        }
    }
}

impl fmt::Display for Gamma {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scale => f.write_str("scale"),
            Self::Auto => f.write_str("auto"),
            Self::Value(gamma) => gamma.fmt(f),
        }
    }
}

impl FromStr for Gamma {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.trim() {
            "scale" => Ok(Self::Scale),
            "auto" => Ok(Self::Auto),
            other => other.parse().map(Self::Value).map_err(|_| {
                Error::parameter("gamma", format!("`{other}`"), "it must be scale, auto or a number above 0")
            }),
        }
    }
}

impl Serialize for Gamma {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Value(gamma) => serializer.serialize_f64(*gamma),
            named => serializer.collect_str(named),
        }
    }
}

impl<'de> Deserialize<'de> for Gamma {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(f64),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(gamma) => Ok(Self::Value(gamma)),
            Written::Text(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

/// How the machine's problem is solved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SvmSolver {
    /// `Exact` where ν n, the least number of support vectors, is at most [`AUTO_SUPPORT`]; `Nystroem` beyond.
    #[default]
    Auto,
    /// The whole kernel matrix, in parts.
    Exact,
    /// A low-rank approximation of it (Williams & Seeger 2001).
    Nystroem,
}

/// Landmarks of the low-rank approximation, at most: time grows with their cube.
pub const MAX_COMPONENTS: usize = 4096;

/// ν n up to which [`SvmSolver::Auto`] solves exactly. The time to score a row grows with the number of vectors: here they
/// are about fourteen times as many as 300 landmarks.
pub const AUTO_SUPPORT: f64 = 4096.0;

impl fmt::Display for SvmSolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Exact => "exact",
            Self::Nystroem => "nystroem",
        })
    }
}

impl FromStr for SvmSolver {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.trim() {
            "auto" => Ok(Self::Auto),
            "exact" => Ok(Self::Exact),
            "nystroem" | "nystrom" => Ok(Self::Nystroem),
            other => Err(Error::parameter("solver", format!("`{other}`"), "it must be auto, exact or nystroem")),
        }
    }
}

/// How a one-class support vector machine is fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OneClassSvmParams {
    /// ν, above 0 and at most 1: at most this share of the training rows lies outside (rows on the boundary, within the
    /// tolerance of it, not counted), at least this share are support vectors.
    pub nu: f64,
    /// γ of the kernel.
    pub gamma: Gamma,
    /// Largest violation of the optimality conditions that is accepted, above 0; libsvm's `eps`.
    pub tolerance: f64,
    /// How the problem is solved.
    pub solver: SvmSolver,
    /// Landmarks of the low-rank approximation, 1 to [`MAX_COMPONENTS`].
    pub n_components: usize,
    /// Seed of the landmarks.
    pub seed: u64,
    /// How support vectors are stored.
    pub storage: Storage,
}

impl Default for OneClassSvmParams {
    fn default() -> Self {
        Self {
            nu: 0.5,
            gamma: Gamma::Scale,
            tolerance: 1e-3,
            solver: SvmSolver::Auto,
            n_components: 300,
            seed: 0,
            storage: Storage::F32,
        }
    }
}

impl OneClassSvmParams {
    /// Checks the ranges that do not depend on the rows.
    ///
    /// # Errors
    /// If a parameter is out of its range.
    pub fn check(&self) -> Result<()> {
        if !(self.nu > 0.0 && self.nu <= 1.0) {
            return Err(Error::parameter("nu", self.nu, "it must be above 0 and at most 1; 0.5 is usual"));
        }
        if let Gamma::Value(gamma) = self.gamma
            && !(gamma > 0.0 && (gamma as f32).is_normal() && gamma < 1e38)
        {
            let limit = "it must be above 0 and within the normal range of f32; or `scale`, or `auto`";
            return Err(Error::parameter("gamma", gamma, limit));
        }
        if !(self.tolerance > 0.0 && self.tolerance.is_finite()) {
            return Err(Error::parameter("tolerance", self.tolerance, "it must be above 0; 0.001 is usual"));
        }
        match self.n_components {
            0 => Err(Error::parameter("n_components", 0, "it must be at least 1; 300 is usual")),
            1..=MAX_COMPONENTS => Ok(()),
            n => {
                let limit = format!("it must be at most {MAX_COMPONENTS}: beyond, the exact solver takes less");
                Err(Error::parameter("n_components", n, limit))
            }
        }
    }

    /// Checks that weights matter: they sum to ν n and kernels are at most 1, so where ν n is within the tolerance every
    /// choice of weights would count as solved, and its ranking mean nothing. `n_rows` are those that are solved for.
    ///
    /// # Errors
    /// If ν n is at most the tolerance.
    pub(super) fn check_weights(&self, n_rows: usize) -> Result<()> {
        let sum = self.nu * n_rows as f64;
        if sum > self.tolerance {
            return Ok(());
        }
        let least = self.tolerance / n_rows as f64;
        let larger = if least < 1.0 { format!("give a nu above {least:.2e}, or ") } else { "give ".to_owned() };
        let limit = format!(
            "the weights of {} sum to {sum:.2e}, so any of them would do within a tolerance of {}: {larger}a tolerance below {sum:.2e}",
            counted(n_rows, "row"),
            self.tolerance
        );
        Err(Error::parameter("nu", self.nu, limit))
    }

    /// The solver for so many training rows.
    pub fn solver_for(&self, n_rows: usize) -> SvmSolver {
        match self.solver {
            SvmSolver::Auto if self.nu * n_rows as f64 > AUTO_SUPPORT => SvmSolver::Nystroem,
            SvmSolver::Auto => SvmSolver::Exact,
            chosen => chosen,
        }
    }
}
