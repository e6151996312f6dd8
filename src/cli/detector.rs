//! Which detector flags and configuration file ask for, and with what parameters.

use super::args::FitArgs;
use super::settings::Config;
use crate::detectors::{
    DetectorParams, EnsembleParams, IsolationForestParams, KnnDistance, LocalOutlierFactorParams,
    NearestNeighborsParams, OneClassSvmParams,
};
use crate::{Error, Result};

/// Rows a forest is fitted on. At 100,000 the 99.9th percentile of the training scores rests on a hundred rows.
const DEFAULT_FIT_ROWS: usize = 100_000;
/// Rows a detector of neighbours keeps. Time to score a row, time to fit and the model's size grow with them; at 50,000
/// the 99.9th percentile of the training scores rests on fifty rows.
const DEFAULT_REFERENCE_ROWS: usize = 50_000;

/// The detector that was chosen.
pub struct Chosen {
    /// Its parameters.
    pub params: DetectorParams,
    /// Rows to draw from the input.
    pub rows: usize,
    /// How the record of the options calls their number.
    pub rows_name: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Forest,
    Factor,
    Nearest,
    Machine,
}

/// An option, the detectors it belongs to, and what to do with others.
struct Belongs {
    option: &'static str,
    kinds: &'static [Kind],
    way_out: &'static str,
}

const ONLY_MACHINE: &str = "only ocsvm has it";

const BELONGS: [Belongs; 15] = [
    Belongs { option: "trees", kinds: &[Kind::Forest], way_out: "only iforest has trees" },
    Belongs { option: "sample-size", kinds: &[Kind::Forest], way_out: "only iforest has trees" },
    Belongs { option: "max-features", kinds: &[Kind::Forest], way_out: "only iforest has trees" },
    Belongs {
        option: "fit-rows",
        kinds: &[Kind::Forest, Kind::Machine],
        way_out: "lof and knn keep the rows they are fitted on: set their number by --reference-rows",
    },
    Belongs { option: "neighbors", kinds: &[Kind::Factor, Kind::Nearest], way_out: "only lof and knn have neighbors" },
    Belongs {
        option: "reference-rows",
        kinds: &[Kind::Factor, Kind::Nearest],
        way_out: "iforest and ocsvm keep no rows: set how many they are fitted on by --fit-rows",
    },
    Belongs { option: "distance", kinds: &[Kind::Nearest], way_out: "only knn scores by a distance" },
    Belongs {
        option: "memory",
        kinds: &[Kind::Factor, Kind::Nearest],
        way_out: "only lof and knn keep neighbors' lists",
    },
    Belongs { option: "nu", kinds: &[Kind::Machine], way_out: ONLY_MACHINE },
    Belongs { option: "gamma", kinds: &[Kind::Machine], way_out: ONLY_MACHINE },
    Belongs { option: "tolerance", kinds: &[Kind::Machine], way_out: ONLY_MACHINE },
    Belongs { option: "solver", kinds: &[Kind::Machine], way_out: ONLY_MACHINE },
    Belongs { option: "components", kinds: &[Kind::Machine], way_out: ONLY_MACHINE },
    Belongs { option: "cache", kinds: &[Kind::Machine], way_out: ONLY_MACHINE },
    Belongs { option: "storage", kinds: &[Kind::Machine], way_out: ONLY_MACHINE },
];

impl Belongs {
    /// Members of an ensemble are fitted on the same rows: where one keeps rows, their number is its.
    fn to(&self, kinds: &[Kind]) -> bool {
        let mut belongs = kinds.iter().map(|kind| self.kinds.contains(kind));
        if self.option == "fit-rows" { belongs.all(|belongs| belongs) } else { belongs.any(|belongs| belongs) }
    }
}

impl Kind {
    /// The kinds of `iforest`, or of an ensemble: `iforest,lof`.
    fn all(names: &str) -> Result<Vec<Self>> {
        let mut kinds = Vec::new();
        for name in names.split(',').map(str::trim) {
            if name.is_empty() && names.contains(',') {
                let limit = "a name is missing before or behind a comma: name two or more, as in iforest,lof";
                return Err(Error::parameter("--detector", format!("`{names}`"), limit));
            }
            let kind = Self::of(name)?;
            if kinds.contains(&kind) {
                let limit = format!("{} is named twice, and may be a member of an ensemble once", kind.name());
                return Err(Error::parameter("--detector", format!("`{names}`"), limit));
            }
            kinds.push(kind);
        }
        Ok(kinds)
    }

