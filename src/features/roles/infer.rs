//! The rules, in the order in which they are tried.

use super::content::{self, Content, NumberContent, TextContent};
use super::flow_meter::FlowMeter;
use super::names::Name;
use super::near::nearest;
use super::{ColumnRole, Role, RoleOverrides, SET_BY_USER};
use crate::features::numbers;
use crate::flows::source::added_columns;
use crate::words::counted;
use crate::{Error, Result};
use arrow_array::RecordBatch;
use arrow_schema::{DataType, Schema};
use std::collections::HashSet;

/// Distinct texts beyond which a column is an identifier, whatever its name.
const MOST_CATEGORIES: usize = 4_096;
/// Distinct codes beyond which an integer column whose name says "code" is a quantity after all.
const MOST_CODES: usize = 256;
/// Distinct values up to which a column called `class` or `target` is taken for a label.
const MOST_CLASSES: usize = 64;

/// The role of every column, in the schema's order. `sample` is some rows of the input, the more the surer; their order
/// matters only for recognising row counters.
///
/// # Errors
/// [`Error::Schema`] if an override names no column, or two columns have one name.
pub fn infer_roles(sample: &RecordBatch, overrides: &RoleOverrides) -> Result<Vec<ColumnRole>> {
    let schema = sample.schema();
    check_names(&schema, overrides)?;
    let table = Table::new(&schema);
    let mut roles = Vec::with_capacity(schema.fields().len());
    for (field, array) in schema.fields().iter().zip(sample.columns()) {
        let (role, reason) = match overrides.get(field.name()) {
            Some(role) => (*role, SET_BY_USER.to_owned()),
            None => {
                let column =
                    Column { name: Name::new(field.name()), full_name: field.name(), data_type: field.data_type() };
                let content = Content::of(array.as_ref())?;
                table.role(&column, content.as_ref())
            }
        };
        roles.push(ColumnRole { name: field.name().clone(), role, reason });
    }
    Ok(roles)
}

fn check_names(schema: &Schema, overrides: &RoleOverrides) -> Result<()> {
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let mut seen = HashSet::with_capacity(names.len());
    if let Some((i, name)) = names.iter().enumerate().find(|(_, name)| !seen.insert(**name)) {
        return Err(Error::Schema(format!("column {} is named `{name}` like one before it; names must differ", i + 1)));
    }
    let Some(unknown) = overrides.keys().find(|key| !seen.contains(key.as_str())) else { return Ok(()) };
    let near = nearest(unknown, &names);
    Err(Error::Schema(format!(
        "a role is set for column `{unknown}`, which the input does not have; near: {}",
        near.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    )))
}

struct Column<'a> {
    name: Name,
    full_name: &'a str,
    data_type: &'a DataType,
}

/// What is known of the table as a whole.
struct Table {
    flow_meter: FlowMeter,
    /// Whether the table was scored before: it has a column `anomaly_score`, however it is written.
    scored: bool,
    /// All columns that scoring added, where they have their own names.
    added: Vec<String>,
}

const EXPORT_REASON: &str = "it says why the record was written, not what the flow was";

type Verdict = (Role, String);

fn verdict(role: Role, reason: impl Into<String>) -> Option<Verdict> {
    Some((role, reason.into()))
}

impl Table {
    fn new(schema: &Schema) -> Self {
        let scored = schema.fields().iter().any(|field| Name::new(field.name()).compact().ends_with("anomalyscore"));
        Self { flow_meter: FlowMeter::recognise(schema), scored, added: added_columns(schema) }
    }

    fn role(&self, column: &Column<'_>, content: Option<&Content>) -> Verdict {
        self.by_table(column)
            .or_else(|| by_label_name(column, content))
            .or_else(|| by_type(column, content))
            .or_else(|| match content {
                Some(Content::Numbers(numbers)) => {
                    by_number_time(column, numbers).or_else(|| by_number(column, numbers))
                }
                Some(Content::Texts(texts)) => by_text(column, texts),
                _ => None,
            })
            .unwrap_or_else(|| (Role::Ignored, "nothing is known of it".to_owned()))
    }

    fn by_table(&self, column: &Column<'_>) -> Option<Verdict> {
        // With whatever `--prefix` the earlier run put before them.
        let ends = |ending: &&str| column.name.compact().ends_with(ending);
        let is_added = self.added.iter().any(|name| name == column.full_name);
        if is_added || self.scored && ["anomalyscore", "severity", "anomaly"].iter().any(ends) {
            return verdict(Role::Ignored, "an earlier run's result");
        }
        if self.flow_meter.is_timing(column.full_name) {
            return verdict(
                Role::Ignored,
                "one of CICFlowMeter's timing statistics (IAT, Active, Idle), which mislead detectors; set its role to numeric to use it",
            );
        }
        None
    }
}

fn by_label_name(column: &Column<'_>, content: Option<&Content>) -> Option<Verdict> {
    if column.name.is_label() {
        return verdict(Role::Label, "its name says that it is a label");
    }
    if let Some(Content::Texts(texts)) = content
        && texts.n_distinct <= MOST_CLASSES
        && let Some(word) = texts.judgement(column.name.may_tell_normal())
    {
        return verdict(Role::Label, format!("its values judge the records: one is `{word}`"));
    }
    let classes = match content? {
        Content::Numbers(numbers) if numbers.are_integers_within(-1.0, MOST_CLASSES as f64) => numbers.n_distinct(),
        Content::Texts(texts) => texts.n_distinct,
        _ => return None,
    };
    let most = if column.name.compact() == "y" { 2 } else { MOST_CLASSES };
    if column.name.may_be_label() && classes <= most {
        return verdict(
            Role::Label,
            format!("its name may be a label's, and it has {}", counted(classes, "distinct value")),
        );
    }
    None
}

