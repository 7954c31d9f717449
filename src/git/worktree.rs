//! The working tree as a file set: tracked files as they are on disk, and untracked ones that git does not ignore.

use crate::files::{Blobs, FileSet, content_id};
use anyhow::{Context, Result, bail};
use git2::{Oid, Repository, Status, StatusOptions};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The files of the working tree. Symbolic links are left out: following one could leave the repository.
pub(super) fn files(repo: &Repository, root: &Path) -> Result<FileSet> {
    let mut ids = BTreeMap::new();
    for entry in repo.index().context("cannot read the git index")?.iter() {
        if entry.mode & 0o170_000 == 0o100_000 {
            ids.insert(path_text(&entry.path)?, entry.id.to_string());
        }
    }
    let mut options = StatusOptions::new();
    options.include_untracked(true).recurse_untracked_dirs(true).include_ignored(false).update_index(false);
    for status in repo.statuses(Some(&mut options)).context("cannot compare the working tree with git")?.iter() {
        let path = path_text(status.path_bytes())?;
        if status.status().intersects(Status::WT_DELETED) {
            ids.remove(&path);
        } else if status
            .status()
            .intersects(Status::WT_NEW | Status::WT_MODIFIED | Status::WT_RENAMED | Status::WT_TYPECHANGE)
        {
            match plain_file(&root.join(&path))? {
                true => ids.insert(path.clone(), Oid::hash_file(git2::ObjectType::Blob, root.join(&path))?.to_string()),
                false => ids.remove(&path),
            };
        }
    }
    Ok(FileSet::new(ids, Arc::new(Disk(root.to_path_buf()))))
}

/// Every plain file under `dir` on disk, hidden ones left out, with the id of its content.
pub(super) fn walk(root: &Path, dir: &str, found: &mut BTreeMap<String, String>) -> Result<()> {
    let folder = root.join(dir);
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
        if name.starts_with('.') {
            continue;
        }
        let path = format!("{dir}/{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(root, &path, found)?;
        } else if kind.is_file() {
            let bytes = fs::read(entry.path()).with_context(|| format!("cannot read {path}"))?;
            found.insert(path, content_id(&bytes));
        }
    }
    Ok(())
}

/// `files` with `added` (read from disk) on top.
pub(super) fn overlay(files: &FileSet, root: &Path, added: BTreeMap<String, String>) -> FileSet {
    let mut ids: BTreeMap<String, String> =
        files.paths().filter_map(|p| Some((p.to_owned(), files.id(p)?.to_owned()))).collect();
    let on_disk = added.clone();
    ids.extend(added);
    FileSet::new(ids, Arc::new(Overlay { below: files.clone(), disk: Disk(root.to_path_buf()), on_disk }))
}

struct Disk(PathBuf);

impl Blobs for Disk {
    fn read(&self, path: &str, _id: &str) -> Result<Vec<u8>> {
        let file = self.0.join(path);
        if !plain_file(&file)? {
            bail!("{path}: not a plain file any more");
        }
        fs::read(&file).with_context(|| format!("cannot read {path}"))
    }
}

struct Overlay {
    below: FileSet,
    disk: Disk,
    on_disk: BTreeMap<String, String>,
}

impl Blobs for Overlay {
    fn read(&self, path: &str, id: &str) -> Result<Vec<u8>> {
        if self.on_disk.contains_key(path) {
            return self.disk.read(path, id);
        }
        self.below.bytes(path)?.with_context(|| format!("{path}: no such file"))
    }
}

fn plain_file(path: &Path) -> Result<bool> {
    let meta = fs::symlink_metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(meta.is_file())
}

fn path_text(bytes: &[u8]) -> Result<String> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => bail!("the file name {:?} is not UTF-8; rename it", String::from_utf8_lossy(bytes)),
    }
}