    fn of(name: &str) -> Result<Self> {
        match name.replace('-', "_").as_str() {
            "iforest" | "isolation_forest" => Ok(Self::Forest),
            "lof" | "local_outlier_factor" => Ok(Self::Factor),
            "knn" | "nearest_neighbors" => Ok(Self::Nearest),
            "ocsvm" | "one_class_svm" => Ok(Self::Machine),
            _ => Err(Error::parameter(
                "--detector",
                name,
                "the detectors are: iforest, lof, knn, ocsvm; several are an ensemble: iforest,lof",
            )),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Forest => "iforest",
            Self::Factor => "lof",
            Self::Nearest => "knn",
            Self::Machine => "ocsvm",
        }
    }
}

/// The detector of the flags and the file. An option of another detector is an error, unless it stands in the file and
/// the command line names the detector: one file may then serve several.
pub fn choose(args: &FitArgs, config: &Config, seed: u64) -> Result<Chosen> {
    let kinds = Kind::all(args.detector.as_ref().or(config.detector.as_ref()).map_or("iforest", String::as_str))?;
    refuse_foreign(&kinds, "--", &given(args))?;
    if args.detector.is_none() {
        refuse_foreign(&kinds, "", &written(config))?;
    }
    let (rows, rows_name, option) = if kinds.iter().any(|kind| matches!(kind, Kind::Factor | Kind::Nearest)) {
        let rows = args.reference_rows.or(config.reference_rows).unwrap_or(DEFAULT_REFERENCE_ROWS);
        (rows, "reference_rows", "--reference-rows")
    } else {
        (args.fit_rows.or(config.fit_rows).unwrap_or(DEFAULT_FIT_ROWS), "fit_rows", "--fit-rows")
    };
    let params = all_params(&kinds, args, config, seed).map_err(in_option_names)?;
    let asked = params.n_neighbors().unwrap_or(0);
    match rows {
        0 if asked == 0 => Err(Error::parameter(option, 0, "at least 1 row is needed to fit on")),
        n if asked > 0 && n <= asked => Err(Error::parameter(
            option,
            n,
            match n {
                0 | 1 => "neighbors are other rows: at least 2 are needed, and more than --neighbors".to_owned(),
                _ => format!(
                    "neighbors are other rows, and {asked} are asked for: give more rows, or --neighbors below {n}"
                ),
            },
        )),
        _ => Ok(Chosen { params, rows, rows_name }),
    }
}

/// Of one detector, or of an ensemble.
fn all_params(kinds: &[Kind], args: &FitArgs, config: &Config, seed: u64) -> Result<DetectorParams> {
    match kinds {
        [kind] => params(*kind, args, config, seed),
        kinds => {
            let members = kinds.iter().map(|kind| params(*kind, args, config, seed)).collect::<Result<Vec<_>>>()?;
            EnsembleParams::new(members).map(DetectorParams::Ensemble)
        }
    }
}

fn params(kind: Kind, args: &FitArgs, config: &Config, seed: u64) -> Result<DetectorParams> {
    let n_neighbors = args.neighbors.or(config.neighbors);
    Ok(match kind {
        Kind::Forest => {
            let default = IsolationForestParams::default();
            let params = IsolationForestParams {
                n_trees: args.trees.or(config.trees).unwrap_or(default.n_trees),
                sample_size: args.sample_size.or(config.sample_size).unwrap_or(default.sample_size),
                max_features: args.max_features.or(config.max_features).unwrap_or(default.max_features),
                seed,
            };
            params.check()?;
            DetectorParams::IsolationForest(params)
        }
        Kind::Factor => {
            let default = LocalOutlierFactorParams::default();
            let params = LocalOutlierFactorParams { n_neighbors: n_neighbors.unwrap_or(default.n_neighbors) };
            params.check()?;
            DetectorParams::LocalOutlierFactor(params)
        }
        Kind::Nearest => {
            let default = NearestNeighborsParams::default();
            let distance = args.distance.as_ref().or(config.distance.as_ref());
            let params = NearestNeighborsParams {
                n_neighbors: n_neighbors.unwrap_or(default.n_neighbors),
                distance: distance.map_or(Ok(KnnDistance::default()), |text| text.parse())?,
            };
            params.check()?;
            DetectorParams::NearestNeighbors(params)
        }
        Kind::Machine => DetectorParams::OneClassSvm(machine(args, config, seed)?),
    })
}

