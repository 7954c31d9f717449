use super::*;
use git2::Signature;
use std::fs;

struct Scratch {
    dir: tempfile::TempDir,
}

impl Scratch {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut options = git2::RepositoryInitOptions::new();
        Repository::init_opts(dir.path(), options.initial_head("main")).unwrap();
        Self { dir }
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.dir.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn commit(&self, branch: &str) -> Oid {
        let repo = Repository::open(self.dir.path()).unwrap();
        let mut index = repo.index().unwrap();
        index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
        index.write().unwrap();
        let tree = repo.find_tree(index.write_tree().unwrap()).unwrap();
        let who = Signature::now("t", "t@example.com").unwrap();
        let parent = repo.head().ok().and_then(|h| h.peel_to_commit().ok());
        let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
        let id = repo.commit(None, &who, &who, "c", &tree, &parents).unwrap();
        repo.reference(&format!("refs/heads/{branch}"), id, true, "t").unwrap();
        repo.set_head(&format!("refs/heads/{branch}")).unwrap();
        id
    }

    fn open(&self) -> Repo {
        Repo::open(self.dir.path()).unwrap()
    }
}

#[test]
fn sides_are_the_merge_base_and_the_head() {
    let scratch = Scratch::new();
    scratch.write("models/a.sql", "select 1");
    let base = scratch.commit("main");
    scratch.write("models/a.sql", "select 2");
    let head = scratch.commit("pr");
    let repo = scratch.open();
    let (b, h) = repo.sides("main", "pr").unwrap();
    assert_eq!((b.sha.as_str(), h.sha.as_str()), (base.to_string().as_str(), head.to_string().as_str()));
    assert_eq!(b.files.text("models/a.sql").unwrap().as_deref(), Some("select 1"));
    assert_eq!(h.files.text("models/a.sql").unwrap().as_deref(), Some("select 2"));
    assert_ne!(b.files.id("models/a.sql"), h.files.id("models/a.sql"));
}

#[test]
fn the_working_tree_has_edits_and_new_files_but_no_ignored_or_deleted_ones() {
    let scratch = Scratch::new();
    scratch.write(".gitignore", "target/\n");
    scratch.write("a.sql", "select 1");
    scratch.write("gone.sql", "select 1");
    scratch.write("same.sql", "select 1");
    scratch.commit("main");
    scratch.write("a.sql", "select 2");
    scratch.write("new/b.sql", "select 3");
    scratch.write("target/c.sql", "select 4");
    fs::remove_file(scratch.dir.path().join("gone.sql")).unwrap();
    let repo = scratch.open();
    let (base, head) = repo.sides("main", WORKTREE).unwrap();
    let paths: Vec<&str> = head.files.paths().collect();
    assert_eq!(paths, [".gitignore", "a.sql", "new/b.sql", "same.sql"]);
    assert_eq!(head.files.text("a.sql").unwrap().as_deref(), Some("select 2"));
    assert_eq!(base.files.id("same.sql"), head.files.id("same.sql"));
    assert_ne!(base.files.id("a.sql"), head.files.id("a.sql"));
}

#[test]
fn an_untracked_folder_can_be_laid_over_a_revision() {
    let scratch = Scratch::new();
    scratch.write(".gitignore", "dbt_packages/\n");
    scratch.write("a.sql", "select 1");
    scratch.commit("main");
    scratch.write("dbt_packages/p/dbt_project.yml", "name: p\n");
    let repo = scratch.open();
    let side = repo.side("main").unwrap();
    assert!(!side.files.contains("dbt_packages/p/dbt_project.yml"));
    let files = repo.with_folder(&side.files, "dbt_packages").unwrap();
    assert_eq!(files.text("dbt_packages/p/dbt_project.yml").unwrap().as_deref(), Some("name: p\n"));
    assert_eq!(files.text("a.sql").unwrap().as_deref(), Some("select 1"));
}

#[cfg(unix)]
#[test]
fn links_are_never_followed() {
    let scratch = Scratch::new();
    scratch.write("a.sql", "select 1");
    std::os::unix::fs::symlink("/etc/passwd", scratch.dir.path().join("tracked.sql")).unwrap();
    scratch.commit("main");
    std::os::unix::fs::symlink("/etc/passwd", scratch.dir.path().join("untracked.sql")).unwrap();
    let repo = scratch.open();
    for rev in ["main", WORKTREE] {
        let paths: Vec<String> = repo.side(rev).unwrap().files.paths().map(str::to_owned).collect();
        assert_eq!(paths, ["a.sql"], "{rev}");
    }
}

#[test]
fn errors_say_what_to_do() {
    let empty = tempfile::tempdir().unwrap();
    let error = Repo::open(empty.path()).err().unwrap().to_string();
    assert!(error.contains("not in a git repository"), "{error}");

    let scratch = Scratch::new();
    let error = scratch.open().side("HEAD").err().unwrap().to_string();
    assert!(error.contains("no commit yet"), "{error}");
    scratch.write("a.sql", "select 1");
    scratch.commit("main");
    let error = scratch.open().side("mian").err().unwrap().to_string();
    assert!(error.contains("unknown revision `mian`; did you mean `main`?"), "{error}");
}

#[test]
fn unrelated_histories_have_no_base() {
    let scratch = Scratch::new();
    scratch.write("a.sql", "select 1");
    scratch.commit("main");
    let repo = Repository::open(scratch.dir.path()).unwrap();
    let tree = repo.head().unwrap().peel_to_tree().unwrap();
    let who = Signature::now("t", "t@example.com").unwrap();
    let id = repo.commit(None, &who, &who, "other", &tree, &[]).unwrap();
    repo.reference("refs/heads/other", id, true, "t").unwrap();
    let error = scratch.open().sides("main", "other").err().unwrap().to_string();
    assert!(error.contains("no common ancestor"), "{error}");
}

#[test]
fn the_log_has_what_head_has_and_base_has_not() {
    let scratch = Scratch::new();
    scratch.write("a.sql", "select 1");
    let base = scratch.commit("main");
    scratch.write("a.sql", "select 2");
    let one = scratch.commit("pr");
    scratch.write("a.sql", "select 3");
    let two = scratch.commit("pr");
    let repo = scratch.open();
    let git = Repository::open(scratch.dir.path()).unwrap();
    let who = Signature::now("t", "t@example.com").unwrap();
    git.note(&who, &who, Some("refs/notes/ai"), one, "a note", false).unwrap();
    let log = repo.log(&base.to_string(), WORKTREE).unwrap();
    let ids: Vec<String> = log.commits.iter().map(|c| c.sha.clone()).collect();
    assert_eq!(ids, [one.to_string(), two.to_string()]);
    assert_eq!(log.commits[0].note.as_deref().map(str::trim), Some("a note"));
    assert_eq!((log.commits[1].note.is_none(), log.commits[1].merge, log.cut), (true, false, false));
    assert_eq!(log.commits[0].author, ("t".to_owned(), "t@example.com".to_owned()));
    assert!(repo.log("main", "main").unwrap().commits.is_empty());

    let blob = git.revparse_single(&format!("{one}:a.sql")).unwrap().id().to_string();
    assert_eq!(repo.version_of(&ids, "a.sql", &blob[..8]).unwrap().as_deref(), Some(b"select 2".as_slice()));
    assert_eq!(repo.version_of(&ids, "a.sql", "0000000").unwrap(), None);
    assert_eq!(repo.version_of(&ids, "b.sql", &blob).unwrap(), None);
}
