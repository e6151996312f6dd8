//! `oddflow evaluate`: how well a model finds what labels tell.

mod curves;
mod output;

use super::Done;
use super::args::Evaluate;
use super::look::look;
use super::outputs::{check_distinct, check_output};
use super::run::Session;
use super::scoring::{known_types, label};
use super::settings::Config;
use super::summary;
use crate::detectors::{Assessed, Resampling, Threshold, ThresholdRule};
use crate::features::RoleOverrides;
use crate::flows::source::Input;
use crate::model::Model;
use crate::pipeline::{Assess, Pass, Rival, ScoreOptions, ScoreReport};
use crate::{Error, Result};
use arrow_schema::DataType;
use curves::CurvesOutput;
use std::path::Path;
use std::sync::Arc;

/// Most replicates: more tell nothing that fewer do not.
const MOST_REPLICATES: usize = 100_000;
/// Names of columns that tell kinds of anomalies, letters and digits only; the first that is there is taken.
const KIND_NAMES: [&str; 7] =
    ["detailedlabel", "attack", "attacktype", "attackcat", "attackcategory", "attackname", "attacklabel"];

/// What was evaluated.
struct Evaluated<'a> {
    args: &'a Evaluate,
    model: &'a Model,
    rival: Option<&'a Model>,
    input: &'a Input,
    label: String,
    kind: Option<String>,
    report: ScoreReport,
    assessed: Assessed,
}

pub fn run(args: &Evaluate) -> Result<Done> {
    let config = Config::load(args.run.config.as_deref())?;
    if args.bootstrap > MOST_REPLICATES {
        return Err(Error::parameter("--bootstrap", args.bootstrap, "it must be at most 100,000"));
    }
    let rule = config.rule(&args.verdict)?;
    let session = Session::start(config.running(&args.run)?)?;
    let model = load(&args.model, rule)?;
    let rival = args.compare.as_deref().map(|path| load(path, rule)).transpose()?;
    summary::model_title(&session, &model, &args.model, &model.digest()?);
    let mut options = config.input(&args.input, &session.running)?;
    options.known_types = known_types(&model);
    let by_windows = [Some(&model), rival.as_ref()].iter().flatten().any(|model| model.flows.is_some());
    let mut input = session.open(&args.input, &options, by_windows || rival.is_some())?;
    let curves = args.curves.iter().map(|text| CurvesOutput::parse(text)).collect::<Result<Vec<_>>>()?;
    let paths = || curves.iter().filter_map(CurvesOutput::path);
    paths().try_for_each(|path| check_output("--curves", path, &input))?;
    for model in [("-m", Some(args.model.as_path())), ("--compare", args.compare.as_deref())] {
        let all: Vec<_> = std::iter::once(model).chain(paths().map(|path| ("--curves", Some(path)))).collect();
        check_distinct(&all)?;
    }
    let label = label_of(args, &input, &model, rival.as_ref())?;
    let kind = kind_of(args, &input, &label)?;
    let asked = Asked { args, session: &session, label: &label, kind: kind.as_deref() };
    let mut report = asked.scored(&model, rival.as_ref(), &mut input)?;
    summary::records(&session, &report.tally, &input);
    let how = Resampling { replicates: args.bootstrap, seed: args.seed };
    let assessed = report.assessment.take().unwrap_or_default().finish(how);
    if assessed.measures.positives + assessed.measures.negatives == 0 {
        return Err(Error::Schema(format!("column `{label}` says of no record whether it is an anomaly")));
    }
    let clean = report.tally.n_rejected() == 0 && input.damages().is_empty();
    let rival = rival.as_ref();
    let evaluated = Evaluated { args, model: &model, rival, input: &input, label, kind, report, assessed };
    curves.iter().try_for_each(|output| output.write(&evaluated, &session))?;
    if args.json {
        output::print_json(&evaluated)?
    } else {
        output::print(&evaluated, &session)?
    }
    Ok(if clean { Done::Clean } else { Done::WithRejects })
}

