//! Findings: rows of flow logs in groups, ranked, judged, printed.

mod logs;
mod told;

pub use logs::{logs, table};
pub use told::Next;

use super::args::{FindingArgs, OutputArgs, VerdictArgs};
use super::run::Session;
use super::scoring::Scoring;
use super::settings::Config;
use crate::detectors::ThresholdRule;
use crate::findings::allow::{AllowList, Day, parse};
use crate::findings::{Earlier, Fault, Finding, Flagged, Opinions, Ranked, Since, Verdict, faults, rank};
use crate::flows::sink::Target;
use crate::flows::source::Input;
use crate::model::Model;
use crate::pipeline::{FlowScoring, RowVerdicts, ScoreReport, ScoredLog, ToldRun};
use crate::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How findings were asked for.
pub struct Grouping {
    verdict: Verdict,
    /// Rows have the verdicts of this threshold, whatever their findings.
    by_row: Option<ThresholdRule>,
    allow: AllowList,
    allow_file: Option<PathBuf>,
    /// The output that findings are compared with.
    since: Option<Earlier>,
}

/// Findings as they were asked for, before it is known whether the input has any.
pub struct Asked {
    grouping: Option<Grouping>,
    /// The output that findings are compared with, once it is opened.
    since: Option<ScoredLog>,
}

impl Asked {
    /// From the flags: what is wrong with them is said before anything is read.
    pub fn new(args: &FindingArgs, verdict: &VerdictArgs, config: &Config) -> Result<Self> {
        Ok(Self { grouping: Grouping::new(args, verdict, config)?, since: None })
    }

    /// Opens the earlier output, so that one that is not there is not found out after a long fit.
    pub fn opened(self, args: &FindingArgs, session: &Session) -> Result<Self> {
        let since = args.since.as_deref().map(|earlier| ScoredLog::open(earlier, session.stop())).transpose()?;
        Ok(Self { since, ..self })
    }

    /// Whether rows are grouped: not where the input is no log of flows, or is taken as a table. The earlier output that
    /// findings are to be compared with is read here.
    pub fn checked(self, are_flows: bool, args: &FindingArgs, session: &Session) -> Result<Option<Grouping>> {
        if are_flows {
            let since = self.since.as_ref().zip(args.since.as_deref());
            let since = since.map(|(earlier, path)| read_earlier(earlier, path, session)).transpose()?;
            return Ok(self.grouping.map(|grouping| Grouping { since, ..grouping }));
        }
        let given =
            [("--alerts", args.alerts.is_some()), ("--allow", args.allow.is_some()), ("--since", args.since.is_some())];
        match given.into_iter().find(|(_, given)| *given) {
            None => Ok(None),
            Some((name, _)) => {
                let limit = "it is for findings, which are made of logs with addresses and times (Zeek, Suricata EVE, Argus), and not \
                             where they are taken as a table (--features columns, or roles in the configuration)";
                Err(Error::parameter(name, "given", limit))
            }
        }
    }
}

/// What was found.
pub struct Found {
    verdicts: Arc<RowVerdicts>,
    ranked: Vec<Ranked>,
    flagged: Flagged,
    /// How many were asked for.
    asked: String,
    faults: Vec<Fault>,
    /// How each finding stands to the earlier output, where one was named.
    since: Option<Vec<Since>>,
    allow_file: Option<PathBuf>,
}

impl Grouping {
    /// From the flags; `None` where rows are judged by themselves.
    fn new(args: &FindingArgs, verdict: &VerdictArgs, config: &Config) -> Result<Option<Self>> {
        match config.group(args) {
            None | Some("auto") => {}
            Some("none") => {
                let given = [
                    ("--alerts", args.alerts.is_some()),
                    ("--allow", args.allow.is_some()),
                    ("--since", args.since.is_some()),
                ];
                if let Some((met, _)) = given.into_iter().find(|(_, given)| *given) {
                    return Err(Error::parameter(met, "given", "it is for findings; leave out --group none"));
                }
                return Ok(None);
            }
            Some(other) => return Err(Error::parameter("--group", other, "it must be auto or none")),
        }
        // What stands on the command line wins: a number of findings there overrides a threshold in the file.
        let is_given = verdict.threshold.is_some() || verdict.contamination.is_some();
        let rule = config.rule(verdict)?.filter(|_| is_given || args.alerts.is_none());
        let asked = match (rule, config.alerts(args)) {
            (Some(ThresholdRule::Contamination(share)), _) => Verdict::Contamination(share),
            (_, Some(text)) => text.parse()?,
            (_, None) => Verdict::default(),
        };
        let by_row = rule.filter(|rule| !matches!(rule, ThresholdRule::Contamination(_)));
        let allow = allow_list(args.allow.as_deref())?;
        Ok(Some(Self { verdict: asked, by_row, allow, allow_file: args.allow.clone(), since: None }))
    }

