//! Explained rows for a person.

use crate::Result;
use crate::cli::table::terminal_width;
use crate::cli::talk::{count, plural, say};
use crate::features::flow::phrase_of;
use crate::features::phrase::{Unit, share};
use crate::findings::HostNames;
use crate::findings::quantity::instant;
use crate::flows::record::{Flows, Host, protocol};
use crate::flows::source::Input;
use crate::model::{Model, Reason};
use crate::pipeline::{ExplainReport, ExplainedRow, Place, Standing};
use arrow_array::Array;

/// Columns of a finding's mean that are printed.
const MOST_MEANS: usize = 5;

/// Prints all rows.
///
/// # Errors
/// If stdout cannot be written to.
pub fn print(report: &ExplainReport, model: &Model, input: &Input) -> Result<()> {
    if let Some(mean) = &report.finding {
        say(&format!(
            "{} of the finding, mean value {:.4}; its columns on average:",
            plural(mean.rows, "row"),
            mean.value
        ))?;
        let mut order: Vec<(usize, f64)> =
            mean.contributions.iter().copied().enumerate().filter(|c| c.1 > 0.0).collect();
        order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let above: f64 = order.iter().map(|(_, contribution)| contribution).sum();
        for (column, contribution) in order.into_iter().take(MOST_MEANS) {
            let name = report.columns.get(column).map_or("", String::as_str);
            say(&format!("    {:>4}  {contribution:+.4}  {name}", share(contribution / above)))?;
        }
        say("its oddest row:")?;
    }
    for (at, row) in report.rows.iter().enumerate() {
        say(&title(at, row, input, model))?;
        lines(row, model).iter().try_for_each(|line| say(line))?;
    }
    Ok(())
}

/// ` 1  sev 0.950  score 0.5768  record 4865  10.0.0.1 -> 10.0.0.2:22 ssh  2024-04-19T08:23:01`.
fn title(at: usize, row: &ExplainedRow, input: &Input, model: &Model) -> String {
    let top = &row.row;
    let file = match input.files.get(top.file) {
        Some(file) if input.files.len() > 1 => format!("{}, ", file.name),
        _ => String::new(),
    };
    let who = row.flow.as_ref().map(|flow| who(flow, &row.names)).unwrap_or_default();
    // Rows of logs have the verdicts of their findings, which are not judged here.
    let verdict = if top.anomaly || model.flows.is_some() { "" } else { "  not an anomaly" };
    format!("{:>2}  sev {:.3}  score {:.4}  {file}record {}{who}{verdict}", at + 1, top.severity, top.score, top.record)
}

fn who(flow: &Flows, names: &HostNames) -> String {
    let host = |hosts: &[Option<Host>]| hosts.first().copied().flatten().map(|host| names.shown(&host));
    let start = flow.start.first().copied().flatten().map(|start| format!("  {}", instant(start))).unwrap_or_default();
    let kind = kind(flow);
    match (host(&flow.source), host(&flow.destination)) {
        (None, None) => format!("  {kind}{start}"),
        (source, destination) => {
            let or = |host: Option<String>| host.unwrap_or_else(|| "?".to_owned());
            format!("  {} -> {} {kind}{start}", or(source), or(destination))
        }
    }
}

/// The protocol and service, or port: `udp ntp`, `tcp 3306`, `icmp 3/3`.
pub fn kind(flow: &Flows) -> String {
    let protocol = flow.protocol.first().copied().flatten().map_or_else(|| "?".to_owned(), protocol::word);
    if let Some((kind, code)) = flow.icmp.first().copied().flatten() {
        return format!("{protocol} {kind}/{code}");
    }
    if flow.service.len() > 0 && flow.service.is_valid(0) {
        return format!("{protocol} {}", flow.service.value(0));
    }
    match flow.destination_port.first().copied().flatten() {
        Some(port) => format!("{protocol} {port}"),
        None => protocol,
    }
}

/// One line a reason that makes the row odder; how it stands is beside it, or under it where the terminal is narrow.
fn lines(row: &ExplainedRow, model: &Model) -> Vec<String> {
    let telling = row.reasons.reasons.iter().filter(|reason| reason.told.is_some());
    let mut entries = Vec::new();
    for (at, reason) in telling.enumerate().filter(|(_, reason)| reason.contribution > 0.0) {
        let words = reason.told.as_ref().map_or("", |told| told.words.as_str());
        let of = row.flow.as_ref().zip(row.standings.get(at));
        let standing = of.map(|(flow, standing)| standing_words(reason, standing, flow, model)).unwrap_or_default();
        entries.push((format!("    {:>4}  {:+.4}  {words}", share(reason.share), reason.contribution), standing));
    }
    if entries.is_empty() {
        return vec!["    no column makes it odder than a row of which nothing is known".to_owned()];
    }
    let left = entries.iter().map(|(text, _)| text.chars().count()).max().unwrap_or(0);
    let right = entries.iter().map(|(_, text)| text.chars().count()).max().unwrap_or(0);
    let fits = left + 2 + right <= terminal_width();
    let line = |(text, standing): (String, String)| match (standing.is_empty(), fits) {
        (true, _) => vec![text],
        (false, true) => vec![format!("{text:<left$}  {standing}")],
        (false, false) => vec![text, format!("{:20}{standing}", "")],
    };
    entries.into_iter().flat_map(line).collect()
}

/// `above 99% of 312 flows of udp ntp, above 98% of 1,013 of its source`.
fn standing_words(reason: &Reason, standing: &Standing, flow: &Flows, model: &Model) -> String {
    let columns = model.features.encoded_columns();
    let name = columns.get(reason.column).copied().unwrap_or_default();
    let unit = model.flows.as_ref().and_then(|flows| phrase_of(flows.set, name)).map(|phrase| phrase.unit);
    let (statement, reversed) = (unit == Some(Unit::Truth), unit == Some(Unit::Rarity));
    let ordered = model.features.is_number(reason.column) && !statement;
    let among = |place: &Place, of: &str| {
        let (below, above) = if reversed { (place.above, place.below) } else { (place.below, place.above) };
        let part = |n: u64| match n as f64 / place.flows.max(1) as f64 {
            // Rounded down: of 435 flows one is above the others.
            most if (0.99..1.0).contains(&most) => format!("{:.1}%", (most * 1e3).floor() / 10.0),
            part => share(part),
        };
        let flows = count(place.flows);
        Some(match (ordered, below, above) {
            // Of the protocol, flows of one service are alike.
            (false, ..) if place.equal == place.flows && !statement => return None,
            (true, 0, 0) => format!("as all {flows} {of}"),
            (false, ..) if place.equal == place.flows => format!("as all {flows} {of}"),
            (true, below, above) if below >= above => format!("above {} of {flows} {of}", part(below)),
            (true, _, above) => format!("below {} of {flows} {of}", part(above)),
            (false, ..) => format!("as {} of {flows} {of}", part(place.equal)),
        })
    };
    let service = standing.of_service.filter(|place| place.flows > 1);
    let service = service.and_then(|place| among(&place, &format!("flows of {}", kind(flow))));
    let source = standing.of_source.and_then(|place| among(&place, "of its source"));
    service.into_iter().chain(source).collect::<Vec<_>>().join(", ")
}
