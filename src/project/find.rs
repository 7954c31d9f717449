//! Where the project is and of which kind: dbt, SQLMesh, Dataform, or a folder of SQL files.

use super::{ProjectKind, dataform, sqlmesh};
use crate::files::FileSet;
use anyhow::{Result, bail};
use std::collections::BTreeSet;

/// A project that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// dbt, SQLMesh, Dataform or SQL folder.
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

/// Finds the project: in the folder `hint`, else at the root, else the only dbt, SQLMesh or Dataform project in a
/// subfolder (dbt before the others), else SQL files. Fails when there are several (and names them), or none and no SQL
/// file.
pub fn find_project(files: &FileSet, hint: Option<&str>) -> Result<Found> {
    let hint = hint.map(|h| h.trim_start_matches("./").trim_matches('/')).filter(|h| *h != ".").unwrap_or("");
    if let Some(kind) = kind_at(files, hint) {
        return Ok(Found { kind, root: hint.to_owned() });
    }
    let folders: BTreeSet<&str> = files
        .under(hint)
        .filter(|path| MARKS.contains(&path.rsplit('/').next().unwrap_or_default()))
        .filter_map(|path| Some(path.rsplit_once('/')?.0))
        .filter(|folder| !foreign(relative(folder, hint)))
        .collect();
    let kinds: Vec<(&str, ProjectKind)> =
        folders.into_iter().filter_map(|folder| Some((folder, kind_at(files, folder)?))).collect();
    for kind in [ProjectKind::Dbt, ProjectKind::SqlMesh, ProjectKind::Dataform] {
        let roots: Vec<&str> = kinds.iter().filter(|(_, k)| *k == kind).map(|(folder, _)| *folder).collect();
        match roots.as_slice() {
            [one] => return Ok(Found { kind, root: (*one).to_owned() }),
            [] => {}
            several => bail!(
                "{} {} projects found: {}; choose one with `project: {{path: ...}}` in rowproof.yml",
                several.len(),
                kind.name(),
                several.join(", ")
            ),
        }
    }
    if files.under(hint).any(|path| is_sql(relative(path, hint))) {
        return Ok(Found { kind: ProjectKind::Sql, root: hint.to_owned() });
    }
    let place = if hint.is_empty() { "here".to_owned() } else { format!("in {hint}") };
    bail!(
        "no project found {place}: no dbt, SQLMesh or Dataform project file and no .sql file; name its folder with `project: {{path: ...}}` in rowproof.yml"
    )
}

/// Files by whose name alone a folder may be a project.
const MARKS: [&str; 7] = [
    "dbt_project.yml",
    "dbt_project.yaml",
    "config.yaml",
    "config.yml",
    "config.py",
    "workflow_settings.yaml",
    "dataform.json",
];

/// The kind of the project whose own folder this is; `None`: at best a folder of SQL files.
pub(crate) fn kind_at(files: &FileSet, root: &str) -> Option<ProjectKind> {
    if dbt_file(files, root).is_some() {
        return Some(ProjectKind::Dbt);
    }
    if dataform::settings_file(files, root).is_some() {
        return Some(ProjectKind::Dataform);
    }
    sqlmesh::is_project(files, root).then_some(ProjectKind::SqlMesh)
}

/// The dbt project file of a folder, when it has one.
pub(crate) fn dbt_file(files: &FileSet, root: &str) -> Option<String> {
    ["dbt_project.yml", "dbt_project.yaml"].iter().map(|name| join(root, name)).find(|path| files.contains(path))
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
