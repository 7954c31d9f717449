//! Parses the arguments, calls the command, prints one error chain, and exits.

use clap::Parser;
use rowproof::cli::Cli;
use rowproof::commands;
use std::process::ExitCode;

fn main() -> ExitCode {
    rowproof::stack::deep(run)
}

fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; anything else was asked wrongly.
            let code = if error.use_stderr() { 2 } else { 0 };
            return if error.print().is_ok() { ExitCode::from(code) } else { ExitCode::from(2) };
        }
    };
    match commands::execute(&cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            commands::console::error(&cli, &error);
            ExitCode::from(2)
        }
    }
}
