//! `--state DIR`: what dbt left of the run that built production stands for the trusted side.
//!
//! A manifest has SQL and no YAML, so it is no side by itself. It tells which commit it was made from: the newest one
//! whose models are, file by file, those that dbt read. That commit is a whole side: YAML, macros, project file, policy.

use super::packages::join;
use super::{find_policy, project_hint};
use crate::cli::ProjectArgs;
use crate::files::{FileSet, content_id};
use crate::finding::Severity;
use crate::git::{Repo, SideTree, WORKTREE};
use crate::project::manifest::Manifest;
use crate::project::{self, names_in_production};
use crate::report::Notice;
use anyhow::{Context, Result, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Commits that are looked at.
const MOST_COMMITS: usize = 500;

/// dbt's artifacts of the trusted side.
pub(super) struct State {
    /// Folder as it was named.
    pub shown: String,
    /// Its manifest's path.
    pub manifest_path: PathBuf,
    /// Its catalog's path, when there is one.
    pub catalog_path: Option<PathBuf>,
    manifest: Manifest,
}

impl State {
    /// Reads the manifest in `dir`.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn read(dir: &Path) -> Result<Self> {
        let manifest_path = dir.join("manifest.json");
        ensure!(
            manifest_path.is_file(),
            "--state {}: there is no manifest.json in it; name the folder that holds dbt's artifacts (its target folder, \
             or what was kept of it)",
            dir.display()
        );
        let manifest = Manifest::read(&manifest_path)?;
        let catalog_path = Some(dir.join("catalog.json")).filter(|path| path.is_file());
        Ok(Self { shown: dir.display().to_string(), manifest_path, catalog_path, manifest })
    }

    /// Whether the pull request may have written the manifest: a file of the checkout that `base` does not have alike.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn carried(&self, repo: &Repo, base: Option<&SideTree>, head: &SideTree) -> Result<bool> {
        let Some(path) = repo.relative(&self.manifest_path) else { return Ok(false) };
        let tracked = repo.tracks(&path)? || (head.sha != WORKTREE && head.files.contains(&path));
        let same = base.is_some_and(|base| head.files.contains(&path) && base.files.id(&path) == head.files.id(&path));
        Ok(tracked && !same)
    }

    /// What the relations of the project are called in production, by unique id.
    pub fn names(&self) -> BTreeMap<String, String> {
        names_in_production(&self.manifest)
    }

    /// The newest commit at or before `from` that the manifest was made from, and how many lie between.
    ///
    /// # Errors
    /// A history or a file that cannot be read; or the manifest does not tell of its files.
    pub fn commit(&self, repo: &Repo, root: &str, from: &str) -> Result<Option<(SideTree, usize)>> {
        let files = Files::of(&self.manifest, root).with_context(|| format!("--state {}", self.shown))?;
        let made = self.manifest.metadata.generated_at.as_deref().and_then(|at| at.parse::<jiff::Timestamp>().ok());
        let (mut hashes, mut younger) = (BTreeMap::new(), None);
        for (behind, (sha, second)) in repo.history(from, MOST_COMMITS)?.into_iter().enumerate() {
            let side = repo.side(&sha)?;
            if !files.are(&side.files, &mut hashes)? {
                continue;
            }
            if made.is_none_or(|made| second <= made.as_second()) {
                return Ok(Some((side, behind)));
            }
            // The same files committed later, or again: the nearest to the manifest stands in for its commit.
            younger = Some((side, behind));
        }
        Ok(younger)
    }
}

