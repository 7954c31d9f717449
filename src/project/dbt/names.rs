//! Effective configs, and the names that nodes and sources have in the warehouse.

use super::config::{layers, merge, native, truth};
use super::ephemeral::cte_name;
use super::fields;
use super::nodes::Draft;
use super::project_file::PackageFile;
use super::properties::{SourceTable, config_layer, model_layer};
use crate::project::credentials::{database_keys, schema_keys};
use crate::project::jinja::fault::Fault;
use crate::project::jinja::job::{Job, NodeInfo, World};
use crate::project::jinja::macros::BUILTIN;
use crate::project::jinja::relation::Quoting;
use crate::project::jinja::render;
use crate::project::jinja::values::from_json;
use crate::project::yaml::Node;
use crate::project::{NotCompiled, Place, RelationName};
use minijinja::{Environment, Value as Template};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What naming needs.
pub(crate) struct Naming<'a> {
    pub(crate) world: &'a Arc<World>,
    pub(crate) env: &'a Environment<'static>,
    /// By package name; config trees already rendered.
    pub(crate) packages: &'a BTreeMap<String, PackageFile>,
}

impl Naming<'_> {
    fn tree(&self, package: &str, kind: &str) -> Option<&Value> {
        self.packages.get(package)?.configs.get(kind)
    }

    /// The effective config of a node: its package's project file, properties, its own calls, the root project's word
    /// over packages.
    pub(crate) fn config(
        &self,
        draft: &Draft,
        calls: &[Map<String, Value>],
    ) -> Result<Map<String, Value>, NotCompiled> {
        let mut config = Map::new();
        let default = match draft.resource_type() {
            "seed" => "seed",
            "snapshot" => "snapshot",
            "test" => "test",
            _ => "view",
        };
        config.insert("materialized".to_owned(), default.into());
        layers(self.tree(&draft.package, draft.tree()), &draft.fqn).iter().for_each(|layer| merge(&mut config, layer));
        if let Some(patch) = &draft.patch {
            merge(&mut config, &self.rendered(&model_layer(&patch.node), &draft.package, &patch.place)?);
            if let Some((v, _)) = &draft.version {
                let versions = patch.node.get("versions").map(Node::items).unwrap_or_default();
                if let Some(version) =
                    versions.iter().find(|node| node.get("v").and_then(Node::text).as_ref() == Some(v))
                {
                    merge(&mut config, &self.rendered(&model_layer(version), &draft.package, &patch.place)?);
                }
            }
        }
        calls.iter().for_each(|call| merge(&mut config, call));
        if draft.package != self.world.root {
            let tree = self.tree(&self.world.root, draft.tree());
            layers(tree, &draft.fqn).iter().for_each(|layer| merge(&mut config, layer));
        }
        Ok(config)
    }

    /// A config layer with the Jinja in its texts rendered, hooks excepted: they are rendered when they run.
    pub(crate) fn rendered(
        &self,
        layer: &Map<String, Value>,
        package: &str,
        place: &Place,
    ) -> Result<Map<String, Value>, NotCompiled> {
        let mut out = Map::new();
        for (key, value) in layer {
            let hook = key.contains("hook") || key == "description";
            let value = if hook { value.clone() } else { self.value(value, package, place)? };
            out.insert(key.clone(), value);
        }
        Ok(out)
    }

    fn value(&self, value: &Value, package: &str, place: &Place) -> Result<Value, NotCompiled> {
        Ok(match value {
            Value::String(text) if text.contains("{{") || text.contains("{%") => {
                native(&self.text(text, package, place)?)
            }
            Value::Array(items) => {
                Value::Array(items.iter().map(|item| self.value(item, package, place)).collect::<Result<_, _>>()?)
            }
            Value::Object(map) => Value::Object(self.rendered(map, package, place)?),
            other => other.clone(),
        })
    }

    /// A YAML text with its Jinja rendered.
    pub(crate) fn text(&self, text: &str, package: &str, place: &Place) -> Result<String, NotCompiled> {
        if !text.contains("{{") && !text.contains("{%") {
            return Ok(text.to_owned());
        }
        let node = NodeInfo {
            package: package.to_owned(),
            path: place.path.clone(),
            unique_id: "yaml".into(),
            ..NodeInfo::default()
        };
        render::text(self.env, Job::new(self.world, node, true), text, place).1
    }

    /// The relation of a node with its config settled.
    pub(crate) fn relation(&self, draft: &Draft) -> Result<RelationName, NotCompiled> {
        let target = &self.world.target;
        let get = |key: &str| draft.config.get(key).filter(|v| !v.is_null() && v.as_str() != Some("")).cloned();
        let first = |keys: &[&str]| keys.iter().find_map(|key| get(key)).unwrap_or(Value::Null);
        let fail = |fault: Fault| fault.into_not_compiled(Place { path: draft.path.clone(), line: 1, column: 0 });
        let node = node_json(draft, None, &draft.text);
        let name = |function: &str, custom: Value| self.generate(function, &custom, &node, draft).map_err(fail);
        let database = name("generate_database_name", first(database_keys(&target.adapter)))?;
        // YAML snapshots and old ones name their schema themselves, still through the macro.
        let schema = name("generate_schema_name", first(&[schema_keys(&target.adapter), &["target_schema"]].concat()))?;
        let identifier = name("generate_alias_name", first(&["alias"]))?;
        let (schema, database) = match (draft.resource_type(), get("target_schema"), get("target_database")) {
            ("snapshot", schema_set, database_set) => (
                schema_set.and_then(|v| v.as_str().map(str::to_owned)).unwrap_or(schema),
                database_set.and_then(|v| v.as_str().map(str::to_owned)).unwrap_or(database),
            ),
            _ => (schema, database),
        };
        let rendered = if draft.config.get("materialized").and_then(Value::as_str) == Some("ephemeral") {
            cte_name(&identifier)
        } else {
            let root = self.packages.get(&self.world.root);
            let quoting = quoting(Quoting::of(&target.adapter), root.map(|p| &p.quoting));
            quoting.render(&database, &schema, &identifier)
        };
        Ok(RelationName { database, schema, identifier, rendered })
    }

    fn generate(&self, function: &str, custom: &Value, node: &Value, draft: &Draft) -> Result<String, Fault> {
        let macros = &self.world.macros;
        let root = &self.world.root;
        // The root project's word, then the package's own, then dbt's.
        let def = macros.get(root, function).or_else(|| macros.get(&draft.package, function));
        let def = def.or_else(|| macros.get(BUILTIN, function));
        let def = def.ok_or_else(|| Fault::unsupported(format!("macro `{function}` is missing")))?;
        let info = NodeInfo {
            unique_id: draft.unique_id.clone(),
            name: draft.name.clone(),
            package: root.clone(),
            path: draft.path.clone(),
            config: fields::complete(&draft.config, draft.resource_type()),
            json: node.clone(),
            relation: None,
        };
        let job = Arc::new(Job::new(self.world, info, true));
        let custom = if custom.is_null() { Template::from(()) } else { from_json(custom) };
        let value = render::call(self.env, &job, def, &[custom, from_json(node)])?;
        Ok(if value.is_none() || value.is_undefined() { String::new() } else { value.to_string().trim().to_owned() })
    }

    /// Effective config of a source table.
    pub(crate) fn source_config(&self, table: &SourceTable) -> Result<Map<String, Value>, NotCompiled> {
        let mut fqn = vec![table.package.clone()];
        fqn.extend(table.folders.iter().cloned());
        fqn.extend([table.source_name.clone(), table.name.clone()]);
        let mut config = Map::new();
        layers(self.tree(&table.package, "sources"), &fqn).iter().for_each(|layer| merge(&mut config, layer));
        for node in [&table.source, &table.table] {
            merge(&mut config, &self.rendered(&config_layer(node), &table.package, &table.place)?);
        }
        if table.package != self.world.root {
            let tree = self.tree(&self.world.root, "sources");
            layers(tree, &fqn).iter().for_each(|layer| merge(&mut config, layer));
        }
        Ok(config)
    }

    /// The relation of a source table, and its external location (dbt-duckdb).
    pub(crate) fn source(
        &self,
        table: &SourceTable,
        config: &Map<String, Value>,
    ) -> Result<(RelationName, Option<String>), NotCompiled> {
        let target = &self.world.target;
        let text = |node: &Node, keys: &[&str]| -> Result<Option<String>, NotCompiled> {
            let found = keys.iter().find_map(|key| node.get(key)).and_then(Node::text);
            found.map(|raw| self.text(&raw, &table.package, &table.place)).transpose()
        };
        let database = match text(&table.table, &["database"])? {
            Some(own) => own,
            None => text(&table.source, database_keys(&target.adapter))?.unwrap_or_else(|| target.database.clone()),
        };
        let schema = text(&table.source, schema_keys(&target.adapter))?.unwrap_or_else(|| table.source_name.clone());
        let identifier = text(&table.table, &["identifier"])?.unwrap_or_else(|| table.name.clone());
        let mut quoting_of = Quoting::of(&target.adapter);
        for node in [&table.source, &table.table] {
            quoting_of = quoting(quoting_of, node.get("quoting").map(Node::to_map).as_ref());
        }
        let external =
            config.get("external_location").or_else(|| config.get("meta").and_then(|m| m.get("external_location")));
        let external = external.and_then(Value::as_str).map(|location| {
            location
                .replace("{name}", &table.name)
                .replace("{identifier}", &identifier)
                .replace("{schema}", &schema)
                .replace("{source_name}", &table.source_name)
        });
        let external = external.filter(|_| target.adapter == "duckdb");
        let rendered = match &external {
            Some(location) if location.contains('(') || location.starts_with('\'') => location.clone(),
            Some(location) => format!("'{location}'"),
            None => quoting_of.render(&database, &schema, &identifier),
        };
        Ok((RelationName { database, schema, identifier, rendered }, external))
    }
}

