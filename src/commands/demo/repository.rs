//! The demo's git repository: `main`, the pull request, and one branch per mistake. Same commits on every machine.

use super::files::{BASE, File, HEAD, MART, MISTAKES};
use anyhow::{Context, Result};
use git2::build::{CheckoutBuilder, TreeUpdateBuilder};
use git2::{FileMode, Oid, Repository, RepositoryInitOptions, Signature, Time, Tree};
use std::path::Path;

/// Branch of the trusted side.
pub const MAIN: &str = "main";
/// Branch of the pull request.
pub const PULL_REQUEST: &str = "llm-refactor";

/// 2026-01-01 12:00 UTC.
const COMMITTED_AT: i64 = 1_767_268_800;

/// Makes the repository in `root`, with the pull request checked out.
///
/// # Errors
/// What git refuses, or a file that cannot be written.
pub fn make(root: &Path) -> Result<()> {
    let repo = Repository::init_opts(root, RepositoryInitOptions::new().initial_head(MAIN))
        .with_context(|| format!("make a git repository in {}", root.display()))?;
    // The user's own settings must not change the bytes that are checked out.
    repo.config()?.set_bool("core.autocrlf", false)?;
    let empty = repo.find_tree(repo.treebuilder(None)?.write()?)?;
    let base = commit(&repo, MAIN, "Product adoption per feature, account and application", &empty, BASE, None)?;
    commit(&repo, PULL_REQUEST, "Simplify the marts", &tree_of(&repo, base)?, HEAD, Some(base))?;
    for (branch, words, text) in MISTAKES {
        commit(
            &repo,
            branch,
            &format!("product_adoption: {words}"),
            &tree_of(&repo, base)?,
            &[(MART, *text)],
            Some(base),
        )?;
    }
    repo.set_head(&format!("refs/heads/{PULL_REQUEST}"))?;
    repo.checkout_head(Some(CheckoutBuilder::new().force()))?;
    Ok(())
}

fn tree_of(repo: &Repository, commit: Oid) -> Result<Tree<'_>> {
    Ok(repo.find_commit(commit)?.tree()?)
}

/// Commits `files` over `onto` as the tip of `branch`.
fn commit(
    repo: &Repository,
    branch: &str,
    message: &str,
    onto: &Tree<'_>,
    files: &[File],
    parent: Option<Oid>,
) -> Result<Oid> {
    let mut changes = TreeUpdateBuilder::new();
    for (path, text) in files {
        changes.upsert(*path, repo.blob(text.as_bytes())?, FileMode::Blob);
    }
    let tree = repo.find_tree(changes.create_updated(repo, onto)?)?;
    let who = Signature::new("Rowproof demo", "demo@rowproof.invalid", &Time::new(COMMITTED_AT, 0))?;
    let parent = parent.map(|id| repo.find_commit(id)).transpose()?;
    let parents: Vec<_> = parent.iter().collect();
    repo.commit(Some(&format!("refs/heads/{branch}")), &who, &who, message, &tree, &parents)
        .with_context(|| format!("commit to {branch}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commits_are_the_same_everywhere_and_the_pull_request_is_checked_out() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for dir in [&one, &two] {
            make(dir.path()).unwrap();
        }
        let tip = |dir: &tempfile::TempDir, branch: &str| {
            let repo = Repository::open(dir.path()).unwrap();
            repo.revparse_single(branch).unwrap().id()
        };
        for branch in MISTAKES.iter().map(|m| m.0).chain([MAIN, PULL_REQUEST]) {
            assert_eq!(tip(&one, branch), tip(&two, branch), "{branch}");
        }
        let mart = std::fs::read_to_string(one.path().join(MART)).unwrap();
        assert_eq!(Some(mart.as_str()), HEAD.iter().find(|f| f.0 == MART).map(|f| f.1));
        assert!(Repository::open(one.path()).unwrap().statuses(None).unwrap().is_empty());
    }
}
