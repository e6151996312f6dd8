//! What each fuzz target does with its bytes: the way that a file takes through the program, from the bytes to the flows, and
//! what must hold whatever they are. Shared by the targets and by the test that runs the kept inputs again.
//!
//! Data never panics: so a target has little to check. What is checked: an input read in small batches gives the rows and
//! rejections that it gives in large ones, and there are as many flows as rows.

mod flows;
mod others;
mod tables;

/// What takes any bytes.
type Body = fn(&[u8]);

/// A target by its name, as its binary and the folders of its inputs are called.
pub const TARGETS: [(&str, Body); 13] = [
    ("csv", tables::csv),
    ("tables", tables::with_presets),
    ("ndjson", tables::text),
    ("zeek", tables::text),
    ("eve", tables::text),
    ("argus", tables::text),
    ("packed", tables::packed),
    ("parquet_file", tables::columnar),
    ("arrow_file", tables::columnar),
    ("arrow_stream", tables::columnar),
    ("allow", others::allow),
    ("model", others::model),
    ("times", others::times),
];

/// Runs a target on one input; an unknown name runs nothing and gives false.
pub fn run(target: &str, data: &[u8]) -> bool {
    let body = TARGETS.iter().find(|(name, _)| *name == target).map(|(_, body)| body);
    body.inspect(|body| body(data)).is_some()
}
