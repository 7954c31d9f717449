//! `rowproof policy check|show|schema`: is the policy right, and what does it come to.

use crate::finding::Location;
use crate::output::excerpt::excerpt;
use crate::policy::{self, Policy, PolicySource, Problems, json_schema, show};
use anyhow::{Context as _, Result};
use jiff::civil::Date;
use std::path::{Component, Path, PathBuf};

/// Columns of the line that is shown with a problem.
const EXCERPT_WIDTH: usize = 110;

/// The name of the policy file.
pub const FILE_NAME: &str = "rowproof.yml";

/// A policy file on disk: its text, and the folder that its path counts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnDisk {
    /// The repository's root, or the file's own folder outside a repository.
    pub root: PathBuf,
    /// The file, with its path from `root`.
    pub source: PolicySource,
}

impl OnDisk {
    /// Reads and checks the policy; what it extends is read from disk too, and only from under `root`.
    ///
    /// # Errors
    /// [`Problems`], or a file that cannot be read.
    pub fn load(&self) -> Result<Policy> {
        policy::load(self.source.clone(), &|path| read(&self.root.join(path)))
    }

    /// The text of a file that a problem is in.
    fn text(&self, path: &str) -> Option<String> {
        if path == self.source.path {
            return Some(self.source.text.clone());
        }
        match path.strip_prefix("built-in:") {
            Some(name) => policy::BUILT_IN.iter().find(|(n, _)| *n == name).map(|(_, text)| (*text).to_owned()),
            None => read(&self.root.join(path)).ok().flatten(),
        }
    }
}

/// The policy file: `file` (from `folder`), or without it `rowproof.yml`, searched from `folder` upward to the root of
/// the repository. `None` when there is none.
///
/// # Errors
/// A `file` that does not exist or cannot be read.
pub fn find(file: Option<&Path>, folder: &Path) -> Result<Option<OnDisk>> {
    let folder = std::path::absolute(folder).with_context(|| format!("{}: no such folder", folder.display()))?;
    if let Some(file) = file {
        let path = plain(&folder.join(file));
        let text = read(&path)?.with_context(|| format!("{}: no such policy file", file.display()))?;
        return on_disk(&path, text).map(Some);
    }
    let root = repository(&folder);
    for ancestor in folder.ancestors() {
        let path = ancestor.join(FILE_NAME);
        if let Some(text) = read(&path)? {
            return on_disk(&path, text).map(Some);
        }
        if root.as_deref() == Some(ancestor) {
            break;
        }
    }
    Ok(None)
}

fn on_disk(path: &Path, text: String) -> Result<OnDisk> {
    let parent = path.parent().context("a policy file is in a folder")?;
    let root = repository(parent).unwrap_or_else(|| parent.to_path_buf());
    let from_root = path.strip_prefix(&root).unwrap_or(path);
    let parts: Vec<_> = from_root.components().map(|c| c.as_os_str().to_string_lossy()).collect();
    Ok(OnDisk { source: PolicySource { path: parts.join("/"), text }, root })
}

/// The path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(out.pop()),
            part => out.push(part),
        }
    }
    out
}

/// The folder above that holds `.git`.
fn repository(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find(|a| a.join(".git").exists()).map(Path::to_path_buf)
}

/// The text of a file, `None` when there is no such file.
fn read(path: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{}: cannot be read", path.display())),
    }
}

/// `policy check`: everything that is wrong with the file, or what it holds. `models` are names with paths from the
/// project's folder, when the project could be read; entries that match none of them are told. Exit code 0 or 2.
///
/// # Errors
/// The file that cannot be found or read.
pub fn check(
    file: Option<&Path>,
    folder: &Path,
    models: Option<&[(String, String)]>,
    today: Date,
) -> Result<(String, u8)> {
    let found = find(file, folder)?.with_context(|| {
        format!("no {FILE_NAME} here or above; write one that starts with `version: 1` and `extends: default`, or name a file")
    })?;
    match found.load() {
        Ok(policy) => Ok((good(&policy, models, today), 0)),
        Err(error) => match error.downcast_ref::<Problems>() {
            Some(problems) => Ok((bad(problems, &found), 2)),
            None => Err(error),
        },
    }
}

/// Every problem with its line and a mark under the place.
fn bad(problems: &Problems, found: &OnDisk) -> String {
    let mut lines = String::new();
    for problem in &problems.0 {
        lines.push_str(&format!("{}\n", clean(&problem.to_string())));
        if problem.mark.line > 0
            && let Some(text) = found.text(&problem.path)
        {
            let (line, column) = (problem.mark.line, problem.mark.column);
            let place = Location { path: problem.path.clone(), line, column, end_line: line, end_column: column + 1 };
            for line in excerpt(&text, &place, EXCERPT_WIDTH).unwrap_or_default().lines {
                let number = line.number.to_string();
                let margin = " ".repeat(number.len());
                lines.push_str(&format!("  {number} | {}\n  {margin} | {}^\n", line.text, " ".repeat(line.indent)));
            }
        }
    }
    let count = problems.0.len();
    format!("{lines}{count} problem{}\n", if count == 1 { "" } else { "s" })
}

