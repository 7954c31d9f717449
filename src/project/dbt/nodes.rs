//! The nodes of each package before anything is rendered: model, seed and snapshot files, singular tests.

use super::project_file::PackageFile;
use super::properties::{Patch, Properties};
use crate::files::FileSet;
use crate::project::find::relative;
use crate::project::jinja::scan::{BlockKind, blocks};
use crate::project::jinja::tokens::line_of;
use crate::project::yaml::Node;
use crate::project::{NodeKind, NotCompiled, NotCompiledCode, Place, Problem};
use serde_json::{Map, Value};
use std::ops::Range;
use std::sync::Arc;

/// A node as it was found; configs and names come later.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) unique_id: String,
    pub(crate) name: String,
    pub(crate) package: String,
    pub(crate) kind: NodeKind,
    /// A test that is a SQL file rather than a relation.
    pub(crate) singular: bool,
    pub(crate) path: String,
    /// The path within its package, and within the folder of its kind: dbt's two paths of a node.
    pub(crate) own_paths: (String, String),
    /// The file's text and the template's range in it.
    pub(crate) text: Arc<str>,
    pub(crate) range: Range<usize>,
    pub(crate) csv: Option<Arc<[u8]>>,
    pub(crate) fqn: Vec<String>,
    pub(crate) patch: Option<Patch>,
    /// Model version as text, and whether it is the latest one.
    pub(crate) version: Option<(String, bool)>,
    /// Why it cannot be rendered at all (Python, unreadable).
    pub(crate) refused: Option<NotCompiled>,
    pub(crate) config: Map<String, Value>,
    /// Whether its own `config()` could not be read.
    pub(crate) unnamed: bool,
}

impl Draft {
    /// `model`, `seed`, `snapshot` or `test`.
    pub(crate) fn resource_type(&self) -> &'static str {
        match (self.singular, self.kind) {
            (true, _) => "test",
            (_, NodeKind::Model) => "model",
            (_, NodeKind::Seed) => "seed",
            (_, NodeKind::Snapshot) => "snapshot",
        }
    }

    /// Key of its config tree in dbt_project.yml.
    pub(crate) fn tree(&self) -> &'static str {
        match (self.singular, self.kind) {
            (true, _) => "data_tests",
            (_, NodeKind::Model) => "models",
            (_, NodeKind::Seed) => "seeds",
            (_, NodeKind::Snapshot) => "snapshots",
        }
    }
}

/// Finds the nodes of one package.
pub(crate) fn find(
    files: &FileSet,
    package: &PackageFile,
    properties: &Properties,
    problems: &mut Vec<Problem>,
) -> Vec<Draft> {
    let mut out = Vec::new();
    let finder = Finder { files, package, properties };
    for root in &package.model_paths {
        for path in files.under(root) {
            if path.ends_with(".sql") || path.ends_with(".py") {
                out.push(finder.model(root, path));
            }
        }
    }
    for root in &package.seed_paths {
        out.extend(files.under(root).filter(|p| p.ends_with(".csv")).map(|path| finder.seed(root, path)));
    }
    for root in &package.snapshot_paths {
        for path in files.under(root).filter(|p| p.ends_with(".sql")) {
            finder.snapshots(root, path, &mut out, problems);
        }
    }
    finder.yaml_snapshots(&mut out);
    for root in &package.test_paths {
        for path in files.under(root).filter(|p| p.ends_with(".sql") && !relative(p, root).starts_with("generic/")) {
            let draft = finder.file("data_tests", NodeKind::Model, root, path);
            out.push(Draft { unique_id: format!("test.{}.{}", package.name, draft.name), singular: true, ..draft });
        }
    }
    out
}

struct Finder<'a> {
    files: &'a FileSet,
    package: &'a PackageFile,
    properties: &'a Properties,
}

