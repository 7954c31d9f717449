//! What is known of a pull request: gathered by the caller, judged by [`super::judge`].
//!
//! Lists must be whole: a caller that could read only a part of one has an error, no facts. Logins compare without
//! regard to case everywhere.

use super::layers::LayerAsked;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// A pull request as it is now.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The layers that it touches; see [`super::layers_of`]. None = it asks for nothing.
    pub layers: Vec<LayerAsked>,
    /// Login of who opened it; `None` = the account is gone.
    pub author: Option<String>,
    /// Commit id of its head.
    pub head_sha: String,
    /// All of its commits.
    pub commits: Vec<Commit>,
    /// All of its reviews, in any order.
    pub reviews: Vec<Review>,
    /// Permission in the repository by login (`admin`, `maintain`, `write`, `triage`, `read`, `none`), or why it could
    /// not be read. Those of reviewers are asked for.
    pub permissions: BTreeMap<String, Result<String, String>>,
    /// Logins of the members by team (`organisation/team`), or why they could not be read. See [`super::asked`].
    pub teams: BTreeMap<String, Result<Vec<String>, String>>,
    /// Profiles of reviewers by login, or why they could not be read; a login that is not there shows nothing.
    pub profiles: BTreeMap<String, Result<Profile, String>>,
    /// What a language model had to do with it.
    pub llm: LlmFacts,
    /// Labels that are set.
    pub labels: Vec<Label>,
    /// Set when auto-merge is on (or was, at the merge).
    pub auto_merge: Option<AutoMerge>,
    /// Open, merged or closed.
    pub state: PullState,
    /// The clock.
    pub now: Timestamp,
    /// Text of the calendar file (of the base side) by window, or why it could not be read. See [`super::asked`].
    pub holidays: BTreeMap<String, Result<String, String>>,
}

/// What a language model had to do with a pull request.
#[derive(Debug, Clone, Default)]
pub struct LlmFacts {
    /// There is evidence of one.
    pub assisted: bool,
    /// The pull request says so itself, by label or trailer; a mark that only a tool left does not declare it.
    pub declared: bool,
    /// Logins named as authors of the prompt; `None` = unknown, and then the author of the pull request and all
    /// committers are taken for them. A claim adds people who do not count; it frees nobody.
    pub prompt_authors: Option<Vec<String>>,
    /// What of the claim about the prompt is not true (the hash does not fit the text, say).
    pub prompt_mismatch: Option<String>,
}

/// One commit.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    /// Commit id.
    pub sha: String,
    /// Who wrote it.
    pub author: Identity,
    /// Who committed it.
    pub committer: Identity,
    /// The whole message; co-authors are read from its lines.
    pub message: String,
}

/// A person of a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// GitHub login, where GitHub knows one.
    pub login: Option<String>,
    /// Name as in the commit.
    pub name: String,
    /// E-mail as in the commit.
    pub email: String,
}

/// What a profile shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// Name.
    pub name: Option<String>,
    /// E-mail.
    pub email: Option<String>,
}

/// One review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Its id.
    pub id: u64,
    /// Who reviewed; `None` = the account is gone.
    pub login: Option<String>,
    /// GitHub says that it is a bot.
    pub is_bot: bool,
    /// What it says.
    pub state: ReviewState,
    /// The commit that was looked at.
    pub commit_id: Option<String>,
    /// When; `None` while it is pending.
    pub submitted_at: Option<Timestamp>,
}

/// What a review says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReviewState {
    /// Yes.
    Approved,
    /// No.
    ChangesRequested,
    /// Taken back by somebody.
    Dismissed,
    /// No opinion.
    Commented,
    /// Not submitted yet.
    Pending,
}

impl std::str::FromStr for ReviewState {
    type Err = String;

    /// Reads the word of GitHub's API (`APPROVED`) or of its events (`approved`).
    fn from_str(word: &str) -> Result<Self, String> {
        Ok(match word.to_ascii_uppercase().as_str() {
            "APPROVED" => Self::Approved,
            "CHANGES_REQUESTED" => Self::ChangesRequested,
            "DISMISSED" => Self::Dismissed,
            "COMMENTED" => Self::Commented,
            "PENDING" => Self::Pending,
            _ => return Err(format!("review state `{word}` is not known to this rowproof; use a newer one")),
        })
    }
}

/// A label that is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Its name.
    pub name: String,
    /// Who set it last; `None` = unknown.
    pub set_by: Option<String>,
    /// When it was set last; `None` = unknown. After a merge only a label counts that was there before it.
    pub set_at: Option<Timestamp>,
}

/// Auto-merge is on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AutoMerge {
    /// Who turned it on.
    pub enabled_by: Option<String>,
}

/// Whether a pull request is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PullState {
    /// It may still be merged.
    Open,
    /// It was merged.
    Merged {
        /// When.
        at: Timestamp,
        /// By whom.
        by: Option<String>,
        /// GitHub says that it was a bot.
        by_is_bot: bool,
    },
    /// Closed without a merge; it is judged as if it were open.
    Closed,
}
