//! A repository in a temporary folder, and the real binary run in it with a scrubbed environment.

use git2::{Repository, RepositoryInitOptions, Signature, StatusOptions, Time};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A temporary repository; gone when dropped.
pub struct Sandbox {
    folder: tempfile::TempDir,
}

/// What the binary did.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// The report on standard output.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("no JSON on stdout ({e})\nstdout: {}\nstderr: {}", self.stdout, self.stderr))
    }
}

impl Sandbox {
    /// An empty repository on branch `base`.
    pub fn new() -> Self {
        let sandbox = Self { folder: tempfile::Builder::new().prefix("rowproof-it-").tempdir().unwrap() };
        std::fs::create_dir_all(sandbox.root()).unwrap();
        std::fs::create_dir_all(sandbox.home()).unwrap();
        let repo = Repository::init_opts(sandbox.root(), RepositoryInitOptions::new().initial_head("base")).unwrap();
        repo.config().unwrap().set_bool("core.autocrlf", false).unwrap();
        sandbox
    }

    /// Folder of the repository.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Writes a file of the working tree.
    pub fn write(&self, path: &str, text: &str) {
        let file = self.root().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    /// Copies a folder over the working tree; a folder that is not there is an error of the fixture.
    pub fn copy(&self, from: &Path, skip: &[&str]) {
        for (relative, path) in files(from) {
            if !skip.contains(&relative.as_str()) {
                let to = self.root().join(&relative);
                std::fs::create_dir_all(to.parent().unwrap()).unwrap();
                std::fs::copy(path, to).unwrap();
            }
        }
    }

    /// Removes a file of the working tree.
    pub fn remove(&self, path: &str) {
        std::fs::remove_file(self.root().join(path)).unwrap_or_else(|e| panic!("remove {path}: {e}"));
    }

    /// Commits everything; the current branch is the checked-out one.
    pub fn commit(&self, message: &str) {
        let repo = self.repo();
        let mut index = repo.index().unwrap();
        index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
        index.update_all(["*"], None).unwrap();
        index.write().unwrap();
        let tree = repo.find_tree(index.write_tree().unwrap()).unwrap();
        let who = Signature::new("Fixture", "fixture@rowproof.invalid", &Time::new(1_767_268_800, 0)).unwrap();
        let parent = repo.head().ok().map(|h| h.peel_to_commit().unwrap());
        let parents: Vec<_> = parent.iter().collect();
        repo.commit(Some("HEAD"), &who, &who, message, &tree, &parents).unwrap();
    }

    /// Makes a branch here and checks it out.
    pub fn branch(&self, name: &str) {
        let repo = self.repo();
        let here = repo.head().unwrap().peel_to_commit().unwrap();
        repo.branch(name, &here, false).unwrap();
        repo.set_head(&format!("refs/heads/{name}")).unwrap();
    }

    /// The repository.
    pub fn repo(&self) -> Repository {
        Repository::open(self.root()).unwrap()
    }

    /// What `git status` would show, one line a file.
    pub fn status(&self) -> Vec<String> {
        let repo = self.repo();
        let mut options = StatusOptions::new();
        options.include_untracked(true).recurse_untracked_dirs(true);
        let statuses = repo.statuses(Some(&mut options)).unwrap();
        statuses.iter().map(|s| format!("{:?} {}", s.status(), s.path().unwrap_or("?"))).collect()
    }

    /// Makes the DuckDB file from SQL scripts.
    pub fn database(&self, name: &str, scripts: &[&str]) {
        let connection = duckdb::Connection::open(self.root().join(name)).unwrap();
        for script in scripts {
            connection.execute_batch(script).unwrap_or_else(|e| panic!("data of {name}: {e}"));
        }
        connection.execute_batch("checkpoint").unwrap();
        connection.close().map_err(|(_, e)| e).unwrap();
    }

    /// Bytes of a file of the working tree, `None` when there is none.
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.root().join(name)).ok()
    }

    /// Runs the binary in the repository.
    pub fn rowproof(&self, args: &[&str]) -> Ran {
        self.rowproof_in(&self.root(), args)
    }

    /// Runs the binary in the repository with variables set.
    pub fn rowproof_with(&self, variables: &[(&str, &str)], args: &[&str]) -> Ran {
        self.rowproof_in_with(&self.root(), variables, args)
    }

    /// Runs the binary in a folder with variables set.
    pub fn rowproof_in_with(&self, folder: &Path, variables: &[(&str, &str)], args: &[&str]) -> Ran {
        let mut command = command(&self.home());
        ran(command.current_dir(folder).envs(variables.iter().copied()).args(args).output().unwrap())
    }

    /// Runs the binary in a folder.
    pub fn rowproof_in(&self, folder: &Path, args: &[&str]) -> Ran {
        let output = command(&self.home()).current_dir(folder).args(args).output().unwrap();
        ran(output)
    }
}

/// The binary without what a CI machine or a developer has in the environment: our own CI runs inside Actions, and a
/// verdict must depend on none of it.
fn command(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rowproof"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().into_owned();
        let scrubbed = ["GITHUB_", "GH_", "RUNNER_", "ACTIONS_", "DBT_", "ROWPROOF_", "GIT_", "XDG_"];
        if scrubbed.iter().any(|p| text.starts_with(p))
            || ["CI", "NO_COLOR", "TERM", "COLUMNS"].contains(&text.as_str())
        {
            command.env_remove(name);
        }
    }
    command.env("HOME", home);
    command
}

fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// All files under a folder, sorted: path from the folder with `/`, path on disk.
pub fn files(folder: &Path) -> Vec<(String, PathBuf)> {
    let (mut found, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let relative = path.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
                found.push((relative, path));
            }
        }
    }
    found.sort();
    found
}

/// A folder of the crate.
pub fn crate_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}
