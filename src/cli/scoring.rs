//! What all commands that score have in common: how they were asked, the passes, the end.

use super::args::OutputArgs;
use super::found::{Found, Grouping, Next};
use super::outputs::{create_sink, is_staged};
use super::run::{Session, total_bytes};
use super::settings::Config;
use super::talk::plural;
use super::{Done, summary, table};
use crate::features::windows::WindowOptions;
use crate::features::{ColumnRole, ColumnSummary, Role, RoleOverrides, infer_roles, label_column};
use crate::flows::sink::{OutputFormat, Target};
use crate::flows::source::Input;
use crate::model::{Model, OutputColumns, OutputPlan};
use crate::pipeline::{
    EventPlan, Explain, FlowLogs, FlowReader, FlowScoring, MANIFEST_ROWS, Manifest, Pass, RunFacts, ScoreOptions,
    ScoreReport, manifest_path,
};
use crate::{Error, Result};
use arrow_array::RecordBatch;
use arrow_schema::DataType;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// How a scoring run was asked to score.
pub struct Scoring {
    /// What to write and keep.
    pub options: ScoreOptions,
    columns: OutputColumns,
    /// Where rejected records are kept.
    rejected: Option<PathBuf>,
    /// Whether it was said which column is the label.
    label_is_given: bool,
}

impl Scoring {
    /// From the flags and the model.
    pub fn new(
        args: &OutputArgs,
        config: &Config,
        session: &Session,
        model: &Model,
        input: &Input,
        findings: bool,
    ) -> Result<Self> {
        let explain = args.explain.as_deref().map(str::parse::<Explain>).transpose()?;
        if explain.is_some() && findings && args.output.is_none() {
            let limit =
                "the reasons of rows in findings are a column of the output: give -o OUT, or use `oddflow explain`";
            return Err(Error::parameter("--explain", "given", limit));
        }
        let columns = OutputColumns {
            prefix: config.prefix(args),
            scores_only: args.scores_only,
            findings,
            reasons: explain.is_some(),
        };
        let output = OutputPlan::new(&input.schema, &columns)?;
        if args.output.is_some() && args.format.is_none() && !output.replaced().is_empty() {
            let names = output.replaced().join(", ");
            session.talk.line("replaced", &format!("the input's own {names} (--prefix keeps them)"));
        }
        let options = ScoreOptions {
            only_anomalies: args.only_anomalies,
            top: config.top(args),
            label: label(model, input, &RoleOverrides::new()),
            // It is for the manifest, which stands beside an output.
            drift_rows: if args.output.is_some() { MANIFEST_ROWS } else { 0 },
            explain,
            ..ScoreOptions::new(output, session.running.batch_rows)
        };
        let is_label = |name: &str| config.roles().get(name) == Some(&Role::Label);
        let label_is_given = options.label.as_deref().is_some_and(is_label);
        Ok(Self { options, columns, rejected: args.rejected.clone(), label_is_given })
    }

    /// Scores the input; output and side file appear under their names. An input with a column that turns out wider
    /// than its type is read again, unless part of the output is out already.
    pub fn run(
        &mut self,
        args: &OutputArgs,
        session: &Session,
        model: &Model,
        input: &mut Input,
        target: Option<&Target>,
    ) -> Result<ScoreReport> {
        // Columns that the model misses are said before anything is written, even a header on stdout.
        if model.flows.is_none() {
            model.features.bind(&input.schema)?;
        }
        let output_is_staged = target.is_none_or(|target| target.path.as_deref().is_some_and(is_staged));
        self.options.may_read_again = output_is_staged && args.rejected.as_deref().is_none_or(is_staged);
        summary::neighborhood(session, model);
        session.keeping_rejects(args.rejected.as_deref(), input, |input, rejects| {
            self.options.output = OutputPlan::new(&input.schema, &self.columns)?;
            let sink = create_sink(args, target, self.options.output.schema())?;
            session.pass("score", total_bytes(input), |run| {
                crate::pipeline::score(model, input, &session.device, sink, &self.options, run, |file, record| {
                    rejects.keep(file, record)
                })
            })
        })
    }

    /// Scores the input, in findings if they are asked for.
    pub fn carry_out(
        &mut self,
        grouping: Option<Grouping>,
        args: &OutputArgs,
        session: &Session,
        model: &Model,
        input: &mut Input,
        target: Option<&Target>,
    ) -> Result<(ScoreReport, Option<Found>)> {
        let (mut report, found) = match grouping {
            None => (self.run(args, session, model, input, target)?, None),
            Some(grouping) => {
                let (report, found) = grouping.carry_out(args, self, session, model, input, target)?;
                (report, Some(found))
            }
        };
        // A column that was taken for labels and calls nothing anomalous (an EVE log without alerts) tells nothing.
        report.quality = report.quality.filter(|quality| self.label_is_given || quality.positives > 0);
        Ok((report, found))
    }

    /// Scores the input and writes nothing.
    pub fn look(&self, session: &Session, model: &Model, input: &Input) -> Result<ScoreReport> {
        let options = ScoreOptions { drift_rows: 0, ..self.options.clone() };
        let pass = session.pass("score", total_bytes(input), |run| {
            crate::pipeline::score(model, input, &session.device, None, &options, run, |_, _| Ok(()))
        })?;
        match pass {
            Pass::Done(report) => Ok(report),
            Pass::ReadAgain => Err(Error::Internal("a pass that may not be given up was".into())),
        }
    }

    /// What is known of the run before it ends.
    pub fn facts(&self, session: &Session) -> RunFacts {
        RunFacts { device: session.device.describe(), threads: session.running.threads, ..RunFacts::default() }
    }
}

