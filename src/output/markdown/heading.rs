//! The first lines: verdict, how it came out, and what was compared.

use super::{sign, summary_line};
use crate::output::escape::{clip, markdown, markdown_code};
use crate::output::overview::{finding_counts, plural, short_sha};
use crate::report::Report;

/// Characters of a name.
const NAME: usize = 120;

/// Verdict, summary line, and the sides.
pub(super) fn heading(report: &Report) -> String {
    let name = |text: &str| markdown_code(&clip(text, NAME));
    format!(
        "## {} Rowproof: {}\n\n**{}**\n\n{}..{} of {} · policy {} ({}) · {} · {}\n",
        sign(report.verdict),
        report.verdict.word(),
        summary_line(report),
        commit(&report.base.sha),
        commit(&report.head.sha),
        name(&report.project.name),
        name(&report.policy.path),
        markdown(&clip(&report.policy.side, NAME)),
        plural(report.changes.len(), "changed model"),
        finding_counts(report),
    )
}

/// A commit in short, without the break that a hostile text gets: digits do no harm in the type of code.
fn commit(sha: &str) -> String {
    match short_sha(sha) {
        short if short.len() < sha.len() => format!("<code>{short}</code>"),
        other => markdown_code(&clip(other, NAME)),
    }
}

/// Which program made the report.
pub(super) fn tool(report: &Report) -> String {
    format!("{} {}", markdown(&clip(&report.tool.name, NAME)), markdown(&clip(&report.tool.version, NAME)))
}
