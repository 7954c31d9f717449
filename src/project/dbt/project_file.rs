//! `dbt_project.yml` of the project and of each installed package.

use crate::files::FileSet;
use crate::project::find::{dbt_file, join};
use crate::project::yaml::{self, Node};
use crate::project::{Place, Problem};
use anyhow::{Context, Result, anyhow};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// One package's project file.
#[derive(Debug, Clone)]
pub(crate) struct PackageFile {
    pub(crate) name: String,
    /// Folder from the repository's root.
    pub(crate) root: String,
    /// Path of the project file.
    pub(crate) path: String,
    /// `version`, a text or a number.
    pub(crate) version: Value,
    pub(crate) profile: Option<String>,
    pub(crate) model_paths: Vec<String>,
    pub(crate) seed_paths: Vec<String>,
    pub(crate) snapshot_paths: Vec<String>,
    pub(crate) macro_paths: Vec<String>,
    pub(crate) test_paths: Vec<String>,
    pub(crate) analysis_paths: Vec<String>,
    pub(crate) packages_path: String,
    pub(crate) vars: Map<String, Value>,
    /// Config trees: `models`, `seeds`, `snapshots`, `data_tests`, `sources`.
    pub(crate) configs: BTreeMap<String, Value>,
    pub(crate) quoting: Map<String, Value>,
    /// `dispatch:` search orders by namespace.
    pub(crate) dispatch: BTreeMap<String, Vec<String>>,
    /// (event, SQL template, place).
    pub(crate) hooks: Vec<(String, String, Place)>,
    /// The whole file, for places of config values.
    pub(crate) node: Node,
}

/// Reads the project file of the folder `root`.
pub(crate) fn read(files: &FileSet, root: &str) -> Result<PackageFile> {
    let path = dbt_file(files, root).ok_or_else(|| anyhow!("no dbt_project.yml in `{root}`"))?;
    let text = files.text(&path)?.with_context(|| format!("{path}: went away"))?;
    let node = yaml::parse_one(&text)
        .map_err(|e| anyhow!("{path}:{}: not YAML: {e}; fix the file", e.line))?
        .ok_or_else(|| anyhow!("{path}: is empty; it needs at least `name`"))?;
    let name = node.get("name").and_then(Node::text).ok_or_else(|| anyhow!("{path}: has no `name`; add one"))?;
    let paths = |keys: &[&str], default: &str| {
        let list = keys.iter().find_map(|key| node.get(key)).map(strings);
        list.unwrap_or_else(|| vec![default.to_owned()]).iter().map(|p| join(root, p)).collect::<Vec<_>>()
    };
    let map = |key: &str| node.get(key).map(Node::to_map).unwrap_or_default();
    let mut configs = BTreeMap::new();
    for (kind, keys) in [
        ("models", &["models"][..]),
        ("seeds", &["seeds"]),
        ("snapshots", &["snapshots"]),
        ("sources", &["sources"]),
        ("data_tests", &["data_tests", "tests"]),
    ] {
        if let Some(tree) = keys.iter().find_map(|key| node.get(key)) {
            configs.insert(kind.to_owned(), tree.to_json());
        }
    }
    Ok(PackageFile {
        version: node.get("version").map(Node::to_json).unwrap_or_default(),
        profile: node.get("profile").and_then(Node::text),
        model_paths: paths(&["model-paths", "source-paths"], "models"),
        seed_paths: paths(&["seed-paths", "data-paths"], "seeds"),
        snapshot_paths: paths(&["snapshot-paths"], "snapshots"),
        macro_paths: paths(&["macro-paths"], "macros"),
        test_paths: paths(&["test-paths"], "tests"),
        analysis_paths: paths(&["analysis-paths"], "analyses"),
        packages_path: join(root, &packages_folder(&node, files, root)),
        vars: node.get("vars").map(Node::marked_entries).unwrap_or_default(),
        quoting: map("quoting"),
        dispatch: dispatch(&node),
        hooks: hooks(&node, &path),
        configs,
        root: root.to_owned(),
        name,
        path,
        node,
    })
}