/// How rows become events, if the target takes events.
pub fn events(target: Option<&Target>, model: &Model, digest: &str, input: &Input) -> Result<Option<Arc<EventPlan>>> {
    let Some(OutputFormat::Events(format)) = target.map(|target| target.format) else { return Ok(None) };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    EventPlan::new(format, model, digest.to_owned(), input, now).map(|plan| Some(Arc::new(plan)))
}

/// The logs as a model of flow logs needs them; `None` for any other model.
pub fn flow_logs(session: &Session, model: &Model, input: &Input) -> Result<Option<FlowScoring>> {
    let Some(features) = &model.flows else { return Ok(None) };
    let reader = FlowReader::new(input, features.reading(), features.set)?.ok_or_else(|| {
        let lack = match features.set.takes_tables() {
            true => "are those of no log or table of flows that is known",
            false => "tell no addresses and times",
        };
        Error::Schema(format!("the model was fitted on flow logs, and the input's columns {lack}"))
    })?;
    let windows = WindowOptions::default();
    let logs = session.pass("windows", total_bytes(input), |run| FlowLogs::gather(input, reader, &windows, run))?;
    Ok(Some(FlowScoring { logs: Arc::new(logs), features: features.clone(), counted: Arc::default() }))
}

/// The column with the truth: the best of the input's columns that the model knows as labels, or that are called so.
pub fn label(model: &Model, input: &Input, overrides: &RoleOverrides) -> Option<String> {
    let role = |c: &ColumnSummary| ColumnRole { name: c.name.clone(), role: c.role, reason: c.reason.clone() };
    let (known, unknown): (Vec<usize>, Vec<usize>) = (0..input.schema.fields().len())
        .partition(|&i| model.features.columns().iter().any(|c| c.name == *input.schema.field(i).name()));
    let known = known.iter().map(|&i| input.schema.field(i).name());
    let mut roles: Vec<ColumnRole> =
        known.filter_map(|n| model.features.columns().iter().find(|c| c.name == *n)).map(role).collect();
    // A clean baseline often has no labels; the names of columns that it did not have can still tell them.
    let rest = input.schema.project(&unknown).map(|schema| RecordBatch::new_empty(Arc::new(schema)));
    if let Ok(more) = rest.map_err(|e| Error::Schema(e.to_string())).and_then(|rows| infer_roles(&rows, overrides)) {
        roles.extend(more);
    }
    label_column(&roles).map(str::to_owned)
}

/// Types of text columns that the model has seen in full, so that the head of a file cannot mistake them.
pub fn known_types(model: &Model) -> Vec<(String, DataType)> {
    let known = |(name, kind): &(String, String)| {
        let kind = match kind.as_str() {
            "Int64" => DataType::Int64,
            "Float64" => DataType::Float64,
            "Utf8" => DataType::Utf8,
            "Boolean" => DataType::Boolean,
            _ => return None,
        };
        Some((name.clone(), kind))
    };
    model.provenance.column_types.iter().filter_map(known).collect()
}

/// Prints the summary and the table, writes the manifest.
pub fn finish(
    session: &Session,
    scoring: &Scoring,
    input: &Input,
    model: &Model,
    report: &ScoreReport,
    found: Option<&Found>,
    mut facts: RunFacts,
) -> Result<Done> {
    summary::records(session, &report.tally, input);
    summary::rejected(session, &report.tally, scoring.rejected.as_deref());
    summary::scored(session, model, report, &scoring.options, found);
    facts.findings = found.map(|found| found.facts(report, scoring.options.top));
    if scoring.options.events.is_some() && report.superseded > 0 {
        session
            .talk
            .line("events", &format!("none of {} that later records replace", plural(report.superseded, "row")));
    }
    if report.of_baseline > 0 && report.tally.rows == report.superseded + report.of_baseline {
        session.talk.warning("warning", "the span of --baseline covers all records: none is left to score");
    }
    facts.logs = scoring.options.flows.as_ref().map(|flows| Arc::clone(&flows.logs));
    facts.damages = input.damages();
    let done = match report.tally.n_rejected() == 0 && facts.damages.is_empty() {
        true => Done::Clean,
        false => Done::WithRejects,
    };
    if report.tally.rows == 0 && report.tally.n_rejected() > 0 {
        return Err(Error::NoInput(format!("no record could be used: {}", report.tally.rejected_in_words())));
    }
    let output = facts.output.clone();
    let new_model = facts.fit.and(facts.model_path.clone());
    // Before anything is printed: whoever reads that may have enough of it.
    if let Some(output) = &output {
        Manifest::new(facts, input, model, report).save(&manifest_path(output))?;
    }
    let prints = report.written.is_none() || output.is_some();
    match found {
        Some(found) if prints => found.print(scoring.options.top)?,
        Some(found) => found.say_faults(session),
        None if prints => table::print_top(&report.top, model, input)?,
        None => {}
    }
    if let Some(output) = &output {
        summary::wrote(session, report, output, new_model.as_deref(), &manifest_path(output));
    }
    if let Some(found) = found.filter(|_| prints) {
        let is_table = scoring.options.events.is_none() && !scoring.columns.scores_only;
        let next = match output.as_deref() {
            None => Next::Nothing,
            Some(_) if !is_table => Next::NoTable,
            Some(path) => Next::Table { path, records: input.files.iter().all(|file| file.name != "-") },
        };
        found.say_next(session, report, scoring.options.top, next);
    }
    Ok(done)
}
