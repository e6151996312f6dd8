//! `oddflow inspect MODEL`: all that a model holds.

use super::Done;
use super::talk::{bytes, count, plural, say};
use crate::Result;
use crate::features::ColumnSummary;
use crate::model::{Model, ModelSummary};
use std::path::Path;

pub fn run(path: &Path) -> Result<Done> {
    let summary = Model::load(path)?.summary()?;
    describe(path, &summary).iter().try_for_each(|line| say(line))?;
    Ok(Done::Clean)
}

fn describe(path: &Path, m: &ModelSummary) -> Vec<String> {
    let mut lines = vec![
        format!("file        {} ({}, format {})", path.display(), bytes(m.bytes), m.format),
        format!("digest      {}", m.digest),
    ];
    provenance(m, &mut lines);
    detector(m, &mut lines);
    severity(m, &mut lines);
    columns(m, &mut lines);
    lines
}

fn provenance(m: &ModelSummary, lines: &mut Vec<String>) {
    let p = &m.provenance;
    let created = p.created.as_ref().map(|created| format!(", {created}")).unwrap_or_default();
    lines.push(format!("fitted by   oddflow {}{created}", p.oddflow_version));
    lines.push(format!("device      {}", p.device));
    for input in &p.inputs {
        let digest = input.blake3.as_deref().map(|d| format!(", blake3 {}", d.get(..12).unwrap_or(d)));
        lines.push(format!("input       {} ({}{})", input.name, bytes(input.bytes), digest.unwrap_or_default()));
    }
    lines.push(format!("fit on      {} of {}, seed {}", count(p.rows_sampled), plural(p.rows_read, "row"), p.seed));
}

fn detector(m: &ModelSummary, lines: &mut Vec<String>) {
    let parameters: Vec<String> = m.parameters.iter().map(|(name, value)| format!("{name} {value}")).collect();
    lines.push(format!("detector    {}: {}", m.detector, parameters.join(", ")));
    for (name, parameters) in &m.members {
        let parameters: Vec<String> = parameters.iter().map(|(name, value)| format!("{name} {value}")).collect();
        lines.push(format!("  member    {name}: {}", parameters.join(", ")));
    }
    if let Some(t) = m.trees {
        lines.push(format!(
            "trees       {}, {}, {} at depth {:.1} in the mean and {} at most, {} used",
            plural(t.n_trees, "tree"),
            plural(t.n_nodes, "node"),
            plural(t.n_leaves, "leaf"),
            t.mean_leaf_depth,
            t.max_depth,
            plural(t.n_features_used, "feature")
        ));
    }
    if let Some(n) = m.n_references {
        lines.push(format!("references  {} of {}", plural(n, "row"), plural(m.features.len(), "feature")));
    }
    lines.push(format!(
        "threshold   score above {:.6}, severity {:.4} ({})",
        m.threshold.score, m.threshold_severity, m.threshold.rule
    ));
    let stored = if m.replayed_rows == 1 { "its stored score" } else { "their stored scores" };
    lines.push(format!("replayed    {} gave {stored}", plural(m.replayed_rows, "training row")));
}

fn severity(m: &ModelSummary, lines: &mut Vec<String>) {
    lines.push(String::new());
    lines.push(format!("severity    of {}", plural(m.severity_rows, "training score")));
    let [(least, least_severity), (largest, largest_severity)] = m.severity_ends;
    lines.push(format!("  smallest      {least:.6}  {least_severity:.4}"));
    lines.extend(m.severity.iter().map(|r| format!("  {:>7} %     {:.6}  {:.4}", r.percentile, r.score, r.severity)));
    lines.push(format!("  largest       {largest:.6}  {largest_severity:.4}"));
}

fn columns(m: &ModelSummary, lines: &mut Vec<String>) {
    lines.push(String::new());
    lines.push(format!("features    {} from {}", count(m.features.len() as u64), plural(m.columns.len(), "column")));
    lines.extend(m.notes.iter().map(|note| format!("  note: {note}")));
    let width = m.columns.iter().map(|c| c.name.chars().count()).max().unwrap_or(0).clamp(6, 32);
    lines.extend(m.columns.iter().map(|c: &ColumnSummary| {
        format!("  {:<width$}  {:<12} {:<52} ({})", c.name, c.role.to_string(), c.outcome, c.reason)
    }));
}
