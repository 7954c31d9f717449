//! After the merge of a revert: the pull requests that it undid are labelled `rollback`, and those that a re-land brought
//! back in time lose the label again.

use super::super::budget::resolve;
use super::super::console;
use super::super::pull::{Site, human, shown};
use crate::audit::budget::{Effect, effects_of, speaks};
use crate::audit::labels::{ROLLBACK, ROLLBACK_NOT, look};
use crate::cli::Cli;
use crate::github::history::{self, Asked, Memory};
use crate::github::people::{self, LabelChange};
use crate::github::pull::Pull;
use crate::github::{labels, viewer};
use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};

/// Most pull requests that one merge may label: a text that names more is no revert of them.
const MAX_TARGETS: usize = 20;

/// How far back a target is looked for.
const BACK: SignedDuration = SignedDuration::from_hours(24 * 90);

/// What the merge of `pull` did. The history is read only where it says that it undoes or does something again.
///
/// # Errors
/// What must be known cannot be read.
fn reverted(site: &Site, pull: &Pull) -> Result<Effect> {
    let Some(merged_at) = pull.merged_at.as_deref() else { return Ok(Effect::default()) };
    let merged_at: Timestamp = merged_at.parse().with_context(|| format!("#{} has no readable time", pull.number))?;
    let commits = human::commits(site, pull)?;
    let messages = commits.iter().map(|c| c.commit.message.as_str());
    let body = pull.body.as_deref().unwrap_or_default();
    if !speaks(pull.number, &pull.title, body, messages, site.repository.full_name()) {
        return Ok(Effect::default());
    }
    let since = merged_at.checked_sub(BACK)?;
    let asked = Asked { since, branches: vec![pull.base.branch.clone()], check_name: shown::check_name(None) };
    let mut store = Memory::default();
    let mut history = history::read(&site.client, &site.repository, &asked, &mut store, &|_| {})?.history;
    resolve(site, &mut history, &mut store)?;
    Ok(effects_of(&history, pull.number))
}

/// Labels what the merged pull request reverted, and tells what it did. A token that may not label is told.
///
/// # Errors
/// GitHub does not answer, or what it says does not read.
pub(super) fn merged(cli: &Cli, site: &Site, pull: &Pull) -> Result<()> {
    let effects = reverted(site, pull).context("cannot tell what this merge reverts")?;
    for told in mark(site, pull, &effects)? {
        console::note(cli, &told);
    }
    Ok(())
}

/// Carries the effects out; gives what was done, a line each.
fn mark(site: &Site, pull: &Pull, effects: &Effect) -> Result<Vec<String>> {
    let Some(merged_at) = pull.merged_at.as_deref() else { return Ok(Vec::new()) };
    let merged_at: Timestamp = merged_at.parse().with_context(|| format!("#{} has no readable time", pull.number))?;
    let rolled_back = effects.rolled_back.iter().map(|n| (*n, true));
    let restored = effects.restored.iter().filter(|n| !effects.rolled_back.contains(n)).map(|n| (*n, false));
    let targets: Vec<(u64, bool)> = rolled_back.chain(restored).filter(|(n, _)| *n != pull.number).collect();
    if targets.is_empty() {
        return Ok(Vec::new());
    }
    if targets.len() > MAX_TARGETS {
        let many = targets.len();
        return Ok(vec![format!(
            "#{} undoes {many} pull requests, more than one revert can: none is labelled",
            pull.number
        )]);
    }
    let logins = viewer::logins(&site.client);
    let mut told = Vec::new();
    for (number, reverted) in targets {
        let what = format!("cannot label #{number}");
        match one(site, pull, merged_at, &logins, number, reverted) {
            Ok(line) => told.extend(line),
            Err(error) if forbidden(&error) => {
                told.push(format!("the token may not label #{number} ({error:#}); grant pull-requests: write"));
            }
            Err(error) => return Err(error.context(what)),
        }
    }
    Ok(told)
}

