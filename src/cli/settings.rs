//! Flags and configuration file → resolved settings. A flag wins over the file, the file over the default.

use super::args::{Embed, FindingArgs, FitArgs, FlowArgs, InputArgs, OutputArgs, RunArgs, VerdictArgs};
use super::detector;
use crate::detectors::{DEFAULT_CACHE, DEFAULT_MEMORY, ThresholdRule};
use crate::device::DeviceChoice;
use crate::features::flow::{FlowSet, Locality};
use crate::features::{FeatureOptions, Role, RoleOverrides};
use crate::flows::condition::Condition;
use crate::flows::record::FlowOptions;
use crate::flows::source::{InputOptions, preset};
use crate::pipeline::{FitOptions, FlowFit, FlowReading};
use crate::{Error, Result};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Seed of everything random where none is given.
const DEFAULT_SEED: u64 = 0;
/// Rows aimed at in a batch: large enough for a row group, small enough for caches and for flat memory.
const DEFAULT_BATCH_ROWS: usize = 65_536;
const DEFAULT_TOP: usize = 10;
/// Most flows of one conversation and state in the sample of flow logs.
const CAP: usize = 5;

/// The configuration file: what is fitted, how it is judged, read and run, in snake case, and `[roles]`. What is written
/// where is said on the command line alone.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub(super) detector: Option<String>,
    pub(super) neighbors: Option<usize>,
    pub(super) distance: Option<String>,
    pub(super) reference_rows: Option<usize>,
    pub(super) memory: Option<String>,
    pub(super) nu: Option<f64>,
    #[serde(default, deserialize_with = "number_or_text")]
    pub(super) gamma: Option<String>,
    pub(super) tolerance: Option<f64>,
    pub(super) solver: Option<String>,
    pub(super) components: Option<usize>,
    pub(super) cache: Option<String>,
    pub(super) storage: Option<String>,
    pub(super) trees: Option<usize>,
    pub(super) sample_size: Option<usize>,
    pub(super) max_features: Option<f64>,
    pub(super) fit_rows: Option<usize>,
    seed: Option<u64>,
    threshold: Option<String>,
    contamination: Option<f64>,
    device: Option<String>,
    threads: Option<usize>,
    batch_rows: Option<usize>,
    top: Option<usize>,
    columns: Option<String>,
    delimiter: Option<String>,
    skip_errors: Option<bool>,
    #[serde(rename = "where")]
    condition: Option<String>,
    prefix: Option<String>,
    flow_features: Option<String>,
    sample: Option<String>,
    local: Option<String>,
    tz: Option<String>,
    alerts: Option<String>,
    group: Option<String>,
    #[serde(default)]
    roles: BTreeMap<String, Role>,
    #[serde(default)]
    features: Option<FeatureOptions>,
}

/// `gamma = 0.1` and `gamma = "scale"` alike.
fn number_or_text<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(f64),
        Text(String),
    }
    Ok(Some(match Written::deserialize(deserializer)? {
        Written::Number(number) => number.to_string(),
        Written::Text(text) => text,
    }))
}

impl Config {
    /// Reads a configuration file, or gives the empty configuration where none is named.
    ///
    /// # Errors
    /// If the file cannot be read, is not TOML, or has a key or role that is not known.
    pub fn load(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else { return Ok(Self::default()) };
        let text = std::fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
        toml::from_str(&text).map_err(|e| Error::Schema(format!("{}: {e}", path.display())))
    }

    /// Column roles that override the inferred ones.
    pub fn roles(&self) -> RoleOverrides {
        self.roles.clone()
    }

    /// The options of reading.
    pub fn input(&self, args: &InputArgs, run: &Running) -> Result<InputOptions> {
        Ok(InputOptions { batch_rows: run.batch_rows, ..self.input_for_inspection(args)? })
    }

