//! What was read from GitHub, kept on disk from run to run: files of lines in the user's cache folder, for nobody else to
//! read. Whatever is wrong with it costs time and never changes a result.

use crate::github::Repository;
use crate::github::history::{Asked, Store};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Version of the files.
const FORMAT: u32 = 1;

/// A store on disk.
pub(super) struct Disk {
    /// Folder and beginning of the files' names; `None` = nothing is kept.
    place: Option<(PathBuf, String)>,
    /// First line of each file: what it answers.
    header: String,
    /// What earlier runs kept is not looked at.
    fresh: bool,
    /// What was looked at in this run.
    seen: BTreeSet<String>,
    open: BTreeMap<String, File>,
    /// Held while the files are in use.
    _lock: Option<File>,
    problem: Option<String>,
}

/// Opens the store for one question; `folder` is the user's cache folder unless it is given. A store that cannot be used
/// keeps nothing, and says why in [`Disk::problem`].
pub(super) fn open(folder: Option<&Path>, api_url: &str, repository: &Repository, asked: &Asked, fresh: bool) -> Disk {
    let header = header(api_url, repository, asked);
    let mut disk =
        Disk { place: None, header, fresh, seen: BTreeSet::new(), open: BTreeMap::new(), _lock: None, problem: None };
    let Some(root) = folder.map(Path::to_owned).or_else(|| user_folder(&|name| std::env::var_os(name))) else {
        disk.problem = Some("there is no cache folder: neither XDG_CACHE_HOME nor HOME is set".to_owned());
        return disk;
    };
    let folder = root.join(host(api_url)).join(repository.owner().to_lowercase());
    let name = repository.full_name().rsplit('/').next().unwrap_or_default().to_lowercase();
    let stem = format!("{name}-{}", &hash(&disk.header)[..16]);
    match lock(&folder, &stem) {
        Ok(lock) => {
            disk.place = Some((folder, stem));
            disk._lock = lock;
        }
        Err(error) => disk.problem = Some(format!("{} cannot be used as a cache: {error}", folder.display())),
    }
    disk
}

impl Disk {
    /// Why nothing is kept, or not all.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.place.as_ref().map(|(folder, stem)| folder.join(format!("{stem}.{name}.jsonl")))
    }

    /// From now on nothing is kept: half a file would be taken for a whole one.
    fn give_up(&mut self, path: &Path, error: &io::Error) {
        self.place = None;
        self.open.clear();
        self.problem = Some(format!("{} cannot be written: {error}", path.display()));
    }

    fn add(&mut self, path: &Path, name: &str, line: &str) -> io::Result<()> {
        let file = match self.open.entry(name.to_owned()) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let mut file = private(OpenOptions::new().create(true).append(true)).open(path)?;
                if file.metadata()?.len() == 0 {
                    file.write_all(format!("{}\n", self.header).as_bytes())?;
                }
                entry.insert(file)
            }
        };
        file.write_all(format!("{line}\n").as_bytes())
    }

    fn put(&mut self, path: &Path, name: &str, lines: &[String]) -> io::Result<()> {
        self.open.remove(name);
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        for line in std::iter::once(&self.header).chain(lines) {
            file.write_all(line.as_bytes())?;
            file.write_all(b"\n")?;
        }
        file.persist(path).map_err(|e| e.error)?;
        Ok(())
    }
}

impl Store for Disk {
    fn lines(&mut self, name: &str) -> Vec<String> {
        let Some(path) = self.path(name) else { return Vec::new() };
        self.open.remove(name);
        let first = self.seen.insert(name.to_owned());
        let text = if self.fresh && first { String::new() } else { fs::read_to_string(&path).unwrap_or_default() };
        // A line without its end was being written when the run was stopped.
        let whole = text.rfind('\n').map_or("", |at| &text[..=at]);
        let mut lines = whole.lines();
        if lines.next() == Some(self.header.as_str()) {
            if whole.len() < text.len() {
                let cut = OpenOptions::new().write(true).open(&path).and_then(|f| f.set_len(whole.len() as u64));
                if let Err(error) = cut {
                    self.give_up(&path, &error);
                }
            }
            return lines.map(str::to_owned).collect();
        }
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => self.give_up(&path, &error),
            _ => {}
        }
        Vec::new()
    }

    fn append(&mut self, name: &str, line: &str) {
        let Some(path) = self.path(name) else { return };
        if let Err(error) = self.add(&path, name, line) {
            self.give_up(&path, &error);
        }
    }

    fn replace(&mut self, name: &str, lines: &[String]) {
        let Some(path) = self.path(name) else { return };
        if let Err(error) = self.put(&path, name, lines) {
            self.give_up(&path, &error);
        }
    }
}

/// `$XDG_CACHE_HOME/rowproof/budget`, or that of the home folder.
fn user_folder(variable: &dyn Fn(&str) -> Option<std::ffi::OsString>) -> Option<PathBuf> {
    let set = |name| variable(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").filter(|p| p.is_absolute()).or_else(|| set("LOCALAPPDATA"));
    Some(cache.or_else(|| set("HOME").map(|home| home.join(".cache")))?.join("rowproof").join("budget"))
}

fn header(api_url: &str, repository: &Repository, asked: &Asked) -> String {
    let mut branches = asked.branches.clone();
    branches.sort();
    serde_json::json!({
        "rowproof": "history",
        "format": FORMAT,
        "api": api_url.trim_end_matches('/'),
        "repository": repository.full_name().to_lowercase(),
        "branches": branches,
        "check": asked.check_name,
    })
    .to_string()
}

fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

/// The host as the name of a folder.
fn host(api_url: &str) -> String {
    let rest = api_url.split_once("://").map_or(api_url, |(_, rest)| rest);
    let host = rest.split('/').next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default().trim_start_matches('.');
    let plain =
        |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '.') { c.to_ascii_lowercase() } else { '_' };
    host.chars().map(plain).collect()
}

