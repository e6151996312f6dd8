//! Which features flows are given, and what they were fitted on: the part of a model that belongs to flow logs.

use super::{BASIC, FlowStatistics, Locality, basic, derive};
use crate::features::{ColumnRole, Definition, Role, RoleOverrides};
use crate::flows::record::{FlowOptions, Flows, LogZone};
use crate::{Error, Result};
use arrow_array::RecordBatch;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Sets of features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlowSet {
    /// Those of [`derive()`]: of the flow alone, and of what happened around it.
    #[default]
    Default,
    /// Those of [`basic()`](super::basic()): what the eight columns of a KDD record tell.
    Basic,
}

impl FlowSet {
    /// Its columns, in order.
    pub fn definitions(self) -> Box<dyn Iterator<Item = &'static Definition>> {
        match self {
            Self::Default => Box::new(super::definitions()),
            Self::Basic => Box::new(BASIC.iter()),
        }
    }

    /// Whether it tells something of flows without addresses and times.
    pub fn takes_tables(self) -> bool {
        self == Self::Basic
    }
}

impl FromStr for FlowSet {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "default" => Ok(Self::Default),
            "basic" => Ok(Self::Basic),
            _ => Err(Error::parameter("features", format!("`{text}`"), "it is default or basic")),
        }
    }
}

impl fmt::Display for FlowSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Default => "default",
            Self::Basic => "basic",
        })
    }
}

/// How flows become the columns that a [`FeaturePlan`](crate::features::FeaturePlan) takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowFeatures {
    /// Which columns.
    pub set: FlowSet,
    /// What was usual in the fit's sample.
    pub statistics: FlowStatistics,
    /// Which hosts are ours.
    pub locality: Locality,
    /// The zone of times that state none; in the model by the name that it had while zones were offsets only.
    #[serde(rename = "minutes_east")]
    pub zone: LogZone,
}

impl FlowFeatures {
    /// The columns of the rows of a batch. `windows` and `was_counted` as in [`derive()`].
    ///
    /// # Errors
    /// If `windows` has not as many rows as `flows`.
    pub fn columns(
        &self,
        flows: &Flows,
        windows: &RecordBatch,
        was_counted: impl Fn(usize) -> bool,
    ) -> Result<RecordBatch> {
        match self.set {
            FlowSet::Default => derive(flows, windows, &self.statistics, &self.locality, was_counted),
            FlowSet::Basic => basic(flows, windows, &self.statistics),
        }
    }

    /// How logs are to be read for it.
    pub fn reading(&self) -> FlowOptions {
        FlowOptions { zone: self.zone }
    }

    /// Says of each column how it is computed, where no person has to say why it has its role.
    pub fn explain(&self, roles: &mut [ColumnRole]) {
        for role in roles {
            if let Some(definition) = self.set.definitions().find(|d| d.name == role.name) {
                role.reason = match definition.window {
                    "" => definition.formula.to_owned(),
                    window => format!("{}, {window}", definition.formula),
                };
            }
        }
    }

    /// The roles of the columns, where they are not inferred: derived features are numbers.
    pub fn roles(&self) -> RoleOverrides {
        self.set.definitions().map(|d| (d.name.to_owned(), Role::Numeric)).collect()
    }
}