/// Adds a `quoting:` mapping to a policy.
fn quoting(mut quoting: Quoting, set: Option<&Map<String, Value>>) -> Quoting {
    let get = |key: &str, old: bool| truth(set.and_then(|map| map.get(key)), old);
    quoting.database = get("database", get("project", quoting.database));
    quoting.schema = get("schema", quoting.schema);
    quoting.identifier = get("identifier", quoting.identifier);
    quoting
}

/// The `model` variable of a node (also `node` of the name macros).
pub(crate) fn node_json(draft: &Draft, relation: Option<&RelationName>, raw: &str) -> Value {
    let patch = draft.patch.as_ref();
    let description = patch.and_then(|p| p.node.get("description")).and_then(Node::text).unwrap_or_default();
    let columns = fields::columns(patch, false);
    let body = &raw[draft.range.clone()];
    let mut node = json!({
        "unique_id": draft.unique_id,
        "name": draft.name,
        "alias": relation.map_or(draft.name.as_str(), |r| r.identifier.as_str()),
        "schema": relation.map(|r| r.schema.as_str()),
        "database": relation.map(|r| r.database.as_str()),
        "resource_type": draft.resource_type(),
        "package_name": draft.package,
        "path": draft.own_paths.1,
        "original_file_path": draft.own_paths.0,
        "fqn": draft.fqn,
        "config": fields::shown(&draft.config, draft.resource_type()),
        "tags": fields::node_tags(&draft.config, patch),
        "meta": draft.config.get("meta").cloned().unwrap_or_else(|| json!({})),
        "description": description,
        "columns": columns,
        "raw_code": body,
        "raw_sql": body,
        "language": "sql",
    });
    if let Some(access) = node["config"].get("access").cloned() {
        node["access"] = access;
    }
    if let Some((version, _)) = &draft.version {
        node["version"] = json!(version);
    }
    if let Some(relation) = relation {
        let ephemeral = draft.config.get("materialized").and_then(Value::as_str) == Some("ephemeral");
        node["relation_name"] = if ephemeral { Value::Null } else { json!(relation.rendered) };
    }
    node
}
