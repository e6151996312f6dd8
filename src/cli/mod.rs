//! The command line: flags → a resolved plan → library calls; the only place that prints.

mod allow;
mod args;
mod baseline;
mod bench;
mod cells;
mod detect;
mod detector;
mod devices;
mod drift;
mod embed;
mod evaluate;
mod explain;
mod fit;
mod found;
mod generate;
mod hosts;
mod inspect;
mod inspect_model;
mod kept;
mod look;
mod outputs;
mod progress;
mod report;
mod run;
mod score;
mod scoring;
mod settings;
mod shaders;
mod show;
mod summary;
mod table;
mod talk;
mod watch;

use crate::flows::sink::printable;
use crate::{Error, Result};
use args::{Cli, Command};
use clap::{CommandFactory, FromArgMatches};
use std::process::ExitCode;

/// How a command ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    /// Everything was used.
    Clean,
    /// Some records were rejected, or parts of damaged files left out.
    WithRejects,
    /// The input is farther from the training rows than was allowed.
    Drifted,
}

/// Runs the program and gives its exit code: 0 done, 1 done with rejected records, 2 failed, 3 done and
/// the input drifted (`drift --fail-above`).
pub fn main() -> ExitCode {
    // A number below zero is a value, and what is wrong with it is said where it is used; clap would take it for an option.
    let command = Cli::command().mut_subcommands(|command| command.allow_negative_numbers(true));
    let cli = match Cli::from_arg_matches(&command.get_matches()) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    match dispatch(&cli.command) {
        Ok(Done::Clean) => ExitCode::SUCCESS,
        Ok(Done::WithRejects) => ExitCode::from(1),
        Ok(Done::Drifted) => ExitCode::from(3),
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
        Command::Drift(args) => drift::run(args),
        Command::Evaluate(args) => evaluate::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Embed(args) => embed::run(args),
        Command::Watch(args) => watch::run(args),
        Command::Show(args) => show::run(args),
        Command::Hosts(args) => hosts::run(args),
        Command::Allow(args) => allow::run(args),
        Command::Report(args) => report::run(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Generate(args) => generate::run(args),
        Command::Devices(args) => devices::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Shaders(args) => shaders::run(args),
    }
}
