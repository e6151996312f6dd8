//! What a plan says of itself, once.

use super::ColumnSummary;
use crate::features::numbers;
use crate::features::roles::{FlowMeter, Role};
use arrow_schema::DataType;

/// Names listed in a note or an error at most.
const LISTED: usize = 12;

/// Names in a row, the first dozen of them.
pub(super) fn listed(names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.collect();
    let shown = names.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > LISTED { format!("{shown} and {} more", names.len() - LISTED) } else { shown }
}

/// What a person should be told once about a plan's columns.
pub(super) fn notes(columns: &[ColumnSummary], schema: &arrow_schema::Schema, flow_meter: FlowMeter) -> Vec<String> {
    let mut notes = Vec::new();
    for (column, field) in columns.iter().zip(schema.fields()) {
        let number = numbers::is_number(field.data_type()) && *field.data_type() != DataType::Boolean;
        if column.role == Role::Time && number {
            notes.push(format!("`{}` holds absolute times: no feature", column.name));
        }
    }
    let constant = columns.iter().filter(|column| column.outcome.starts_with("dropped: constant"));
    let constant = listed(constant.map(|column| format!("`{}`", column.name)));
    if !constant.is_empty() {
        notes.push(format!("constant, so no feature: {constant}"));
    }
    let repeats = columns.iter().filter_map(|column| {
        let first = column.outcome.strip_prefix("dropped: repeats ")?;
        Some(format!("`{}` ({first})", column.name))
    });
    let repeats = listed(repeats);
    if !repeats.is_empty() {
        notes.push(format!("repeats of other columns, so no feature: {repeats}"));
    }
    let timing = |column: &ColumnSummary| column.role == Role::Ignored && flow_meter.is_timing(&column.name);
    let n_timing = columns.iter().filter(|column| timing(column)).count();
    if n_timing > 0 {
        notes.push(format!(
            "a CICFlowMeter table: {n_timing} timing columns (IAT, Active, Idle) mislead detectors and are no features; \
             negative durations and rates are read as missing"
        ));
    }
    notes
}
