//! The subcommands: gather inputs, call the domain, hand the result to output.

mod compile;
pub mod console;
mod demo;
pub mod explain;
mod faces;
mod gather;
pub mod gates;
mod lineage;
pub mod policy;
pub mod reconcile;
mod run;

use crate::cli::{Cli, Command};
use anyhow::Result;

/// Runs the command; the exit code is 0 (passed), 1 (a gate failed) or 2 (could not decide).
///
/// # Errors
/// What kept the command from doing its job: always exit code 2.
pub fn execute(cli: &Cli) -> Result<u8> {
    match &cli.command {
        Command::Run(args) => run::run(cli, args),
        Command::Compile(args) => compile::compile(args),
        Command::Lineage(args) => lineage::lineage(args),
        Command::Demo(args) => demo::demo(cli, args),
        _ => unreachable!("wired when their branches land"),
    }
}
