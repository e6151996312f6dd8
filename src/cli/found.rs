//! Findings: rows of flow logs in groups, ranked, judged, printed.

use super::args::{FindingArgs, OutputArgs, VerdictArgs};
use super::run::Session;
use super::score::Scoring;
use super::settings::Config;
use super::table::terminal_width;
use super::talk::{count, percent, plural, say};
use crate::detectors::ThresholdRule;
use crate::findings::allow::{AllowList, Day, Rule, parse};
use crate::findings::table::{lines, shown};
use crate::findings::{
    Earlier, Fault, Finding, Flagged, Hint, Kind, Opinions, Ranked, Since, Surroundings, ToldFinding, Verdict, faults,
    hint, rank,
};
use crate::flows::sink::Target;
use crate::flows::source::Input;
use crate::model::Model;
use crate::pipeline::{
    AllowedFacts, FindingFacts, FlowFit, FlowScoring, RowVerdicts, RuleFacts, ScoreReport, ScoredLog,
};
use crate::{Error, Result};
use std::path::PathBuf;
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
pub struct Asked(Option<Grouping>);

impl Asked {
    /// From the flags: what is wrong with them is said before anything is read.
    pub fn new(args: &FindingArgs, verdict: &VerdictArgs, config: &Config) -> Result<Self> {
        Grouping::new(args, verdict, config).map(Self)
    }

    /// Whether rows are grouped: not where the input is no log of flows, or is taken as a table. The earlier output that
    /// findings are to be compared with is read here.
    pub fn checked(self, are_flows: bool, args: &FindingArgs, session: &Session) -> Result<Option<Grouping>> {
        if are_flows {
            let since = args.since.as_deref().map(|earlier| read_earlier(earlier, session)).transpose()?;
            return Ok(self.0.map(|grouping| Grouping { since, ..grouping }));
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
        let rule = config.rule(verdict)?;
        let asked = match (rule, config.alerts(args)) {
            (Some(ThresholdRule::Contamination(share)), _) => Verdict::Contamination(share),
            (_, Some(text)) => text.parse()?,
            (_, None) => Verdict::default(),
        };
        let by_row = rule.filter(|rule| !matches!(rule, ThresholdRule::Contamination(_)));
        let rules = match &args.allow {
            None => Vec::new(),
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| Error::io(path, error))?;
                parse(&path.display().to_string(), &text)?
            }
        };
        let allow = AllowList::new(rules, Some(Day::today()));
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
        let grouped = report.collected.take().unwrap_or_default().finish();
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
        let faults = faults(&grouped);
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
        let since = self.since.map(|earlier| earlier.compare(verdicts.grouped.findings(), verdicts.grouped.days()));
        Ok((report, Found { verdicts, ranked, flagged, asked, faults, since, allow_file: self.allow_file }))
    }
}

impl Found {
    /// What was flagged, on stderr.
    pub fn summary(&self, session: &Session, report: &ScoreReport) {
        let Flagged { findings, rows, .. } = self.flagged;
        let text = format!(
            "{}, {} ({} and {} a day; {} asked)",
            plural(findings as u64, "finding"),
            plural(rows, "flow"),
            count(self.flagged.findings_per_day().round() as u64),
            count(self.flagged.rows_per_day().round() as u64),
            self.asked,
        );
        session.talk.line("flagged", &text);
        if findings > 1 && findings == self.ranked.len() {
            let fewer = "none is told from the others; ask for fewer, such as --alerts 10/day";
            session.talk.line("warning", &format!("these are all findings that there are: {fewer}"));
        }
        self.say_allowed(session, &report.allowed);
        let told = self.faults.iter().filter(|fault| !matches!(fault, Fault::Contradiction(_)));
        let told: Vec<String> = told.map(|fault| fault.words(&self.verdicts.grouped)).collect();
        session.talk.lines("capture", told.iter().map(String::as_str));
    }

    /// What each rule allowed; which are no longer in force, which allow nothing.
    fn say_allowed(&self, session: &Session, hits: &[u64]) {
        let list = &self.verdicts.allowed;
        let expired: Vec<&Rule> = list.expired().collect();
        let line = |(rule, &n): (&Rule, &u64)| {
            let state = match n {
                _ if expired.contains(&rule) => "has expired".to_owned(),
                0 => "allows nothing that the rules before it do not".to_owned(),
                n => plural(n, "flow"),
            };
            format!("line {}, {}: {state}", rule.line, rule.reason)
        };
        let lines: Vec<String> = list.rules().iter().zip(hits).map(line).collect();
        session.talk.lines("allowed", lines.iter().map(String::as_str));
    }

