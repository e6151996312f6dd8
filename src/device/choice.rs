//! Which device the user asked for.

use super::AdapterReport;
use crate::{Error, Result};
use std::str::FromStr;

/// What `--device` says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// A hardware GPU where one exists, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// A GPU: hardware where one exists, else a software adapter.
    Gpu,
    /// The adapter with this number in `oddflow devices`.
    Index(usize),
    /// The adapter whose name contains this, in any case.
    Name(String),
}

impl FromStr for DeviceChoice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        match text.to_ascii_lowercase().as_str() {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "gpu" => Ok(Self::Gpu),
            "" => Err(Error::parameter("device", "empty", "it must be auto, cpu, gpu, a number or a part of a name")),
            lower => Ok(lower.parse().map_or_else(|_| Self::Name(text.to_string()), Self::Index)),
        }
    }
}

impl std::fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Auto => f.pad("auto"),
            Self::Cpu => f.pad("cpu"),
            Self::Gpu => f.pad("gpu"),
            Self::Index(index) => index.fmt(f),
            Self::Name(name) => f.pad(name),
        }
    }
}

impl DeviceChoice {
    /// The adapter of `adapters` that is meant; None is the CPU. `adapters` are sorted, hardware first.
    pub(super) fn pick<'a>(&self, adapters: &'a [AdapterReport]) -> Result<Option<&'a AdapterReport>> {
        match self {
            Self::Cpu => Ok(None),
            Self::Auto => Ok(adapters.iter().find(|a| a.kind.is_hardware() && a.shortfall().is_none())),
            Self::Gpu => match adapters.iter().find(|a| a.shortfall().is_none()).or(adapters.first()) {
                Some(adapter) => Ok(Some(adapter)),
                None => Err(none_of(adapters, "gpu", "there is no GPU and no software adapter")),
            },
            Self::Index(index) => match adapters.get(*index) {
                Some(adapter) => Ok(Some(adapter)),
                None => Err(none_of(adapters, &index.to_string(), "there is no such adapter")),
            },
            Self::Name(name) => by_name(adapters, name).map(Some),
        }
    }
}

fn by_name<'a>(adapters: &'a [AdapterReport], name: &str) -> Result<&'a AdapterReport> {
    let lower = name.to_lowercase();
    let matches: Vec<_> = adapters.iter().filter(|a| a.name.to_lowercase().contains(&lower)).collect();
    match matches.as_slice() {
        [] => Err(none_of(adapters, name, "no adapter's name contains it")),
        // One GPU reached through two APIs is one GPU; the first API is preferred.
        [first, rest @ ..] if rest.iter().all(|a| a.pci_id == first.pci_id && a.api != first.api) => Ok(first),
        _ => Err(none_of(
            &matches.into_iter().cloned().collect::<Vec<_>>(),
            name,
            "several adapters match; give a number",
        )),
    }
}

fn none_of(adapters: &[AdapterReport], met: &str, reason: &str) -> Error {
    let mut list = String::new();
    for adapter in adapters {
        list.push_str(&format!("\n  {}  {}", adapter.index, adapter.describe()));
    }
    Error::parameter("device", met, format!("{reason}. It may be auto, cpu, gpu, or an adapter:\n  cpu{list}"))
}
