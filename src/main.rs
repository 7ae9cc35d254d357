//! The command `crossover`: the only place that knows all crates.
//!
//! One file is one subcommand; `main` reads the command line, calls one of them, and turns what
//! comes back into an exit code.
#![forbid(unsafe_code)]

mod check;
mod cli;
mod conclusions;
mod devices;
mod error;
mod explain;
mod kernels;
mod list;
mod matrix;
mod new;
mod output;
mod progress;
mod rendered;
mod report;
mod run;
mod save;
mod setup;
mod table;
#[cfg(test)]
mod testing;
mod worker;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use error::CommandError;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        None => run::run(&cli.run),
        Some(Command::Run(args)) => run::run(&args),
        Some(Command::Check(args)) => check::check(&args),
        Some(Command::List(args)) => list::list(&args),
        Some(Command::Devices(args)) => devices::devices(&args),
        Some(Command::Explain(args)) => explain::explain(&args),
        Some(Command::New(args)) => new::new(&args),
        Some(Command::Report(args)) => report::report(&args),
        Some(Command::Worker) => worker::worker(),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            output::complain(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

/// What every subcommand gives back: an exit code, or why there is none.
type CommandResult = Result<u8, CommandError>;
