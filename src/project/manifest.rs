//! dbt's own `manifest.json`: what it compiled, and when.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::BufReader;
use std::path::Path;

/// The part of a manifest that is read. Everything else is skipped while reading: manifests are large.
#[derive(Debug, Default, Deserialize)]
pub struct Manifest {
    /// Who wrote it, and when.
    pub metadata: Metadata,
    /// Nodes by unique id.
    pub nodes: BTreeMap<String, ManifestNode>,
}

/// Who wrote a manifest.
#[derive(Debug, Default, Deserialize)]
pub struct Metadata {
    /// URL of the manifest's schema, which ends in its version.
    pub dbt_schema_version: Option<String>,
    /// Version of dbt.
    pub dbt_version: Option<String>,
    /// Name of the root project.
    pub project_name: Option<String>,
    /// When it was written.
    pub generated_at: Option<String>,
    /// `run_started_at` of templates.
    pub run_started_at: Option<String>,
    /// When dbt started, in versions that do not tell the other.
    pub invocation_started_at: Option<String>,
}

/// One node of a manifest.
#[derive(Debug, Default, Deserialize)]
pub struct ManifestNode {
    /// `model`, `test`, ...
    pub resource_type: String,
    /// The template.
    #[serde(alias = "raw_sql")]
    pub raw_code: Option<String>,
    /// What dbt made of it; nothing after `dbt parse`.
    #[serde(alias = "compiled_sql")]
    pub compiled_code: Option<String>,
}

impl Manifest {
    /// Reads a manifest, version 7 to 12.
    ///
    /// # Errors
    /// No such file, or no manifest.
    pub fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let file = std::fs::File::open(path)
            .with_context(|| format!("manifest {shown} cannot be read; write one with `dbt compile`"))?;
        let manifest: Self = serde_json::from_reader(BufReader::new(file))
            .with_context(|| format!("{shown} is no manifest of dbt 1.3 or later"))?;
        let schema = manifest.metadata.dbt_schema_version.as_deref().unwrap_or_default();
        ensure!(schema.contains("/manifest/"), "{shown} is no manifest: its metadata name no schema of one");
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

    #[test]
    fn old_and_new_names_are_read_and_the_rest_is_skipped() {
        let text = r#"{"metadata": {"dbt_schema_version": "x/manifest/v7.json", "generated_at": "2026-01-02T03:04:05.6Z", "y": 1},
            "nodes": {"model.p.a": {"resource_type": "model", "raw_sql": "r", "compiled_sql": "c", "z": [1]},
                      "model.p.b": {"resource_type": "model", "raw_code": "r", "compiled_code": null}}, "macros": {}}"#;
        let manifest = read(text).unwrap();
        assert_eq!(manifest.nodes["model.p.a"].compiled_code.as_deref(), Some("c"));
        assert_eq!(manifest.nodes["model.p.b"].compiled_code, None);
        assert_eq!(manifest.started_at().unwrap().to_string(), "2026-01-02T03:04:05.6Z");
    }

    #[test]
    fn what_is_no_manifest_is_said() {
        assert!(read("{}").is_err());
        let other = r#"{"metadata": {"dbt_schema_version": "x/catalog/v1.json"}, "nodes": {}}"#;
        assert!(read(other).unwrap_err().to_string().contains("is no manifest"));
    }
}
