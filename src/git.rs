//! The repository: revisions, the merge base, and the tree of a revision or of the working tree as a read-only file set.
//!
//! Nothing here writes: no checkout, no index refresh, no ref.

pub mod blame;
pub mod log;
mod worktree;

use crate::files::{Blobs, FileSet};
use crate::nearest::{hint as hint_of, nearest};
use anyhow::{Context, Result, anyhow, bail};
use git2::{ObjectType, Oid, Repository, TreeWalkMode, TreeWalkResult};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// The word that names the working tree where a revision is asked for.
pub const WORKTREE: &str = "worktree";

/// An open repository with a working tree.
pub struct Repo {
    repo: Arc<Mutex<Repository>>,
    root: PathBuf,
}

/// One side of a run: what was asked, the commit, and its files.
#[derive(Clone)]
pub struct SideTree {
    /// As asked.
    pub rev: String,
    /// Commit id, or `worktree`.
    pub sha: String,
    /// Its files.
    pub files: FileSet,
}

impl Repo {
    /// Opens the repository that holds `start`.
    ///
    /// # Errors
    /// `start` is in no repository, or the repository is bare.
    pub fn open(start: &Path) -> Result<Self> {
        let repo = Repository::discover(start).map_err(|e| {
            if e.code() == git2::ErrorCode::NotFound {
                anyhow!(
                    "{} is not in a git repository; run rowproof inside one (or `git init` and commit first)",
                    start.display()
                )
            } else {
                anyhow!("{}: cannot open the git repository: {}", start.display(), e.message())
            }
        })?;
        let root = repo
            .workdir()
            .ok_or_else(|| {
                anyhow!("{}: a bare repository has no project files to judge; clone it first", repo.path().display())
            })?
            .to_path_buf();
        Ok(Self { repo: Arc::new(Mutex::new(repo)), root })
    }

    /// Folder of the working tree.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `path` (absolute or from the current folder) as a path from the repository's root with `/`.
    pub fn relative(&self, path: &Path) -> Option<String> {
        let path = path.canonicalize().ok()?;
        let root = self.root.canonicalize().ok()?;
        let parts: Option<Vec<&str>> = path.strip_prefix(root).ok()?.iter().map(|p| p.to_str()).collect();
        Some(parts?.join("/"))
    }

    /// The two sides: `head` (a revision or [`WORKTREE`]) and its merge base with `base`.
    ///
    /// # Errors
    /// An unknown revision, or no merge base (with what to do in a shallow clone).
    pub fn sides(&self, base: &str, head: &str) -> Result<(SideTree, SideTree)> {
        let repo = self.lock()?;
        let base_commit = commit(&repo, base)?;
        let head_commit = commit(&repo, if head == WORKTREE { "HEAD" } else { head })?;
        let merge_base = merge_base(&repo, base, base_commit, head, head_commit)?;
        let base_files = self.tree(&repo, merge_base)?;
        let head_files =
            if head == WORKTREE { worktree::files(&repo, &self.root)? } else { self.tree(&repo, head_commit)? };
        let sha = if head == WORKTREE { WORKTREE.to_owned() } else { head_commit.to_string() };
        Ok((
            SideTree { rev: base.to_owned(), sha: merge_base.to_string(), files: base_files },
            SideTree { rev: head.to_owned(), sha, files: head_files },
        ))
    }

    /// One revision (or [`WORKTREE`]) alone.
    ///
    /// # Errors
    /// An unknown revision.
    pub fn side(&self, rev: &str) -> Result<SideTree> {
        let repo = self.lock()?;
        if rev == WORKTREE {
            let files = worktree::files(&repo, &self.root)?;
            return Ok(SideTree { rev: rev.to_owned(), sha: WORKTREE.to_owned(), files });
        }
        let id = commit(&repo, rev)?;
        Ok(SideTree { rev: rev.to_owned(), sha: id.to_string(), files: self.tree(&repo, id)? })
    }

    /// Whether the clone holds the commit of that id.
    pub fn has(&self, sha: &str) -> bool {
        let found = self.lock().ok().and_then(|repo| repo.find_commit(Oid::from_str(sha).ok()?).ok().map(|c| c.id()));
        found.is_some()
    }

    /// First parent of the checked-out commit, when that is a merge of `head` into it: GitHub's own merge commit, which
    /// actions/checkout brings by default.
    pub fn first_parent_of_merge(&self, head: &str) -> Option<String> {
        let repo = self.lock().ok()?;
        let commit = repo.head().ok()?.peel_to_commit().ok()?;
        let merged = commit.parent_count() == 2 && commit.parent_id(1).ok()?.to_string() == head;
        let parent = commit.parent_id(0).ok().filter(|_| merged)?;
        repo.find_commit(parent).ok().map(|c| c.id().to_string())
    }

    /// The revision that a pull request is compared with when none is named: the remote's default branch, else `main` or `master`.
    ///
    /// # Errors
    /// None of them exists.
    pub fn default_base(&self) -> Result<String> {
        let repo = self.lock()?;
        let known = ["origin/HEAD", "origin/main", "origin/master", "main", "master"];
        known
            .iter()
            .find(|rev| repo.revparse_single(rev).is_ok())
            .map(|rev| (*rev).to_owned())
            .ok_or_else(|| anyhow!("no base revision found (tried {}); name one with --base", known.join(", ")))
    }

