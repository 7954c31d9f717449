//! `rowproof post REPORT.json`: publishes a report to its pull request. Safe to run twice, or twice at once.
//!
//! The report is hostile: it may come from a job that ran a stranger's code. Which pull request it belongs to, what the
//! policy says, who looked and who wrote the change is asked of GitHub, never of the report.

mod caught;
mod publish;
mod read;
mod record;
mod target;

use super::pull::{self, Site};
use super::{console, faces};
use crate::cli::{Cli, CommentMode, PostArgs};
use crate::output;
use crate::report::Report;
use anyhow::Result;
use target::Target;

/// Publishes; the exit code is that of the report's verdict, 2 when it could not be published or was dropped.
///
/// # Errors
/// A report that does not read, an unknown pull request, or what GitHub refused.
pub(super) fn post(cli: &Cli, args: &PostArgs) -> Result<u8> {
    let report = read::report(&args.report)?;
    let site = pull::site(args.pull.repo.as_deref())?;
    let target = match target::find(&site, &report, args.pull.pr) {
        Ok(target) => target,
        Err(error) if forbidden(&error) => {
            summary(&report, &site)?;
            return fall_back(cli, &report, &error);
        }
        Err(error) => return Err(error),
    };
    if !matches!(target, Target::Foreign(_) | Target::Stale(_)) {
        summary(&report, &site)?;
    }
    match target {
        Target::Nothing(why) => {
            console::note(cli, &format!("nothing to publish: {why}"));
            Ok(report.exit_code())
        }
        Target::Stale(why) => {
            console::note(cli, &format!("dropped: {why}"));
            Ok(report.exit_code())
        }
        Target::Foreign(why) => {
            console::note(cli, &format!("dropped: {why}"));
            Ok(2)
        }
        Target::Pull(pull) => match publish::publish(cli, args, &site, &report, &pull) {
            Ok(()) => Ok(report.exit_code()),
            Err(error) if forbidden(&error) => fall_back(cli, &report, &error),
            Err(error) => Err(error),
        },
    }
}

fn forbidden(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|e| e.downcast_ref::<crate::github::ApiError>()).any(crate::github::ApiError::is_forbidden)
}

/// A token that may not write (a fork's) changes no verdict: the findings become annotations of the log.
fn fall_back(cli: &Cli, report: &Report, error: &anyhow::Error) -> Result<u8> {
    console::print(&output::annotations::render(report))?;
    console::note(
        cli,
        &format!(
            "the token may not publish ({error:#}); the findings are shown in the log instead. Pull requests from forks \
             get a read-only token: publish with the `workflow_run` workflow that `rowproof init --forks` writes; \
             otherwise grant pull-requests: write, issues: write and checks: write"
        ),
    );
    Ok(report.exit_code())
}

/// Appends the report to the job's summary, where Actions takes one, within GitHub's mebibyte.
fn summary(report: &Report, site: &Site) -> Result<()> {
    let Some(path) = pull::variable("GITHUB_STEP_SUMMARY") else { return Ok(()) };
    let frame = output::markdown::Frame { link: site.run_url.as_deref(), ..Default::default() };
    let text = output::markdown::render_framed(report, &faces::no_sources, &frame);
    faces::append(std::path::Path::new(&path), &text)
}

/// Whether there is a comment to make: `exists` says that one of ours is there.
fn wants_comment(mode: CommentMode, report: &Report, exists: bool) -> bool {
    let quiet = report.exit_code() == 0 && report.findings.is_empty() && report.changes.is_empty();
    match mode {
        CommentMode::Never => false,
        CommentMode::Always => true,
        // A comment that is there is brought up to date, so that it turns green.
        CommentMode::Failure => exists || report.exit_code() != 0,
        CommentMode::Auto => exists || !quiet,
    }
}
