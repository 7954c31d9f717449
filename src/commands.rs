//! The subcommands: gather inputs, call the domain, hand the result to output.

mod audit;
mod budget;
mod compile;
pub mod console;
mod demo;
pub mod explain;
mod faces;
pub mod gates;
mod gather;
mod init;
mod lineage;
pub mod policy;
mod post;
mod provenance;
mod pull;
pub mod reconcile;
mod review;
mod run;
mod verdict;

use crate::cli::{AuditCommand, Cli, Command, PolicyCommand, ReconcileArgs, TextFormat};
use crate::output::reconciliation;
use anyhow::{Context, Result};

/// Runs the command; the exit code is 0 (passed), 1 (a gate failed) or 2 (could not decide).
///
/// # Errors
/// What kept the command from doing its job: always exit code 2.
pub fn execute(cli: &Cli) -> Result<u8> {
    match &cli.command {
        Command::Run(args) => run::run(cli, args),
        Command::Compile(args) => compile::compile(args),
        Command::Lineage(args) => lineage::lineage(cli, args),
        Command::Reconcile(args) => compare(args),
        Command::Init(args) => told((init::init(args)?, 0)),
        Command::Verdict(args) => told((verdict::verdict(&args.report)?, 0)),
        Command::Post(args) => post::post(cli, args),
        Command::Review(args) => review::review(cli, args),
        Command::Budget(args) => budget::budget(cli, args),
        Command::Audit(AuditCommand::Verify { file, last_hash }) => told(audit::verify(file, last_hash.as_deref())?),
        Command::Audit(AuditCommand::Append { file, records }) => told(audit::append(file, records)?),
        Command::Demo(args) => demo::demo(cli, args),
        Command::Provenance(args) => provenance::run(args),
        Command::Policy(command) => {
            let here = std::env::current_dir().context("cannot tell the current folder")?;
            told(match command {
                PolicyCommand::Check { file } => {
                    policy::check(file.as_deref(), &here, None, jiff::Zoned::now().date())?
                }
                PolicyCommand::Show { file } => policy::show(file.as_deref(), &here)?,
                PolicyCommand::Schema => policy::schema(),
            })
        }
        Command::EngineHost => {
            crate::engine::adbc::serve(std::io::stdin().lock(), std::io::stdout().lock())?;
            Ok(0)
        }
        Command::Gates(args) => told((
            match args.format {
                TextFormat::Table => gates::table(console::width()),
                TextFormat::Json => gates::json(),
                TextFormat::Markdown => gates::markdown(),
            },
            0,
        )),
        Command::Explain(args) => told(explain::explain(&args.name)),
    }
}

fn told((text, code): (String, u8)) -> Result<u8> {
    console::print(&text)?;
    Ok(code)
}

fn compare(args: &ReconcileArgs) -> Result<u8> {
    let request = reconcile::Request {
        reference: args.reference.clone(),
        candidate: args.candidate.clone(),
        key: args.key.clone(),
        tolerance: args.tolerance,
        absolute_tolerance: args.absolute_tolerance,
        column_tolerance: args.column_tolerance.clone(),
        exclude: args.exclude.clone(),
        database: args.database.clone(),
        memory: args.memory.clone(),
        sample: args.sample,
        reference_warehouse: args.reference_warehouse.clone(),
        candidate_warehouse: args.candidate_warehouse.clone(),
        driver: args.driver.clone(),
    };
    let result = reconcile::reconcile(&request)?;
    let text = match args.format {
        TextFormat::Table => reconciliation::table(&result, console::width()),
        TextFormat::Json => reconciliation::json(&result)?,
        TextFormat::Markdown => reconciliation::markdown(&result),
    };
    told((text, reconcile::exit_code(&result)))
}
