//! What each column is: inferred from its name, its Arrow type and the values of a sample, or set by the user.
//!
//! The rules are tried in this order, and the first that speaks decides: the user's override, a label's name, an earlier
//! run's output, CICFlowMeter's timing statistics, the Arrow type, absolute times, addresses, ports and ids, categories,
//! numbers. Every role carries its reason in words.

mod content;
mod flow_meter;
mod infer;
mod names;
mod near;

pub(super) use flow_meter::FlowMeter;
pub use infer::infer_roles;
pub(super) use names::words;

use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A quantity: a feature.
    Numeric,
    /// One of few values, text or code: features (one-hot and rarity).
    Categorical,
    /// An address, a port, an id: never a raw feature.
    Identifier,
    /// An absolute time: orders records, never a feature.
    Time,
    /// What somebody said the record is: measured against, never a feature.
    Label,
    /// Nothing that a detector can use.
    Ignored,
}

impl Role {
    /// All roles, in the order in which they are listed to a person.
    pub const ALL: [Self; 6] =
        [Self::Numeric, Self::Categorical, Self::Identifier, Self::Time, Self::Label, Self::Ignored];

    /// The word for it, as in a configuration file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Numeric => "numeric",
            Self::Categorical => "categorical",
            Self::Identifier => "identifier",
            Self::Time => "time",
            Self::Label => "label",
            Self::Ignored => "ignored",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Role {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|role| role.word().eq_ignore_ascii_case(text.trim())).ok_or_else(|| {
            Error::parameter(
                "column role",
                format!("`{text}`"),
                format!("it is one of {}", Self::ALL.map(Self::word).join(", ")),
            )
        })
    }
}

/// One column's role and why it has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnRole {
    /// The column's name, as in the schema.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// Why, in words that follow "because": `its name says that it is an address`.
    pub reason: String,
}

/// The reason of a role that an override gave.
pub(super) const SET_BY_USER: &str = "set by the user";

/// Roles that the user set, by column name.
pub type RoleOverrides = BTreeMap<String, Role>;

#[cfg(test)]
mod tests;