fn good(policy: &Policy, models: Option<&[(String, String)]>, today: Date) -> String {
    let notices = match models {
        Some(models) => policy.check_against(models, today),
        None => policy.notices.clone(),
    };
    let mut text = String::new();
    for notice in notices {
        text.push_str(&clean(&format!("{}:{}: note: {}", notice.path, notice.line, notice.message)));
        text.push('\n');
    }
    let layers: Vec<String> = policy.layers.iter().map(|l| format!("{} ({} gates)", l.name, l.gates.len())).collect();
    let summary = format!("{}: ok; layers: {}; unmatched: {}", policy.path, layers.join(", "), policy.strictest.name);
    text.push_str(&clean(&summary));
    text.push('\n');
    text
}

fn clean(text: &str) -> String {
    crate::output::escape::terminal(text)
}

/// `policy show`: the policy in force, with what it extends merged in and where each part comes from; without a file,
/// the built-in default. Exit code 0 or 2.
///
/// # Errors
/// The file that cannot be found or read.
pub fn show(file: Option<&Path>, folder: &Path) -> Result<(String, u8)> {
    let Some(found) = find(file, folder)? else {
        return Ok((show::effective(&policy::built_in("default")?)?, 0));
    };
    match found.load() {
        Ok(policy) => Ok((show::effective(&policy)?, 0)),
        Err(error) => match error.downcast_ref::<Problems>() {
            Some(problems) => Ok((bad(problems, &found), 2)),
            None => Err(error),
        },
    }
}

/// `policy schema`: the JSON Schema of the policy file.
pub fn schema() -> (String, u8) {
    (json_schema::text(), 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use std::fs;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, text).expect("written");
        }
        folder
    }

    #[test]
    fn the_file_is_found_upward_and_not_above_the_repository() {
        let there = folder(&[("rowproof.yml", "a"), ("repo/.git/HEAD", ""), ("repo/dbt/models/x.sql", "")]);
        assert_eq!(find(None, &there.path().join("repo/dbt/models")).expect("read"), None);
        fs::write(there.path().join("repo/dbt/rowproof.yml"), "b").expect("written");
        let found = find(None, &there.path().join("repo/dbt/models")).expect("read").expect("found");
        assert_eq!((found.source.path.as_str(), found.source.text.as_str()), ("dbt/rowproof.yml", "b"));
        let named = find(Some(Path::new("../rowproof.yml")), &there.path().join("repo/dbt/models"));
        assert_eq!(named.expect("read").expect("found").source.path, "dbt/rowproof.yml");
        assert!(find(Some(Path::new("none.yml")), there.path()).is_err());
    }

    #[test]
    fn problems_are_listed_and_counted() {
        let there =
            folder(&[(".git/HEAD", ""), ("dbt/rowproof.yml", "version: 1\nlayrs: []\nextends: ../nowhere.yml\n")]);
        let (text, code) = check(None, &there.path().join("dbt"), None, date(2026, 1, 1)).expect("checked");
        assert_eq!(code, 2);
        assert_eq!(
            text,
            "dbt/rowproof.yml:2:1: unknown key `layrs`; did you mean `layers`?\n  2 | layrs: []\n    | ^\n\
             dbt/rowproof.yml:3:10: there is no file nowhere.yml; paths are written from the folder of this file\n  \
             3 | extends: ../nowhere.yml\n    |          ^\n2 problems\n"
        );
        assert_eq!(show(None, &there.path().join("dbt")).expect("shown").1, 2);
    }

    /// What the program prints is what is committed; ROWPROOF_BLESS=1 writes it.
    fn committed(path: &str, text: &str) {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        if std::env::var_os("ROWPROOF_BLESS").is_some() {
            fs::write(&file, text).expect("the file can be written");
        }
        let found = fs::read_to_string(&file).unwrap_or_default();
        assert!(found == text, "{path} is not what the program prints; run this test once with ROWPROOF_BLESS=1");
    }

    #[test]
    fn the_schemas_are_the_committed_ones() {
        committed("policies/policy.schema.json", &schema().0);
        committed("schemas/report.schema.json", &crate::output::json::schema());
        committed("schemas/budget.schema.json", &crate::output::budget::schema());
        committed("schemas/lineage.schema.json", &crate::output::lineage::schema());
    }

    #[test]
    fn without_a_file_check_says_what_to_do() {
        let there = folder(&[(".git/HEAD", "")]);
        let error = check(None, there.path(), None, date(2026, 1, 1)).expect_err("nothing to check");
        assert!(error.to_string().contains("extends: default"));
    }
}
