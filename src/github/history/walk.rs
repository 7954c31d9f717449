//! A walk through pull requests and commits: where it is, where it ends, and what comes next.

use super::Asked;
use super::ask::{Part, Stale};
use super::kept::State;
use super::nodes::{self, Connection};
use super::pulls::{self, PullRead};
use super::query::{PAGE, branch_alias, slice_alias};
use crate::history::BranchCommit;
use anyhow::{Context, Result, bail};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How many pages of commits come with one request at most. Where there is more than a page, its span of time is cut until
/// there are that many: so a branch with several commits to each pull request needs no more requests than those do.
const SLICES: usize = 8;
/// How often a span is cut. What is still more than a page then is read page by page.
const CUTS: u8 = 3;

/// How far two times of one moment may lie apart.
const CLOCKS: SignedDuration = SignedDuration::from_secs(60);

/// How far a list was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Place {
    Start,
    After(String),
    End,
}

impl Place {
    pub fn is_end(&self) -> bool {
        matches!(self, Place::End)
    }

    /// Goes on to where the next page begins; a cursor that stays would never end.
    fn advance(&mut self, next: Option<String>) -> Result<()> {
        let next = next.map_or(Place::End, Place::After);
        if *self == next {
            bail!("GitHub gives the same page again and again");
        }
        *self = next;
        Ok(())
    }
}

/// A span of time of a branch's commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Slice {
    /// Which of the branches.
    pub branch: usize,
    pub since: Timestamp,
    pub until: Option<Timestamp>,
    pub place: Place,
    /// How often it was cut.
    cuts: u8,
}

/// Backwards from what changed last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Walk {
    /// What changed last before this is known, or of no interest.
    stop: Timestamp,
    /// The first walk of all, which ends with a page of nothing but old ones; the others end with the first old one.
    whole: bool,
    /// Commits from here on.
    commits_since: Timestamp,
    /// Only pull requests into this branch.
    pub base: Option<String>,
    pub pulls: Place,
    /// Those of which there is more.
    pub slices: Vec<Slice>,
    /// How many branches there are.
    branches: usize,
    /// Pages come in the order that was asked for.
    ordered: bool,
    /// When the last one changed.
    last: Option<Timestamp>,
    /// When the newest changed, as the first page told.
    newest: Option<Timestamp>,
    /// Date of the newest commit, as the first page told.
    newest_commit: Option<Timestamp>,
    /// Requests so far, those of earlier runs among them.
    requests: u32,
    /// Pages of pull requests so far.
    pages: u32,
    /// It brought something that was not known.
    pub changed: bool,
}

/// How far a walk from the front reads beyond what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Margin {
    /// Right after a walk: commits alone, whose dates come from other clocks than GitHub's.
    Minutes,
    /// After an earlier run: commits that were made before it and pushed after it.
    Days,
}

impl Margin {
    fn of_pulls(self) -> SignedDuration {
        match self {
            Margin::Minutes => SignedDuration::ZERO,
            Margin::Days => SignedDuration::from_mins(10),
        }
    }

    fn of_commits(self) -> SignedDuration {
        match self {
            Margin::Minutes => SignedDuration::from_mins(10),
            Margin::Days => SignedDuration::from_hours(14 * 24),
        }
    }
}

/// What a request brought.
pub(super) struct Page {
    pub pulls: Vec<PullRead>,
    pub commits: Vec<BranchCommit>,
}

impl Walk {
    /// The first one.
    pub fn first(asked: &Asked) -> Self {
        let base = if let [only] = asked.branches.as_slice() { Some(only.clone()) } else { None };
        Self::new(asked.since, true, asked.since, base, asked.branches.len().max(1))
    }

