//! What was merged, in order, with what each says of the others.

use super::commits::{Commits, Found};
use super::mention::{self, Mention, Named, Said, Target};
use super::title;
use crate::history::{Commit, History, MergedPull};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// A pull request, or a commit that was pushed straight to the branch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Id {
    /// By number.
    Pull(u64),
    /// By commit id.
    Commit(String),
}

/// Something that was merged.
#[derive(Debug)]
pub(super) struct Change {
    /// Which.
    pub id: Id,
    /// When.
    pub at: Timestamp,
    /// Its title, as [`title::plain`] gives it.
    pub title: String,
    /// What it undoes or does again.
    pub mentions: Vec<Mention>,
    /// Reverting is what it is there for: its title or its description says so, not just one of its commits.
    pub is_revert: bool,
    /// Commits that it was picked from.
    pub picked_from: Vec<String>,
    /// Pull requests whose defect it mends.
    pub caused_by: BTreeSet<u64>,
}

/// Everything that was merged, the oldest first.
pub(super) fn all(history: &History, commits: &Commits<'_>) -> Vec<Change> {
    let mut changes: Vec<Change> = history.pulls.values().map(|pull| of_pull(pull, &history.repository)).collect();
    for commit in &history.commits {
        let said = mention::message(&commit.message, 0, &history.repository);
        let silent = said.mentions.is_empty() && said.picked_from.is_empty() && said.caused_by.is_empty();
        if silent || !is_direct(history, commits, &commit.sha, &commit.message) {
            continue;
        }
        let headline = commit.message.lines().next().unwrap_or("");
        changes.push(Change {
            id: Id::Commit(commit.sha.clone()),
            at: commit.at,
            title: title::plain(headline),
            is_revert: !said.mentions.is_empty(),
            mentions: said.mentions,
            picked_from: said.picked_from,
            caused_by: said.caused_by.into_iter().collect(),
        });
    }
    changes.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    changes
}

/// Whether a pull request says that it undoes something or does it again, so that the history is worth reading. `messages`
/// are those of its commits.
pub fn speaks<'m>(
    number: u64,
    title: &str,
    body: &str,
    messages: impl IntoIterator<Item = &'m str>,
    repository: &str,
) -> bool {
    let silent = |said: Said| said.mentions.is_empty() && said.picked_from.is_empty();
    !silent(mention::titled(title, body, number, repository))
        || messages.into_iter().any(|m| !silent(mention::message(m, number, repository)))
}

/// Ids of commits that say something, and of which it must be asked whether a pull request brought them.
pub(super) fn unknown(history: &History, commits: &Commits<'_>) -> BTreeSet<String> {
    let speaks = |message: &str| {
        let said = mention::message(message, 0, &history.repository);
        !(said.mentions.is_empty() && said.picked_from.is_empty() && said.caused_by.is_empty())
    };
    let asked = history.commits.iter().filter(|c| own_number(history, &c.message).is_none());
    asked
        .filter(|c| matches!(commits.find(&c.sha), Found::Unknown(_)) && speaks(&c.message))
        .map(|c| c.sha.clone())
        .collect()
}

/// Whether a commit of the branch came without a pull request.
fn is_direct(history: &History, commits: &Commits<'_>, sha: &str, message: &str) -> bool {
    own_number(history, message).is_none() && matches!(commits.find(sha), Found::Direct(_) | Found::Nothing)
}

/// The pull request that squashing wrote into the first line.
pub(super) fn own_number(history: &History, message: &str) -> Option<u64> {
    let headline = message.lines().next()?.trim_end();
    let number = headline.strip_suffix(')')?.rsplit_once("(#")?.1.parse().ok()?;
    history.pulls.contains_key(&number).then_some(number)
}

