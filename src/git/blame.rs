//! Where the lines came from that a change took away: the step from a fix to what it mends, as Śliwerski, Zimmermann and
//! Zeller (2005) take it. White space is no change.

use super::Repo;
use anyhow::{Context, Result};
use git2::{BlameOptions, Commit, DiffOptions, Oid, Repository};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A commit that had written lines.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// Commit id.
    pub sha: String,
    /// First line of its message.
    pub headline: String,
}

/// Most lines of one file that are looked at: beyond, it is data or was made by a program.
const MOST_LINES: usize = 5_000;

impl Repo {
    /// Commits that had written the lines which the last `steps` commits up to `sha` changed or took away, with the number
    /// of those lines; of the files for which `wanted` holds.
    ///
    /// # Errors
    /// The clone does not hold all of it.
    pub fn origins(&self, sha: &str, steps: usize, wanted: &dyn Fn(&str) -> bool) -> Result<BTreeMap<Origin, u64>> {
        let repo = self.lock()?;
        let after = repo.find_commit(Oid::from_str(sha)?).with_context(|| format!("the clone lacks commit {sha}"))?;
        let mut before = after.clone();
        for _ in 0..steps.max(1) {
            before = before.parent(0).with_context(|| format!("the clone lacks what was before commit {sha}"))?;
        }
        let mut found = BTreeMap::new();
        for (path, lines) in removed(&repo, &before, &after)? {
            let name = path.to_string_lossy().replace('\\', "/");
            if wanted(&name) && lines.len() <= MOST_LINES {
                blame(&repo, &before, &path, &lines, &mut found)?;
            }
        }
        Ok(found)
    }
}

/// Lines of the old side that are gone or changed, by the file's old path.
fn removed(repo: &Repository, before: &Commit<'_>, after: &Commit<'_>) -> Result<BTreeMap<PathBuf, Vec<usize>>> {
    let mut options = DiffOptions::new();
    options.context_lines(0).ignore_whitespace(true).ignore_blank_lines(true);
    let mut diff = repo.diff_tree_to_tree(Some(&before.tree()?), Some(&after.tree()?), Some(&mut options))?;
    diff.find_similar(None)?;
    let mut found: BTreeMap<PathBuf, Vec<usize>> = BTreeMap::new();
    diff.foreach(
        &mut |_, _| true,
        None,
        None,
        Some(&mut |delta, _, line| {
            if line.origin() == '-'
                && let (Some(path), Some(number)) = (delta.old_file().path(), line.old_lineno())
                && !line.content().iter().all(u8::is_ascii_whitespace)
            {
                found.entry(path.to_path_buf()).or_default().push(number as usize);
            }
            true
        }),
    )?;
    Ok(found)
}

fn blame(
    repo: &Repository,
    before: &Commit<'_>,
    path: &Path,
    lines: &[usize],
    found: &mut BTreeMap<Origin, u64>,
) -> Result<()> {
    let (Some(first), Some(last)) = (lines.iter().min(), lines.iter().max()) else { return Ok(()) };
    let mut options = BlameOptions::new();
    options.newest_commit(before.id()).min_line(*first).max_line(*last).ignore_whitespace(true);
    let blame = repo
        .blame_file(path, Some(&mut options))
        .with_context(|| format!("cannot tell who wrote {}", path.display()))?;
    for line in lines {
        let Some(hunk) = blame.get_line(*line) else { continue };
        let id = hunk.final_commit_id();
        let message = repo.find_commit(id).ok().and_then(|c| c.summary().ok().flatten().map(str::to_owned));
        *found.entry(Origin { sha: id.to_string(), headline: message.unwrap_or_default() }).or_default() += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use git2::Signature;

    /// A repository whose commits each write one file.
    fn repository(versions: &[(&str, &str)]) -> (tempfile::TempDir, Vec<String>) {
        let folder = tempfile::tempdir().expect("a folder");
        let repo = Repository::init(folder.path()).expect("a repository");
        let mut made: Vec<String> = Vec::new();
        for (headline, text) in versions {
            std::fs::write(folder.path().join("m.sql"), text).expect("a file");
            let mut index = repo.index().expect("an index");
            index.add_path(Path::new("m.sql")).expect("added");
            let tree = repo.find_tree(index.write_tree().expect("a tree")).expect("the tree");
            let who = Signature::now("ann", "ann@acme.example").expect("a name");
            let parents: Vec<Commit<'_>> = made
                .last()
                .map(|id| repo.find_commit(Oid::from_str(id).expect("an id")).expect("it"))
                .into_iter()
                .collect();
            let parents: Vec<&Commit<'_>> = parents.iter().collect();
            made.push(repo.commit(Some("HEAD"), &who, &who, headline, &tree, &parents).expect("a commit").to_string());
        }
        (folder, made)
    }

    #[test]
    fn lines_lead_to_who_wrote_them() {
        let versions = [
            ("First (#1)", "select a,\n  b,\n  c\nfrom t\n"),
            ("Second (#2)", "select a,\n  b * 2 as b,\n  c\nfrom t\n"),
            ("Indent (#3)", "select a,\n    b * 2 as b,\n  c\nfrom t\n"),
            ("Fix b (#4)", "select a,\n    b,\n  c,\n  d\nfrom t\n"),
        ];
        let (folder, made) = repository(&versions);
        let repo = Repo::open(folder.path()).expect("it opens");
        let found = repo.origins(&made[3], 1, &|_| true).expect("origins");
        let told: Vec<(&str, u64)> = found.iter().map(|(o, lines)| (o.headline.as_str(), *lines)).collect();
        // Indenting is no writing: the second commit wrote the line that the fix changes; `c` was the first's.
        assert!(told.contains(&("Second (#2)", 1)) && told.contains(&("First (#1)", 1)), "{told:?}");
        assert!(repo.origins(&made[3], 1, &|path| path.ends_with(".py")).expect("none").is_empty());
        assert!(repo.origins(&made[0], 1, &|_| true).is_err());
        assert!(repo.origins(&"0".repeat(40), 1, &|_| true).is_err());
    }
}
