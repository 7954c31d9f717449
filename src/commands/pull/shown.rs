//! What `post` and `review` show alike: the names of comment and check run, the section of the human rules, labels.

use super::Site;
use crate::audit::labels as wanted;
use crate::audit::review::Judgement;
use crate::github::{ApiError, labels, pull::Pull};
use crate::output;
use crate::report::Verdict;
use anyhow::{Context, Result};

/// The hidden first line of the comment; `key` tells apart several projects of one repository.
pub(in crate::commands) fn marker(key: Option<&str>) -> String {
    match key {
        Some(key) => format!("<!-- rowproof:comment {} -->", harmless(key)),
        None => "<!-- rowproof:comment -->".to_owned(),
    }
}

/// The check run: not the name of the job that judges, which a required check names and which alone answers for a merge
/// group.
const CHECK: &str = "rowproof report";

/// The name of the check run.
pub(in crate::commands) fn check_name(key: Option<&str>) -> String {
    key.map_or_else(|| CHECK.to_owned(), |key| format!("{CHECK} ({})", harmless(key)))
}

/// What can stand in a hidden comment and in a name.
pub(in crate::commands) fn harmless(key: &str) -> String {
    key.chars()
        .filter(|c| c.is_ascii_alphanumeric() || "_./".contains(*c) || *c == '-')
        .take(60)
        .collect::<String>()
        .replace("--", "-")
}

/// Lines between which the human rules stand, so that `rowproof review` can renew them alone.
pub(in crate::commands) const REVIEW_START: &str = "<!-- rowproof:review -->";
/// The line after them.
pub(in crate::commands) const REVIEW_END: &str = "<!-- /rowproof:review -->";

/// The human rules as a section of the comment.
pub(in crate::commands) fn section(judgement: &Result<Judgement>) -> String {
    let text = match judgement {
        Ok(judgement) => output::review::markdown(judgement),
        Err(error) => format!(
            "### Who must look\n\n{} could not be told: {}\n",
            output::overview::symbol(Verdict::Error),
            output::escape::markdown_prose(&format!("{error:#}"))
        ),
    };
    format!("{REVIEW_START}\n{}\n{REVIEW_END}\n", text.trim_end())
}

/// Adds labels that are not there yet, made with their look where the repository does not have them.
pub(in crate::commands) fn set(site: &Site, pull: &Pull, all: &[wanted::Wanted]) -> Result<()> {
    let there = pull.label_names();
    let missing: Vec<_> = all.iter().filter(|w| !there.iter().any(|n| n.eq_ignore_ascii_case(&w.name))).collect();
    match made(site, missing.iter().copied()) {
        // Who may not make labels may still set one: GitHub makes it with a look of its own.
        Err(error) if error.is_forbidden() => {}
        other => other.map_err(anyhow::Error::from).context("cannot make a label")?,
    }
    let names: Vec<String> = missing.into_iter().map(|w| w.name.clone()).collect();
    Ok(labels::add(&site.client, &site.repository, pull.number, &names)?)
}

/// Makes labels of ours with their look where the repository does not have them; those that are there stay as they are.
///
/// # Errors
/// [`ApiError`]; a token that may not make labels is one.
pub(in crate::commands) fn make(site: &Site, names: &[&str]) -> Result<(), ApiError> {
    let looks: Vec<wanted::Wanted> = names.iter().map(|n| wanted::look(n)).collect();
    made(site, looks.iter())
}

fn made<'a>(site: &Site, all: impl Iterator<Item = &'a wanted::Wanted>) -> Result<(), ApiError> {
    for label in all {
        let look =
            labels::LabelLook { name: label.name.clone(), color: label.color, description: label.description.clone() };
        labels::ensure(&site.client, &site.repository, &look)?;
    }
    Ok(())
}
