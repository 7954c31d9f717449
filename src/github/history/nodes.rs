//! What GitHub's GraphQL schema calls these things, and what we do. What the schema says may be null may be null; what is
//! missing otherwise is an error.

use super::query::List;
use crate::github::check_run::OURS;
use crate::history::{Account, BranchCommit, Comment, Commit, DraftEvent, LabelEvent, MergedPull, Review, ReviewState};
use anyhow::{Context, Result, anyhow, bail};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A pull request, and what is still to be read of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PullRead {
    pub pull: MergedPull,
    /// Lists that go on.
    pub rest: Vec<Rest>,
    /// How many files GitHub counts.
    changed_files: u64,
    /// There are more check runs than were looked at.
    pub checks_cut: bool,
}

/// A list that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rest {
    pub list: List,
    pub after: String,
}

/// A page of a list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Connection<T> {
    page_info: PageInfo,
    nodes: Option<Vec<Option<T>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

impl<T> Connection<T> {
    /// The items, and where the next page begins.
    pub fn take(self) -> Result<(Vec<T>, Option<String>)> {
        let next = match (self.page_info.has_next_page, self.page_info.end_cursor) {
            (false, _) => None,
            (true, Some(cursor)) => Some(cursor),
            (true, None) => bail!("GitHub says that a list goes on, and not where"),
        };
        Ok((self.nodes.into_iter().flatten().flatten().collect(), next))
    }
}

#[derive(Debug, Deserialize)]
struct Actor {
    #[serde(rename = "__typename")]
    kind: String,
    login: String,
}

impl Actor {
    fn plain(self) -> Account {
        Account { bot: self.kind == "Bot" || self.login.ends_with("[bot]"), login: self.login }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PullNode {
    number: u64,
    title: String,
    body: String,
    merged: bool,
    created_at: Timestamp,
    merged_at: Option<Timestamp>,
    updated_at: Timestamp,
    base_ref_name: String,
    head_ref_oid: String,
    additions: u64,
    deletions: u64,
    changed_files: u64,
    author: Option<Actor>,
    merge_commit: Option<CommitNode>,
    labels: Option<Connection<Name>>,
    files: Option<Connection<File>>,
    commits: Connection<PullCommit>,
    reviews: Option<Connection<ReviewNode>>,
    timeline_items: Connection<Event>,
    checked: Option<Nodes<Checked>>,
}

#[derive(Debug, Deserialize)]
struct Name {
    name: String,
}

#[derive(Debug, Deserialize)]
struct File {
    path: String,
}

#[derive(Debug, Deserialize)]
struct CommitNode {
    oid: String,
    message: String,
}

impl CommitNode {
    fn plain(self) -> Commit {
        Commit { sha: self.oid, message: self.message }
    }
}

#[derive(Debug, Deserialize)]
struct PullCommit {
    commit: CommitNode,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReviewNode {
    author: Option<Actor>,
    state: String,
    submitted_at: Option<Timestamp>,
    body: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(rename = "__typename")]
    kind: String,
    created_at: Option<Timestamp>,
    actor: Option<Actor>,
    label: Option<Name>,
}

/// A commit of a branch.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BranchCommitNode {
    oid: String,
    message: String,
    pub committed_date: Timestamp,
}

impl BranchCommitNode {
    pub fn plain(self) -> BranchCommit {
        BranchCommit { sha: self.oid, message: self.message, at: self.committed_date }
    }
}

/// A comment.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CommentNode {
    author: Option<Actor>,
    created_at: Timestamp,
    body: String,
}