    /// `files` with those on disk under `dir` added (a folder that git does not track, such as installed packages).
    ///
    /// # Errors
    /// A file there cannot be read.
    pub fn with_folder(&self, files: &FileSet, dir: &str) -> Result<FileSet> {
        let mut added = BTreeMap::new();
        worktree::walk(&self.root, dir, &mut added)?;
        Ok(worktree::overlay(files, &self.root, added))
    }

    /// Whether the checkout's index has the path: then it came with a commit, not from the machine.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn tracks(&self, path: &str) -> Result<bool> {
        let repo = self.lock()?;
        let index = repo.index().context("cannot read the git index")?;
        Ok(index.get_path(Path::new(path), 0).is_some())
    }

    fn lock(&self) -> Result<std::sync::MutexGuard<'_, Repository>> {
        self.repo.lock().map_err(|_| anyhow!("the repository is unusable after an earlier crash"))
    }

    fn tree(&self, repo: &Repository, id: Oid) -> Result<FileSet> {
        let tree = repo.find_commit(id)?.tree().with_context(|| format!("commit {id} has no readable tree"))?;
        let mut files = BTreeMap::new();
        let mut broken = None;
        tree.walk(TreeWalkMode::PreOrder, |dir, entry| {
            // Symbolic links (mode 120000) are left out: what they point to is not part of the tree.
            if entry.kind() == Some(ObjectType::Blob) && entry.filemode() != 0o120_000 {
                match (dir, entry.name()) {
                    (dir, Ok(name)) => {
                        files.insert(format!("{dir}{name}"), entry.id().to_string());
                    }
                    _ => broken = Some(String::from_utf8_lossy(entry.name_bytes()).into_owned()),
                }
            }
            TreeWalkResult::Ok
        })?;
        if let Some(name) = broken {
            bail!("commit {id}: the file name {name:?} is not UTF-8; rename it");
        }
        Ok(FileSet::new(files, Arc::new(Objects(Arc::clone(&self.repo)))))
    }
}

/// Reads blobs from the object database.
struct Objects(Arc<Mutex<Repository>>);

impl Blobs for Objects {
    fn read(&self, path: &str, id: &str) -> Result<Vec<u8>> {
        let repo = self.0.lock().map_err(|_| anyhow!("the repository is unusable after an earlier crash"))?;
        let blob = repo
            .find_blob(Oid::from_str(id)?)
            .with_context(|| format!("{path}: its content is not in this clone (a partial clone?); fetch it first"))?;
        Ok(blob.content().to_vec())
    }
}

/// The commit that `rev` names; a branch that only the remote has is found too, as CI checkouts have it.
fn commit(repo: &Repository, rev: &str) -> Result<Oid> {
    let found =
        repo.revparse_single(rev).or_else(|first| repo.revparse_single(&format!("origin/{rev}")).map_err(|_| first));
    let object = found.map_err(|_| anyhow!("unknown revision `{rev}`{}", hint(repo, rev)))?;
    let commit = object.peel_to_commit().map_err(|_| anyhow!("`{rev}` names no commit"))?;
    Ok(commit.id())
}

fn hint(repo: &Repository, rev: &str) -> String {
    if repo.head().is_err() {
        return ": the repository has no commit yet; commit the project first".to_owned();
    }
    let mut names: Vec<String> = repo
        .branches(None)
        .map(|all| all.flatten().filter_map(|(b, _)| b.name().ok().flatten().map(str::to_owned)).collect())
        .unwrap_or_default();
    names.sort();
    match nearest(rev, names.iter().map(String::as_str)) {
        Some(name) => hint_of(Some(name)),
        None if repo.is_shallow() => {
            "; this is a shallow clone: fetch more (`git fetch --unshallow`, or `fetch-depth: 0` in actions/checkout)"
                .to_owned()
        }
        None => format!("; known branches: {}", if names.is_empty() { "none".to_owned() } else { names.join(", ") }),
    }
}

fn merge_base(repo: &Repository, base: &str, base_id: Oid, head: &str, head_id: Oid) -> Result<Oid> {
    if let Ok(id) = repo.merge_base(base_id, head_id) {
        return Ok(id);
    }
    // On a pull request, CI checks out a merge commit of base and head: its first parent is the base it was made from.
    let commit = repo.find_commit(head_id)?;
    if commit.parent_count() == 2
        && let Ok(parent) = commit.parent(0)
    {
        return Ok(parent.id());
    }
    if repo.is_shallow() {
        bail!(
            "no common ancestor of `{base}` and `{head}` in this shallow clone; fetch the history first \
             (`git fetch --unshallow`, or `fetch-depth: 0` in actions/checkout)"
        );
    }
    bail!("`{base}` and `{head}` have no common ancestor; name the base that the pull request goes to with --base")
}

#[cfg(test)]
mod tests;
