//! Which detectors an ensemble has.

use crate::detectors::DetectorParams;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Parameters of an ensemble: those of its members, two or more different detectors.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Vec<DetectorParams>", into = "Vec<DetectorParams>")]
pub struct EnsembleParams {
    members: Vec<DetectorParams>,
}

impl EnsembleParams {
    /// Of these members, in any order.
    ///
    /// # Errors
    /// If they are fewer than two, one of them is an ensemble, or two are of one kind.
    pub fn new(mut members: Vec<DetectorParams>) -> Result<Self> {
        const MEMBERS: &str = "members of the ensemble";
        if members.len() < 2 {
            let limit = "an ensemble has two or more different detectors; name one alone without a comma";
            return Err(Error::parameter(MEMBERS, members.len(), limit));
        }
        if members.iter().any(|member| member.place().is_none()) {
            return Err(Error::parameter(
                MEMBERS,
                "an ensemble",
                "members are single detectors: name them all in one list",
            ));
        }
        members.sort_by_key(DetectorParams::place);
        for pair in members.windows(2) {
            if let [a, b] = pair
                && a.place() == b.place()
            {
                return Err(Error::parameter(MEMBERS, format!("{a}, twice"), "each detector may be a member once"));
            }
        }
        Ok(Self { members })
    }

    /// Of the members of an ensemble, which were checked.
    pub(super) fn of(members: Vec<DetectorParams>) -> Self {
        Self { members }
    }

    /// The members' parameters, in their order.
    pub fn members(&self) -> &[DetectorParams] {
        &self.members
    }
}

impl TryFrom<Vec<DetectorParams>> for EnsembleParams {
    type Error = Error;

    fn try_from(members: Vec<DetectorParams>) -> Result<Self> {
        Self::new(members)
    }
}

impl From<EnsembleParams> for Vec<DetectorParams> {
    fn from(params: EnsembleParams) -> Self {
        params.members
    }
}

impl fmt::Display for EnsembleParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members: Vec<String> = self.members.iter().map(DetectorParams::to_string).collect();
        write!(f, "ensemble: {}", members.join("; "))
    }
}