impl CommentNode {
    pub fn plain(self) -> Comment {
        Comment { by: self.author.map(Actor::plain), at: self.created_at, body: self.body }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Nodes<T> {
    page_info: Option<PageInfo>,
    nodes: Option<Vec<Option<T>>>,
}

impl<T> Nodes<T> {
    fn goes_on(&self) -> bool {
        self.page_info.as_ref().is_some_and(|p| p.has_next_page)
    }

    fn all(self) -> impl Iterator<Item = T> {
        self.nodes.into_iter().flatten().flatten()
    }
}

#[derive(Debug, Deserialize)]
struct Checked {
    commit: CheckedCommit,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CheckedCommit {
    check_suites: Option<Nodes<Suite>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Suite {
    check_runs: Option<Nodes<Run>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    name: String,
    external_id: Option<String>,
    database_id: Option<u64>,
    text: Option<String>,
}

/// A value as one of these types; `what` names it where it is none.
pub(super) fn decode<T: DeserializeOwned>(value: Value, what: impl Fn() -> String) -> Result<T> {
    serde_json::from_value(value).map_err(|e| anyhow!("{}: {e}", what()))
}

/// A page of pull requests that were merged, and where the next one begins.
pub(super) fn pulls(data: &Value, check_name: &str) -> Result<(Vec<PullRead>, Option<String>)> {
    let page = data.get("pullRequests").cloned().unwrap_or_default();
    let page: Connection<Value> = decode(page, || "the list of pull requests".to_owned())?;
    if page.nodes.iter().flatten().any(Option::is_none) {
        bail!("GitHub lists a pull request and gives nothing of it");
    }
    let (nodes, next) = page.take()?;
    let mut pulls = Vec::with_capacity(nodes.len());
    for node in nodes {
        let number = node.get("number").map_or_else(|| "without a number".to_owned(), |n| format!("#{n}"));
        let node: PullNode = decode(node, || format!("pull request {number}"))?;
        if node.merged {
            pulls.push(pull(node, check_name).with_context(|| format!("pull request {number}"))?);
        }
    }
    Ok((pulls, next))
}

fn pull(node: PullNode, check_name: &str) -> Result<PullRead> {
    let (check_text, checks_cut) = node.checked.map_or((None, false), |c| record(c, check_name));
    let pull = MergedPull {
        number: node.number,
        title: node.title,
        body: node.body,
        author: node.author.map(Actor::plain),
        created_at: node.created_at,
        merged_at: node.merged_at.context("it was merged, and GitHub does not say when")?,
        updated_at: node.updated_at,
        base: node.base_ref_name,
        head_sha: node.head_ref_oid,
        merge_commit: node.merge_commit.map(CommitNode::plain),
        labels: Vec::new(),
        label_events: Vec::new(),
        draft_events: Vec::new(),
        files: Vec::new(),
        files_cut: false,
        additions: node.additions,
        deletions: node.deletions,
        commits: Vec::new(),
        reviews: Vec::new(),
        check_text,
    };
    let mut read = PullRead { pull, rest: Vec::new(), changed_files: node.changed_files, checks_cut };
    let mut rest = Vec::new();
    let mut more = |list, next: Option<String>| rest.extend(next.map(|after| Rest { list, after }));
    if let Some(labels) = node.labels {
        more(List::Labels, read.labels(labels)?);
    }
    if let Some(files) = node.files {
        more(List::Files, read.files(files)?);
    }
    more(List::Commits, read.commits(node.commits)?);
    if let Some(reviews) = node.reviews {
        more(List::Reviews, read.reviews(reviews)?);
    }
    more(List::Timeline, read.timeline(node.timeline_items)?);
    read.rest = rest;
    read.settle();
    Ok(read)
}

impl PullRead {
    /// Takes in the next page of a list, out of the answer's pull request; gives where the next one begins.
    pub fn extend(&mut self, list: List, node: &Value) -> Result<Option<String>> {
        let what = || format!("pull request #{}", self.pull.number);
        let field = |name| node.get(name).cloned().unwrap_or_default();
        match list {
            List::Labels => self.labels(decode(field("labels"), what)?),
            List::Files => self.files(decode(field("files"), what)?),
            List::Commits => self.commits(decode(field("commits"), what)?),
            List::Reviews => self.reviews(decode(field("reviews"), what)?),
            List::Timeline => self.timeline(decode(field("timelineItems"), what)?),
        }
    }

    /// Once all lists are read: in order, whatever the pages were.
    pub fn settle(&mut self) {
        let pull = &mut self.pull;
        pull.labels.sort();
        pull.labels.dedup();
        pull.files.sort();
        pull.files.dedup();
        pull.files_cut = (pull.files.len() as u64) < self.changed_files;
        pull.label_events.sort_by_key(|e| e.at);
        pull.draft_events.sort_by_key(|e| e.at);
        pull.reviews.sort_by_key(|r| r.at);
    }

    fn labels(&mut self, page: Connection<Name>) -> Result<Option<String>> {
        let (labels, next) = page.take()?;
        self.pull.labels.extend(labels.into_iter().map(|l| l.name));
        Ok(next)
    }

    fn files(&mut self, page: Connection<File>) -> Result<Option<String>> {
        let (files, next) = page.take()?;
        self.pull.files.extend(files.into_iter().map(|f| f.path));
        Ok(next)
    }

    fn commits(&mut self, page: Connection<PullCommit>) -> Result<Option<String>> {
        let (commits, next) = page.take()?;
        self.pull.commits.extend(commits.into_iter().map(|c| c.commit.plain()));
        Ok(next)
    }

    fn reviews(&mut self, page: Connection<ReviewNode>) -> Result<Option<String>> {
        let (reviews, next) = page.take()?;
        for review in reviews {
            let state = match review.state.as_str() {
                "APPROVED" => ReviewState::Approved,
                "CHANGES_REQUESTED" => ReviewState::ChangesRequested,
                "COMMENTED" => ReviewState::Commented,
                "DISMISSED" => ReviewState::Dismissed,
                // The viewer's own, which nobody else sees yet.
                "PENDING" => continue,
                other => bail!("a review's state is `{other}`, which is none that GitHub documents"),
            };
            let Some(at) = review.submitted_at else { continue };
            self.pull.reviews.push(Review { by: review.author.map(Actor::plain), state, at, body: review.body });
        }
        Ok(next)
    }

    fn timeline(&mut self, page: Connection<Event>) -> Result<Option<String>> {
        let (events, next) = page.take()?;
        for event in events {
            let at = || event.created_at.with_context(|| format!("a {} without a time", event.kind));
            match event.kind.as_str() {
                "LabeledEvent" | "UnlabeledEvent" => {
                    let at = at()?;
                    let label = event.label.with_context(|| format!("a {} without a label", event.kind))?.name;
                    let set = event.kind == "LabeledEvent";
                    self.pull.label_events.push(LabelEvent { label, set, by: event.actor.map(Actor::plain), at });
                }
                "ReadyForReviewEvent" => self.pull.draft_events.push(DraftEvent { ready: true, at: at()? }),
                "ConvertToDraftEvent" => self.pull.draft_events.push(DraftEvent { ready: false, at: at()? }),
                _ => {}
            }
        }
        Ok(next)
    }
}

/// Text of the newest check run of ours, and whether there are more than were looked at.
fn record(checked: Nodes<Checked>, check_name: &str) -> (Option<String>, bool) {
    let mut cut = false;
    let mut newest: Option<(u64, Option<String>)> = None;
    for suites in checked.all().filter_map(|c| c.commit.check_suites) {
        cut |= suites.goes_on();
        for runs in suites.all().filter_map(|s| s.check_runs) {
            cut |= runs.goes_on();
            let ours =
                |r: &Run| r.name == check_name && r.external_id.as_deref().is_some_and(|id| id.starts_with(OURS));
            for run in runs.all().filter(ours) {
                let id = run.database_id.unwrap_or_default();
                if newest.as_ref().is_none_or(|(known, _)| id >= *known) {
                    newest = Some((id, run.text));
                }
            }
        }
    }
    (newest.and_then(|(_, text)| text), cut)
}
