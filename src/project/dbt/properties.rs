//! Properties YAML: what every `*.yml` under the project's paths says about models, seeds, snapshots, sources, exposures, metrics, tests.

use super::config::{merge, tags, truth};
use super::project_file::PackageFile;
use crate::files::FileSet;
use crate::project::find::relative;
use crate::project::jinja::graph::OTHERS;
use crate::project::yaml::{self, Node};
use crate::project::{ColumnInfo, Place, Problem};
use indexmap::IndexMap;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What the YAML says about one node.
#[derive(Debug, Clone)]
pub(crate) struct Patch {
    pub(crate) node: Node,
    pub(crate) place: Place,
    pub(crate) package: String,
    /// Folders of the file within its path, for the fqn of YAML snapshots.
    pub(crate) folders: Vec<String>,
}

/// One table of a source, its source's properties at hand.
#[derive(Debug, Clone)]
pub(crate) struct SourceTable {
    pub(crate) source: Node,
    pub(crate) table: Node,
    pub(crate) source_name: String,
    pub(crate) name: String,
    pub(crate) package: String,
    pub(crate) place: Place,
    pub(crate) folders: Vec<String>,
}

/// All properties of all packages.
#[derive(Debug, Default)]
pub(crate) struct Properties {
    /// (kind, package, name): kind is `models`, `seeds`, `snapshots`, `data_tests`.
    pub(crate) patches: BTreeMap<(&'static str, String, String), Patch>,
    pub(crate) sources: Vec<SourceTable>,
    pub(crate) exposures: Vec<Patch>,
    pub(crate) unit_tests: Vec<Patch>,
    pub(crate) semantic_models: Vec<Patch>,
    pub(crate) metrics: Vec<Patch>,
    /// Kinds of other things that any file declares: metrics, groups, ...
    pub(crate) others: BTreeSet<&'static str>,
    pub(crate) problems: Vec<Problem>,
    /// Files that could not be read: a source that is missing may be declared there.
    pub(crate) broken: BTreeSet<String>,
}

impl Properties {
    /// The patch of a node.
    pub(crate) fn patch(&self, kind: &'static str, package: &str, name: &str) -> Option<&Patch> {
        self.patches.get(&(kind, package.to_owned(), name.to_owned()))
    }
}

/// Reads the properties of one package.
pub(crate) fn read(files: &FileSet, package: &PackageFile, out: &mut Properties) {
    let roots: BTreeSet<&String> =
        [&package.model_paths, &package.seed_paths, &package.snapshot_paths, &package.macro_paths, &package.test_paths]
            .into_iter()
            .flatten()
            .collect();
    let mut seen = BTreeSet::new();
    for root in roots {
        for path in files.under(root).filter(|p| p.ends_with(".yml") || p.ends_with(".yaml")) {
            if seen.insert(path.to_owned()) {
                read_file(files, package, root, path, out);
            }
        }
    }
}

fn read_file(files: &FileSet, package: &PackageFile, root: &str, path: &str, out: &mut Properties) {
    let mut broken = |line: u32, column: u32, message: String| {
        out.broken.insert(path.to_owned());
        let place = Place { path: path.to_owned(), line, column };
        let help = "fix the YAML; until then nothing that it declares is known".to_owned();
        out.problems.push(Problem { place, message, help });
    };
    let documents = match files.text(path) {
        Ok(text) => match yaml::parse(&text.unwrap_or_default()) {
            Ok(documents) => documents,
            Err(error) => return broken(error.line, error.column, format!("cannot be read: {error}")),
        },
        Err(error) => return broken(0, 0, format!("{error:#}")),
    };
    let folder = relative(path, root).rsplit_once('/').map_or("", |(folder, _)| folder);
    let folders: Vec<String> = folder.split('/').filter(|f| !f.is_empty()).map(str::to_owned).collect();
    for document in &documents {
        for (key, list) in document.entries() {
            if let Some(kind) = OTHERS.iter().find(|kind| *kind == key).filter(|_| !list.items().is_empty()) {
                out.others.insert(kind);
            }
            for item in list.items() {
                take(key, item, path, package, &folders, out);
            }
        }
    }
}

fn take(key: &str, item: &Node, path: &str, package: &PackageFile, folders: &[String], out: &mut Properties) {
    let place = Place { path: path.to_owned(), line: item.line, column: item.column };
    let known = [
        "models",
        "seeds",
        "snapshots",
        "data_tests",
        "tests",
        "sources",
        "exposures",
        "unit_tests",
        "semantic_models",
        "metrics",
    ];
    if !known.contains(&key) {
        return;
    }
    let Some(name) = item.get("name").and_then(Node::text) else {
        let help = "give it a `name`".to_owned();
        out.problems.push(Problem { place, message: format!("an entry of `{key}` has no name"), help });
        return;
    };
    let patch = Patch { node: item.clone(), place, package: package.name.clone(), folders: folders.to_vec() };
    let kind = match key {
        "models" => "models",
        "seeds" => "seeds",
        "snapshots" => "snapshots",
        "data_tests" | "tests" => "data_tests",
        "sources" => return sources(&patch, &name, out),
        "exposures" => return out.exposures.push(patch),
        "semantic_models" => return out.semantic_models.push(patch),
        "metrics" => return out.metrics.push(patch),
        _ => return out.unit_tests.push(patch),
    };
    let key = (kind, package.name.clone(), name.clone());
    if let Some(old) = out.patches.get(&key) {
        let message = format!("`{name}` is described twice, first in {}:{}", old.place.path, old.place.line);
        let help = "keep one of the two entries; dbt refuses the project".to_owned();
        out.problems.push(Problem { place: patch.place.clone(), message, help });
        return;
    }
    out.patches.insert(key, patch);
}

fn sources(patch: &Patch, source_name: &str, out: &mut Properties) {
    for table in patch.node.get("tables").map(Node::items).unwrap_or_default() {
        let place = Place { path: patch.place.path.clone(), line: table.line, column: table.column };
        let Some(name) = table.get("name").and_then(Node::text) else {
            let message = format!("a table of source `{source_name}` has no name");
            out.problems.push(Problem { place, message, help: "give it a `name`".to_owned() });
            continue;
        };
        out.sources.push(SourceTable {
            source: patch.node.clone(),
            table: table.clone(),
            source_name: source_name.to_owned(),
            name,
            package: patch.package.clone(),
            place,
            folders: patch.folders.clone(),
        });
    }
}

/// The config layer of a patch: `config:`, and the properties that dbt also takes at the top level.
pub(crate) fn config_layer(node: &Node) -> Map<String, Value> {
    layer_of(node, &["tags", "meta", "enabled", "docs", "group", "access", "contract"])
}

/// The config layer of a model, snapshot or seed: dbt takes no `tags` at the top level of these.
pub(crate) fn model_layer(node: &Node) -> Map<String, Value> {
    layer_of(node, &["meta", "enabled", "docs", "group", "access", "contract"])
}

fn layer_of(node: &Node, keys: &[&str]) -> Map<String, Value> {
    let mut layer = Map::new();
    for &key in keys {
        if let Some(value) = node.get(key) {
            merge(&mut layer, &Map::from_iter([(key.to_owned(), value.to_json())]));
        }
    }
    if let Some(config) = node.get("config") {
        merge(&mut layer, &config.to_map());
    }
    layer
}

/// Declared columns by name. `include`/`exclude` entries of model versions are no columns.
pub(crate) fn columns(node: &Node, path: &str) -> IndexMap<String, ColumnInfo> {
    let list = node.get("columns").map(Node::items).unwrap_or_default();
    let named =
        |item: &Node| item.get("name").and_then(Node::text).map(|name| (name.clone(), column(item, name, path)));
    list.iter().filter_map(named).collect()
}

fn column(item: &Node, name: String, path: &str) -> ColumnInfo {
    let mut meta = item.get("meta").map(Node::to_map).unwrap_or_default();
    let config = item.get("config").map(Node::to_map).unwrap_or_default();
    if let Some(Value::Object(more)) = config.get("meta") {
        meta.extend(more.clone());
    }
    let mut all_tags = tags(item.get("tags").map(Node::to_json).as_ref());
    all_tags.extend(tags(config.get("tags")));
    let taken = ["name", "data_type", "description", "meta", "tags", "tests", "data_tests"];
    let rest = item.entries().filter(|(key, _)| !taken.contains(&key.as_str()));
    ColumnInfo {
        data_type: item.get("data_type").and_then(Node::text),
        description: item.get("description").and_then(Node::text).unwrap_or_default(),
        meta,
        tags: all_tags,
        extra: rest.map(|(key, node)| (key.clone(), node.to_json())).collect(),
        place: Place { path: path.to_owned(), line: item.line, column: item.column },
        name,
    }
}

/// Whether a YAML entry switches itself off.
pub(crate) fn enabled(node: &Node) -> bool {
    let layer = config_layer(node);
    truth(layer.get("enabled"), true)
}
