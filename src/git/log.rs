//! The commits between two revisions, with their notes, and files as those commits had them.

use super::{Repo, WORKTREE, commit};
use anyhow::{Context, Result, anyhow};
use git2::{Commit, ErrorCode, Oid, Repository, Sort};
use std::collections::BTreeSet;
use std::path::Path;

/// Where git-ai and its like keep their notes.
const NOTES: &str = "refs/notes/ai";

/// One commit, as git has it. Text that is not UTF-8 has replacement characters in it.
#[derive(Debug, Clone)]
pub struct LogEntry {
    /// Its id.
    pub sha: String,
    /// Name and address of who wrote it.
    pub author: (String, String),
    /// Name and address of who committed it.
    pub committer: (String, String),
    /// The whole message.
    pub message: String,
    /// Its note in `refs/notes/ai`, when there is one here.
    pub note: Option<String>,
    /// Whether it has several parents.
    pub merge: bool,
}

/// What lies between two revisions.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// The commits, oldest first.
    pub commits: Vec<LogEntry>,
    /// Whether the history ends early, because the clone is shallow: there are more commits than these.
    pub cut: bool,
}

impl Repo {
    /// The commits that `head` has and `base` has not. For [`WORKTREE`] those of `HEAD`: what is not committed has no
    /// message.
    ///
    /// # Errors
    /// An unknown revision, or a commit or note that cannot be read.
    pub fn log(&self, base: &str, head: &str) -> Result<Log> {
        let repo = self.lock()?;
        let from = commit(&repo, base)?;
        let to = commit(&repo, if head == WORKTREE { "HEAD" } else { head })?;
        let shallow = shallow(&repo)?;
        let mut walk = repo.revwalk().context("cannot walk the history")?;
        walk.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE).context("cannot walk the history")?;
        walk.push(to)?;
        walk.hide(from)?;
        let mut log = Log::default();
        for id in walk {
            let id = id.with_context(|| format!("cannot walk the history from {base} to {head}"))?;
            log.cut |= shallow.contains(&id);
            log.commits.push(entry(&repo, &repo.find_commit(id)?)?);
        }
        Ok(log)
    }

    /// The commit `rev` and those before it, the newest first, each with the second at which it was made; at most `most`.
    ///
    /// # Errors
    /// An unknown revision, or a history that cannot be walked.
    pub fn history(&self, rev: &str, most: usize) -> Result<Vec<(String, i64)>> {
        let repo = self.lock()?;
        let mut walk = repo.revwalk().context("cannot walk the history")?;
        walk.set_sorting(Sort::TOPOLOGICAL | Sort::TIME).context("cannot walk the history")?;
        walk.push(commit(&repo, if rev == WORKTREE { "HEAD" } else { rev })?)?;
        let entry = |id: std::result::Result<Oid, git2::Error>| {
            let id = id.with_context(|| format!("cannot walk the history of {rev}"))?;
            Ok((id.to_string(), repo.find_commit(id)?.time().seconds()))
        };
        walk.take(most).map(entry).collect()
    }

    /// The bytes that the file at `path` has in one of the `commits` (ids) under a blob whose id begins with `blob`;
    /// `None` when none of them has it.
    ///
    /// # Errors
    /// A commit or the content cannot be read.
    pub fn version_of(&self, commits: &[String], path: &str, blob: &str) -> Result<Option<Vec<u8>>> {
        let repo = self.lock()?;
        let blob = blob.to_ascii_lowercase();
        for sha in commits {
            let tree = repo.find_commit(Oid::from_str(sha)?)?.tree()?;
            let found = match tree.get_path(Path::new(path)) {
                Ok(entry) => entry,
                Err(error) if error.code() == ErrorCode::NotFound => continue,
                Err(error) => return Err(anyhow!("{path} in commit {sha}: {}", error.message())),
            };
            if found.id().to_string().starts_with(&blob) {
                let content = repo.find_blob(found.id());
                return Ok(Some(
                    content.with_context(|| format!("cannot read {path} in commit {sha}"))?.content().to_vec(),
                ));
            }
        }
        Ok(None)
    }
}

fn entry(repo: &Repository, commit: &Commit<'_>) -> Result<LogEntry> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (author, committer) = (commit.author(), commit.committer());
    Ok(LogEntry {
        sha: commit.id().to_string(),
        author: (text(author.name_bytes()), text(author.email_bytes())),
        committer: (text(committer.name_bytes()), text(committer.email_bytes())),
        message: text(commit.message_bytes()),
        note: note(repo, commit.id())?,
        merge: commit.parent_count() > 1,
    })
}

/// No ref and no note are both "no note"; a ref that cannot be read is not.
fn note(repo: &Repository, id: Oid) -> Result<Option<String>> {
    match repo.find_note(Some(NOTES), id) {
        Ok(note) => Ok(Some(String::from_utf8_lossy(note.message_bytes()).into_owned())),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(anyhow!("{NOTES}: the note of {id} cannot be read: {}", error.message())),
    }
}

/// Commits whose parents this clone does not have.
fn shallow(repo: &Repository) -> Result<BTreeSet<Oid>> {
    if !repo.is_shallow() {
        return Ok(BTreeSet::new());
    }
    let file = repo.commondir().join("shallow");
    let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    text.lines().map(|line| Oid::from_str(line.trim()).map_err(Into::into)).collect()
}