    /// The options of reading for a look at the first rows.
    pub fn input_for_inspection(&self, args: &InputArgs) -> Result<InputOptions> {
        let columns = args.columns.as_ref().or(self.columns.as_ref());
        let condition = args.condition.as_deref().or(self.condition.as_deref());
        Ok(InputOptions {
            column_names: columns.map(|text| column_names(text)).transpose()?,
            delimiter: args.delimiter.as_deref().or(self.delimiter.as_deref()).map(delimiter).transpose()?,
            skip_errors: args.skip_errors || self.skip_errors.unwrap_or(false),
            condition: condition.map(Condition::parse).transpose()?.map(Arc::new),
            ..InputOptions::default()
        })
    }

    /// How columns become features.
    pub fn features(&self) -> FeatureOptions {
        self.features.clone().unwrap_or_default()
    }

    /// The options of running.
    pub fn running(&self, args: &RunArgs) -> Result<Running> {
        let device = args.device.as_ref().or(self.device.as_ref());
        let batch_rows = args.batch_rows.or(self.batch_rows).unwrap_or(DEFAULT_BATCH_ROWS);
        if !(1..=1 << 24).contains(&batch_rows) {
            return Err(Error::parameter("--batch-rows", batch_rows, "it must lie between 1 and 16,777,216"));
        }
        Ok(Running {
            device: device.map_or(Ok(DeviceChoice::Auto), |text| text.parse())?,
            threads: threads(args.threads.or(self.threads))?,
            batch_rows,
            quiet: args.quiet,
            verbose: args.verbose,
        })
    }

    /// The rule of the verdict, where one was asked for.
    pub fn rule(&self, args: &VerdictArgs) -> Result<Option<ThresholdRule>> {
        // What stands on the command line wins as a whole: a threshold there overrides a contamination in the file.
        let (threshold, contamination) = match args.threshold.is_some() || args.contamination.is_some() {
            true => (args.threshold.as_ref(), args.contamination),
            false => (self.threshold.as_ref(), self.contamination),
        };
        match (threshold, contamination) {
            (Some(_), Some(_)) => Err(Error::parameter(
                "threshold",
                "set beside contamination",
                "only one of the two can set the verdict; remove one from the configuration file",
            )),
            (Some(text), None) => text.parse().map(Some),
            (None, Some(share)) => ThresholdRule::Contamination(share).check().map(Some),
            (None, None) => Ok(None),
        }
    }

    /// How flow logs become features; `None`: their columns are taken as those of any table. Roles are said of a table's own columns.
    fn flows(&self, args: &FlowArgs, clean: bool) -> Result<Option<FlowFit>> {
        let set = args.features.as_deref().or(self.flow_features.as_deref());
        if set == Some("columns") || (set.is_none() && !self.roles.is_empty()) {
            return Ok(None);
        }
        let cap = match args.sample.as_deref().or(self.sample.as_deref()) {
            // Nothing floods what is known to be clean, and its common flows should count as common.
            None if clean => None,
            None | Some("capped") => Some(CAP),
            Some("uniform") => None,
            Some(other) => return Err(Error::parameter("--sample", other, "it must be capped or uniform")),
        };
        let zone = args.tz.as_deref().or(self.tz.as_deref());
        let options = zone.map_or(Ok(FlowOptions::default()), FlowOptions::of_zone)?;
        Ok(Some(FlowFit {
            reading: FlowReading { options, ..FlowReading::default() },
            set: set.map_or(Ok(FlowSet::Default), |text| match text {
                "default" | "basic" => text.parse(),
                _ => Err(Error::parameter("--features", text, "it must be default, basic or columns")),
            })?,
            locality: args.local.as_deref().or(self.local.as_deref()).map_or(Ok(Locality::default()), str::parse)?,
            cap,
            any_table: set.is_some(),
        }))
    }

    /// How flow logs become the features of a map that no model says; `None`: their columns are taken as those of any table.
    pub fn flows_of_map(&self, args: &Embed) -> Result<Option<FlowFit>> {
        if args.model.is_some() {
            return match args.features.is_some() || args.tz.is_some() {
                true => Err(Error::parameter(
                    "-m",
                    "given beside --features or --tz",
                    "the model says what its features are and how times are read; leave these out",
                )),
                false => Ok(None),
            };
        }
        let (features, tz) = (args.features.clone(), args.tz.clone());
        self.flows(&FlowArgs { features, tz, sample: None, local: None }, true)
    }

