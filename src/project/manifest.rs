//! dbt's own `manifest.json`: what it compiled, from what, and when.

pub use super::artifact::Metadata;
use super::artifact::{self, Scalars};
use crate::files::content_id;
use anyhow::{Result, anyhow, ensure};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::path::Path;

/// Versions that are read: dbt 1.3 to 1.11.
const VERSIONS: std::ops::RangeInclusive<u32> = 7..=12;

/// The part of a manifest that is read. Everything else is skipped while reading: manifests are large.
#[derive(Debug, Default, Deserialize)]
pub struct Manifest {
    /// Who wrote it, and when.
    pub metadata: Metadata,
    /// Models, snapshots and seeds by unique id.
    #[serde(deserialize_with = "relations")]
    pub nodes: BTreeMap<String, ManifestNode>,
    /// Source tables by unique id.
    #[serde(default)]
    pub sources: BTreeMap<String, ManifestSource>,
    /// Macros by unique id.
    #[serde(default)]
    pub macros: BTreeMap<String, ManifestMacro>,
    /// Nodes that are switched off, by unique id.
    #[serde(default)]
    pub disabled: Option<BTreeMap<String, Vec<ManifestFile>>>,
}

/// Where a node of a manifest is written.
#[derive(Debug, Default, Deserialize)]
pub struct ManifestFile {
    /// Package.
    pub package_name: Option<String>,
    /// Path of the file from the package's folder.
    pub original_file_path: Option<String>,
}

/// One node of a manifest.
#[derive(Debug, Default, Deserialize)]
pub struct ManifestNode {
    /// `model`, `snapshot` or `seed`.
    pub resource_type: String,
    /// Package.
    pub package_name: Option<String>,
    /// Path of the file from the package's folder.
    pub original_file_path: Option<String>,
    /// `sql`, or `python`.
    pub language: Option<String>,
    /// The template.
    #[serde(alias = "raw_sql")]
    pub raw_code: Option<String>,
    /// What dbt made of it; nothing after `dbt parse`.
    #[serde(alias = "compiled_sql")]
    pub compiled_code: Option<String>,
    /// Hash of the file.
    pub checksum: Option<Checksum>,
    /// What it is called in the warehouse; nothing for an ephemeral model.
    pub relation_name: Option<String>,
    /// What it reads and calls.
    pub depends_on: Option<DependsOn>,
    /// Effective config, without lists and mappings.
    pub config: Option<Scalars>,
}

/// Hash of a file.
#[derive(Debug, Default, Deserialize)]
pub struct Checksum {
    /// Kind of hash.
    pub name: Option<String>,
    /// The hash.
    pub checksum: Option<String>,
}

/// What a node or macro reads and calls.
#[derive(Debug, Default, Deserialize)]
pub struct DependsOn {
    /// Unique ids of macros.
    pub macros: Option<Vec<String>>,
    /// Unique ids of nodes and sources.
    pub nodes: Option<Vec<String>>,
}

/// A source table.
#[derive(Debug, Default, Deserialize)]
pub struct ManifestSource {
    /// Database.
    pub database: Option<String>,
    /// Schema.
    pub schema: Option<String>,
    /// Table.
    pub identifier: Option<String>,
    /// Which parts its own declaration quotes. Its `relation_name` follows the project's `quoting`, which templates do not.
    pub quoting: Option<Scalars>,
}

/// A macro.
#[derive(Debug, Deserialize)]
pub struct ManifestMacro {
    /// Package.
    pub package_name: String,
    /// Name.
    pub name: String,
    /// What is kept of its text.
    #[serde(rename = "macro_sql")]
    pub text: MacroText,
    /// What it calls.
    pub depends_on: Option<DependsOn>,
}

/// What is kept of a macro's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacroText {
    /// Hash of the whole block.
    pub hash: String,
    /// Whether it finds macros by names that only running it tells.
    pub dynamic: bool,
    /// Whether it asks for the name of the target.
    pub names_target: bool,
    /// Whether it asks for a var.
    pub asks_var: bool,
}

impl MacroText {
    pub(crate) fn of(text: &str) -> Self {
        let dynamic = text.contains("context[") || text.contains("context.");
        let names_target = ["target.name", "target['name']", "target[\"name\"]", "target.target_name", "target.get("]
            .iter()
            .any(|asked| text.contains(asked));
        // Where a tag trims the blanks around it, dbt counts them as part of the block.
        Self { hash: content_id(text.trim().as_bytes()), dynamic, names_target, asks_var: text.contains("var(") }
    }
}

