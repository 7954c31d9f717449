//! What happened to a protected branch: merged pull requests, the commits beside them, and what became of both. Data
//! only: read from a forge, judged elsewhere.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Account {
    /// Login; that of a bot may or may not end in `[bot]`.
    pub login: String,
    /// No person is behind it.
    pub bot: bool,
}

/// A pull request that was merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergedPull {
    /// Number.
    pub number: u64,
    /// Title.
    pub title: String,
    /// Body; empty where there is none.
    pub body: String,
    /// Who opened it; `None` = the account is gone.
    pub author: Option<Account>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was merged.
    pub merged_at: Timestamp,
    /// When anything of it changed last.
    pub updated_at: Timestamp,
    /// Branch that it went into.
    pub base: String,
    /// Commit at its head; stays when the branch is deleted.
    pub head_sha: String,
    /// The commit that the merge made: the merge or squash commit, or the last of those that were rebased.
    pub merge_commit: Option<Commit>,
    /// Labels that it has now.
    pub labels: Vec<String>,
    /// Labels that were set and taken away, oldest first.
    pub label_events: Vec<LabelEvent>,
    /// When it turned from a draft into one that is ready, or back, oldest first.
    pub draft_events: Vec<DraftEvent>,
    /// Changed files, from the repository's root; all of them unless `files_cut`.
    pub files: Vec<String>,
    /// There are more files than GitHub lists.
    pub files_cut: bool,
    /// Lines added.
    pub additions: u64,
    /// Lines removed.
    pub deletions: u64,
    /// Its commits as they were before the merge, oldest first.
    pub commits: Vec<Commit>,
    /// Reviews that were submitted, oldest first.
    pub reviews: Vec<Review>,
    /// Text of our check run at the head, which holds the audit record; the newest where there are several.
    pub check_text: Option<String>,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Commit id, whole.
    pub sha: String,
    /// Message.
    pub message: String,
}

/// A label that was set or taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelEvent {
    /// Label.
    pub label: String,
    /// Set, or taken away.
    pub set: bool,
    /// Who did it; `None` = the account is gone.
    pub by: Option<Account>,
    /// When.
    pub at: Timestamp,
}

/// A draft that was declared ready, or the reverse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftEvent {
    /// It became ready for review; else it became a draft.
    pub ready: bool,
    /// When.
    pub at: Timestamp,
}

/// A review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Who; `None` = the account is gone.
    pub by: Option<Account>,
    /// What it said.
    pub state: ReviewState,
    /// When it was submitted.
    pub at: Timestamp,
    /// Its text.
    pub body: String,
}

/// What a review said. A dismissed one does not tell any more what it had said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are GitHub's")]
pub enum ReviewState {
    Approved,
    ChangesRequested,
    Commented,
    Dismissed,
}

/// A comment on a pull request or on a line of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Who; `None` = the account is gone.
    pub by: Option<Account>,
    /// When.
    pub at: Timestamp,
    /// Its text.
    pub body: String,
}

/// A commit of the protected branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BranchCommit {
    /// Commit id, whole.
    pub sha: String,
    /// Message.
    pub message: String,
    /// When it was committed.
    pub at: Timestamp,
}

/// What a commit id that a text names stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    /// Commit id, whole.
    pub sha: String,
    /// Message.
    pub message: String,
    /// Merged pull requests that brought it, with the branch that each went into.
    pub pulls: Vec<PullRef>,
}

/// A merged pull request by number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PullRef {
    /// Number.
    pub number: u64,
    /// Branch that it went into.
    pub base: String,
}

/// All of it, from `since` until now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// `owner/name`.
    pub repository: String,
    /// The protected branches: the default branch, unless others were named.
    pub branches: Vec<String>,
    /// Everything merged from here on is there.
    pub since: Timestamp,
    /// Pull requests merged into one of the branches, by number.
    pub pulls: BTreeMap<u64, MergedPull>,
    /// Commits of the branches since then, in any order, those of pull requests among them.
    pub commits: Vec<BranchCommit>,
    /// What commit ids that texts name stand for, by the id as it is written, in lower case; `None` = the repository has no
    /// such commit, or the short id fits several.
    pub resolved: BTreeMap<String, Option<Resolved>>,
    /// Comments by pull request, of those whose comments were asked for.
    pub comments: BTreeMap<u64, Vec<Comment>>,
    /// What could not be read and does not stop the count, in words.
    pub gaps: Vec<String>,
}
