//! Where the project is: a dbt project, or a folder of SQL files.

use super::ProjectKind;
use crate::files::FileSet;
use anyhow::{Result, bail};

/// A project that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// dbt or SQL folder.
    pub kind: ProjectKind,
    /// Its folder from the repository's root, `""` for the root.
    pub root: String,
}

/// Folders whose projects are somebody else's: installed packages, tools, builds.
const FOREIGN: [&str; 10] = [
    "dbt_packages",
    "dbt_modules",
    "node_modules",
    "target",
    "venv",
    "env",
    "site-packages",
    "vendor",
    "integration_tests",
    "__pycache__",
];

/// Finds the project: in the folder `hint`, else at the root, else the only dbt project in a subfolder, else SQL files.
/// Fails when there are several dbt projects (and names them), or none and no SQL file.
pub fn find_project(files: &FileSet, hint: Option<&str>) -> Result<Found> {
    let hint = hint.map(|h| h.trim_start_matches("./").trim_matches('/')).filter(|h| *h != ".").unwrap_or("");
    if is_dbt(files, hint) {
        return Ok(Found { kind: ProjectKind::Dbt, root: hint.to_owned() });
    }
    let mut projects: Vec<&str> = files
        .under(hint)
        .filter_map(|path| path.strip_suffix("/dbt_project.yml").or_else(|| path.strip_suffix("/dbt_project.yaml")))
        .filter(|folder| !foreign(relative(folder, hint)))
        .collect();
    projects.dedup();
    match projects.as_slice() {
        [one] => return Ok(Found { kind: ProjectKind::Dbt, root: (*one).to_owned() }),
        [] => {}
        several => bail!(
            "{} dbt projects found: {}; choose one with `project: {{path: ...}}` in rowproof.yml",
            several.len(),
            several.join(", ")
        ),
    }
    if files.under(hint).any(|path| is_sql(relative(path, hint))) {
        return Ok(Found { kind: ProjectKind::Sql, root: hint.to_owned() });
    }
    let place = if hint.is_empty() { "here".to_owned() } else { format!("in {hint}") };
    bail!(
        "no project found {place}: neither a dbt_project.yml nor a .sql file; name its folder with `project: {{path: ...}}` in rowproof.yml"
    )
}

/// The dbt project file of a folder, when it has one.
pub(crate) fn dbt_file(files: &FileSet, root: &str) -> Option<String> {
    ["dbt_project.yml", "dbt_project.yaml"].iter().map(|name| join(root, name)).find(|path| files.contains(path))
}

fn is_dbt(files: &FileSet, root: &str) -> bool {
    dbt_file(files, root).is_some()
}

/// Whether a path (from the project's root) is a SQL file of the project itself.
pub(crate) fn is_sql(path: &str) -> bool {
    path.to_lowercase().ends_with(".sql")
        && !foreign(path)
        && !path.split('/').any(|part| part == "tests" || part == "test")
}

fn foreign(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.') || FOREIGN.contains(&part))
}

/// `path` from `root`, which it lies under.
pub(crate) fn relative<'a>(path: &'a str, root: &str) -> &'a str {
    if root.is_empty() { path } else { path.strip_prefix(root).map_or(path, |rest| rest.trim_start_matches('/')) }
}

/// `root/rest`, without a leading slash; `..` goes up, as far as the repository's root.
pub(crate) fn join(root: &str, rest: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in root.split('/').chain(rest.split('/')).filter(|part| !part.is_empty() && *part != ".") {
        match (part, parts.last()) {
            ("..", Some(&last)) if last != ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(paths: &[&str], hint: Option<&str>) -> Result<Found> {
        find_project(&FileSet::in_memory(paths.iter().map(|p| (*p, "x"))), hint)
    }

    #[test]
    fn prefers_the_root_then_the_only_subfolder_then_sql() {
        let dbt = |root: &str| Found { kind: ProjectKind::Dbt, root: root.to_owned() };
        assert_eq!(found(&["dbt_project.yml", "sub/dbt_project.yml"], None).unwrap(), dbt(""));
        assert_eq!(found(&["a/b/dbt_project.yml", "a/b/dbt_packages/u/dbt_project.yml"], None).unwrap(), dbt("a/b"));
        assert_eq!(found(&["a/dbt_project.yml", "b/dbt_project.yml"], Some("b/")).unwrap(), dbt("b"));
        assert_eq!(found(&["marts/a.sql"], None).unwrap().kind, ProjectKind::Sql);
    }

    #[test]
    fn several_or_none_are_errors_that_say_what_to_do() {
        let several = found(&["a/dbt_project.yml", "b/dbt_project.yml"], None).unwrap_err().to_string();
        assert!(several.contains("a, b") && several.contains("path"), "{several}");
        assert!(
            found(&["README.md", "node_modules/x.sql"], None).unwrap_err().to_string().contains("no project found")
        );
    }
}
