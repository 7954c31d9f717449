//! `rowproof budget`: the hallucination budget of a period, counted from GitHub alone.

mod blame;
mod collect;
mod faces;
mod publish;
mod store;

pub(super) use collect::resolve;

use super::pull;
use super::{console, told};
use crate::audit::budget::result::BudgetVerdict;
use crate::audit::budget::{self, Asked, Rules, period};
use crate::cli::{BudgetArgs, Cli};
use crate::output;
use anyhow::Result;

/// Counts; the exit code is 1 when a rate is proved to exceed its budget, 0 when it is met or nothing is proved.
///
/// # Errors
/// GitHub does not answer, or not all of it could be read; nothing is printed then.
pub(super) fn budget(cli: &Cli, args: &BudgetArgs) -> Result<u8> {
    faces::check(&args.output)?;
    let now = pull::now()?;
    let span = match &args.quarter {
        Some(name) => period::quarter(name, now)?,
        None => period::between(args.since.as_deref(), args.until.as_deref(), now)?,
    };
    let site = pull::site(args.repo.as_deref())?;
    let mut collected = collect::collect(cli, &site, args, &span)?;
    let rules = Rules::of(&collected.policy, &collected.project_root)?;
    let candidates = blame::candidates(&rules, &span, &collected.history, &mut collected.notices);
    let asked = Asked { rules, span, trend: args.trend, now, candidates, notices: collected.notices };
    let counted = budget::budget(asked, &collected.history, &collected.records);
    faces::write(&args.output, &counted)?;
    let markdown = output::budget::markdown(&counted);
    publish::publish(cli, &site, args, &counted.period.label, counted.verdict.word(), &markdown)?;
    let code = u8::from(counted.verdict == BudgetVerdict::Exceeded);
    told((faces::render(&counted, args.format, console::width())?, code))
}