    /// Scores the input, groups its rows, and writes them with what was found.
    pub fn carry_out(
        self,
        args: &OutputArgs,
        scoring: &mut Scoring,
        session: &Session,
        model: &Model,
        input: &mut Input,
        target: Option<&Target>,
    ) -> Result<(ScoreReport, Found)> {
        scoring.options.collect = true;
        scoring.options.keep_scores = target.is_some();
        // The first pass writes nothing.
        let explain = scoring.options.explain.take();
        let mut report = scoring.look(session, model, input)?;
        scoring.options.explain = explain;
        let baseline = scoring.options.flows.as_ref().and_then(|flows| flows.logs.reader().baseline());
        let grouped = report.collected.take().unwrap_or_default().finish().without(baseline);
        let opinions = Opinions::ask(&grouped, model.provenance.seed, &session.device, session.stop())?;
        let allowed = self.allow.findings(&grouped);
        let is_allowed = |at: usize| allowed.get(at).copied().flatten().is_some();
        let ranked: Vec<Ranked> = rank(&grouped, &opinions)?.into_iter().filter(|r| !is_allowed(r.finding)).collect();
        let in_order: Vec<&Finding> = ranked.iter().filter_map(|r| grouped.findings().get(r.finding)).collect();
        let mut flagged = self.verdict.of(&in_order, grouped.days());
        let mut is_flagged = vec![false; grouped.findings().len()];
        for ranked in ranked.iter().take(flagged.findings) {
            is_flagged.get_mut(ranked.finding).into_iter().for_each(|flag| *flag = true);
        }
        let zone = scoring.options.flows.as_ref().and_then(|flows| flows.logs.reader().assumed_zone());
        let faults = faults(&grouped, zone.unwrap_or_default());
        let verdicts =
            RowVerdicts { grouped, flagged: self.by_row.is_none().then_some(is_flagged), allowed: self.allow };
        let verdicts = Arc::new(verdicts);
        if target.is_some() {
            scoring.options.collect = false;
            scoring.options.keep_scores = false;
            scoring.options.scores = report.scores.take().map(Arc::new);
        }
        scoring.options.verdicts = Some(Arc::clone(&verdicts));
        // Without an output the second pass is there where rows have to be looked at one by one.
        let by_rows = self.by_row.is_some() || !verdicts.allowed.rules().is_empty();
        let wanted = target.is_some() || scoring.options.label.is_some() || args.rejected.is_some() || by_rows;
        if wanted {
            let wall = report.stages.wall;
            report = scoring.run(args, session, model, input, target)?;
            report.stages.wall += wall;
            flagged = Flagged { findings: report.odd_findings.len(), rows: report.n_anomalies, ..flagged };
        } else {
            report.n_anomalies = flagged.rows;
        }
        let asked = self.by_row.map_or_else(|| self.verdict.to_string(), |rule| rule.to_string());
        let since = self.since.map(|earlier| earlier.compare(verdicts.grouped.findings(), verdicts.grouped.length()));
        Ok((report, Found { verdicts, ranked, flagged, asked, faults, since, allow_file: self.allow_file }))
    }
}

/// The rules of a file, as of today; none where no file is named.
pub fn allow_list(path: Option<&Path>) -> Result<AllowList> {
    let Some(path) = path else { return Ok(AllowList::default()) };
    let text = std::fs::read_to_string(path).map_err(|error| Error::io(path, error))?;
    Ok(AllowList::new(parse(&path.display().to_string(), &text)?, Some(Day::today())))
}

/// What an earlier output found. How long its logs were is in its manifest: it may hold only a part of their rows, or they had a baseline.
fn read_earlier(earlier: &ScoredLog, path: &str, session: &Session) -> Result<Earlier> {
    let told = ToldRun::beside(Path::new(path))?.and_then(|told| told.findings?.length);
    let grouped = session.pass("since", None, |run| earlier.grouped(run))?;
    let subjects = grouped.findings().iter().map(|finding| (finding.subject.to_string(), finding.tally.flows));
    Ok(Earlier::new(subjects, told.unwrap_or_else(|| grouped.length())))
}

/// Whether the input's rows can be grouped: they are flows, with addresses and times.
pub fn have_findings(flows: Option<&FlowScoring>) -> bool {
    flows.is_some_and(|flows| flows.logs.reader().tells_who_and_when())
}
