//! What `graph` tells templates: all nodes and sources, by what is known of them before they are compiled.

use super::fields;
use super::load::Loaded;
use super::names::node_json;
use super::properties::Patch;
use super::tests;
use crate::project::jinja::graph::GraphData;
use crate::project::jinja::index::Entry;
use crate::project::{Place, RelationName, config_of};
use serde_json::{Map, Value, json};

/// Gathers the graph of a settled project.
pub(crate) fn gather(loaded: &Loaded<'_>) -> GraphData {
    let mut data = GraphData { others: loaded.properties.others.clone(), ..GraphData::default() };
    for settled in &loaded.drafts {
        let draft = &settled.draft;
        let Value::Object(mut node) = node_json(draft, Some(&settled.relation), &draft.text) else { continue };
        let ephemeral = config_of(&draft.config, "materialized") == Some("ephemeral");
        node.insert("relation_name".to_owned(), if ephemeral { Value::Null } else { json!(settled.relation.rendered) });
        node.insert("columns".to_owned(), Value::Object(fields::columns(draft.patch.as_ref(), true)));
        data.nodes.push((Some(draft.unique_id.clone()), node));
        if let Some(patch) = &draft.patch {
            add_tests(&mut data, patch);
        }
    }
    for table in &loaded.properties.sources {
        let patch = Patch {
            node: table.table.clone(),
            place: table.place.clone(),
            package: table.package.clone(),
            folders: table.folders.clone(),
        };
        add_tests(&mut data, &patch);
    }
    for source in &loaded.sources {
        let columns: Map<String, Value> =
            source.columns.values().map(|info| (info.name.clone(), fields::column(info, true))).collect();
        let node = json!({
            "unique_id": source.unique_id, "name": source.name, "source_name": source.source_name,
            "resource_type": "source", "package_name": source.package, "database": source.relation.database,
            "schema": source.relation.schema, "identifier": source.relation.identifier,
            "relation_name": source.relation.rendered, "description": source.description, "columns": columns,
            "meta": source.meta, "tags": source.tags,
        });
        if let Value::Object(node) = node {
            data.sources.push((Some(source.unique_id.clone()), node));
        }
    }
    others(loaded, &mut data);
    data
}

/// A generic test is a node of which little is known: dbt makes its name and id from a hash.
fn add_tests(data: &mut GraphData, patch: &Patch) {
    let nowhere =
        Entry { unique_id: String::new(), relation: RelationName::default(), ephemeral: false, unnamed: false };
    for test in tests::declared(patch, &nowhere, "", None, &mut Vec::new()) {
        data.nodes.push((None, bare("test", &test.package)));
    }
}

fn bare(kind: &str, package: &str) -> Map<String, Value> {
    Map::from_iter([("resource_type".to_owned(), kind.into()), ("package_name".to_owned(), package.into())])
}

/// Analyses and hooks of the project file are nodes too.
fn others(loaded: &Loaded<'_>, data: &mut GraphData) {
    for package in loaded.packages.values() {
        for root in &package.analysis_paths {
            let count = loaded.files.under(root).filter(|path| path.ends_with(".sql")).count();
            data.nodes.extend((0..count).map(|_| (None, bare("analysis", &package.name))));
        }
        let hooks: &[(String, String, Place)] = &package.hooks;
        data.nodes.extend(hooks.iter().map(|_| (None, bare("operation", &package.name))));
    }
}