    /// How rows are grouped.
    pub fn group<'a>(&'a self, args: &'a FindingArgs) -> Option<&'a str> {
        args.group.as_deref().or(self.group.as_deref())
    }

    /// How many findings are called anomalies.
    pub fn alerts<'a>(&'a self, args: &'a FindingArgs) -> Option<&'a str> {
        args.alerts.as_deref().or(self.alerts.as_deref())
    }

    /// The options of fitting; `clean`: on what is known to be clean.
    pub fn fit(&self, args: &FitArgs, verdict: &VerdictArgs, flows: &FlowArgs, clean: bool) -> Result<FitOptions> {
        let seed = args.seed.or(self.seed).unwrap_or(DEFAULT_SEED);
        let detector::Chosen { params, rows, rows_name } = detector::choose(args, self, seed)?;
        let rule = self.rule(verdict)?.unwrap_or_default();
        let memory = args.memory.as_deref().or(self.memory.as_deref());
        let cache = args.cache.as_deref().or(self.cache.as_deref());
        Ok(FitOptions {
            recorded: serde_json::json!({ "detector": params, rows_name: rows, "threshold": rule.to_string() }),
            detector: params,
            rule,
            roles: self.roles(),
            features: self.features(),
            flows: self.flows(flows, clean)?,
            fit_rows: rows,
            memory: memory.map_or(Ok(DEFAULT_MEMORY), |text| detector::size("--memory", text))?,
            cache: cache.map_or(Ok(DEFAULT_CACHE), |text| detector::size("--cache", text))?,
            seed,
        })
    }

    /// How many rows the table shows.
    pub fn top(&self, args: &OutputArgs) -> usize {
        args.top.or(self.top).unwrap_or(DEFAULT_TOP)
    }

    /// The prefix of the added columns.
    pub fn prefix(&self, args: &OutputArgs) -> String {
        args.prefix.clone().or_else(|| self.prefix.clone()).unwrap_or_default()
    }
}

/// How a run runs, resolved.
#[derive(Debug, Clone)]
pub struct Running {
    /// The device that was asked for.
    pub device: DeviceChoice,
    /// Worker threads.
    pub threads: usize,
    /// Rows aimed at in a batch.
    pub batch_rows: usize,
    /// Say nothing but errors and data.
    pub quiet: bool,
    /// Say how the work is planned.
    pub verbose: bool,
}

impl Running {
    /// On the CPU, for what only reads.
    pub fn reading(asked: Option<usize>, quiet: bool) -> Result<Self> {
        let threads = threads(asked)?;
        Ok(Self { device: DeviceChoice::Cpu, threads, batch_rows: DEFAULT_BATCH_ROWS, quiet, verbose: false })
    }
}

/// Threads asked for, or one a core.
pub fn threads(asked: Option<usize>) -> Result<usize> {
    match asked {
        Some(n) if !(1..=1024).contains(&n) => {
            Err(Error::parameter("--threads", n, "it must lie between 1 and 1,024; leave it out for one a core"))
        }
        Some(n) => Ok(n),
        None => Ok(std::thread::available_parallelism().map_or(1, usize::from)),
    }
}

fn delimiter(text: &str) -> Result<u8> {
    match text.as_bytes() {
        b"tab" | b"\\t" => Ok(b'\t'),
        &[byte]
            if byte == b'\t' || (byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"\"\r\n.-+".contains(&byte)) =>
        {
            Ok(byte)
        }
        _ => Err(Error::parameter(
            "--delimiter",
            text,
            "it must be one ASCII character that no number, word or quote has, or the word tab",
        )),
    }
}

fn column_names(text: &str) -> Result<Vec<String>> {
    if let Some(names) = preset(text) {
        return Ok(names.iter().map(|&n| n.to_owned()).collect());
    }
    let names: Vec<String> = text.split(',').map(|n| n.trim().to_owned()).collect();
    match names.iter().any(String::is_empty) {
        true => Err(Error::parameter("--columns", text, "it must be names separated by commas, or the preset nsl-kdd")),
        false => Ok(names),
    }
}