fn load(path: &Path, rule: Option<ThresholdRule>) -> Result<Model> {
    let mut model = Model::load(path)?;
    if let Some(rule) = rule {
        model.threshold = Threshold::resolve_from_severity(rule, &model.severity)?;
    }
    Ok(model)
}

/// The column with the truth, which no model may have looked at.
fn label_of(args: &Evaluate, input: &Input, model: &Model, rival: Option<&Model>) -> Result<String> {
    let names = || input.schema.fields().iter().map(|f| format!("`{}`", f.name())).collect::<Vec<_>>().join(", ");
    let found = match &args.label {
        Some(name) => input.schema.field_with_name(name).is_ok().then(|| name.clone()),
        None => label(model, input, &RoleOverrides::new()),
    };
    let Some(found) = found else {
        return Err(match &args.label {
            Some(name) => {
                Error::parameter("--label", name, format!("the input has no such column; it has {}", names()))
            }
            None => Error::Schema(format!(
                "no column is known to tell which rows are anomalous; name one with --label: {}",
                names()
            )),
        });
    };
    // Features of flow logs are made from the record, never from columns beside it.
    let looks_at = |model: &&Model| {
        model.flows.is_none() && model.features.columns().iter().any(|c| c.name == found && c.n_features > 0)
    };
    if [Some(model), rival].into_iter().flatten().any(|model| looks_at(&model)) {
        let limit =
            "it is a feature of the model, which has seen what it is measured by; fit with the role `label` for it";
        return Err(Error::parameter("--label", &found, limit));
    }
    Ok(found)
}

/// The column with the names of kinds.
fn kind_of(args: &Evaluate, input: &Input, label: &str) -> Result<Option<String>> {
    if let Some(name) = &args.kind {
        return match input.schema.field_with_name(name) {
            Ok(_) => Ok(Some(name.clone())),
            Err(_) => Err(Error::parameter("--kind", name, "the input has no such column")),
        };
    }
    let is_text = |kind: &DataType| match kind {
        DataType::Dictionary(_, values) => matches!(**values, DataType::Utf8 | DataType::LargeUtf8),
        other => matches!(other, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View),
    };
    let compact = |name: &str| name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let texts = || input.schema.fields().iter().filter(|f| is_text(f.data_type())).map(|f| f.name());
    let named = KIND_NAMES.iter().find_map(|kind| texts().find(|name| compact(name) == **kind));
    Ok(named.or_else(|| texts().find(|name| *name == label)).cloned())
}

/// How scores are asked for.
struct Asked<'a> {
    args: &'a Evaluate,
    session: &'a Session,
    label: &'a str,
    kind: Option<&'a str>,
}

impl Asked<'_> {
    /// Scores the input with the other model, if there is one, then with the model. An input with a column that turns out wider
    /// than its type is read again from the beginning.
    fn scored(&self, model: &Model, rival: Option<&Model>, input: &mut Input) -> Result<ScoreReport> {
        self.session.settled(input, |input| {
            let mut assess = Assess { kind: self.kind.map(str::to_owned), rival: None, seed: self.args.seed };
            if let Some(rival) = rival {
                let Pass::Done(report) = self.pass(rival, input, None)? else { return Ok(Pass::ReadAgain) };
                let scores = report.scores.ok_or_else(|| Error::Internal("scores were not kept".into()))?;
                assess.rival = Some(Rival { scores: Arc::new(scores), threshold: rival.threshold });
            }
            self.pass(model, input, Some(assess))
        })
    }

    fn pass(&self, model: &Model, input: &Input, assess: Option<Assess>) -> Result<Pass<ScoreReport>> {
        look(self.session, model, input, |options| ScoreOptions {
            label: Some(self.label.to_owned()),
            keep_scores: assess.is_none(),
            assess,
            ..options
        })
    }
}
