//! What `ref` and `source` resolve to.

use super::fault::Fault;
use crate::project::{NotCompiledCode, RelationName};
use std::collections::{BTreeMap, BTreeSet};

/// A node or source that templates can name.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) unique_id: String,
    pub(crate) relation: RelationName,
    /// Rendered into its readers as a CTE.
    pub(crate) ephemeral: bool,
    /// Its config could not be read, so that its name is a guess: nothing may be rendered with it.
    pub(crate) unnamed: bool,
}

/// All nodes and sources by the names that templates use.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// Name -> package -> version (`""` when unversioned or for the latest) -> entry.
    pub(crate) nodes: BTreeMap<String, BTreeMap<String, BTreeMap<String, Entry>>>,
    /// (source, table) -> package -> entry.
    pub(crate) sources: BTreeMap<(String, String), BTreeMap<String, Entry>>,
    /// Names of nodes that exist but are disabled.
    pub(crate) disabled: BTreeSet<String>,
    /// Disabled sources, `source.table`.
    pub(crate) disabled_sources: BTreeSet<String>,
    /// Whether every package that packages.yml names is installed: else a missing name may be in one of them.
    pub(crate) packages_missing: BTreeSet<String>,
    /// Properties files that could not be read: a missing source may be declared there.
    pub(crate) broken_yaml: BTreeSet<String>,
    /// Sources whose names could not be rendered, `source.table`.
    pub(crate) broken_sources: BTreeSet<String>,
    /// Whether a file's own package is searched before the root project (dbt's flag
    /// `require_ref_searches_node_package_before_root`).
    pub(crate) own_first: bool,
}

impl Index {
    pub(crate) fn insert(&mut self, package: &str, name: &str, version: &str, entry: Entry) {
        let packages = self.nodes.entry(name.to_owned()).or_default();
        packages.entry(package.to_owned()).or_default().insert(version.to_owned(), entry);
    }

    /// The node that `ref(package?, name, v=version)` means in a file of package `from` of the project `root`.
    pub(crate) fn node(
        &self,
        package: Option<&str>,
        name: &str,
        version: Option<&str>,
        from: &str,
        root: &str,
    ) -> Result<&Entry, Fault> {
        let found: Vec<_> = match (self.nodes.get(name), package) {
            (None, _) => Vec::new(),
            (Some(packages), Some(package)) => packages.get(package).into_iter().collect(),
            (Some(packages), None) => self.searched(packages, from, root).collect(),
        };
        let shown = match (package, version) {
            (Some(package), _) => format!("ref('{package}', '{name}')"),
            (None, Some(version)) => format!("ref('{name}', v={version})"),
            (None, None) => format!("ref('{name}')"),
        };
        if let Some(entry) = found.iter().find_map(|versions| versions.get(version.unwrap_or(""))) {
            if entry.unnamed {
                let message = format!("{shown} is called what its config says, and that config cannot be read");
                return Err(Fault::new(NotCompiledCode::Upstream, message).named(name).needle(name));
            }
            return Ok(entry);
        }
        let why = if !found.is_empty() {
            format!("{shown} names no version of this model")
        } else if self.disabled.contains(name) {
            format!("{shown} names a disabled model")
        } else if let Some(missing) = package.filter(|p| self.packages_missing.contains(*p)) {
            let message = format!("{shown} names a model of package `{missing}`, which is not installed");
            return Err(Fault::new(NotCompiledCode::Packages, message).named(name));
        } else if package.is_none() && !self.packages_missing.is_empty() {
            let missing = self.packages_missing.iter().cloned().collect::<Vec<_>>().join(", ");
            format!("{shown} names no model of this project (packages not installed: {missing})")
        } else {
            format!("{shown} names no model of this project")
        };
        Err(Fault::new(NotCompiledCode::RefNotFound, why).named(name).needle(name))
    }

    /// The source table that `source(source, table)` means.
    pub(crate) fn source(&self, source: &str, table: &str, from: &str, root: &str) -> Result<&Entry, Fault> {
        let packages = self.sources.get(&(source.to_owned(), table.to_owned()));
        let found = packages.and_then(|packages| self.searched(packages, from, root).next());
        found.ok_or_else(|| {
            let name = format!("{source}.{table}");
            if self.broken_sources.contains(&name) || !self.broken_yaml.is_empty() {
                let files = self.broken_yaml.iter().cloned().collect::<Vec<_>>().join(", ");
                let message = format!("source('{source}', '{table}') is declared nowhere that could be read ({files})");
                return Fault::new(NotCompiledCode::Yaml, message).named(name).needle(table);
            }
            let what =
                if self.disabled_sources.contains(&name) { "a disabled source" } else { "no declared source table" };
            let message = format!("source('{source}', '{table}') names {what}");
            Fault::new(NotCompiledCode::SourceNotFound, message).named(name).needle(table)
        })
    }

    /// What `packages` hold, in the order in which dbt searches for a file of package `from`: the root project, the
    /// package itself, any other.
    fn searched<'a, T>(
        &self,
        packages: &'a BTreeMap<String, T>,
        from: &str,
        root: &str,
    ) -> impl Iterator<Item = &'a T> + use<'a, T> {
        let order = if self.own_first { [from, root] } else { [root, from] };
        order.map(|package| packages.get(package)).into_iter().flatten().chain(packages.values())
    }
}