impl<'de> Deserialize<'de> for MacroText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::of(&text))
    }
}

/// Tests are most of a manifest, and none is asked for.
fn relations<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, ManifestNode>, D::Error> {
    artifact::entries(deserializer, |node: &ManifestNode| {
        matches!(node.resource_type.as_str(), "model" | "snapshot" | "seed")
    })
}

impl Manifest {
    /// Reads a manifest, version 7 to 12.
    ///
    /// # Errors
    /// No such file, or no manifest.
    pub fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let manifest: Self = artifact::read(path, "manifest", "dbt compile")?;
        let version = manifest.metadata.version("manifest");
        let version = version.ok_or_else(|| anyhow!("{shown} is no manifest: its metadata name no schema of one"))?;
        ensure!(
            VERSIONS.contains(&version),
            "{shown} is a manifest of version {version}; {} to {} are read",
            VERSIONS.start(),
            VERSIONS.end()
        );
        Ok(manifest)
    }

    /// The instant that dbt's templates saw as `run_started_at`, as far as the manifest tells.
    pub fn started_at(&self) -> Option<jiff::Timestamp> {
        let metadata = &self.metadata;
        let text = [&metadata.run_started_at, &metadata.invocation_started_at, &metadata.generated_at];
        let text = text.into_iter().flatten().next()?;
        text.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Manifest> {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), text)?;
        Manifest::read(file.path())
    }

    fn failure(text: &str) -> String {
        format!("{:#}", read(text).unwrap_err())
    }

    #[test]
    fn old_and_new_names_are_read_and_the_rest_is_skipped() {
        let text = r#"{"metadata": {"dbt_schema_version": "x/manifest/v7.json", "generated_at": "2026-01-02T03:04:05.6Z", "y": 1},
            "nodes": {"model.p.a": {"resource_type": "model", "raw_sql": "r", "compiled_sql": "c", "z": [1],
                                    "config": {"materialized": "view", "tags": ["x"], "meta": {"a": {"b": 1}}, "n": null}},
                      "test.p.t": {"resource_type": "test", "raw_code": "r"},
                      "model.p.b": {"resource_type": "model", "raw_code": "r", "compiled_code": null}}, "macros": {}}"#;
        let manifest = read(text).unwrap();
        assert_eq!(manifest.nodes["model.p.a"].compiled_code.as_deref(), Some("c"));
        let config = &manifest.nodes["model.p.a"].config.as_ref().unwrap().0;
        assert_eq!(serde_json::to_string(config).unwrap(), r#"{"materialized":"view"}"#);
        assert_eq!(manifest.nodes["model.p.b"].compiled_code, None);
        assert_eq!(manifest.nodes.len(), 2, "tests are not kept");
        assert_eq!(manifest.started_at().unwrap().to_string(), "2026-01-02T03:04:05.6Z");
    }

    #[test]
    fn what_is_no_manifest_is_said() {
        assert!(read("{}").is_err());
        let other = r#"{"metadata": {"dbt_schema_version": "x/catalog/v1.json"}, "nodes": {}}"#;
        assert!(failure(other).contains("is no manifest"));
        let newer = r#"{"metadata": {"dbt_schema_version": "x/manifest/v99.json"}, "nodes": {}}"#;
        assert!(failure(newer).contains("version 99"));
    }

    #[test]
    fn hostile_files_are_errors_with_the_place() {
        let wrong =
            r#"{"metadata": {}, "nodes": {"model.p.a": {"resource_type": "model", "depends_on": {"macros": 7}}}}"#;
        assert!(failure(wrong).contains("at `nodes.model.p.a.depends_on.macros`"), "{}", failure(wrong));
        let deep = format!(r#"{{"metadata": {{}}, "nodes": {{}}, "extra": {}"#, "[".repeat(1_000_000));
        assert!(failure(&deep).contains("is no manifest"));
        let config = format!(
            r#"{{"metadata": {{}}, "nodes": {{"model.p.a": {{"resource_type": "model", "config": {{"x": {}"#,
            "{\"a\":".repeat(500_000)
        );
        assert!(failure(&config).contains("nodes.model.p.a.config"));
        assert!(failure(r#"{"metadata": {}, "nodes": {}} trailing"#).contains("is no manifest"));
    }
}