    /// The table, on stdout.
    pub fn print(&self, top: usize) -> Result<()> {
        let grouped = &self.verdicts.grouped;
        let around = Surroundings::of(grouped);
        let data: Vec<usize> = self
            .faults
            .iter()
            .filter_map(|fault| if let Fault::Contradiction(at) = fault { Some(*at) } else { None })
            .collect();
        if self.ranked.is_empty() && data.is_empty() {
            return Ok(());
        }
        let mut shown = shown(grouped, &self.ranked, &data, top);
        let places = self.ranked.iter().map(|ranked| ranked.finding).take(top).chain(data.iter().copied());
        for (shown, at) in shown.iter_mut().zip(places) {
            shown.since = self.since_of(at);
            shown.hint = Some(hint(shown.finding, &around)).filter(|hint| *hint != Hint::Unclear);
        }
        lines(&shown, &around, grouped.names(), terminal_width()).iter().try_for_each(|line| say(line))
    }

    /// How a finding stands to the earlier output, where one was named.
    fn since_of(&self, finding: usize) -> Option<Since> {
        self.since.as_ref().and_then(|since| since.get(finding)).copied()
    }

    /// For the manifest.
    pub fn facts(&self, report: &ScoreReport, top: usize) -> FindingFacts {
        FindingFacts {
            findings: self.ranked.len() as u64,
            flagged: self.flagged.findings as u64,
            flows_flagged: self.flagged.rows,
            days: self.flagged.days,
            verdict: self.asked.clone(),
            faults: self.faults.iter().map(|fault| fault.words(&self.verdicts.grouped)).collect(),
            allowed: self.allow_file.clone().map(|file| AllowedFacts { file, rules: self.rules(&report.allowed) }),
            list: self.told(report, top),
        }
    }

    /// What each rule allowed.
    fn rules(&self, hits: &[u64]) -> Vec<RuleFacts> {
        let list = &self.verdicts.allowed;
        let expired: Vec<&Rule> = list.expired().collect();
        let facts = |(rule, &rows): (&Rule, &u64)| RuleFacts {
            line: rule.line,
            reason: rule.reason.clone(),
            rows,
            expired: expired.contains(&rule),
        };
        list.rules().iter().zip(hits).map(facts).collect()
    }

    /// The findings with anomalies and those that the table has, in the order of the ranking, and the faults of the capture.
    fn told(&self, report: &ScoreReport, top: usize) -> Vec<ToldFinding> {
        let grouped = &self.verdicts.grouped;
        let around = Surroundings::of(grouped);
        let is_odd = |at: usize| report.odd_findings.contains(&at);
        let told = |at: usize, ranked: Option<(u64, &Ranked)>| {
            let finding = grouped.findings().get(at)?;
            let told = ToldFinding::of(finding, ranked, &around, grouped.names(), ranked.is_some() && is_odd(at));
            Some(ToldFinding { since: self.since_of(at).map(|since| since.to_string()), ..told })
        };
        let kept = |(rank, ranked): &(u64, &Ranked)| *rank <= top as u64 || is_odd(ranked.finding);
        let ranked = (1..).zip(&self.ranked).filter(kept);
        let data = grouped.findings().iter().enumerate().filter(|(_, finding)| finding.subject.kind == Kind::Data);
        let ranked = ranked.filter_map(|(rank, ranked)| told(ranked.finding, Some((rank, ranked))));
        ranked.chain(data.filter_map(|(at, _)| told(at, None))).collect()
    }
}

/// What an earlier output found.
fn read_earlier(path: &str, session: &Session) -> Result<Earlier> {
    let earlier = ScoredLog::open(path, session.stop())?;
    let grouped = session.pass("since", None, |run| earlier.grouped(run))?;
    let subjects = grouped.findings().iter().map(|finding| (finding.subject.to_string(), finding.tally.flows));
    Ok(Earlier::new(subjects, grouped.days()))
}

/// Whether the input's rows can be grouped: they are flows, with addresses and times.
pub fn have_findings(flows: Option<&FlowScoring>) -> bool {
    flows.is_some_and(|flows| flows.logs.reader().tells_who_and_when())
}

/// What is said of flow logs once they are read.
///
/// `fit`: what is fitted on them, if anything is.
pub fn logs(session: &Session, input: &Input, flows: &FlowScoring, fit: Option<&FlowFit>) {
    let (logs, talk) = (&flows.logs, &session.talk);
    if !logs.reader().tells_who_and_when() {
        return;
    }
    let survey = &logs.survey;
    talk.lines("time", survey.time_line().as_deref());
    let beside =
        [survey.order_line().map(|line| format!("{line}: re-sorted")), logs.snapshots_line(), survey.faults_line()];
    talk.lines("", beside.iter().flatten().map(String::as_str));
    if let (Some(fit), true) = (fit, logs.share_of_ten > 0.5) {
        let what = match fit.cap {
            Some(cap) => format!("the fit's sample has at most {cap} of one conversation and state"),
            None => "verdicts may be turned round; --sample capped guards against it".to_owned(),
        };
        talk.line("warning", &format!("ten conversations hold {} of all flows; {what}", percent(logs.share_of_ten)));
    }
    let warnings = survey.warnings(input, &vec![None; input.files.len()]);
    talk.lines("warning", warnings.iter().map(String::as_str));
    if !logs.evictions().is_none() {
        talk.line("windows", "some were too full for their memory and are shorter; the manifest says how many");
    }
}