/// The commit that dbt's artifacts were made from as the trusted side, and the artifacts where they may be used.
///
/// # Errors
/// There is neither such a commit nor a merge base.
pub(super) fn trusted(
    args: &ProjectArgs,
    start: &Path,
    repo: &Repo,
    base: Result<SideTree>,
    head: &SideTree,
    state: State,
    notices: &mut Vec<Notice>,
) -> Result<(SideTree, Option<State>)> {
    let mut tell = |severity, message: String| {
        notices.push(Notice { severity, place: format!("--state {}", state.shown), message });
    };
    if state.carried(repo, base.as_ref().ok(), head)? {
        let message = "not used: the pull request carries this manifest, so it could say anything; have the workflow \
                       bring it, or take it from the base branch";
        tell(Severity::Warning, message.to_owned());
        return Ok((base?, None));
    }
    let side = base.as_ref().unwrap_or(head);
    let hint = match project_hint(args, repo, start, &head.files)? {
        Some(hint) => Some(hint),
        None => {
            let policy = find_policy(args, repo, &side.files, &head.files, None, &mut Vec::new())?;
            policy.policy.project.path.clone().filter(|p| p != ".")
        }
    };
    let root = project::find_project(&head.files, hint.as_deref())?.root;
    let short = |sha: &str| sha.chars().take(10).collect::<String>();
    match state.commit(repo, &root, &side.sha) {
        Ok(Some((found, behind))) => {
            let before = match (&base, behind) {
                (Err(_), _) => Some("there is no base revision in this clone".to_owned()),
                (Ok(_), 0) => None,
                (Ok(_), 1) => Some("it is the commit before the merge base".to_owned()),
                (Ok(_), _) => Some(format!("it is {behind} commits before the merge base")),
            };
            if let Some(before) = before {
                let sha = short(&found.sha);
                tell(
                    Severity::Note,
                    format!("the trusted side is commit {sha}, which these artifacts were made from; {before}"),
                );
            }
            Ok((found, Some(state)))
        }
        other => {
            let why = match other {
                Err(why) => format!("{why:#}"),
                _ => "none of the last commits has the models that its manifest was made from".to_owned(),
            };
            let base = base.with_context(|| why.clone())?;
            let message = format!(
                "{why}; the trusted side is the merge base, {}, and the manifest lends SQL only of what has not changed",
                short(&base.sha)
            );
            tell(Severity::Warning, message);
            Ok((base, Some(state)))
        }
    }
}

/// The files of the models that dbt read.
struct Files {
    /// Hashes by path from the repository's root.
    hashes: BTreeMap<String, String>,
    /// Files that dbt knew beside them.
    known: BTreeSet<String>,
    /// The folders in which models are written.
    folders: BTreeSet<String>,
}

impl Files {
    fn of(manifest: &Manifest, root: &str) -> Result<Self> {
        let project = manifest.metadata.project_name.as_deref();
        let project = project.context("its manifest does not name the project; make it with dbt 1.6 or newer")?;
        let own = |package: &Option<String>, path: &Option<String>| {
            path.as_deref()
                .filter(|_| package.as_deref() == Some(project))
                .map(|path| join(root, &path.replace('\\', "/")))
        };
        let (mut hashes, mut known, mut folders) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        for node in manifest.nodes.values() {
            let Some(path) = own(&node.package_name, &node.original_file_path) else { continue };
            let checksum = node.checksum.as_ref().filter(|c| c.name.as_deref() == Some("sha256"));
            if let Some(hash) =
                checksum.and_then(|c| c.checksum.clone()).filter(|_| is_code(&path) && node.resource_type != "seed")
            {
                hashes.insert(path.clone(), hash);
            }
            if node.resource_type == "model" {
                let inner = path.strip_prefix(root).unwrap_or(&path).trim_start_matches('/');
                folders.extend(inner.split_once('/').map(|(folder, _)| join(root, folder)));
            }
            known.insert(path);
        }
        let off = manifest.disabled.iter().flat_map(BTreeMap::values).flatten();
        known.extend(off.filter_map(|file| own(&file.package_name, &file.original_file_path)));
        ensure!(!hashes.is_empty(), "its manifest tells of no file of a model");
        Ok(Self { hashes, known, folders })
    }

    /// Whether the models of a commit are these. `hashes` keeps what was read, by the id of the content.
    fn are(&self, files: &FileSet, hashes: &mut BTreeMap<String, String>) -> Result<bool> {
        for (path, wanted) in &self.hashes {
            let Some(id) = files.id(path) else { return Ok(false) };
            if !hashes.contains_key(id) {
                let text = files.bytes(path)?.unwrap_or_default();
                let text = String::from_utf8_lossy(&text);
                hashes.insert(id.to_owned(), content_id(text.trim().as_bytes()));
            }
            if hashes.get(id) != Some(wanted) {
                return Ok(false);
            }
        }
        let mut all = self.folders.iter().flat_map(|folder| files.under(folder));
        Ok(all.all(|path| !is_code(path) || self.known.contains(path)))
    }
}

fn is_code(path: &str) -> bool {
    path.ends_with(".sql") || path.ends_with(".py")
}
