//! What is said on stderr: aligned lines `word      what it is`, silent when quiet.

use crate::flows::sink::printable;
use crate::words::noun;
use crate::{Error, Result};
use std::io::Write;

/// The talk of one run.
#[derive(Debug, Clone, Copy)]
pub struct Talk {
    quiet: bool,
}

impl Talk {
    /// Talks unless `quiet`.
    pub fn new(quiet: bool) -> Self {
        Self { quiet }
    }

    /// One line: the word in a column of its own, then the text, in which nothing can act on the terminal.
    pub fn line(&self, word: &str, text: &str) {
        if !self.quiet {
            // A closed stderr is no reason to stop working.
            let _ = writeln!(std::io::stderr().lock(), "{word:<11}{}", printable(text));
        }
    }

    /// A line that is said even where all else is silent.
    pub fn warning(&self, word: &str, text: &str) {
        Self { quiet: false }.line(word, text);
    }

    /// Lines under one word.
    pub fn lines<'a>(&self, word: &str, texts: impl IntoIterator<Item = &'a str>) {
        for (i, text) in texts.into_iter().enumerate() {
            self.line(if i == 0 { word } else { "" }, text);
        }
    }
}

/// A line of data on stdout, in which nothing can act on the terminal.
///
/// # Errors
/// If stdout cannot be written to; a closed pipe is one of the reasons.
pub fn say(text: &str) -> Result<()> {
    writeln!(std::io::stdout().lock(), "{}", printable(text)).map_err(|e| Error::io("standard output", e))
}

/// `1 column`, `2,000 columns`.
pub fn plural(n: impl TryInto<u64>, one: &str) -> String {
    let n = n.try_into().unwrap_or(u64::MAX);
    format!("{} {}", count(n), noun(n, one))
}

/// `1234567` → `1,234,567`.
pub fn count(n: u64) -> String {
    indicatif::HumanCount(n).to_string()
}

/// Bytes for people: `1.2 GB`.
pub fn bytes(n: u64) -> String {
    indicatif::DecimalBytes(n).to_string()
}

/// A share as a percentage with sensible digits: `10.0 %`, `0.13 %`.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent >= 1.0 || percent == 0.0 { format!("{percent:.1} %") } else { format!("{percent:.2} %") }
}

/// Seconds for people: `0.42 s`, `75 s`.
pub fn seconds(s: f64) -> String {
    if s < 10.0 { format!("{s:.2} s") } else { format!("{s:.0} s") }
}
