//! dbt's own `catalog.json`: which relations and columns the warehouse had when the documentation was made.

use super::artifact::{self, Metadata};
use anyhow::{Result, ensure};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The part of a catalog that is read.
#[derive(Debug, Default, Deserialize)]
pub struct Catalog {
    /// Who wrote it, and when.
    pub metadata: Metadata,
    /// Models, snapshots and seeds by unique id.
    nodes: BTreeMap<String, Entry>,
    /// Source tables by unique id.
    #[serde(default)]
    sources: BTreeMap<String, Entry>,
}

#[derive(Debug, Default, Deserialize)]
struct Entry {
    metadata: Option<EntryMetadata>,
    columns: BTreeMap<String, Column>,
}

#[derive(Debug, Default, Deserialize)]
struct EntryMetadata {
    #[serde(rename = "type")]
    kind: Option<String>,
    schema: Option<String>,
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Column {
    name: String,
    index: i64,
    #[serde(rename = "type")]
    data_type: Option<String>,
}

/// What a catalog says of one relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogued {
    /// `table` or `view`, when it is one of these.
    pub kind: Option<String>,
    /// Names and types, in order.
    pub columns: Vec<(String, String)>,
}

impl Catalog {
    /// Reads a catalog.
    ///
    /// # Errors
    /// No such file, or no catalog.
    pub fn read(path: &Path) -> Result<Self> {
        let catalog: Self = artifact::read(path, "catalog", "dbt docs generate")?;
        let version = catalog.metadata.version("catalog");
        ensure!(version == Some(1), "{} is no catalog: its metadata name no schema of one", path.display());
        Ok(catalog)
    }

    /// The columns of a node or source. `name` is what the relation is called now: an entry of another relation, left
    /// from before a rename, says nothing of it.
    pub fn relation(&self, unique_id: &str, name: &super::RelationName) -> Option<Catalogued> {
        let entry = self.nodes.get(unique_id).or_else(|| self.sources.get(unique_id))?;
        let meta = entry.metadata.as_ref()?;
        let is = |told: &Option<String>, wanted: &str| told.as_deref().is_some_and(|t| t.eq_ignore_ascii_case(wanted));
        if !is(&meta.name, &name.identifier) || !is(&meta.schema, &name.schema) {
            return None;
        }
        let mut columns: Vec<&Column> = entry.columns.values().collect();
        columns.sort_by_key(|c| c.index);
        // Two columns in one place: the order is not known.
        let ordered = columns.windows(2).all(|pair| pair[0].index < pair[1].index);
        if !ordered || columns.is_empty() {
            return None;
        }
        let kind = match meta.kind.as_deref().unwrap_or_default().to_ascii_lowercase().as_str() {
            "table" | "base table" => Some("table".to_owned()),
            "view" => Some("view".to_owned()),
            _ => None,
        };
        let typed = |c: &Column| (c.name.clone(), c.data_type.clone().unwrap_or_default());
        Some(Catalogued { kind, columns: columns.into_iter().map(typed).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::RelationName;

    fn read(text: &str) -> Result<Catalog> {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), text)?;
        Catalog::read(file.path())
    }

    #[test]
    fn columns_come_in_the_order_of_the_warehouse() {
        let text = r#"{"metadata": {"dbt_schema_version": "x/catalog/v1.json"}, "nodes": {}, "sources": {"source.p.raw.t":
            {"metadata": {"type": "BASE TABLE", "schema": "raw", "name": "T", "comment": null}, "columns":
                {"b": {"type": "INTEGER", "index": 2, "name": "b", "comment": null},
                 "a": {"type": "VARCHAR", "index": 1, "name": "a"}}, "stats": {}}}, "errors": null}"#;
        let name = |identifier: &str| RelationName {
            schema: "RAW".to_owned(),
            identifier: identifier.to_owned(),
            ..RelationName::default()
        };
        let catalog = read(text).unwrap();
        let found = catalog.relation("source.p.raw.t", &name("t")).unwrap();
        assert_eq!(found.kind.as_deref(), Some("table"));
        let columns: Vec<(&str, &str)> = found.columns.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
        assert_eq!(columns, [("a", "VARCHAR"), ("b", "INTEGER")]);
        assert_eq!(catalog.relation("source.p.raw.t", &name("other")), None, "another relation by now");
        let twice = read(&text.replace("\"index\": 2", "\"index\": 1")).unwrap();
        assert_eq!(twice.relation("source.p.raw.t", &name("t")), None);
    }

    #[test]
    fn wrong_types_are_told_with_their_place() {
        let text = r#"{"metadata": {}, "nodes": {"model.p.a": {"columns": {"x": {"name": "x", "index": "first"}}}}}"#;
        let error = format!("{:#}", read(text).unwrap_err());
        assert!(error.contains("at `nodes.model.p.a.columns.x.index`"), "{error}");
    }
}
