//! The history of protected branches, read through the GraphQL API in few calls that can be interrupted.
//!
//! A walk goes through the merged pull requests from the one that changed last backwards, a hundred at a time, and takes
//! the commits of the branches along in the same requests. Whatever changes meanwhile jumps to the front, where the walk
//! does not come by again: so the front is read once more afterwards, until nothing newer than the walk is left. The same
//! makes a walk that was interrupted, or one of last week, as good as a new one.
//!
//! What a query costs, by GitHub's rules (nodes: at most 500,000; points: connections asked for / 100, of 5,000 an hour,
//! of 1,000 with the token of Actions):
//!
//! | query | nodes | points |
//! |---|---|---|
//! | a page of the walk: 100 pull requests with 5 lists each and their check runs, 8 lists of commits | 38,600 | 12 |
//! | the rest of 20 lists | 2,000 | 1 |
//! | 100 commit ids with their pull requests | 1,100 | 1 |
//! | comments of 100 pull requests | 27,100 | 22 |

mod ask;
mod comments;
mod kept;
mod nodes;
mod pulls;
mod query;
mod resolve;
mod rest;
#[cfg(test)]
mod tests;
mod walk;

use super::{Client, Repository};
use crate::history::{BranchCommit, Comment, History, MergedPull, Resolved};
use anyhow::{Context, Result, bail};
use ask::{Asker, Stale};
use jiff::Timestamp;
use kept::{Anchor, Kept};
use std::cell::Cell;
use std::collections::BTreeMap;
use walk::{Margin, Place};

/// How often the front may be read again because it changed while it was read.
const MAX_PASSES: u32 = 20;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Everything merged from here on.
    pub since: Timestamp,
    /// The protected branches; none = the default branch.
    pub branches: Vec<String>,
    /// Name of our check run, whose text is the audit record.
    pub check_name: String,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The history, without resolved commit ids and comments.
    pub history: History,
    /// The default branch.
    pub default_branch: String,
    /// Commit at its head.
    pub head_sha: String,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Pull requests so far.
    pub pulls: usize,
    /// Commits so far.
    pub commits: usize,
    /// Requests of this run so far.
    pub requests: u32,
}

/// Where lines are kept from run to run, in files of their own by name. What cannot be kept is read again next time: that is
/// no error.
pub trait Store {
    /// The lines that are there.
    fn lines(&mut self, name: &str) -> Vec<String>;
    /// Adds a line.
    fn append(&mut self, name: &str, line: &str);
    /// Puts these in place of what is there, at once or not at all.
    fn replace(&mut self, name: &str, lines: &[String]);
}

/// Keeps nothing beyond the run.
#[derive(Debug, Clone, Default)]
pub struct Memory(BTreeMap<String, Vec<String>>);

impl Store for Memory {
    fn lines(&mut self, name: &str) -> Vec<String> {
        self.0.get(name).cloned().unwrap_or_default()
    }

    fn append(&mut self, name: &str, line: &str) {
        self.0.entry(name.to_owned()).or_default().push(line.to_owned());
    }

    fn replace(&mut self, name: &str, lines: &[String]) {
        self.0.insert(name.to_owned(), lines.to_vec());
    }
}

/// Reads the history from `since` until now: pull requests merged into the branches, and the commits of those.
///
/// # Errors
/// What GitHub refuses, or does not answer however small the request is. What was read until then is kept in the store.
pub fn read(
    client: &Client,
    repository: &Repository,
    asked: &Asked,
    store: &mut dyn Store,
    progress: &dyn Fn(Progress),
) -> Result<Read> {
    read_with(&|query, variables| client.graphql(query, variables), repository, asked, store, progress)
}

/// What commit ids stand for, whole or short, in lower case. `None` = the repository has no such commit, or the short id
/// fits several.
///
/// # Errors
/// What GitHub refuses or does not answer.
pub fn resolve(
    client: &Client,
    repository: &Repository,
    ids: &[String],
    store: &mut dyn Store,
) -> Result<BTreeMap<String, Option<Resolved>>> {
    let ask = |query: &str, variables: &_| client.graphql(query, variables);
    resolve::resolve(&Asker::new(&ask, repository, resolve::BATCH), ids, store)
}

/// The comments of pull requests and of their lines, oldest first.
///
/// # Errors
/// What GitHub refuses or does not answer.
pub fn comments(
    client: &Client,
    repository: &Repository,
    pulls: &[&MergedPull],
    store: &mut dyn Store,
) -> Result<BTreeMap<u64, Vec<Comment>>> {
    let ask = |query: &str, variables: &_| client.graphql(query, variables);
    comments::comments(&Asker::new(&ask, repository, comments::BATCH), pulls, store)
}