fn machine(args: &FitArgs, config: &Config, seed: u64) -> Result<OneClassSvmParams> {
    let default = OneClassSvmParams::default();
    let gamma = args.gamma.as_ref().or(config.gamma.as_ref());
    let solver = args.solver.as_ref().or(config.solver.as_ref());
    let storage = args.storage.as_ref().or(config.storage.as_ref());
    let params = OneClassSvmParams {
        nu: args.nu.or(config.nu).unwrap_or(default.nu),
        gamma: gamma.map_or(Ok(default.gamma), |text| text.parse())?,
        tolerance: args.tolerance.or(config.tolerance).unwrap_or(default.tolerance),
        solver: solver.map_or(Ok(default.solver), |text| text.parse())?,
        n_components: args.components.or(config.components).unwrap_or(default.n_components),
        seed,
        storage: storage.map_or(Ok(default.storage), |text| text.parse())?,
    };
    params.check()?;
    Ok(params)
}

/// What the command line sets, in the order of [`BELONGS`].
fn given(args: &FitArgs) -> [bool; 15] {
    [
        args.trees.is_some(),
        args.sample_size.is_some(),
        args.max_features.is_some(),
        args.fit_rows.is_some(),
        args.neighbors.is_some(),
        args.reference_rows.is_some(),
        args.distance.is_some(),
        args.memory.is_some(),
        args.nu.is_some(),
        args.gamma.is_some(),
        args.tolerance.is_some(),
        args.solver.is_some(),
        args.components.is_some(),
        args.cache.is_some(),
        args.storage.is_some(),
    ]
}

/// What the configuration file sets, in the same order.
fn written(config: &Config) -> [bool; 15] {
    [
        config.trees.is_some(),
        config.sample_size.is_some(),
        config.max_features.is_some(),
        config.fit_rows.is_some(),
        config.neighbors.is_some(),
        config.reference_rows.is_some(),
        config.distance.is_some(),
        config.memory.is_some(),
        config.nu.is_some(),
        config.gamma.is_some(),
        config.tolerance.is_some(),
        config.solver.is_some(),
        config.components.is_some(),
        config.cache.is_some(),
        config.storage.is_some(),
    ]
}

fn refuse_foreign(kinds: &[Kind], prefix: &str, set: &[bool; 15]) -> Result<()> {
    let foreign = BELONGS.iter().zip(set).find(|(belongs, set)| **set && !belongs.to(kinds));
    let Some((belongs, _)) = foreign else { return Ok(()) };
    let option = match prefix {
        "" => belongs.option.replace('-', "_"),
        _ => format!("{prefix}{}", belongs.option),
    };
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    Err(Error::parameter(option, format!("given for the detector {}", names.join(",")), belongs.way_out))
}

/// `500M`, `2G`, `2GiB`: a number of bytes for an option; K, M, G and T are powers of 1,024.
pub fn size(option: &str, text: &str) -> Result<u64> {
    let wrong = || {
        Error::parameter(
            option,
            format!("`{text}`"),
            "it must be a size such as 500M or 2G (powers of 1,024), at least 1M",
        )
    };
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits).ok_or_else(wrong)?;
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let power = match unit.trim().to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 1,
        "M" | "MB" | "MIB" => 2,
        "G" | "GB" | "GIB" => 3,
        "T" | "TB" | "TIB" => 4,
        _ => return Err(wrong()),
    };
    let bytes = number * 1024f64.powi(power);
    match bytes {
        _ if bytes < f64::from(1 << 20) => Err(wrong()),
        _ if bytes > 1e18 => Err(Error::parameter(option, format!("`{text}`"), "no machine has so much: give less")),
        _ => Ok(bytes as u64),
    }
}

/// The library's parameter names as the options that set them.
fn in_option_names(error: Error) -> Error {
    match error {
        Error::Parameter { name, met, limit } => {
            let name = match name.as_str() {
                "n_trees" => "--trees".to_owned(),
                "sample_size" => "--sample-size".to_owned(),
                "max_features" => "--max-features".to_owned(),
                "n_neighbors" => "--neighbors".to_owned(),
                "n_components" => "--components".to_owned(),
                "distance" | "nu" | "gamma" | "tolerance" | "solver" | "storage" => format!("--{name}"),
                _ => name,
            };
            Error::Parameter { name, met, limit }
        }
        other => other,
    }
}