fn by_type(column: &Column<'_>, content: Option<&Content>) -> Option<Verdict> {
    let values = match column.data_type {
        DataType::Dictionary(_, values) => values,
        other => other,
    };
    match values {
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 | DataType::Time32(_) | DataType::Time64(_) => {
            verdict(Role::Time, format!("its type is {values}"))
        }
        DataType::Null => verdict(Role::Ignored, "it has no values"),
        _ => match content {
            Some(Content::Empty) => verdict(Role::Ignored, "it has no value in the sample"),
            None => verdict(Role::Ignored, format!("its type is {values}, which is neither number nor text")),
            _ => None,
        },
    }
}

/// Absolute times in numbers: they say when, not what, and every later record lies beyond all of the sample.
fn by_number_time(column: &Column<'_>, numbers: &NumberContent) -> Option<Verdict> {
    if let Some(unit) = numbers.epoch_unit() {
        if column.name.mentions_time() {
            return verdict(Role::Time, format!("its name mentions time and its values are {unit} since 1970"));
        }
        if !column.name.is_address() && !column.name.is_id() && numbers.runs_like_a_clock() {
            return verdict(Role::Time, format!("its values run like a clock in {unit} since 1970"));
        }
    }
    if column.name.is_time() && numbers.rises() {
        return verdict(Role::Time, "its name says time and its values rise with the rows");
    }
    None
}

fn by_number(column: &Column<'_>, numbers: &NumberContent) -> Option<Verdict> {
    let name = &column.name;
    if *column.data_type == DataType::Boolean {
        return verdict(Role::Numeric, "it is true or false");
    }
    let whole = numbers.are_integers_within(f64::MIN, f64::MAX);
    if name.is_export_reason() {
        return verdict(Role::Ignored, EXPORT_REASON);
    }
    if name.is_port() && numbers.are_integers_within(0.0, 65_535.0) {
        return verdict(Role::Identifier, "its name says that it is a port, and so do its values");
    }
    if name.is_address() && whole {
        return verdict(Role::Identifier, "its name says that it is an address");
    }
    if name.is_code() && (whole || name.is_dotted_code()) && numbers.n_distinct() <= MOST_CODES {
        return verdict(Role::Categorical, "its name says that its numbers are codes");
    }
    if name.is_id() && whole {
        return verdict(Role::Identifier, "its name says that it is an id");
    }
    if numbers.counts_up() {
        let named = if name.is_row_number() {
            "its name and its values count the rows"
        } else {
            "its values count up with the rows"
        };
        return verdict(Role::Identifier, named);
    }
    verdict(Role::Numeric, "it holds numbers")
}

fn by_text(column: &Column<'_>, texts: &TextContent) -> Option<Verdict> {
    let name = &column.name;
    if texts.mostly(content::is_address) {
        return verdict(Role::Identifier, "its values are addresses");
    }
    if texts.mostly(content::is_date_or_time) {
        return verdict(Role::Time, "its values are dates or times");
    }
    if name.is_address() || name.is_host() {
        return verdict(Role::Identifier, "its name says that it is an address");
    }
    if name.is_port() {
        return verdict(Role::Identifier, "its name says that it is a port");
    }
    if name.is_sensor() {
        return verdict(Role::Identifier, "its name says that it names a sensor");
    }
    if matches!(column.full_name, "_path" | "@stream") {
        return verdict(Role::Ignored, "it says which log the record is of");
    }
    if name.is_id() {
        return verdict(Role::Identifier, "its name says that it is an id");
    }
    if texts.mostly(|text| !numbers::parse(text).is_nan()) {
        let numbers = texts.as_numbers();
        if name.is_code() && numbers.n_distinct() <= MOST_CODES {
            return verdict(Role::Categorical, "its name says that its numbers are codes");
        }
        return match by_number_time(column, &numbers) {
            Some(time) => Some(time),
            None => verdict(Role::Numeric, "its texts are numbers"),
        };
    }
    if name.is_export_reason() {
        return verdict(Role::Ignored, EXPORT_REASON);
    }
    if name.is_time() && texts.is_mostly_distinct() {
        return verdict(Role::Time, "its name says time, in a form that is not read");
    }
    let distinct = format!("{} in {}", counted(texts.n_distinct, "distinct text"), counted(texts.n_values, "value"));
    if texts.is_mostly_distinct() && texts.mostly(content::is_hash) {
        return verdict(Role::Identifier, format!("its values look like digests or ids: {distinct}"));
    }
    if texts.is_mostly_distinct() && texts.mostly(content::is_prose) {
        return verdict(Role::Ignored, format!("free text: {distinct}"));
    }
    if texts.is_mostly_distinct() || texts.n_distinct > MOST_CATEGORIES {
        return verdict(Role::Identifier, format!("too many texts for categories: {distinct}"));
    }
    verdict(
        Role::Categorical,
        format!("it holds {} distinct text{}", texts.n_distinct, if texts.n_distinct == 1 { "" } else { "s" }),
    )
}