impl Finder<'_> {
    fn file(&self, kind_key: &'static str, kind: NodeKind, root: &str, path: &str) -> Draft {
        let within = relative(path, root);
        let (folders, file) = within.rsplit_once('/').unwrap_or(("", within));
        let name = file.rsplit_once('.').map_or(file, |(stem, _)| stem).to_owned();
        let (text, refused) = match self.files.text(path) {
            Ok(text) => (text.unwrap_or_default(), None),
            Err(error) => (String::new(), Some(refusal(path, 0, NotCompiledCode::Unsupported, format!("{error:#}")))),
        };
        let start = text.len() - text.trim_start().len();
        let range = start..start.max(text.trim_end().len());
        Draft {
            unique_id: String::new(),
            package: self.package.name.clone(),
            kind,
            singular: false,
            path: path.to_owned(),
            own_paths: self.own_paths(root, path),
            fqn: self.fqn(folders, &name),
            patch: self.properties.patch(kind_key, &self.package.name, &name).cloned(),
            text: text.into(),
            range,
            csv: None,
            version: None,
            refused,
            config: Map::new(),
            unnamed: false,
            name,
        }
    }

    fn own_paths(&self, root: &str, path: &str) -> (String, String) {
        (relative(path, &self.package.root).to_owned(), relative(path, root).to_owned())
    }

    fn fqn(&self, folders: &str, name: &str) -> Vec<String> {
        let folders = folders.split('/').filter(|f| !f.is_empty());
        std::iter::once(self.package.name.as_str()).chain(folders).chain([name]).map(str::to_owned).collect()
    }

    fn model(&self, root: &str, path: &str) -> Draft {
        let mut draft = self.file("models", NodeKind::Model, root, path);
        if path.ends_with(".py") {
            let message = "a Python model, which is not run here".to_owned();
            draft.refused = Some(refusal(path, 1, NotCompiledCode::Unsupported, message));
        }
        if draft.patch.is_none() {
            self.versioned(&mut draft);
        } else if draft.patch.as_ref().is_some_and(|p| p.node.get("versions").is_some()) {
            self.versioned_in_place(&mut draft);
        }
        let suffix = draft.version.as_ref().map(|(v, _)| format!(".v{v}")).unwrap_or_default();
        draft.unique_id = format!("model.{}.{}{suffix}", draft.package, draft.name);
        draft
    }

    /// `name_v2.sql` (or the file that `defined_in` names) of a model with `versions:`.
    fn versioned(&self, draft: &mut Draft) {
        let patches = self.properties.patches.iter();
        for ((_, _, name), patch) in
            patches.filter(|((kind, package, _), _)| *kind == "models" && *package == draft.package)
        {
            for version in patch.node.get("versions").map(Node::items).unwrap_or_default() {
                let Some(v) = version.get("v").and_then(Node::text) else { continue };
                let file = version.get("defined_in").and_then(Node::text).unwrap_or_else(|| format!("{name}_v{v}"));
                if file == draft.name {
                    draft.version = Some((v.clone(), latest(&patch.node).as_deref() == Some(v.as_str())));
                    draft.patch = Some(patch.clone());
                    draft.name.clone_from(name);
                    if let Some(last) = draft.fqn.last_mut() {
                        last.clone_from(name);
                    }
                    draft.fqn.push(format!("v{v}"));
                    return;
                }
            }
        }
    }

    /// `name.sql` of a model with versions is the one whose `defined_in` says so, else the latest.
    fn versioned_in_place(&self, draft: &mut Draft) {
        let Some(patch) = draft.patch.clone() else { return };
        let versions = patch.node.get("versions").map(Node::items).unwrap_or_default();
        let defined =
            versions.iter().find(|v| v.get("defined_in").and_then(Node::text).as_deref() == Some(draft.name.as_str()));
        let v = defined.and_then(|v| v.get("v")).and_then(Node::text).or_else(|| latest(&patch.node));
        if let Some(v) = v {
            draft.version = Some((v.clone(), latest(&patch.node).as_deref() == Some(v.as_str())));
            draft.fqn.push(format!("v{v}"));
        }
    }

    fn seed(&self, root: &str, path: &str) -> Draft {
        let within = relative(path, root);
        let (folders, file) = within.rsplit_once('/').unwrap_or(("", within));
        let name = file.strip_suffix(".csv").unwrap_or(file).to_owned();
        let (csv, refused) = match self.files.bytes(path) {
            Ok(bytes) => (bytes.map(Arc::from), None),
            Err(error) => (None, Some(refusal(path, 0, NotCompiledCode::Unsupported, format!("{error:#}")))),
        };
        Draft {
            unique_id: format!("seed.{}.{name}", self.package.name),
            package: self.package.name.clone(),
            kind: NodeKind::Seed,
            singular: false,
            path: path.to_owned(),
            own_paths: self.own_paths(root, path),
            text: "".into(),
            range: 0..0,
            csv,
            fqn: self.fqn(folders, &name),
            patch: self.properties.patch("seeds", &self.package.name, &name).cloned(),
            version: None,
            refused,
            config: Map::new(),
            unnamed: false,
            name,
        }
    }

    fn snapshots(&self, root: &str, path: &str, out: &mut Vec<Draft>, problems: &mut Vec<Problem>) {
        let draft = self.file("snapshots", NodeKind::Snapshot, root, path);
        let found = match blocks(&draft.text) {
            Ok(found) => found,
            Err(error) => {
                let place = Place { path: path.to_owned(), line: line_of(&draft.text, error.offset), column: 0 };
                let help = "fix the Jinja; until then no snapshot of this file is known".to_owned();
                return problems.push(Problem { place, message: error.fault().message, help });
            }
        };
        let folders = relative(path, root).rsplit_once('/').map_or("", |(folder, _)| folder);
        for block in found.into_iter().filter(|b| b.kind == BlockKind::Snapshot) {
            let body = &draft.text[block.body.clone()];
            let start = block.body.start + (body.len() - body.trim_start().len());
            let end = block.body.start + body.trim_end().len();
            out.push(Draft {
                unique_id: format!("snapshot.{}.{}", self.package.name, block.name),
                fqn: self.fqn(folders, &block.name),
                patch: self.properties.patch("snapshots", &self.package.name, &block.name).cloned(),
                range: start..end.max(start),
                name: block.name,
                ..draft.clone()
            });
        }
    }

    /// Snapshots that YAML alone defines, by `relation:`.
    fn yaml_snapshots(&self, out: &mut Vec<Draft>) {
        for ((kind, package, name), patch) in &self.properties.patches {
            let Some(relation) =
                patch.node.get("relation").filter(|_| *kind == "snapshots" && *package == self.package.name)
            else {
                continue;
            };
            let expression = relation.text().unwrap_or_default();
            let expression = expression.trim().trim_start_matches("{{").trim_end_matches("}}").trim().to_owned();
            let text = format!("select * from {{{{ {expression} }}}}");
            out.push(Draft {
                unique_id: format!("snapshot.{package}.{name}"),
                name: name.clone(),
                package: package.clone(),
                kind: NodeKind::Snapshot,
                singular: false,
                path: patch.place.path.clone(),
                own_paths: self.own_paths("", &patch.place.path),
                range: 0..text.len(),
                text: text.into(),
                csv: None,
                fqn: self.fqn(&patch.folders.join("/"), name),
                patch: Some(patch.clone()),
                version: None,
                refused: None,
                config: Map::new(),
                unnamed: false,
            });
        }
    }
}

fn refusal(path: &str, line: u32, code: NotCompiledCode, message: String) -> NotCompiled {
    NotCompiled { code, message, name: None, place: Place { path: path.to_owned(), line, column: 0 } }
}

/// `latest_version`, else the highest version: numbers by value, texts by order.
pub(crate) fn latest(node: &Node) -> Option<String> {
    if let Some(version) = node.get("latest_version").and_then(Node::text) {
        return Some(version);
    }
    let versions = node.get("versions").map(Node::items).unwrap_or_default().iter();
    versions.filter_map(|v| v.get("v").and_then(Node::text)).max_by(|a, b| match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(x), Ok(y)) => x.total_cmp(&y),
        _ => a.cmp(b),
    })
}