fn read_with(
    ask: &ask::Ask,
    repository: &Repository,
    asked: &Asked,
    store: &mut dyn Store,
    progress: &dyn Fn(Progress),
) -> Result<Read> {
    let mut asked = asked.clone();
    asked.branches.sort();
    asked.branches.dedup();
    let asker = Asker::new(ask, repository, query::PAGE);
    let mut reader = Reader { asker, asked: &asked, store, progress, anchor: None };
    if let Some(kept) = Kept::load(reader.store, &asked) {
        reader.anchor = kept.anchor();
        match reader.run(kept, true) {
            // What was kept does not fit any more: a cursor that GitHub forgot, another default branch.
            Err(error) if ask::is_stale(&error, reader.asker.requests.get()) => {
                for name in [resolve::NAME, comments::NAME] {
                    reader.store.replace(name, &[]);
                }
            }
            done => return done.map(|kept| kept.read(repository, &asked)),
        }
    }
    reader.anchor = None;
    reader.store.replace(kept::NAME, &[]);
    let done = reader.run(Kept::new(&asked), false)?;
    Ok(done.read(repository, &asked))
}

struct Reader<'a> {
    asker: Asker<'a>,
    asked: &'a Asked,
    store: &'a mut dyn Store,
    progress: &'a dyn Fn(Progress),
    /// What must come by again for what was kept to be of this repository.
    anchor: Option<Anchor>,
}

impl Reader<'_> {
    /// Goes on from what is there until all of it is.
    fn run(&mut self, mut kept: Kept, mut of_earlier: bool) -> Result<Kept> {
        if kept.state.finished {
            kept.state.finished = false;
            kept.state.walk = kept.state.walk.front(kept.state.since, Margin::Days);
            of_earlier = false;
        }
        let mut passes = 0;
        loop {
            let from_its_start = kept.state.walk.pulls == Place::Start;
            while !kept.state.walk.is_over() {
                self.step(&mut kept)?;
            }
            if let Some(anchor) = self.anchor.take_if(|_| from_its_start && !kept.state.walk.is_whole())
                && !anchor.met
                && kept.state.walk.passes(anchor.updated_at)
            {
                let number = anchor.number;
                return Err(
                    Stale(format!("pull request #{number} is not there: another repository of that name")).into()
                );
            }
            if !kept.state.walk.took_long() && !of_earlier {
                break;
            }
            passes += 1;
            if passes > MAX_PASSES {
                bail!("pull requests change faster than they can be read; run it again later");
            }
            let margin = if of_earlier { Margin::Days } else { Margin::Minutes };
            of_earlier = false;
            kept.state.walk = kept.state.walk.front(kept.state.since, margin);
        }
        while let Some(pulls) = rest::step(&self.asker, &mut kept)? {
            kept.append(self.store, &pulls, &[]);
            self.tell(&kept);
        }
        kept.state.finished = true;
        kept.replace(self.store);
        Ok(kept)
    }

    /// One request.
    fn step(&mut self, kept: &mut Kept) -> Result<()> {
        let walk = kept.state.walk.clone();
        let taken = Cell::new(0);
        let data = self.asker.ask(&mut kept.state.dropped, &|size, dropped| {
            taken.set(size);
            query::page(self.asked, &walk, size, dropped)
        })?;
        let what = || format!("reading the merged pull requests of {}", self.asker.repository.full_name());
        let page = walk::page(&data, &mut kept.state, self.asked, taken.get()).with_context(what)?;
        if let Some(anchor) = &mut self.anchor {
            anchor.meet(&page.pulls)?;
        }
        let (pulls, commits) = kept.take(page);
        kept.append(self.store, &pulls, &commits);
        self.tell(kept);
        Ok(())
    }

    fn tell(&self, kept: &Kept) {
        let requests = self.asker.requests.get();
        (self.progress)(Progress { pulls: kept.pulls.len(), commits: kept.commits.len(), requests });
    }
}

impl Kept {
    fn read(self, repository: &Repository, asked: &Asked) -> Read {
        let mut gaps: Vec<String> = self.state.dropped.iter().map(ask::Dropped::gap).collect();
        let pulls: Vec<_> = self.pulls.into_values().filter(|p| p.pull.merged_at >= asked.since).collect();
        gaps.extend(pulls.iter().filter(|p| p.checks_cut).map(|p| {
            format!(
                "pull request #{} has more check runs of that name than were looked at for its record",
                p.pull.number
            )
        }));
        let mut commits: Vec<BranchCommit> = self.commits.into_values().filter(|c| c.at >= asked.since).collect();
        commits.sort_by(|a, b| (a.at, &a.sha).cmp(&(b.at, &b.sha)));
        let history = History {
            repository: repository.full_name().to_owned(),
            branches: self.state.branches,
            since: asked.since,
            pulls: pulls.into_iter().map(|p| (p.pull.number, p.pull)).collect(),
            commits,
            resolved: BTreeMap::new(),
            comments: BTreeMap::new(),
            gaps,
        };
        Read { history, default_branch: self.state.default_branch, head_sha: self.state.head_sha }
    }
}
