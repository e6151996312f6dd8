//! The summary of a run, on stderr.

use super::found::Found;
use super::run::Session;
use super::talk::{bytes, count, percent, plural, seconds};
use crate::detectors::{Detector, OneClassSvm, Quality, SvmSolver, ThresholdRule};
use crate::features::{FeaturePlan, Role};
use crate::flows::sink::part_path;
use crate::flows::source::{Input, LEFT_OUT};
use crate::model::Model;
use crate::pipeline::{FitOptions, FitReport, ScoreOptions, ScoreReport, Tally};
use std::path::Path;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The first line of a run that fits.
pub fn title(session: &Session, options: &FitOptions) {
    session.talk.line("oddflow", &format!("{VERSION}   {}   {}", options.detector, session.device.describe()));
}

/// The first line of a run with a saved model.
pub fn model_title(session: &Session, model: &Model, path: &Path, digest: &str) {
    let text = format!(
        "{VERSION}   {} from {} ({})   {}",
        model.detector.params(),
        path.display(),
        digest.get(..12).unwrap_or(digest),
        session.device.describe()
    );
    session.talk.line("oddflow", &text);
}

/// How many features there are, of how many columns: the log's own, or those that are `derived` from it; and what is to be
/// said of them, where that was not said when they were fitted.
pub fn features(session: &Session, plan: &FeaturePlan, derived: bool, with_notes: bool) {
    let used = plan.columns().iter().filter(|c| matches!(c.role, Role::Numeric | Role::Categorical)).count();
    let of = match derived {
        true => plural(used, "derived column"),
        false => format!("{used} of {}", plural(plan.columns().len(), "column")),
    };
    session.talk.line("features", &format!("{} from {of}", count(plan.n_features() as u64)));
    if with_notes {
        session.talk.lines("", plan.notes().iter().map(String::as_str));
    }
}

/// What was fitted, on what.
pub fn fitted(session: &Session, fitted: &FitReport) {
    let FitReport { model, stages, flips, .. } = fitted;
    features(session, &model.features, model.flows.is_some(), true);
    model.detector.parts().iter().for_each(|part| part_fitted(session, part));
    if let Some(flips) = flips {
        let rows = plural(model.provenance.rows_sampled, "training row");
        let text = format!("support vectors in f16 turn the verdict of {} of {rows}", count(*flips));
        session.talk.line("storage", &text);
    }
    let provenance = &model.provenance;
    let capped = fitted.cap.map_or(String::new(), |cap| format!(", at most {cap} per conversation and state"));
    session.talk.line(
        "fit on",
        &format!(
            "{} of {}{capped}, drawn by seed {}   {}",
            count(provenance.rows_sampled),
            plural(provenance.rows_read, "row"),
            provenance.seed,
            seconds(stages.wall)
        ),
    );
}

/// What is to be said of a detector, or of a member of an ensemble.
fn part_fitted(session: &Session, part: &Detector) {
    if let (Some((n_references, used)), Some(asked)) = (part.neighborhood(), part.params().n_neighbors())
        && used < asked
    {
        let text = format!("{used} instead of {asked}: there are only {} rows", count(n_references as u64));
        session.talk.line("neighbors", &text);
    }
    if let Detector::OneClassSvm(machine) = part {
        match machine.has_converged() {
            true => session.talk.line("solver", &solved(machine)),
            false => session.talk.warning("solver", &solved(machine)),
        }
    }
}

/// How the problem of a support vector machine was solved, and how well.
fn solved(machine: &OneClassSvm) -> String {
    let (report, params) = (machine.report(), machine.params());
    let vectors = match report.n_landmarks {
        0 => format!("exact, {}", plural(report.n_support, "support vector")),
        n => {
            let chosen = match params.solver {
                SvmSolver::Auto => {
                    format!(
                        " (--solver exact would keep at least {})",
                        plural((params.nu * report.n_rows as f64) as u64, "vector")
                    )
                }
                _ => String::new(),
            };
            let (solved, rows) = (count(report.n_solved as u64), plural(report.n_rows, "row"));
            format!("nystroem, {} for {solved} of {rows}{chosen}", plural(n, "landmark"))
        }
    };
    let sets = plural(report.n_iterations, "working set");
    match machine.has_converged() {
        true => format!("{vectors}; {sets}, gap {:.1e}", report.gap),
        false => format!(
            "{vectors}; NOT CONVERGED: gap {:.1e} after {sets}, asked for {:.0e}; give a larger --tolerance",
            report.gap, params.tolerance
        ),
    }
}

/// How rows will be scored, for those who asked.
pub fn neighborhood(session: &Session, model: &Model) {
    for (n_references, n_neighbors) in model.detector.parts().iter().filter_map(Detector::neighborhood) {
        let references = plural(n_references, "reference");
        session.detail("plan", &format!("each row's {n_neighbors} nearest of {references}, no list kept"));
    }
}

