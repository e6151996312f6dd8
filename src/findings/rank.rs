//! The order of findings.
//!
//! Four severities, each a rarity on the one scale of [`Severity`], say how odd a finding is:
//!
//! | part | what | weight |
//! |---|---|---|
//! | rows | ½ mean + ½ largest severity of its rows | 1 |
//! | conversation | its lines in the table of findings and hours, mean by flows | 2 |
//! | host | its source's lines in the hours of the finding, the largest (of a flood's many sources the mean) | ½ |
//! | size | its number of flows among the findings | 1 |
//!
//! What is left to 1 is multiplied: `oddity = 1 − Π (1 − sᵢ)^(wᵢ / Σ w)`, so that one rare part counts for more than many
//! common ones, as in Fisher's combination of tests (1925). A part without an answer (a table of too few lines) takes no
//! part. The severity of a finding is the rarity of its oddity among the findings.
//!
//! **Measured.** RITA day, 10,960 findings, the worst rank over five seeds of (scanner, brute-forcer, knocker, bursts on
//! 3306, flow of 27 h), rows scored on the simple features of this module's tests, second forests of 100 trees (there are 300 now); IoT-23 34-1 as it is and with 1 % of its malicious rows, AUROC of rows by their finding's oddity:
//!
//! | rule | RITA day | IoT-23 | 1 % |
//! |---|---|---|---|
//! | mean severity of the rows | 8,220 1,340 5,755 5,323 7 (one seed) | .893 | .892 |
//! | conversation alone, largest | 3 7 8 4 17 (one seed) | .946 | .823 |
//! | mean of rows, conversation, host | 51 10 54 23 1 (one seed) | .962 | .935 |
//! | the product, size ½ | 8 7 8 10 15 | .977 | .863 |
//! | the product, size 1 (kept) | 7 7 8 9 35 | .989 | .836 |
//! | the product, size 1½ | 7 6 8 7 54 | .992 | .835 |
//!
//! Weights of half and twice the size move the ranks by two or three.

use super::group::{Finding, Grouped};
use super::opinion::{Opinion, Opinions};
use super::subject::Kind;
use crate::Result;
use crate::detectors::Severity;
use crate::features::math::{exp, ln, ln_1p};
use std::cmp::Reverse;

const ROWS: f64 = 1.0;
const CONVERSATION: f64 = 2.0;
const HOST: f64 = 0.5;
const SIZE: f64 = 1.0;
/// No part says more than this.
const MOST: f64 = 1.0 - 1e-9;

/// A finding in the ranking.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// Its index in [`Grouped::findings`].
    pub finding: usize,
    /// The rarity of its oddity among the findings, in [0, 1).
    pub severity: f64,
    /// By what it is ranked, in [0, 1].
    pub oddity: f64,
    /// What the oddity was made of.
    pub parts: Parts,
}

/// The severities that a finding's oddity is made of. `None`: no answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parts {
    /// Of its rows.
    pub rows: f64,
    /// Of what it did in its hours.
    pub conversation: Option<f64>,
    /// Of what its source did in these hours.
    pub host: Option<f64>,
    /// Of its number of flows.
    pub size: f64,
}

impl Parts {
    /// The weighted mean of −ln(1 − severity), as a severity.
    pub(super) fn oddity(&self) -> f64 {
        let parts =
            [(ROWS, Some(self.rows)), (CONVERSATION, self.conversation), (HOST, self.host), (SIZE, Some(self.size))];
        let (mut weights, mut left) = (0.0, 0.0);
        for (weight, severity) in parts {
            if let Some(severity) = severity {
                weights += weight;
                left += weight * ln(1.0 - severity.clamp(0.0, MOST));
            }
        }
        1.0 - exp(left / weights)
    }
}

/// All findings but those of kind `data`, the oddest first; of equal ones that with more flows, then by id.
///
/// # Errors
/// If an oddity is no number, which is a mistake of the program's own.
pub fn rank(grouped: &Grouped, opinions: &Opinions) -> Result<Vec<Ranked>> {
    let threats: Vec<(usize, &Finding)> =
        grouped.findings().iter().enumerate().filter(|(_, finding)| finding.subject.kind != Kind::Data).collect();
    if threats.is_empty() {
        return Ok(Vec::new());
    }
    let sizes = Severity::fit(&threats.iter().map(|(_, finding)| size(finding)).collect::<Vec<_>>())?;
    let parts = |at: usize, finding: &Finding| Parts {
        rows: of_rows(finding),
        conversation: of(&opinions.conversation, at).map(|opinion| opinion.mean),
        host: of(&opinions.host, at).map(|opinion| match finding.subject.kind {
            Kind::Flood | Kind::Multicast => opinion.mean,
            _ => opinion.largest,
        }),
        size: sizes.of(size(finding)),
    };
    let mut ranked: Vec<(Ranked, &Finding)> = threats
        .into_iter()
        .map(|(at, finding)| (at, parts(at, finding), finding))
        .map(|(at, parts, finding)| (Ranked { finding: at, severity: 0.0, oddity: parts.oddity(), parts }, finding))
        .collect();
    let rarity = Severity::fit(&ranked.iter().map(|(ranked, _)| ranked.oddity).collect::<Vec<_>>())?;
    for (ranked, _) in &mut ranked {
        ranked.severity = rarity.of(ranked.oddity);
    }
    ranked.sort_by(|(a, x), (b, y)| {
        let ties = || (Reverse(x.tally.flows), x.id).cmp(&(Reverse(y.tally.flows), y.id));
        b.oddity.total_cmp(&a.oddity).then_with(ties)
    });
    Ok(ranked.into_iter().map(|(ranked, _)| ranked).collect())
}

/// What a finding's number of flows is compared by.
pub(super) fn size(finding: &Finding) -> f64 {
    ln_1p(finding.tally.flows as f64)
}

/// What a finding's rows say of it.
pub(super) fn of_rows(finding: &Finding) -> f64 {
    (finding.tally.severity_mean() + finding.tally.severity_max) / 2.0
}

fn of(opinions: &[Option<Opinion>], at: usize) -> Option<Opinion> {
    opinions.get(at).copied().flatten()
}
