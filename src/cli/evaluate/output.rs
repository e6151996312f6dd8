//! What was measured: tables, JSON.

use super::Evaluated;
use crate::cli::run::Session;
use crate::cli::summary::one_kind;
use crate::cli::talk::{count, percent, plural, say};
use crate::detectors::{Comparison, Estimate, KindAssessed, Measures};
use crate::flows::sink::printable;
use crate::{Error, Result};
use comfy_table::{Cell, CellAlignment, Table, presets};

/// What each measure is called.
const NAMES: [&str; 6] = ["AUROC", "average precision", "precision at n", "precision", "recall", "F1"];

fn estimates(measures: &Measures) -> [Estimate; 6] {
    let Measures { auroc, average_precision, precision_at_n, precision, recall, f1, .. } = *measures;
    [auroc, average_precision, precision_at_n, precision, recall, f1]
}

/// The measures as tables.
pub fn print(evaluated: &Evaluated<'_>, session: &Session) -> Result<()> {
    let Evaluated { assessed, label, report, model, .. } = evaluated;
    let Measures { positives, negatives, called, .. } = assessed.measures;
    let rows = positives + negatives;
    let share = percent(positives as f64 / rows.max(1) as f64);
    session
        .talk
        .line("labels", &format!("{label}: {} of {}, {share}, anomalous", count(positives), plural(rows, "row")));
    let unlabelled = report.tally.rows.saturating_sub(report.superseded + rows);
    if unlabelled > 0 {
        session.talk.line("", &format!("{} without a label, left out", plural(unlabelled, "row")));
    }
    if let Some(warning) = one_kind(label, positives, negatives) {
        session.talk.warning("warning", &warning);
    }
    session.talk.line(
        "threshold",
        &format!(
            "score above {:.4} ({}): {} called anomalous",
            model.threshold.score,
            model.threshold.rule,
            plural(called, "row")
        ),
    );
    if let Some(bootstrap) = &assessed.bootstrap {
        let binned = if bootstrap.binned { ", nearly equal scores in bins" } else { "" };
        let times = plural(bootstrap.replicates, "replicate");
        session
            .talk
            .line("intervals", &format!("95 %, {times} of seed {}, {}{binned}", bootstrap.seed, bootstrap.method));
    }
    table(&["measure", "value", "95 % interval"], of_all(&assessed.measures))?;
    if !assessed.kinds.is_empty() {
        say("")?;
        let headings =
            ["kind", "rows", "AUROC", "95 % interval", "avg. precision", "95 % interval", "recall", "95 % interval"];
        table(&headings, assessed.kinds.iter().map(of_kind).collect())?;
    }
    match &assessed.comparison {
        None => Ok(()),
        Some(comparison) => print_comparison(evaluated, comparison),
    }
}

fn of_all(measures: &Measures) -> Vec<Vec<String>> {
    let line = |(name, estimate): (&&str, Estimate)| vec![(*name).to_owned(), value(estimate), interval(estimate)];
    NAMES.iter().zip(estimates(measures)).map(line).collect()
}

fn of_kind(kind: &KindAssessed) -> Vec<String> {
    let Measures { positives, auroc, average_precision, recall, .. } = kind.measures;
    let mut line = vec![printable(&kind.kind).chars().take(40).collect(), count(positives)];
    line.extend([auroc, average_precision, recall].into_iter().flat_map(|e| [value(e), interval(e)]));
    line
}

fn print_comparison(evaluated: &Evaluated<'_>, comparison: &Comparison) -> Result<()> {
    say("")?;
    let other = evaluated.args.compare.as_deref().unwrap_or(&evaluated.args.model);
    let drawn = match comparison.rows == comparison.of_rows {
        true => String::new(),
        false => format!(" ({} of {}, drawn by the seed)", count(comparison.rows), plural(comparison.of_rows, "row")),
    };
    say(&format!("{} less {}, on the same rows{drawn}:", evaluated.args.model.display(), other.display()))?;
    let all = NAMES.iter().zip(estimates(&comparison.model)).zip(estimates(&comparison.rival));
    let lines = all.zip(estimates(&comparison.difference)).map(|(((name, model), rival), difference)| {
        vec![
            (*name).to_owned(),
            value(model),
            value(rival),
            signed(difference.value),
            signed_interval(difference),
            says(difference).to_owned(),
        ]
    });
    table(&["measure", "model", "other", "difference", "95 % interval", ""], lines.collect())
}

fn says(difference: Estimate) -> &'static str {
    match (difference.low, difference.high) {
        (Some(low), _) if low > 0.0 => "better",
        (_, Some(high)) if high < 0.0 => "worse",
        (Some(_), Some(_)) => "no difference shown",
        _ => "",
    }
}

fn value(estimate: Estimate) -> String {
    match estimate.value {
        None => "undefined".to_owned(),
        Some(value) if estimate.error > 5e-5 => format!("{value:.4} ± {:.4}", estimate.error),
        Some(value) => format!("{value:.4}"),
    }
}

fn interval(estimate: Estimate) -> String {
    match (estimate.low, estimate.high) {
        (Some(low), Some(high)) => format!("{low:.4} to {high:.4}"),
        _ => String::new(),
    }
}

fn signed(value: Option<f64>) -> String {
    value.map_or_else(|| "undefined".to_owned(), |value| format!("{value:+.4}"))
}

fn signed_interval(estimate: Estimate) -> String {
    match (estimate.low, estimate.high) {
        (Some(low), Some(high)) => format!("{low:+.4} to {high:+.4}"),
        _ => String::new(),
    }
}

/// The first column is text, the others are numbers.
fn table(headings: &[&str], lines: Vec<Vec<String>>) -> Result<()> {
    let cell = |(i, text): (usize, &str)| {
        Cell::new(text).set_alignment(if i == 0 { CellAlignment::Left } else { CellAlignment::Right })
    };
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(headings.iter().copied().enumerate().map(cell));
    for line in lines {
        table.add_row(line.iter().map(String::as_str).enumerate().map(cell));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt().lines().try_for_each(say)
}

/// The measures as JSON.
pub fn print_json(evaluated: &Evaluated<'_>) -> Result<()> {
    let Evaluated { args, model, rival, input, label, kind, report, assessed } = evaluated;
    let described = |path: &std::path::Path, model: &crate::model::Model| -> Result<serde_json::Value> {
        Ok(serde_json::json!({
            "path": path.display().to_string(),
            "blake3": model.digest()?,
            "detector": model.detector.name(),
            "threshold_rule": model.threshold.rule.to_string(),
            "threshold_score": model.threshold.score,
        }))
    };
    let other = args.compare.as_deref().zip(*rival).map(|(path, model)| described(path, model)).transpose()?;
    let all = serde_json::json!({
        "oddflow_version": env!("CARGO_PKG_VERSION"),
        "command": "evaluate",
        "model": described(&args.model, model)?,
        "rival": other,
        "inputs": input.files.iter().map(|file| &file.name).collect::<Vec<_>>(),
        "label": label,
        "kind": kind,
        "records_read": report.tally.records,
        "rejected": report.tally.n_rejected(),
        "measured": assessed,
    });
    let text = serde_json::to_string_pretty(&all).map_err(|e| Error::Internal(format!("measures as JSON: {e}")))?;
    text.lines().try_for_each(say)
}