/// Makes the folder and takes the lock; without one where the file system has none.
fn lock(folder: &Path, stem: &str) -> io::Result<Option<File>> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    let path = folder.join(format!("{stem}.lock"));
    let file = private(OpenOptions::new().create(true).truncate(false).write(true)).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Err(io::Error::other("another run is using it")),
        Err(fs::TryLockError::Error(_)) => Ok(None),
    }
}

/// Files that nobody else may read: what stands in a private repository.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(check_name: &str) -> Asked {
        Asked { since: jiff::Timestamp::UNIX_EPOCH, branches: Vec::new(), check_name: check_name.to_owned() }
    }

    fn at(folder: &Path, check_name: &str, fresh: bool) -> Disk {
        let repository = Repository::new("Acme/Shop").expect("a name");
        open(Some(folder), "https://api.github.com/", &repository, &asked(check_name), fresh)
    }

    fn file(folder: &Path) -> PathBuf {
        let folder = folder.join("api.github.com/acme");
        let mut files = fs::read_dir(folder).expect("the folder").map(|f| f.expect("a file").path());
        files.find(|p| p.extension().is_some_and(|e| e == "jsonl")).expect("a file of lines")
    }

    #[test]
    fn lines_are_there_in_the_next_run() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut disk = at(folder.path(), "c", false);
        assert!(disk.lines("history").is_empty());
        disk.append("history", "one");
        disk.append("history", "two");
        drop(disk);
        let mut disk = at(folder.path(), "c", false);
        assert_eq!(disk.lines("history"), ["one", "two"]);
        disk.append("history", "three");
        disk.replace("comments", &["x".to_owned()]);
        disk.replace("history", &["all".to_owned()]);
        disk.append("history", "more");
        assert_eq!(disk.lines("history"), ["all", "more"]);
        assert_eq!(disk.lines("comments"), ["x"]);
        assert_eq!(disk.problem(), None);
    }

    #[test]
    fn a_line_that_was_cut_off_is_not_taken_up() {
        let folder = tempfile::tempdir().expect("a folder");
        at(folder.path(), "c", false).append("history", "one");
        let mut file = OpenOptions::new().append(true).open(file(folder.path())).expect("the file");
        file.write_all(b"{\"half").expect("written");
        let mut disk = at(folder.path(), "c", false);
        assert_eq!(disk.lines("history"), ["one"]);
        disk.append("history", "two");
        assert_eq!(disk.lines("history"), ["one", "two"]);
    }

    #[test]
    fn what_answers_another_question_is_not_taken_up() {
        let folder = tempfile::tempdir().expect("a folder");
        at(folder.path(), "c", false).append("history", "one");
        assert!(at(folder.path(), "d", false).lines("history").is_empty());
        assert_eq!(at(folder.path(), "c", false).lines("history"), ["one"]);
        let path = file(folder.path());
        let text = fs::read_to_string(&path).expect("text");
        fs::write(&path, text.replace("\"format\":1", "\"format\":0")).expect("written");
        assert!(at(folder.path(), "c", false).lines("history").is_empty());
        fs::write(&path, [0xff, 0xfe, b'\n']).expect("written");
        assert!(at(folder.path(), "c", false).lines("history").is_empty());
        let mut disk = at(folder.path(), "c", false);
        disk.append("history", "new");
        assert_eq!(disk.lines("history"), ["new"]);
    }

    #[test]
    fn fresh_forgets_and_keeps_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        at(folder.path(), "c", false).append("comments", "old");
        let mut disk = at(folder.path(), "c", true);
        assert!(disk.lines("comments").is_empty());
        disk.append("comments", "new");
        assert_eq!(disk.lines("comments"), ["new"]);
        drop(disk);
        assert_eq!(at(folder.path(), "c", false).lines("comments"), ["new"]);
    }

    #[test]
    fn a_store_that_cannot_be_used_says_why() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = at(folder.path(), "c", false);
        let mut second = at(folder.path(), "c", false);
        assert!(second.problem().is_some_and(|p| p.contains("another run is using it")));
        second.append("history", "x");
        assert!(second.lines("history").is_empty());
        drop(first);
        fs::write(folder.path().join("file"), "").expect("written");
        let blocked = at(&folder.path().join("file"), "c", false);
        assert!(blocked.problem().is_some_and(|p| p.contains("cannot be used as a cache")));
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let mut disk = at(&folder.path().join("new"), "c", false);
        disk.append("history", "one");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        let path = file(&folder.path().join("new"));
        assert_eq!((mode(&path), mode(path.parent().expect("a folder"))), (0o600, 0o700));
        disk.replace("history", &[]);
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn the_users_folder_is_found() {
        let with = |pairs: &'static [(&str, &str)]| {
            user_folder(&move |name| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).into()))
        };
        assert_eq!(with(&[("HOME", "/h")]), Some("/h/.cache/rowproof/budget".into()));
        assert_eq!(with(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/c")]), Some("/c/rowproof/budget".into()));
        assert_eq!(with(&[("XDG_CACHE_HOME", "relative")]), None);
        assert_eq!(host("http://127.0.0.1:8080/api/v3"), "127.0.0.1_8080");
        assert_eq!(host("https://../x"), "");
    }
}