fn of_pull(pull: &MergedPull, repository: &str) -> Change {
    let own = Own::of(pull);
    let mut said = mention::titled(&pull.title, &pull.body, pull.number, repository);
    if let Some(merge) = &pull.merge_commit {
        take(&mut said, of_merge(merge, pull, repository));
    }
    said.mentions.retain(|m| !own.is(&m.target));
    let is_revert = !said.mentions.is_empty();
    let mut settled: Vec<Vec<Mention>> = Vec::new();
    let mut withdrawn: Vec<Mention> = Vec::new();
    for commit in &pull.commits {
        let mut told = mention::message(&commit.message, pull.number, repository);
        said.picked_from.append(&mut told.picked_from);
        said.caused_by.append(&mut told.caused_by);
        // Names of commits say nothing of pull requests, unless the pull request is that commit.
        told.mentions.retain(|m| pull.commits.len() == 1 || !matches!(m.target, Target::Title(_)));
        let about: Vec<usize> = told.mentions.iter().filter_map(|m| own.place(&m.target)).collect();
        if about.is_empty() {
            settled.push(told.mentions);
        } else {
            // It takes back a commit of its own, and what that one had said.
            for place in about {
                withdrawn.extend(settled.get_mut(place).map(std::mem::take).unwrap_or_default());
            }
            settled.push(Vec::new());
        }
    }
    let kept: Vec<Mention> = settled.into_iter().flatten().collect();
    // Squashing lists the messages of all commits, those that were taken back among them.
    said.mentions.retain(|m| !same_target(&withdrawn, m) || same_target(&kept, m));
    let is_revert = is_revert && !said.mentions.is_empty();
    said.mentions.extend(kept);
    said.mentions.sort();
    said.mentions.dedup();
    Change {
        id: Id::Pull(pull.number),
        at: pull.merged_at,
        title: title::plain(&pull.title),
        mentions: said.mentions,
        is_revert,
        picked_from: said.picked_from,
        caused_by: said.caused_by.into_iter().filter(|n| *n != pull.number).collect(),
    }
}

fn same_target(among: &[Mention], one: &Mention) -> bool {
    among.iter().any(|m| m.target == one.target)
}

/// What the commit that the merge made says. GitHub's own first line of a merge names the branch, its third the title.
fn of_merge(merge: &Commit, pull: &MergedPull, repository: &str) -> Said {
    let merged = merge.message.starts_with("Merge pull request") || merge.message.starts_with("Merge branch");
    if merged {
        let rest = merge.message.split_once('\n').map_or("", |(_, rest)| rest);
        return mention::message(rest.trim_start(), pull.number, repository);
    }
    let mut said = mention::message(&merge.message, pull.number, repository);
    // The last of several commits that were rebased speaks for itself alone.
    let copied = pull.commits.len() > 1 && pull.commits.iter().any(|c| c.message.trim() == merge.message.trim());
    if copied {
        said.mentions.clear();
    }
    said
}

fn take(said: &mut Said, more: Said) {
    said.mentions.extend(more.mentions);
    said.picked_from.extend(more.picked_from);
    said.caused_by.extend(more.caused_by);
}

/// The commits and the number of a pull request itself.
struct Own<'p> {
    pull: &'p MergedPull,
}

impl<'p> Own<'p> {
    fn of(pull: &'p MergedPull) -> Self {
        Self { pull }
    }

    /// Whether a target is the pull request itself or a commit of its own.
    fn is(&self, target: &Target) -> bool {
        match target {
            Target::Number(number) => *number == self.pull.number,
            Target::Sha(id) => {
                self.place(target).is_some() || self.pull.merge_commit.as_ref().is_some_and(|c| fits(c, id))
            }
            Target::Title(_) => false,
        }
    }

    /// Which of its commits a target is.
    fn place(&self, target: &Target) -> Option<usize> {
        let Target::Sha(id) = target else { return None };
        self.pull.commits.iter().position(|c| fits(c, id))
    }
}

fn fits(commit: &Commit, id: &str) -> bool {
    commit.sha.starts_with(id)
}

impl Change {
    /// Whether it says in so many words that something is undone, so that a target that nobody knows is worth a line.
    pub fn names_something(&self) -> bool {
        self.is_revert && self.mentions.iter().any(|m| m.named != Named::Words)
    }
}
