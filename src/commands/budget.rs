//! `rowproof budget`: the hallucination budget of a period, counted from GitHub alone.

#[cfg_attr(not(test), expect(dead_code, reason = "the command does not count yet"))]
mod store;

use crate::cli::{BudgetArgs, Cli};
use anyhow::{Result, bail};

/// Counts; the exit code is 1 when a rate is proved to exceed its budget, 2 when it could not be counted.
///
/// # Errors
/// GitHub does not answer, or not all of it could be read.
pub(super) fn budget(_cli: &Cli, _args: &BudgetArgs) -> Result<u8> {
    bail!("under construction")
}