fn forbidden(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|e| e.downcast_ref::<crate::github::ApiError>()).any(crate::github::ApiError::is_forbidden)
}

/// One pull request that was reverted, or brought back; gives what is to be told of it.
fn one(
    site: &Site,
    pull: &Pull,
    merged_at: Timestamp,
    logins: &[String],
    number: u64,
    reverted: bool,
) -> Result<Option<String>> {
    let by = pull.number;
    let target = match Pull::get(&site.client, &site.repository, number) {
        Err(error) if error.is_not_found() => {
            return Ok(Some(format!("#{number}, which #{by} names, is no pull request")));
        }
        other => other?,
    };
    let earlier = target.merged_at.as_deref().map(str::parse::<Timestamp>).transpose();
    if earlier.with_context(|| format!("#{number} has no readable time"))?.is_none_or(|at| at >= merged_at) {
        return Ok(Some(format!("#{number}, which #{by} names, was not merged before it: not labelled")));
    }
    let changes = people::label_changes(&site.client, &site.repository, number)?;
    let step = match reverted {
        true => when_reverted(&target.label_names(), &changes, logins, merged_at),
        false => when_restored(&target.label_names(), &changes, logins),
    };
    match &step {
        Step::Set => shown::set(site, &target, &[look(ROLLBACK)])?,
        Step::TakeAway(name) => labels::remove(&site.client, &site.repository, number, name)?,
        Step::Nothing | Step::Leave(_) => {}
    }
    Ok(match step {
        Step::Set => Some(format!("labelled #{number} `{ROLLBACK}`: #{by} reverts it")),
        Step::TakeAway(_) => Some(format!("took `{ROLLBACK}` off #{number}: #{by} lands it again in time")),
        Step::Leave(why) => Some(format!("left the labels of #{number}, which #{by} undoes, as they are: {why}")),
        Step::Nothing => None,
    })
}

/// What is to be done with the label.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// Set it.
    Set,
    /// Take it away: the label as it is written there.
    TakeAway(String),
    /// Leave it, for this reason.
    Leave(&'static str),
    /// It is as it should be.
    Nothing,
}

/// A revert labels, unless a person says otherwise: by `rollback:not`, or by having taken the label off since.
fn when_reverted(there: &[String], changes: &[LabelChange], logins: &[String], merged_at: Timestamp) -> Step {
    if named(there, ROLLBACK).is_some() {
        return Step::Nothing;
    }
    if named(there, ROLLBACK_NOT).is_some() {
        return Step::Leave("it carries `rollback:not`");
    }
    let Some(last) = last(changes) else { return Step::Set };
    let at = last.done.at.as_deref().and_then(|at| at.parse::<Timestamp>().ok());
    // A time that does not read must not undo what a person did.
    if !last.set && !ours(last, logins) && at.is_none_or(|at| at >= merged_at) {
        return Step::Leave("a person took `rollback` off it");
    }
    Step::Set
}

/// A re-land takes away what we set, never what a person did.
fn when_restored(there: &[String], changes: &[LabelChange], logins: &[String]) -> Step {
    let Some(name) = named(there, ROLLBACK) else { return Step::Nothing };
    match last(changes) {
        Some(change) if change.set && ours(change, logins) => Step::TakeAway(name.to_owned()),
        _ => Step::Leave("a person set `rollback`"),
    }
}

/// The label as it is written on the pull request; names of labels are the same in either case.
fn named<'a>(there: &'a [String], label: &str) -> Option<&'a str> {
    there.iter().map(String::as_str).find(|n| n.eq_ignore_ascii_case(label))
}

fn last(changes: &[LabelChange]) -> Option<&LabelChange> {
    changes.iter().rev().find(|c| c.name.eq_ignore_ascii_case(ROLLBACK))
}

fn ours(change: &LabelChange, logins: &[String]) -> bool {
    change.done.by.as_deref().is_some_and(|by| viewer::is_login(by, logins))
}

#[cfg(test)]
mod tests;
