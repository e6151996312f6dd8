//! Labels: what somebody said a record is, read as anomalous or not.

use super::numbers::{self, Numbers};
use super::roles::{ColumnRole, Role, words};
use super::texts;
use crate::Result;
use arrow_array::Array;

/// `true` where the label says that the record is an anomaly, `None` where it says nothing.
///
/// Numbers and booleans: anything but zero. Text: anything but the words for ordinary traffic (`BENIGN`, `normal.`,
/// `Background`, `-`, `0`, …); CTU-13's `flow=From-Normal-V42` and IoT-23's `(empty)` are read by their words. Missing
/// values, empty texts, `unknown` and `unlabeled` say nothing.
///
/// # Errors
/// [`crate::Error::Schema`] if the column holds neither numbers nor text.
pub fn label_values(array: &dyn Array) -> Result<Vec<Option<bool>>> {
    if numbers::is_number(array.data_type()) {
        let mut values = vec![f64::NAN; array.len()];
        Numbers::new(array)?.read(0, &mut values);
        return Ok(values.into_iter().map(|value| (!value.is_nan()).then_some(value != 0.0)).collect());
    }
    let mut labels = vec![None; array.len()];
    texts::visit(array, 0..array.len(), |row, text| {
        if let (Some(label), Some(text)) = (labels.get_mut(row), text) {
            *label = of_text(text);
        }
    })?;
    Ok(labels)
}

/// What a label says of each record in words, such as the name of an attack; cut to 80 characters.
///
/// # Errors
/// [`crate::Error::Schema`] if the column holds neither numbers nor text.
pub fn label_words(array: &dyn Array) -> Result<Vec<Option<String>>> {
    let mut words = vec![None; array.len()];
    texts::visit(array, 0..array.len(), |row, text| {
        if let (Some(place), Some(text)) = (words.get_mut(row), text) {
            *place = Some(text.chars().take(80).collect());
        }
    })?;
    Ok(words)
}

fn of_text(text: &str) -> Option<bool> {
    const ORDINARY: &[&str] = &[
        "normal",
        "benign",
        "background",
        "legitimate",
        "legit",
        "-",
        "(empty)",
        "false",
        "f",
        "no",
        "none",
        "non-anomaly",
        "inlier",
    ];
    const SILENT: &[&str] = &["unknown", "unlabeled", "unlabelled", "?", "nan", "null"];
    let text = text.trim().trim_end_matches('.').to_ascii_lowercase();
    if text.is_empty() || SILENT.contains(&text.as_str()) {
        return None;
    }
    if let Some(flow) = text.strip_prefix("flow=") {
        let says = |words: &[&str]| flow.split(['-', '_']).any(|part| words.contains(&part));
        return Some(
            says(&["botnet", "attack", "malicious", "malware", "cc"])
                || !says(&["normal", "background", "benign", "legitimate"]),
        );
    }
    let number = numbers::parse(&text);
    if !number.is_nan() {
        return Some(number != 0.0);
    }
    Some(!ORDINARY.contains(&text.as_str()))
}

/// The column that says best which records are anomalies: one that the user named, then `label`, names that end in it, and
/// names of the attack. NSL-KDD's difficulty is a label by role, but never this one.
pub fn label_column(roles: &[ColumnRole]) -> Option<&str> {
    let rank = |column: &ColumnRole| {
        let words = words(&column.name);
        let compact = words.concat();
        match compact.as_str() {
            _ if compact.starts_with("difficulty") => None,
            _ if column.reason == super::roles::SET_BY_USER => Some(0),
            "label" => Some(1),
            "isanomaly" | "isattack" | "ismalicious" | "isanomalous" | "anomaly" | "malicious" => Some(2),
            _ if words.last().is_some_and(|word| word == "label" || word == "labels") => Some(3),
            "attack" => Some(4),
            "class" => Some(5),
            _ => Some(6),
        }
    };
    let labels = roles.iter().filter(|column| column.role == Role::Label);
    labels
        .filter_map(|column| Some((rank(column)?, column)))
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, column)| column.name.as_str())
}

#[cfg(test)]
mod tests;
