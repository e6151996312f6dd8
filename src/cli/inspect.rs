//! `oddflow inspect`: what an input or a model holds.

use super::Done;
use super::args::Inspect;
use super::cells::displayable;
use super::settings::Config;
use super::talk::{plural, say};
use crate::features::{ColumnRole, FeaturePlan, infer_roles};
use crate::flows::sink::printable;
use crate::flows::source::{Damage, Input};
use crate::model::Model;
use crate::{Error, Result};
use arrow_array::RecordBatch;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::DataType;
use arrow_select::concat::concat_batches;
use std::path::Path;

/// Sample values shown of a column.
const SAMPLES: usize = 4;
const MAX_VALUE: usize = 20;

pub fn run(args: &Inspect) -> Result<Done> {
    if let [one] = args.input.inputs.as_slice()
        && Model::is_model(Path::new(one))
    {
        return super::inspect_model::run(Path::new(one));
    }
    inspect_input(args, &Config::load(args.config.as_deref())?)
}

fn inspect_input(args: &Inspect, config: &Config) -> Result<Done> {
    let options = config.input_for_inspection(&args.input)?;
    let input = Input::open(&args.input.inputs, &options)?;
    for file in &input.files {
        say(&format!("{}: {}", file.name, file.description))?;
    }
    input.notes.iter().try_for_each(|note| say(note))?;
    let (rows, rejected) = head(&input, args.rows)?;
    let columns = plural(rows.num_columns(), "column");
    say(&format!("{columns}; looked at the first {}, {rejected} rejected", plural(rows.num_rows(), "row")))?;
    let damages = input.damages();
    for Damage { file, records, reason } in &damages {
        say(&format!("{file}: damaged after {}: {reason}", plural(*records, "record")))?;
    }
    say("")?;
    let roles = infer_roles(&rows, &config.roles())?;
    // Columns are worth showing even where nothing in them can become a feature.
    let plan = FeaturePlan::fit(&rows, &roles, &config.features());
    let outcome = |name: &str| match &plan {
        Ok(plan) => plan.columns().iter().find(|c| c.name == name).map(|c| c.outcome.clone()).unwrap_or_default(),
        Err(_) => String::new(),
    };
    print_columns(&rows, &roles, &outcome)?;
    match &plan {
        Ok(plan) => {
            say("")?;
            say(&plural(plan.n_features(), "feature"))?;
            plan.notes().iter().try_for_each(|note| say(note))?;
        }
        Err(e) => {
            say("")?;
            say(&format!("no model could be fitted: {e}"))?;
        }
    }
    Ok(if rejected == 0 && damages.is_empty() { Done::Clean } else { Done::WithRejects })
}

/// The first rows of the input.
fn head(input: &Input, n_rows: usize) -> Result<(RecordBatch, u64)> {
    let mut source = input.source()?;
    let (mut batches, mut rows, mut rejected, mut damaged) = (Vec::new(), 0, 0, None);
    while rows < n_rows
        && let Some(chunk) = source.next_chunk()?
    {
        if chunk.file.is_some() && chunk.file == damaged {
            continue; // behind the damage
        }
        let batch = chunk.parse()?;
        damaged = batch.damage.as_ref().map(|_| batch.file).or(damaged);
        rows += batch.n_rows();
        rejected += batch.rejected.len() as u64;
        batches.push(batch.columns);
    }
    let all = concat_batches(&input.schema, &batches).map_err(|e| Error::Schema(e.to_string()))?;
    Ok((all.slice(0, n_rows.min(all.num_rows())), rejected))
}

fn print_columns(rows: &RecordBatch, roles: &[ColumnRole], outcome: &dyn Fn(&str) -> String) -> Result<()> {
    let schema = rows.schema();
    let width = schema.fields().iter().map(|f| f.name().chars().count()).max().unwrap_or(0).clamp(6, 32);
    say(&format!("{:<width$}  {:<9} {:<12} {:<52} sample values", "column", "type", "role", "becomes (or why not)"))?;
    for (i, (field, role)) in schema.fields().iter().zip(roles).enumerate() {
        let becomes = match outcome(field.name()) {
            text if text.is_empty() => role.reason.clone(),
            text if text == "no feature" => format!("{text}: {}", role.reason),
            text => text,
        };
        say(&format!(
            "{:<width$}  {:<9} {:<12} {:<52} {}",
            printable(field.name()),
            type_name(field.data_type()),
            role.role.to_string(),
            becomes,
            samples(rows, i)?
        ))?;
    }
    Ok(())
}

/// A type in a word; units and zones show in the values.
fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
        DataType::Dictionary(_, values) => type_name(values),
        DataType::Timestamp(..) => "timestamp".to_owned(),
        DataType::Decimal128(..) | DataType::Decimal256(..) => "decimal".to_owned(),
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        other => other.to_string().to_lowercase(),
    }
}

/// The first few distinct values.
fn samples(rows: &RecordBatch, column: usize) -> Result<String> {
    let options = FormatOptions::default().with_null("(null)");
    let column = displayable(rows.column(column));
    let formatter = ArrayFormatter::try_new(&column, &options).map_err(|e| Error::Schema(e.to_string()))?;
    let mut seen: Vec<String> = Vec::new();
    for row in 0..rows.num_rows().min(1_000) {
        let value: String = printable(&formatter.value(row).to_string()).chars().take(MAX_VALUE).collect();
        if !seen.contains(&value) {
            seen.push(value);
        }
        if seen.len() == SAMPLES {
            break;
        }
    }
    Ok(seen.join(", "))
}
