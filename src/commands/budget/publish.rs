//! What a count leaves on GitHub: the job's summary, and where it is asked for the labels and the issue of the period.

use super::super::pull::{self, Site, shown};
use super::super::{console, faces};
use crate::audit::labels::{BUDGET, BUDGET_REPORT};
use crate::cli::{BudgetArgs, Cli};
use crate::github::{issues, viewer};
use crate::output::escape;
use anyhow::{Context, Result};
use std::path::Path;

/// Most bytes of a job's summary; GitHub shows none of a longer one.
const MAX_SUMMARY: usize = 1_000_000;

/// Publishes the report of a period. `period` is its label, `verdict` the word of the verdict, `markdown` the report. Labels
/// that the token may not make are told: the count stands without them. An issue that was asked for and cannot be kept is
/// an error.
///
/// # Errors
/// What GitHub refused, or a summary that cannot be written.
pub(super) fn publish(
    cli: &Cli,
    site: &Site,
    args: &BudgetArgs,
    period: &str,
    verdict: &str,
    markdown: &str,
) -> Result<()> {
    if let Some(path) = pull::variable("GITHUB_STEP_SUMMARY") {
        faces::append(Path::new(&path), &escape::clip_bytes(markdown, MAX_SUMMARY))?;
    }
    if args.labels {
        make(cli, site, BUDGET)?;
    }
    if args.issue {
        make(cli, site, &[BUDGET_REPORT])?;
        let number = settle(site, args.key.as_deref(), period, verdict, markdown)
            .context("cannot post the issue; it needs issues: write")?;
        console::note(cli, &format!("#{number} holds the report of {period}"));
    }
    Ok(())
}

fn make(cli: &Cli, site: &Site, names: &[&str]) -> Result<()> {
    match shown::make(site, names) {
        Err(error) if error.is_forbidden() => {
            console::note(cli, &format!("the token may not make labels ({error}); grant issues: write"));
            Ok(())
        }
        other => other.context("cannot make the labels"),
    }
}

fn settle(site: &Site, key: Option<&str>, period: &str, verdict: &str, markdown: &str) -> Result<u64> {
    let logins = viewer::logins(&site.client);
    let told = issues::Told {
        marker: &marker(key, period),
        logins: &logins,
        title: &title(key, period, verdict),
        text: markdown,
        label: BUDGET_REPORT,
    };
    Ok(issues::settle(&site.client, &site.repository, &told)?)
}

/// The hidden first line of the issue: one for each project and period.
fn marker(key: Option<&str>, period: &str) -> String {
    format!("<!-- rowproof:budget {} -->", named(key, period))
}

fn title(key: Option<&str>, period: &str, verdict: &str) -> String {
    format!("Hallucination budget {}: {verdict}", named(key, period))
}

/// `2026-Q3`, or `2026-Q3 (shop)`: no key holds brackets or spaces.
fn named(key: Option<&str>, period: &str) -> String {
    key.map_or_else(|| period.to_owned(), |key| format!("{period} ({})", shown::harmless(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_project_and_period_has_an_issue() {
        assert_eq!(marker(None, "2026-Q3"), "<!-- rowproof:budget 2026-Q3 -->");
        assert_eq!(marker(Some("data/dbt"), "2026-Q3"), "<!-- rowproof:budget 2026-Q3 (data/dbt) -->");
        assert_eq!(marker(Some("x --> y)"), "2026-Q3"), "<!-- rowproof:budget 2026-Q3 (x-y) -->");
        assert_eq!(title(None, "2026-Q3", "unproven"), "Hallucination budget 2026-Q3: unproven");
        assert_eq!(title(Some("shop"), "2026-Q3", "met"), "Hallucination budget 2026-Q3 (shop): met");
    }
}
