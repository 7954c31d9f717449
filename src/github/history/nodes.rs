//! What GitHub's GraphQL schema calls these things, and what we do. What the schema says may be null may be null; what is
//! missing otherwise is an error.

use crate::history::{Account, BranchCommit, Comment, Commit};
use anyhow::{Result, anyhow, bail};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

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
    /// Whether an item is listed and not given.
    pub fn has_hole(&self) -> bool {
        self.nodes.iter().flatten().any(Option::is_none)
    }

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
pub(super) struct Actor {
    #[serde(rename = "__typename")]
    pub kind: String,
    pub login: String,
}

impl Actor {
    pub fn plain(self) -> Account {
        Account { bot: self.kind == "Bot" || self.login.ends_with("[bot]"), login: self.login }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PullNode {
    pub number: u64,
    pub title: String,
    pub body: String,
    pub merged: bool,
    pub created_at: Timestamp,
    pub merged_at: Option<Timestamp>,
    pub updated_at: Timestamp,
    pub base_ref_name: String,
    pub head_ref_oid: String,
    pub additions: u64,
    pub deletions: u64,
    pub changed_files: u64,
    pub author: Option<Actor>,
    pub merge_commit: Option<CommitNode>,
    pub labels: Option<Connection<Name>>,
    pub files: Option<Connection<File>>,
    pub commits: Connection<PullCommit>,
    pub reviews: Option<Connection<ReviewNode>>,
    pub timeline_items: Connection<Event>,
    pub checked: Option<Nodes<Checked>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Name {
    pub name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct File {
    pub path: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct CommitNode {
    pub oid: String,
    pub message: String,
}

impl CommitNode {
    pub fn plain(self) -> Commit {
        Commit { sha: self.oid, message: self.message }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct PullCommit {
    pub commit: CommitNode,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReviewNode {
    pub author: Option<Actor>,
    pub state: String,
    pub submitted_at: Option<Timestamp>,
    pub body: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    #[serde(rename = "__typename")]
    pub kind: String,
    pub created_at: Option<Timestamp>,
    pub actor: Option<Actor>,
    pub label: Option<Name>,
}

/// A commit of a branch.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BranchCommitNode {
    pub oid: String,
    pub message: String,
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
    pub author: Option<Actor>,
    pub created_at: Timestamp,
    pub body: String,
}

impl CommentNode {
    pub fn plain(self) -> Comment {
        Comment { by: self.author.map(Actor::plain), at: self.created_at, body: self.body }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Nodes<T> {
    page_info: Option<PageInfo>,
    nodes: Option<Vec<Option<T>>>,
}

impl<T> Nodes<T> {
    pub fn goes_on(&self) -> bool {
        self.page_info.as_ref().is_some_and(|p| p.has_next_page)
    }

    pub fn all(self) -> impl Iterator<Item = T> {
        self.nodes.into_iter().flatten().flatten()
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Checked {
    pub commit: CheckedCommit,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CheckedCommit {
    pub check_suites: Option<Nodes<Suite>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Suite {
    pub check_runs: Option<Nodes<Run>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run {
    pub name: String,
    pub external_id: Option<String>,
    pub database_id: Option<u64>,
    pub text: Option<String>,
}

/// A value as one of these types; `what` names it where it is none.
pub(super) fn decode<T: DeserializeOwned>(value: Value, what: impl Fn() -> String) -> Result<T> {
    serde_json::from_value(value).map_err(|e| anyhow!("{}: {e}", what()))
}