fn packages_folder(node: &Node, files: &FileSet, root: &str) -> String {
    if let Some(path) = node.get("packages-install-path").or_else(|| node.get("modules-path")).and_then(Node::text) {
        return path;
    }
    let old = join(root, "dbt_modules");
    let new_exists = files.under(&join(root, "dbt_packages")).next().is_some();
    if !new_exists && files.under(&old).next().is_some() { "dbt_modules".into() } else { "dbt_packages".into() }
}

/// A text or a list of texts.
pub(crate) fn strings(node: &Node) -> Vec<String> {
    match node.text() {
        Some(one) => vec![one],
        None => node.items().iter().filter_map(Node::text).collect(),
    }
}

fn dispatch(node: &Node) -> BTreeMap<String, Vec<String>> {
    let entries = node.get("dispatch").map(Node::items).unwrap_or_default();
    let entry = |item: &Node| {
        let namespace = item.get("macro_namespace").and_then(Node::text)?;
        Some((namespace, item.get("search_order").map(strings).unwrap_or_default()))
    };
    entries.iter().filter_map(entry).collect()
}

fn hooks(node: &Node, path: &str) -> Vec<(String, String, Place)> {
    let mut out = Vec::new();
    for event in ["on-run-start", "on-run-end"] {
        let Some(hook) = node.get(event) else { continue };
        let list = if hook.items().is_empty() { std::slice::from_ref(hook) } else { hook.items() };
        for item in list {
            if let Some(sql) = item.text().or_else(|| item.get("sql").and_then(Node::text)) {
                let place = Place { path: path.to_owned(), line: item.line, column: item.column };
                out.push((event.to_owned(), sql, place));
            }
        }
    }
    out
}

/// Installed packages in order of their folder, and what could not be read of them.
pub(crate) fn installed(files: &FileSet, project: &PackageFile) -> (Vec<PackageFile>, Vec<Problem>) {
    let (mut packages, mut problems) = (Vec::new(), Vec::new());
    let mut folders = BTreeSet::new();
    for path in files.under(&project.packages_path) {
        let rest = &path[project.packages_path.len() + 1..];
        if let Some((folder, _)) = rest.split_once('/') {
            folders.insert(join(&project.packages_path, folder));
        }
    }
    for folder in folders {
        if dbt_file(files, &folder).is_none() {
            continue;
        }
        match read(files, &folder) {
            Ok(package) => packages.push(package),
            Err(error) => problems.push(Problem {
                place: Place { path: join(&folder, "dbt_project.yml"), line: 0, column: 0 },
                message: format!("installed package cannot be read: {error:#}"),
                help: "run `dbt deps` again".to_owned(),
            }),
        }
    }
    (packages, problems)
}

/// Names of packages that packages.yml or dependencies.yml asks for: the last part of `org/name`, of a git URL, of a path.
pub(crate) fn requested(files: &FileSet, root: &str) -> (BTreeSet<String>, Vec<Problem>) {
    let (mut names, mut problems) = (BTreeSet::new(), Vec::new());
    for file in ["packages.yml", "packages.yaml", "dependencies.yml"] {
        let path = join(root, file);
        let place = |line| Place { path: path.clone(), line, column: 0 };
        let node = match files.text(&path) {
            Ok(None) => continue,
            Ok(Some(text)) => yaml::parse_one(&text).map_err(|e| (e.line, e.to_string())),
            Err(error) => Err((0, error.to_string())),
        };
        let node = match node {
            Ok(node) => node,
            Err((line, message)) => {
                let message = format!("cannot be read: {message}");
                problems.push(Problem { place: place(line), message, help: "fix the YAML".to_owned() });
                continue;
            }
        };
        for item in node.as_ref().and_then(|n| n.get("packages")).map(Node::items).unwrap_or_default() {
            let text = ["package", "git", "local"].iter().find_map(|key| item.get(key)).and_then(Node::text);
            let last = text.as_deref().and_then(|t| t.trim_end_matches('/').rsplit('/').next()).map(str::to_owned);
            if let Some(last) = last {
                let name = last.trim_end_matches(".git").replace('-', "_");
                // Repositories of git packages are often named `dbt-` and the package's name.
                names.extend(name.strip_prefix("dbt_").filter(|_| item.get("git").is_some()).map(str::to_owned));
                names.insert(name);
            }
        }
    }
    (names, problems)
}
