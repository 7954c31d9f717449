//! profiles.yml: the folder asked for, the trusted side of the repository, the disk, the home folder.

use super::packages::join;
use crate::cli::ProjectArgs;
use crate::files::FileSet;
use crate::git::Repo;
use crate::project::ProfileFile;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Every profiles.yml that may count, in order of precedence.
///
/// A tracked file is read from the base side: a pull request cannot point the run at another database. One that git
/// does not track is the user's own.
pub(super) fn read(args: &ProjectArgs, repo: &Repo, root: &str, sides: [&FileSet; 2]) -> Result<Vec<ProfileFile>> {
    if let Some(dir) = &args.profiles_dir {
        // `DBT_PROFILES_DIR=.` is usual in CI, where the file on disk is the pull request's own.
        if !in_project(repo, root, dir) {
            return Ok(vec![on_disk(&dir.join("profiles.yml"))?]);
        }
    }
    let mut found = Vec::new();
    let tracked = join(root, "profiles.yml");
    let [base, head] = sides;
    if let Some(text) = base.text(&tracked)? {
        found.push(ProfileFile { path: tracked, text });
    } else if let Some(text) = head.text(&tracked)? {
        found.push(ProfileFile { path: tracked, text });
    } else if repo.root().join(&tracked).is_file() {
        found.push(on_disk(&repo.root().join(&tracked))?);
    }
    if let Some(home) = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")) {
        let file = PathBuf::from(home).join(".dbt").join("profiles.yml");
        if file.is_file() {
            found.push(on_disk(&file)?);
        }
    }
    Ok(found)
}

fn in_project(repo: &Repo, root: &str, dir: &Path) -> bool {
    dir.canonicalize().ok() == repo.root().join(root).canonicalize().ok()
}

fn on_disk(file: &Path) -> Result<ProfileFile> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(ProfileFile { path: file.display().to_string(), text })
}