    /// The next one, from the front, up to where this one began.
    pub fn front(&self, since: Timestamp, margin: Margin) -> Self {
        let before = |at: Timestamp, margin| at.checked_sub(margin).unwrap_or(since).max(since);
        let known = self.newest.unwrap_or(self.stop);
        // A commit's date is whatever its author's clock said: it may lie in the future, when a change of a pull request
        // never does.
        let commits = match (self.newest_commit, self.newest) {
            (Some(commit), Some(pull)) => commit.min(pull),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => since,
        };
        let commits_since = before(commits, margin.of_commits());
        Self::new(before(known, margin.of_pulls()), false, commits_since, self.base.clone(), self.branches)
    }

    fn new(stop: Timestamp, whole: bool, commits_since: Timestamp, base: Option<String>, branches: usize) -> Self {
        let slice = |branch| Slice { branch, since: commits_since, until: None, place: Place::Start, cuts: 0 };
        Self {
            stop,
            whole,
            commits_since,
            base,
            pulls: Place::Start,
            slices: (0..branches).map(slice).collect(),
            branches,
            ordered: true,
            last: None,
            newest: None,
            newest_commit: None,
            requests: 0,
            pages: 0,
            changed: false,
        }
    }

    /// Whether there is nothing left to ask for.
    pub fn is_over(&self) -> bool {
        self.pulls.is_end() && self.slices.is_empty()
    }

    /// Whether it is the first one of all.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Whether it comes by what changed then.
    pub fn passes(&self, at: Timestamp) -> bool {
        at > self.stop
    }

    /// Whether something may have jumped to the front behind its back.
    pub fn took_long(&self) -> bool {
        if self.whole { self.requests > 1 } else { self.pages > 1 && self.changed }
    }

    /// The slices of which the next request takes a page, where it takes so many items of a page.
    pub fn next_slices(&self, size: usize) -> &[Slice] {
        &self.slices[..self.slices.len().min((SLICES * size / PAGE).max(1))]
    }

    /// Takes a page of pull requests in.
    fn take_pulls(&mut self, pulls: &[PullRead], next: Option<String>) -> Result<()> {
        for read in pulls {
            let at = read.pull.updated_at;
            // The end is only believed where the order is the one that was asked for, and where a merge counts as a change.
            let merge = read.pull.merged_at.checked_sub(CLOCKS).unwrap_or(at);
            self.ordered &= self.last.is_none_or(|last| at <= last) && merge <= at;
            self.last = Some(at);
        }
        self.pages += 1;
        if self.pulls == Place::Start {
            self.newest = self.newest.max(pulls.iter().map(|p| p.pull.updated_at).max());
        }
        self.pulls.advance(next)?;
        let old = |p: &PullRead| p.pull.updated_at.max(p.pull.merged_at);
        let over = if self.whole {
            !pulls.is_empty() && pulls.iter().all(|p| old(p) < self.stop)
        } else {
            pulls.iter().any(|p| old(p) <= self.stop)
        };
        if over && self.ordered {
            self.pulls = Place::End;
        }
        Ok(())
    }

    /// Begins anew with nothing but those into this branch.
    fn narrow(&mut self, base: &str) {
        self.base = Some(base.to_owned());
        self.pulls = Place::Start;
        self.last = None;
        self.ordered = true;
    }
}

impl Slice {
    /// Cuts it, where it is long enough. It is read again from the start, since the dates of a page need not be in order.
    fn cut(&self, count: usize, newest: Timestamp) -> Option<Vec<Slice>> {
        let (slice, count) = (self, count as i64);
        let (start, span) = (slice.since.as_second(), newest.as_second() - slice.since.as_second());
        if count < 2 || slice.cuts >= CUTS || span < 60 * count {
            return None;
        }
        let moment = |i: i64| Timestamp::from_second(start + span * i / count).unwrap_or(newest);
        let slices = (0..count).map(|i| Slice {
            branch: slice.branch,
            since: if i == 0 { slice.since } else { moment(i) },
            // A second more: whether the end is part of a span is left to GitHub. What comes twice counts once.
            until: if i + 1 < count { Some(moment(i + 1) + SignedDuration::from_secs(1)) } else { slice.until },
            place: Place::Start,
            cuts: slice.cuts + 1,
        });
        Some(slices.collect())
    }
}

