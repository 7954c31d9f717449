//! What was read so far, as lines that a store keeps: one for each request, and one for all of it when it is done. The
//! next run takes them up, whatever stopped the last one.
//!
//! A check run that is rewritten after the merge changes nothing about its pull request, and so is not seen: records that
//! change later are those of the ledger, which is read anew each time.

use super::ask::{Dropped, Stale};
use super::pulls::PullRead;
use super::walk::{Page, Walk};
use super::{Asked, Store};
use crate::history::BranchCommit;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Name of these lines in the store.
pub(super) const NAME: &str = "history";
/// Version of their shape; lines of another one are not taken up.
const VERSION: u32 = 1;

/// Where the reading is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    version: u32,
    asked_branches: Vec<String>,
    check_name: String,
    /// Everything merged from here on is or will be there.
    pub since: Timestamp,
    /// The branches by name; empty until the first answer tells the default branch.
    pub branches: Vec<String>,
    pub default_branch: String,
    pub head_sha: String,
    pub dropped: Vec<Dropped>,
    pub walk: Walk,
    /// All of it is there.
    pub finished: bool,
}

/// What is there.
pub(super) struct Kept {
    pub state: State,
    pub pulls: BTreeMap<u64, PullRead>,
    pub commits: BTreeMap<String, BranchCommit>,
}

#[derive(Serialize)]
struct Line<'a> {
    state: &'a State,
    pulls: Vec<&'a PullRead>,
    commits: Vec<&'a BranchCommit>,
}

#[derive(Deserialize)]
struct KeptLine {
    state: State,
    pulls: Vec<PullRead>,
    commits: Vec<BranchCommit>,
}

impl Kept {
    /// Nothing yet.
    pub fn new(asked: &Asked) -> Self {
        let state = State {
            version: VERSION,
            asked_branches: asked.branches.clone(),
            check_name: asked.check_name.clone(),
            since: asked.since,
            branches: asked.branches.clone(),
            default_branch: String::new(),
            head_sha: String::new(),
            dropped: Vec::new(),
            walk: Walk::first(asked),
            finished: false,
        };
        Self { state, pulls: BTreeMap::new(), commits: BTreeMap::new() }
    }

    /// What an earlier run kept, where it answers what is asked now. A line that does not read ends it: the lines before
    /// it say where to go on.
    pub fn load(store: &mut dyn Store, asked: &Asked) -> Option<Self> {
        let mut found: Option<Self> = None;
        for line in store.lines(NAME) {
            let Ok(line) = serde_json::from_str::<KeptLine>(&line) else { break };
            let kept = match &mut found {
                Some(kept) => kept,
                None => {
                    found.insert(Self { state: line.state.clone(), pulls: BTreeMap::new(), commits: BTreeMap::new() })
                }
            };
            kept.state = line.state;
            kept.add(line.pulls, line.commits);
        }
        // What was left out then may be readable now.
        found.filter(|k| k.state.fits(asked) && (!k.state.finished || k.state.dropped.is_empty()))
    }

    /// The pull request of it that changed last.
    pub fn anchor(&self) -> Option<Anchor> {
        let last = self.pulls.values().max_by_key(|read| (read.pull.updated_at, read.pull.number))?;
        Some(Anchor {
            number: last.pull.number,
            updated_at: last.pull.updated_at,
            created_at: last.pull.created_at,
            merge: last.pull.merge_commit.as_ref().map(|c| c.sha.clone()),
            met: false,
        })
    }

    /// Takes in a page; gives what is to be kept of it.
    pub fn take(&mut self, page: Page) -> (Vec<u64>, Vec<String>) {
        let numbers = page.pulls.iter().map(|p| p.pull.number).collect();
        let shas = page.commits.iter().map(|c| c.sha.clone()).collect();
        self.state.walk.changed |= page.pulls.iter().any(|p| self.pulls.get(&p.pull.number) != Some(p));
        self.add(page.pulls, page.commits);
        (numbers, shas)
    }

    fn add(&mut self, pulls: Vec<PullRead>, commits: Vec<BranchCommit>) {
        for read in pulls {
            let known = self.pulls.get(&read.pull.number);
            if known.is_none_or(|known| known.pull.updated_at <= read.pull.updated_at) {
                self.pulls.insert(read.pull.number, read);
            }
        }
        self.commits.extend(commits.into_iter().map(|c| (c.sha.clone(), c)));
    }

    /// Keeps these, and where the reading is.
    pub fn append(&self, store: &mut dyn Store, pulls: &[u64], commits: &[String]) {
        let pulls = pulls.iter().filter_map(|n| self.pulls.get(n)).collect();
        let commits = commits.iter().filter_map(|s| self.commits.get(s)).collect();
        store.append(NAME, &self.line(pulls, commits));
    }

    /// Keeps all of it in one line.
    pub fn replace(&self, store: &mut dyn Store) {
        store.replace(NAME, &[self.line(self.pulls.values().collect(), self.commits.values().collect())]);
    }

    fn line(&self, pulls: Vec<&PullRead>, commits: Vec<&BranchCommit>) -> String {
        let line = Line { state: &self.state, pulls, commits };
        serde_json::to_string(&line).expect("numbers, texts and times have a JSON form")
    }
}

/// A pull request that was kept, by which a repository is known again: one that was deleted and made anew under its name
/// has others.
pub(super) struct Anchor {
    pub number: u64,
    /// When it had changed.
    pub updated_at: Timestamp,
    created_at: Timestamp,
    merge: Option<String>,
    /// It came by.
    pub met: bool,
}

impl Anchor {
    /// Looks for it among these.
    ///
    /// # Errors
    /// Another one has its number.
    pub fn meet(&mut self, pulls: &[PullRead]) -> anyhow::Result<()> {
        let Some(read) = pulls.iter().find(|read| read.pull.number == self.number) else { return Ok(()) };
        self.met = true;
        let merge = read.pull.merge_commit.as_ref().map(|c| &c.sha);
        if read.pull.created_at != self.created_at || merge != self.merge.as_ref() {
            return Err(Stale(format!("pull request #{} is another one now", self.number)).into());
        }
        Ok(())
    }
}

impl State {
    fn fits(&self, asked: &Asked) -> bool {
        self.version == VERSION
            && self.asked_branches == asked.branches
            && self.check_name == asked.check_name
            && self.since <= asked.since
    }
}
