//! What is said about the files of an input.

use super::look::{Content, Looked};
use super::unite::Union;
use crate::Error;
use crate::words::counted;
use std::collections::BTreeMap;

/// What to say about files with a part of the columns; those that lack the same are told together.
pub(super) fn describe_lacking(looked: &mut [Looked], union: &Union) -> Vec<String> {
    let mut lacking: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for file in looked.iter_mut().filter(|file| !matches!(file.content, Content::Empty)) {
        let missing: Vec<&str> = union.missing_in(&file.schema).collect();
        if !missing.is_empty() {
            let without = format!("without {} (null)", some_of(&missing));
            file.file.description.push_str(&format!(", {without}"));
            lacking.entry(without).or_default().push(&file.file.name);
        }
    }
    let told = |(without, files): (&String, &Vec<&str>)| match files.as_slice() {
        [first, _, ..] => format!("{}, the first {first}: {without}", counted(files.len(), "file")),
        files => format!("{}: {without}", files.concat()),
    };
    lacking.iter().map(told).collect()
}

/// What to say about logs that hold no flows.
pub(super) fn describe_others(others: &BTreeMap<String, u64>) -> Option<String> {
    let n: u64 = others.values().sum();
    let kinds: Vec<&str> = others.keys().map(String::as_str).collect();
    (n > 0).then(|| format!("{} passed over: {}", counted(n, "other log"), some_of(&kinds)))
}

/// What to say about outputs of earlier runs.
pub(super) fn describe_outputs(outputs: &[String]) -> Option<String> {
    let names: Vec<&str> = outputs.iter().map(String::as_str).collect();
    let n = counted(outputs.len(), "output");
    (!outputs.is_empty())
        .then(|| format!("{n} of earlier runs passed over: {}; name them to read them", some_of(&names)))
}

/// What to say about files that were passed over.
pub(super) fn describe_skipped(skipped: &[(String, String)]) -> Option<String> {
    let (file, reason) = skipped.first()?;
    Some(match skipped {
        [_] => format!("1 file passed over: {file}: {reason}"),
        _ => {
            let names: Vec<&str> = skipped.iter().map(|(file, _)| file.as_str()).collect();
            format!("{} files passed over: {} (the first: {reason})", skipped.len(), some_of(&names))
        }
    })
}

/// Up to five names.
fn some_of(names: &[&str]) -> String {
    match names {
        [first @ .., _, _] if names.len() > 6 => {
            format!("{} and {} more", first[..5].join(", "), names.len() - 5)
        }
        all => all.join(", "),
    }
}

pub(super) fn nothing(inputs: &[String], looked: &[Looked], notes: &[String]) -> Error {
    let mut text = match looked {
        [] => format!("nothing to read in {}", inputs.join(", ")),
        [one] => format!("{} is empty: 0 records", one.file.name),
        all => format!("all {} files in {} are empty: 0 records", all.len(), inputs.join(", ")),
    };
    for note in notes {
        text.push_str("; ");
        text.push_str(note);
    }
    Error::NoInput(text)
}
