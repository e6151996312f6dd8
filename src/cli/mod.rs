//! The command line: flags → a resolved plan → library calls; the only place that prints.

use std::process::ExitCode;

/// Runs the program and gives its exit code: 0 done, 1 done with rejected records, 2 failed.
pub fn main() -> ExitCode {
    ExitCode::from(2)
}
