//! What a count leaves on GitHub: the job's summary, and where it is asked for the labels and the issue of the period.

use super::super::pull::{self, Site, shown};
use super::super::{console, faces};
use crate::audit::labels::{BUDGET, BUDGET_REPORT};
use crate::cli::{BudgetArgs, Cli};
use crate::github::{ApiError, issues, viewer};
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
    keep(cli, site, args, period, verdict, markdown)
}

/// The labels and the issue, where they are asked for.
fn keep(cli: &Cli, site: &Site, args: &BudgetArgs, period: &str, verdict: &str, markdown: &str) -> Result<()> {
    if args.labels {
        make(cli, site, BUDGET)?;
    }
    if args.issue {
        make(cli, site, &[BUDGET_REPORT])?;
        let number = match settle(site, args.key.as_deref(), period, verdict, markdown) {
            Err(error) if error.is_forbidden() => {
                return Err(error).context("the token may not post the issue; grant issues: write");
            }
            other => other.context("cannot post the issue")?,
        };
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

fn settle(site: &Site, key: Option<&str>, period: &str, verdict: &str, markdown: &str) -> Result<u64, ApiError> {
    let logins = viewer::logins(&site.client);
    let told = issues::Told {
        marker: &marker(key, period),
        logins: &logins,
        title: &title(key, period, verdict),
        text: markdown,
        label: BUDGET_REPORT,
    };
    issues::settle(&site.client, &site.repository, &told)
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
    use super::super::super::pull::stage::Stage;
    use super::*;
    use clap::Parser;
    use serde_json::json;

    fn kept(stage: &Stage, options: &[&str]) -> Result<()> {
        let cli = Cli::try_parse_from([&["rowproof", "--quiet", "budget"], options].concat())?;
        let crate::cli::Command::Budget(args) = &cli.command else { unreachable!() };
        keep(&cli, &stage.site(), args, "2026-Q3", "met", "# Budget\n")
    }

    #[test]
    fn labels_and_issue_are_left_only_where_they_are_asked_for() {
        let stage = || {
            let (title, body) =
                (title(Some("shop"), "2026-Q3", "met"), marker(Some("shop"), "2026-Q3") + "\n# Budget\n");
            let made = json!({"number": 5, "title": title, "body": body, "labels": [{"name": BUDGET_REPORT}]});
            Stage::new()
                .has("issues", &json!([]))
                .answers("POST", "/labels", 201, &json!({}))
                .answers("POST", "/issues", 201, &made)
        };
        let labels = |stage: &Stage| stage.writes().iter().filter(|w| w.starts_with("POST labels ")).count();
        let plain = stage();
        kept(&plain, &[]).unwrap();
        assert_eq!(plain.writes().len(), 0);
        let labelled = stage();
        kept(&labelled, &["--labels"]).unwrap();
        assert_eq!((labels(&labelled), labelled.writes().len()), (4, 4));
        let posted = stage();
        kept(&posted, &["--issue", "--key", "shop"]).unwrap();
        let issue = r##"POST issues {"title":"Hallucination budget 2026-Q3 (shop): met","body":"<!-- rowproof:budget 2026-Q3 (shop) -->\n# Budget\n","labels":["hallucination-budget:report"]}"##;
        assert_eq!((labels(&posted), posted.writes()[1..].to_vec()), (1, vec![issue.to_owned()]));
    }

    /// The count stands without its labels; an issue that was asked for is missed by whoever reads it.
    #[test]
    fn a_token_that_may_not_write_fails_the_issue_and_not_the_labels() {
        let refusal = json!({"message": "Resource not accessible by integration"});
        let stage = Stage::new().has("issues", &json!([])).answers("POST", "", 403, &refusal);
        kept(&stage, &["--labels"]).unwrap();
        let error = kept(&stage, &["--issue"]).unwrap_err();
        assert!(error.to_string().contains("issues: write"), "{error:#}");
        let down = Stage::new().has("issues", &json!([])).answers("POST", "", 422, &json!({"message": "no"}));
        assert!(kept(&down, &["--labels"]).is_err());
    }

    #[test]
    fn each_project_and_period_has_an_issue() {
        assert_eq!(marker(None, "2026-Q3"), "<!-- rowproof:budget 2026-Q3 -->");
        assert_eq!(marker(Some("data/dbt"), "2026-Q3"), "<!-- rowproof:budget 2026-Q3 (data/dbt) -->");
        assert_eq!(marker(Some("x --> y)"), "2026-Q3"), "<!-- rowproof:budget 2026-Q3 (x-y) -->");
        assert_eq!(title(None, "2026-Q3", "unproven"), "Hallucination budget 2026-Q3: unproven");
        assert_eq!(title(Some("shop"), "2026-Q3", "met"), "Hallucination budget 2026-Q3 (shop): met");
    }
}
