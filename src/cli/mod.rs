//! The command line: flags → a resolved plan → library calls; the only place that prints.

mod args;
mod bench;
mod cells;
mod detect;
mod detector;
mod devices;
mod embed;
mod fit;
mod found;
mod generate;
mod inspect;
mod inspect_model;
mod progress;
mod report;
mod run;
mod score;
mod settings;
mod shaders;
mod stdin;
mod summary;
mod table;
mod talk;

use crate::flows::sink::printable;
use crate::{Error, Result};
use args::{Cli, Command};
use clap::Parser;
use std::process::ExitCode;

/// How a command ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    /// Everything was used.
    Clean,
    /// Some records were rejected, or parts of damaged files left out.
    WithRejects,
}

/// Runs the program and gives its exit code: 0 done, 1 done with rejected records, 2 failed.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(&cli.command) {
        Ok(Done::Clean) => ExitCode::SUCCESS,
        Ok(Done::WithRejects) => ExitCode::from(1),
        // Whoever read our output has enough of it (`| head`); that is no failure.
        Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(e) => {
            let words = e.to_string();
            words.lines().enumerate().for_each(|(i, line)| {
                eprintln!("{}{}", if i == 0 { "oddflow: " } else { "         " }, printable(line));
            });
            ExitCode::from(2)
        }
    }
}

fn dispatch(command: &Command) -> Result<Done> {
    match command {
        Command::Detect(args) => detect::run(args),
        Command::Fit(args) => fit::run(args),
        Command::Score(args) => score::run(args),
        Command::Embed(args) => embed::run(args),
        Command::Report(args) => report::run(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Generate(args) => generate::run(args),
        Command::Devices(args) => devices::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Shaders(args) => shaders::run(args),
    }
}
