//! Which pull request a commit id stands for: through the merge commit, the pull request's own commits, or what the forge
//! says of the commit, and on through cherry-picks from other branches.

use super::mention;
use crate::history::{History, MergedPull, Resolved};
use std::collections::{BTreeMap, BTreeSet};

/// Shortest id that is looked up: git's own shortest.
const SHORTEST: usize = 7;
/// How often a pick of a pick is followed.
const PICKS: usize = 4;

/// What a commit id stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// A pull request into a protected branch, all of it or one commit of it.
    Pull {
        /// Its number.
        number: u64,
        /// The commit, whole id.
        sha: String,
        /// The commit holds the whole pull request.
        whole: bool,
    },
    /// A commit that was pushed straight to the branch.
    Direct(String),
    /// Nothing that was merged here.
    Nothing,
    /// The forge must be asked for this id.
    Unknown(String),
}

/// All commit ids of a history.
pub(super) struct Commits<'h> {
    history: &'h History,
    known: BTreeMap<&'h str, u64>,
    branch: BTreeSet<&'h str>,
}

impl<'h> Commits<'h> {
    /// Those of `history`.
    pub fn of(history: &'h History) -> Self {
        let mut known: BTreeMap<&str, u64> = BTreeMap::new();
        let earlier = |a: u64, b: u64| {
            let at = |n: u64| history.pulls.get(&n).map(|p| (p.merged_at, n));
            at(a) <= at(b)
        };
        for pull in history.pulls.values() {
            for commit in &pull.commits {
                let entry = known.entry(&commit.sha).or_insert(pull.number);
                // A stacked branch carries the commits of the one below it.
                if earlier(pull.number, *entry) {
                    *entry = pull.number;
                }
            }
        }
        for pull in history.pulls.values() {
            if let Some(commit) = &pull.merge_commit {
                known.insert(&commit.sha, pull.number);
            }
        }
        let branch = history.commits.iter().map(|c| c.sha.as_str()).collect();
        Self { history, known, branch }
    }

    /// What an id stands for; a short one that fits several pull requests must be asked for.
    pub fn find(&self, id: &str) -> Found {
        self.follow(id, PICKS)
    }

    fn follow(&self, id: &str, picks: usize) -> Found {
        if id.len() < SHORTEST {
            return Found::Nothing;
        }
        let fits: Vec<(&str, u64)> =
            self.known.range(id..).take_while(|(sha, _)| sha.starts_with(id)).map(|(sha, n)| (*sha, *n)).collect();
        if let [(sha, number)] = fits.as_slice() {
            return self.pull(*number, sha);
        }
        match self.history.resolved.get(id) {
            None => Found::Unknown(id.to_owned()),
            Some(None) => Found::Nothing,
            Some(Some(resolved)) => self.resolved(resolved, picks),
        }
    }

    fn resolved(&self, resolved: &Resolved, picks: usize) -> Found {
        let ours = resolved.pulls.iter().filter(|p| self.history.branches.contains(&p.base));
        let first = ours.filter_map(|p| self.history.pulls.get(&p.number)).min_by_key(|p| (p.merged_at, p.number));
        if let Some(pull) = first {
            return self.pull(pull.number, &resolved.sha);
        }
        if self.branch.contains(resolved.sha.as_str()) {
            return Found::Direct(resolved.sha.clone());
        }
        let picked = mention::body(&resolved.message, &self.history.repository).picked_from;
        match (picked.last(), picks) {
            (Some(source), 1..) => self.follow(source, picks - 1),
            _ => Found::Nothing,
        }
    }

    fn pull(&self, number: u64, sha: &str) -> Found {
        let whole = self.history.pulls.get(&number).is_some_and(|pull| is_whole(pull, sha));
        Found::Pull { number, sha: sha.to_owned(), whole }
    }
}

/// Whether a commit holds all that a pull request changed.
fn is_whole(pull: &MergedPull, sha: &str) -> bool {
    if pull.commits.len() <= 1 {
        return true;
    }
    pull.merge_commit.as_ref().is_some_and(|merge| merge.sha == sha) && !was_rebased(pull)
}

/// Whether the commits landed one by one: the commit that the merge made is then a copy of the last of them, where a squash
/// or a merge has a message of its own.
pub(super) fn was_rebased(pull: &MergedPull) -> bool {
    let (Some(merge), Some(last)) = (&pull.merge_commit, pull.commits.last()) else { return false };
    pull.commits.len() > 1 && merge.message.trim() == last.message.trim()
}
