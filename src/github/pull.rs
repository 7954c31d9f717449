//! A pull request as GitHub tells it: never as the pull request's own files do.

use super::error::ApiError;
use super::{Client, Repository, encoded};
use serde::Deserialize;

/// GitHub lists no more changed files of a pull request than this.
pub const MAX_FILES: usize = 3_000;
/// GitHub lists no more commits of a pull request than this.
pub const MAX_COMMITS: usize = 250;

/// A pull request.
#[derive(Debug, Clone, Deserialize)]
pub struct Pull {
    /// Number.
    pub number: u64,
    /// `open` or `closed`.
    pub state: String,
    /// Title.
    #[serde(default)]
    pub title: String,
    /// Body.
    #[serde(default)]
    pub body: Option<String>,
    /// Author.
    pub user: Option<Account>,
    /// Labels.
    #[serde(default)]
    pub labels: Vec<Label>,
    /// Judged side.
    pub head: Side,
    /// Trusted side.
    pub base: Side,
    /// Who asked GitHub to merge it by itself, and how.
    #[serde(default)]
    pub auto_merge: Option<AutoMerge>,
    /// When it was merged.
    #[serde(default)]
    pub merged_at: Option<String>,
    /// Who merged it.
    #[serde(default)]
    pub merged_by: Option<Account>,
    /// The commit that the merge made.
    #[serde(default)]
    pub merge_commit_sha: Option<String>,
}

/// One side of a pull request.
#[derive(Debug, Clone, Deserialize)]
pub struct Side {
    /// Commit.
    pub sha: String,
    /// Branch.
    #[serde(default, rename = "ref")]
    pub branch: String,
    /// Repository; gone when a fork was deleted.
    pub repo: Option<RepoName>,
}

/// The name of a repository.
#[derive(Debug, Clone, Deserialize)]
pub struct RepoName {
    /// `owner/name`.
    pub full_name: String,
}

/// An account.
#[derive(Debug, Clone, Deserialize)]
pub struct Account {
    /// Login.
    pub login: String,
    /// `User`, `Bot`, `Organization`, ...
    #[serde(default, rename = "type")]
    pub kind: String,
}

impl Account {
    /// Whether no person is behind it.
    pub fn is_bot(&self) -> bool {
        self.kind == "Bot" || self.login.ends_with("[bot]")
    }
}

/// A label on a pull request.
#[derive(Debug, Clone, Deserialize)]
pub struct Label {
    /// Name.
    pub name: String,
}

/// Auto-merge that is on.
#[derive(Debug, Clone, Deserialize)]
pub struct AutoMerge {
    /// Who turned it on.
    #[serde(default)]
    pub enabled_by: Option<Account>,
}

/// A commit of a pull request.
#[derive(Debug, Clone, Deserialize)]
pub struct Commit {
    /// Commit id.
    pub sha: String,
    /// What git says.
    pub commit: GitCommit,
    /// GitHub's account of the author, where the address is known.
    pub author: Option<MaybeAccount>,
    /// GitHub's account of the committer, where the address is known.
    pub committer: Option<MaybeAccount>,
}

/// An account, or an empty object where GitHub knows none.
#[derive(Debug, Clone, Deserialize)]
pub struct MaybeAccount {
    /// Login.
    #[serde(default)]
    pub login: Option<String>,
}

/// What git says of a commit.
#[derive(Debug, Clone, Deserialize)]
pub struct GitCommit {
    /// Author.
    pub author: Option<GitPerson>,
    /// Committer.
    pub committer: Option<GitPerson>,
    /// Message.
    #[serde(default)]
    pub message: String,
}

/// A person in git's words.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct GitPerson {
    /// Name.
    #[serde(default)]
    pub name: Option<String>,
    /// E-mail address.
    #[serde(default)]
    pub email: Option<String>,
}

/// A review.
#[derive(Debug, Clone, Deserialize)]
pub struct Review {
    /// Id.
    pub id: u64,
    /// Reviewer; gone when the account was deleted.
    pub user: Option<Account>,
    /// `APPROVED`, `CHANGES_REQUESTED`, `COMMENTED`, `DISMISSED`, `PENDING`.
    pub state: String,
    /// Commit that was reviewed.
    #[serde(default)]
    pub commit_id: Option<String>,
    /// When.
    #[serde(default)]
    pub submitted_at: Option<String>,
}

/// A changed file.
#[derive(Debug, Clone, Deserialize)]
pub struct ChangedFile {
    /// Path.
    pub filename: String,
    /// Path on base, when it was moved.
    #[serde(default)]
    pub previous_filename: Option<String>,
}

impl Pull {
    /// Reads one.
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn get(client: &Client, repository: &Repository, number: u64) -> Result<Self, ApiError> {
        client.get(&repository.path(&format!("pulls/{number}")))
    }

    /// Open pull requests from a branch of `owner`.
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn open_from(
        client: &Client,
        repository: &Repository,
        owner: &str,
        branch: &str,
    ) -> Result<Vec<Self>, ApiError> {
        let head = encoded(&format!("{owner}:{branch}"));
        client.get_all(&repository.path(&format!("pulls?state=open&head={head}")), None)
    }

    /// All open ones.
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn all_open(client: &Client, repository: &Repository) -> Result<Vec<Self>, ApiError> {
        client.get_all(&repository.path("pulls?state=open"), None)
    }

    /// Whether it was merged.
    pub fn is_merged(&self) -> bool {
        self.merged_at.is_some()
    }

    /// Names of its labels.
    pub fn label_names(&self) -> Vec<String> {
        self.labels.iter().map(|l| l.name.clone()).collect()
    }

    /// Whether the head lies in another repository.
    pub fn is_from_fork(&self, repository: &Repository) -> bool {
        self.head.repo.as_ref().is_none_or(|r| !r.full_name.eq_ignore_ascii_case(repository.full_name()))
    }

    /// Its commits, oldest first; at most [`MAX_COMMITS`].
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn commits(&self, client: &Client, repository: &Repository) -> Result<Vec<Commit>, ApiError> {
        client.get_all(&repository.path(&format!("pulls/{}/commits", self.number)), None)
    }

    /// Its changed files; at most [`MAX_FILES`].
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn files(&self, client: &Client, repository: &Repository) -> Result<Vec<ChangedFile>, ApiError> {
        client.get_all(&repository.path(&format!("pulls/{}/files", self.number)), None)
    }

    /// Its reviews, in the order in which they were submitted.
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn reviews(&self, client: &Client, repository: &Repository) -> Result<Vec<Review>, ApiError> {
        client.get_all(&repository.path(&format!("pulls/{}/reviews", self.number)), None)
    }
}
