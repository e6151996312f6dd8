//! Thresholds: from a score to a verdict.

#[cfg(test)]
mod tests;

use super::Severity;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// `high-precision`, the default: rarer than one training row in a hundred.
pub const HIGH_PRECISION: ThresholdRule = ThresholdRule::Severity(0.7);
/// `high-recall`: rarer than one training row in ten.
pub const HIGH_RECALL: ThresholdRule = ThresholdRule::Severity(0.3);

/// How the threshold is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ThresholdRule {
    /// Anomalous is what is above this severity, in [0, 1).
    Severity(f64),
    /// Anomalous is what scores above this.
    Score(f64),
    /// At most this share of the training rows is anomalous, in (0, 0.5].
    ///
    /// scikit-learn's `contamination` puts its threshold at `numpy.percentile(scores, 100 × contamination)`, which lies
    /// between two scores when the share is no whole number of rows, and then flags the row it has begun:
    /// ⌈contamination (n − 1)⌉ rows, so up to one more than was asked for. Here it is never more.
    Contamination(f64),
}

impl Default for ThresholdRule {
    fn default() -> Self {
        HIGH_PRECISION
    }
}

impl ThresholdRule {
    /// Checks the rule's number.
    ///
    /// # Errors
    /// Says the value met, its range, and the way out.
    pub fn check(self) -> Result<Self> {
        match self {
            Self::Severity(x) if !(0.0..1.0).contains(&x) => Err(Error::parameter(
                "threshold",
                self,
                "a severity is at least 0 and below 1: 0.7 flags about 1 row in 100, 0.3 about 1 in 10",
            )),
            Self::Score(x) if !x.is_finite() => Err(Error::parameter(
                "threshold",
                self,
                "a score is a finite number; `oddflow inspect MODEL` lists scores",
            )),
            Self::Contamination(x) if !(x > 0.0 && x <= 0.5) => Err(Error::parameter(
                "contamination",
                x,
                "it is the share of anomalous rows, above 0 and at most 0.5 (0.01 is one row in a hundred)",
            )),
            _ => Ok(self),
        }
    }
}

impl fmt::Display for ThresholdRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Severity(x) => write!(f, "severity:{x}"),
            Self::Score(x) => write!(f, "score:{x}"),
            Self::Contamination(x) => write!(f, "contamination:{x}"),
        }
    }
}

impl FromStr for ThresholdRule {
    type Err = Error;

    /// `high-precision`, `high-recall`, `severity:X`, `score:X`, `contamination:X`.
    fn from_str(text: &str) -> Result<Self> {
        const FORMS: &str = "use high-precision, high-recall, severity:X with X in [0, 1), or score:X";
        let unknown = || Error::parameter("threshold", format!("`{text}`"), FORMS);
        let text = text.trim();
        match text {
            "high-precision" => return Ok(HIGH_PRECISION),
            "high-recall" => return Ok(HIGH_RECALL),
            _ => {}
        }
        let (kind, number) = text.split_once(':').ok_or_else(unknown)?;
        let number: f64 = number.trim().parse().map_err(|_| unknown())?;
        match kind.trim() {
            "severity" => Self::Severity(number),
            "score" => Self::Score(number),
            "contamination" => Self::Contamination(number),
            _ => return Err(unknown()),
        }
        .check()
    }
}

impl TryFrom<String> for ThresholdRule {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<ThresholdRule> for String {
    fn from(rule: ThresholdRule) -> Self {
        rule.to_string()
    }
}

/// A threshold that was chosen. A row is anomalous iff its score is above [`Threshold::score`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// How it was chosen.
    pub rule: ThresholdRule,
    /// The score that must be exceeded; finite.
    pub score: f64,
}

impl Threshold {
    /// Chooses the score. `training_scores` matter to [`ThresholdRule::Contamination`] only.
    ///
    /// For a contamination `c` of `n` scores at most `k` may lie above, `k` being the largest number with `k / n ≤ c`.
    /// The threshold is the `(k + 1)`-th largest score: what is above it are the `k` largest, less those that tie with
    /// it. A run of equal scores is flagged as a whole or not at all, so ties can only lower the share.
    ///
    /// # Errors
    /// If the rule's number is out of range, or a contamination has no scores (or NaN ones) to choose from.
    pub fn resolve(rule: ThresholdRule, training_scores: &[f64], severity: &Severity) -> Result<Self> {
        let score = match rule.check()? {
            ThresholdRule::Severity(x) => severity.score_at(x),
            ThresholdRule::Score(x) => x,
            ThresholdRule::Contamination(share) => exceeded_by(share, training_scores)?,
        };
        Ok(Self { rule, score })
    }

    /// Chooses the score where the training scores are no longer at hand (a saved model): a contamination then rests on
    /// the severity map's knots, exact at 0.1, 0.01 and 0.001 and within a part in a thousand of severity elsewhere.
    ///
    /// # Errors
    /// If the rule's number is out of range.
    pub fn resolve_from_severity(rule: ThresholdRule, severity: &Severity) -> Result<Self> {
        match rule.check()? {
            ThresholdRule::Contamination(share) => Ok(Self { rule, score: severity.score_of_share(share) }),
            rule => Self::resolve(rule, &[], severity),
        }
    }

    /// The verdict.
    pub fn is_anomaly(&self, score: f64) -> bool {
        score > self.score
    }
}

fn exceeded_by(share: f64, scores: &[f64]) -> Result<f64> {
    let n = scores.len();
    let mut may_exceed = (share * n as f64) as usize;
    // The product is rounded: 0.29 × 100 is below 29, and 29 / 100 is 0.29.
    while (may_exceed + 1) as f64 / n as f64 <= share {
        may_exceed += 1;
    }
    while may_exceed > 0 && may_exceed as f64 / n as f64 > share {
        may_exceed -= 1;
    }
    let mut copy = scores.to_vec();
    let place = n.checked_sub(may_exceed + 1);
    let score = place.map(|place| *copy.select_nth_unstable_by(place, f64::total_cmp).1);
    score.filter(|score| score.is_finite()).ok_or_else(|| {
        Error::parameter("contamination", share, "it is a share of the training rows' scores, which must be finite and at hand: fit again, or use --threshold")
    })
}
