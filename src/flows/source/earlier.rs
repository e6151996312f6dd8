//! Outputs of earlier runs among the files that were found: what stands in the folder of the logs is not read as a log.

use super::look::Looked;
use crate::flows::sink::is_part;
use arrow_schema::Schema;
use std::path::Path;

/// What scoring adds to every row: score, severity, verdict.
pub const SCORED_COLUMNS: [&str; 3] = ["anomaly_score", "severity", "anomaly"];
/// What scoring adds where rows are grouped into findings.
pub const FINDING_COLUMNS: [&str; 4] = ["finding_id", "allowed", "source_file", "source_record"];
/// What scoring adds where rows are explained.
pub const REASONS_COLUMN: &str = "reasons";
/// What a manifest's name has behind the output's.
pub(super) const MANIFEST: &str = ".manifest.json";

/// Takes out what runs of oddflow wrote, known by the manifest beside it or by its columns; their names. A file that the user
/// named stays, and so do all where there is nothing else.
pub(super) fn without_outputs(looked: &mut Vec<Looked>) -> Vec<String> {
    let is_output = |file: &Looked| {
        !file.named && (prefix_of_added(&file.schema).is_some() || file.file.path.as_deref().is_some_and(has_manifest))
    };
    if looked.iter().all(|file| is_output(file) || file.is_empty()) {
        return Vec::new();
    }
    looked.extract_if(.., |file| is_output(file)).map(|file| file.file.name).collect()
}

/// What stands before the names of the added columns in a table that was scored; `None` if it was not.
pub fn prefix_of_added(schema: &Schema) -> Option<String> {
    let has = |name: &str| schema.fields().iter().any(|field| field.name() == name);
    let [score, severity, verdict] = SCORED_COLUMNS;
    let prefixes = schema.fields().iter().rev().filter_map(|field| field.name().strip_suffix(score));
    let mut whole = prefixes.filter(|prefix| [severity, verdict].iter().all(|name| has(&format!("{prefix}{name}"))));
    whole.next().map(str::to_owned)
}

/// The columns of a scored table that scoring added: those that it has of all that may be.
pub fn added_columns(schema: &Schema) -> Vec<String> {
    let Some(prefix) = prefix_of_added(schema) else { return Vec::new() };
    let names = SCORED_COLUMNS.into_iter().chain(FINDING_COLUMNS).chain([REASONS_COLUMN]);
    let has = |name: &String| schema.fields().iter().any(|field| field.name() == name);
    names.map(|name| format!("{prefix}{name}")).filter(has).collect()
}

/// Whether a manifest stands beside the file, or beside the output of which it is a part.
fn has_manifest(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let beside = |output: &str| path.with_file_name(format!("{output}{MANIFEST}")).is_file();
    // `day.0003.ndjson` is a part of `day.ndjson`.
    let words: Vec<&str> = name.split('.').collect();
    let whole = |at: usize| {
        let rest: Vec<&str> = words.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, word)| *word).collect();
        rest.join(".")
    };
    beside(&name)
        || (1..words.len()).map(whole).any(|output| is_part(Path::new(&output), Path::new(&name)) && beside(&output))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_and_their_parts_have_manifests() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["day.csv.manifest.json", "out.ndjson.gz.manifest.json"] {
            std::fs::write(folder.path().join(name), "{}").unwrap();
        }
        let of = |name: &str| has_manifest(&folder.path().join(name));
        assert!(of("day.csv") && of("out.ndjson.gz") && of("out.0001.ndjson.gz"));
        assert!(!of("day.tsv") && !of("out.ndjson") && !of("out.12.ndjson.gz") && !of("out.00a1.ndjson.gz"));
    }
}