/// Takes in what a request brought.
pub(super) fn page(data: &Value, state: &mut State, asked: &Asked, size: usize) -> Result<Page> {
    take_default_branch(data, state, asked)?;
    let mut page = Page { pulls: Vec::new(), commits: Vec::new() };
    if !state.walk.pulls.is_end() {
        let (pulls, next) = pulls::merged(data, &asked.check_name)?;
        let first = state.walk.pulls == Place::Start;
        state.walk.take_pulls(&pulls, next)?;
        let elsewhere = |p: &PullRead| !state.branches.contains(&p.pull.base);
        // Until the first answer nobody knows what the default branch is called. Where others get pull requests too,
        // it pays to begin anew with those of that branch alone.
        if first
            && state.walk.base.is_none()
            && pulls.iter().any(elsewhere)
            && !state.walk.pulls.is_end()
            && let [only] = state.branches.as_slice()
        {
            state.walk.narrow(&only.clone());
        }
        page.pulls = pulls;
    }
    if state.dropped.iter().any(|d| d.part == Part::Commits) {
        state.walk.slices.clear();
    } else {
        page.commits = take_commits(data, state, size)?;
    }
    page.pulls.retain(|p| state.branches.contains(&p.pull.base) && p.pull.merged_at >= state.since);
    state.walk.requests += 1;
    Ok(page)
}

fn take_default_branch(data: &Value, state: &mut State, asked: &Asked) -> Result<()> {
    let text = |pointer| data.pointer(pointer).and_then(Value::as_str);
    let (Some(name), Some(sha)) = (text("/defaultBranchRef/name"), text("/defaultBranchRef/target/oid")) else {
        bail!("the repository has no commits: it has no default branch");
    };
    if asked.branches.is_empty() {
        if !state.branches.is_empty() && state.branches != [name] {
            return Err(Stale(format!("the default branch is now {name}")).into());
        }
        state.branches = vec![name.to_owned()];
    }
    name.clone_into(&mut state.default_branch);
    sha.clone_into(&mut state.head_sha);
    Ok(())
}

fn take_commits(data: &Value, state: &mut State, size: usize) -> Result<Vec<BranchCommit>> {
    let mut all = Vec::new();
    let asked = state.walk.next_slices(size).to_vec();
    let mut left = Vec::new();
    for (i, mut slice) in asked.iter().cloned().enumerate() {
        let branch = data.get(branch_alias(slice.branch)).filter(|b| !b.is_null());
        let name = state.branches.get(slice.branch).map_or("", String::as_str);
        let branch = branch.with_context(|| format!("the repository has no branch `{name}`"))?;
        let history = branch.get("target").and_then(|t| t.get(slice_alias(i)));
        let history: Connection<nodes::BranchCommitNode> =
            nodes::decode(history.cloned().unwrap_or_default(), || format!("the commits of branch `{name}`"))?;
        let (commits, next) = history.take()?;
        let newest = commits.iter().map(|c| c.committed_date).max();
        all.extend(commits.into_iter().map(nodes::BranchCommitNode::plain));
        let first = slice.place == Place::Start;
        if first && slice.cuts == 0 {
            state.walk.newest_commit = state.walk.newest_commit.max(newest);
        }
        slice.place.advance(next)?;
        if !slice.place.is_end() {
            left.push((slice, newest.filter(|_| first)));
        }
    }
    let later = state.walk.slices.len() - asked.len();
    let count = SLICES / (left.len() + later).max(1);
    let cut = |(slice, newest): (Slice, Option<Timestamp>)| {
        newest.and_then(|newest| slice.cut(count, newest)).unwrap_or_else(|| vec![slice])
    };
    let left: Vec<Slice> = left.into_iter().flat_map(cut).collect();
    state.walk.slices.splice(..asked.len(), left);
    Ok(all)
}