/// What was read.
pub fn records(session: &Session, tally: &Tally, input: &Input) {
    session.talk.line("records", &format!("{} read   {}", count(tally.records), tally.rejected_in_words()));
    let recoded = input.recoded_lines();
    if recoded > 0 {
        session.talk.line("", &format!("{} not in UTF-8, read as Windows-1252", plural(recoded, "line")));
    }
    let (left_out, passed): (Vec<_>, Vec<_>) = input.passed_over().into_iter().partition(|(kind, _)| kind == LEFT_OUT);
    left_out.iter().for_each(|(kind, n)| session.talk.line("", &format!("{} {kind}", count(*n))));
    if !passed.is_empty() {
        let parts: Vec<String> = passed.iter().map(|(kind, n)| format!("{kind} {}", count(*n))).collect();
        session.talk.line("", &format!("records that are no flows, passed over: {}", parts.join(", ")));
    }
    let unknown = input.unknown_keys();
    if !unknown.is_empty() {
        let parts: Vec<String> = unknown.iter().map(|(key, n)| format!("{key} {}", count(*n))).collect();
        session.talk.line("", &format!("JSON keys that are no columns (first met late): {}", parts.join(", ")));
    }
    let damages = input.damages();
    for damage in &damages {
        session.talk.line(
            "damaged",
            &format!("{}: {} kept before the damage: {}", damage.file, plural(damage.records, "record"), damage.reason),
        );
    }
}

/// Where rejected records are, or how to keep them.
pub fn rejected(session: &Session, tally: &Tally, kept: Option<&Path>) {
    if tally.n_rejected() > 0 {
        let text = match kept {
            Some(path) => format!("rejected records, with reasons: {}", path.display()),
            None => "--rejected FILE.ndjson keeps rejected records, with reasons".to_owned(),
        };
        session.talk.line("", &text);
    }
}

/// What scoring found.
pub fn scored(session: &Session, model: &Model, report: &ScoreReport, options: &ScoreOptions, found: Option<&Found>) {
    let rows = report.tally.rows - report.superseded - report.of_baseline;
    let rate = if report.stages.wall > 0.0 { rows as f64 / report.stages.wall } else { 0.0 };
    session.talk.line(
        "scored",
        &format!("{} in {}   {} rows/s", plural(rows, "row"), seconds(report.stages.wall), count(rate as u64)),
    );
    if report.of_baseline > 0 {
        session.talk.line("", &format!("{} of the baseline, not scored", plural(report.of_baseline, "row")));
    }
    match found {
        Some(found) => found.summary(session, report),
        None => flagged(session, model, report),
    }
    if report.imputed > 0 {
        session.talk.line("imputed", &plural(report.imputed, "missing value"));
    }
    if !report.unseen.is_empty() {
        let parts: Vec<String> = report.unseen.iter().map(|(name, n)| format!("{name} {}", count(*n))).collect();
        session.talk.line("unseen", &format!("categories the model was not fitted on: {}", parts.join(", ")));
    }
    if let (Some(quality), Some(label)) = (&report.quality, &options.label)
        && quality.positives + quality.negatives > 0
    {
        session.talk.line("labels", &format!("{label}: {}", in_words(quality)));
        session.talk.lines("warning", one_kind(label, quality.positives, quality.negatives).as_deref());
    }
}

fn flagged(session: &Session, model: &Model, report: &ScoreReport) {
    let asked = match model.threshold.rule {
        ThresholdRule::Contamination(share) => format!("   ({} of the training rows asked)", percent(share)),
        rule => format!("   ({rule})"),
    };
    session.talk.line(
        "flagged",
        &format!(
            "{}, {}, with a score above {:.4}{asked}",
            plural(report.n_anomalies, "row"),
            percent(report.share_of_anomalies()),
            model.threshold.score
        ),
    );
}

/// What is said where one of the two kinds of rows is missing: most measures are then undefined.
pub fn one_kind(label: &str, positives: u64, negatives: u64) -> Option<String> {
    let (missing, way) = match (positives, negatives) {
        (0, 0) => return None,
        (0, _) => ("anomalous: how well anomalies are found cannot be measured", ""),
        (_, 0) => (
            "normal: every number but 0 is taken for an anomaly",
            " (where 1 means normal and -1 an anomaly, as in scikit-learn, write 0 and 1)",
        ),
        _ => return None,
    };
    Some(format!("column `{label}` calls no row {missing}{way}; name another column, or give rows of both kinds"))
}

/// `AUROC 0.953, average precision 0.771; at the verdict: precision 0.812, recall 0.590, F1 0.683`.
fn in_words(quality: &Quality) -> String {
    let show = |x: Option<f64>| x.map_or("undefined".to_owned(), |x| format!("{x:.4}"));
    format!(
        "AUROC {}, average precision {}; at the verdict: precision {}, recall {}, F1 {}; {} of {} {} anomalous",
        show(quality.auroc),
        show(quality.average_precision),
        show(quality.precision),
        show(quality.recall),
        show(quality.f1),
        count(quality.positives),
        plural(quality.positives + quality.negatives, "row"),
        if quality.positives == 1 { "is" } else { "are" }
    )
}

/// The names of an output's files.
fn parts(output: &Path, n: u64) -> String {
    let part = |number| part_path(output, number).display().to_string();
    match n {
        0 if !output.exists() => format!("no part of {}", output.display()),
        0 => output.display().to_string(),
        1 => part(1),
        n => format!("{} to {}", part(1), part(n)),
    }
}

/// What was written.
pub fn wrote(session: &Session, report: &ScoreReport, output: &Path, model: Option<&Path>, manifest: &Path) {
    let Some(written) = &report.written else { return };
    let model = model.map(|m| format!("{}, ", m.display())).unwrap_or_default();
    session.talk.line(
        "wrote",
        &format!(
            "{} ({}, {}), {model}{}",
            parts(output, written.parts),
            plural(written.rows, "row"),
            bytes(written.bytes),
            manifest.display()
        ),
    );
}
