//! The fields that every node's config and every column has, set or not: templates ask for them, and dbt answers with
//! its defaults.

use super::config::as_list;
use super::properties::{self, Patch};
use crate::project::ColumnInfo;
use serde_json::{Map, Value, json};

/// The fields in dbt's order, with their defaults.
fn defaults() -> Value {
    json!({
        "enabled": true,
        "alias": null,
        "schema": null,
        "database": null,
        "tags": [],
        "meta": {},
        "group": null,
        "materialized": "view",
        "incremental_strategy": null,
        "batch_size": null,
        "lookback": 1,
        "begin": null,
        "persist_docs": {},
        "post_hook": [],
        "pre_hook": [],
        "quoting": {},
        "column_types": {},
        "full_refresh": null,
        "unique_key": null,
        "on_schema_change": "ignore",
        "on_configuration_change": "apply",
        "grants": {},
        "packages": [],
        "docs": {"show": true, "node_color": null},
        "contract": {"enforced": false, "alias_types": true},
        "event_time": null,
        "concurrent_batches": null,
    })
}

/// The config with every field that dbt's has.
pub(crate) fn complete(config: &Map<String, Value>, resource_type: &str) -> Map<String, Value> {
    let Value::Object(mut out) = defaults() else { return config.clone() };
    if resource_type == "model" {
        out.insert("access".to_owned(), json!("protected"));
        out.insert("freshness".to_owned(), Value::Null);
    }
    for (name, value) in config {
        match (out.get_mut(name), value) {
            (Some(_), Value::Null) => {}
            (Some(Value::Object(fields)), Value::Object(given)) => fields.extend(given.clone()),
            _ => drop(out.insert(name.clone(), value.clone())),
        }
    }
    out
}

/// The same as `model.config` shows it: without what is none, and hooks by their other name and as objects.
pub(crate) fn shown(config: &Map<String, Value>, resource_type: &str) -> Map<String, Value> {
    let all = complete(config, resource_type).into_iter().filter(|(_, value)| !value.is_null());
    all.map(|(name, value)| match (name.as_str(), value) {
        ("pre_hook" | "post_hook", value) => (name.replace('_', "-"), hooks(value)),
        ("docs", Value::Object(mut docs)) => {
            docs.retain(|_, value| !value.is_null());
            (name, Value::Object(docs))
        }
        (_, value) => (name, value),
    })
    .collect()
}

/// The tags of a node as `model.tags` lists them: each once, those of its properties last. Its config has them in the
/// order of the layers, and as often as they are set.
pub(crate) fn node_tags(config: &Map<String, Value>, patch: Option<&Patch>) -> Vec<Value> {
    let mut all = config.get("tags").map(as_list).unwrap_or_default();
    let layer = patch.map(|p| properties::model_layer(&p.node)).unwrap_or_default();
    let last = layer.get("tags").map(as_list).unwrap_or_default();
    for tag in &last {
        if let Some(at) = all.iter().position(|other| other == tag) {
            all.remove(at);
        }
    }
    let mut out: Vec<Value> = Vec::new();
    for tag in all.into_iter().chain(last) {
        if !out.contains(&tag) {
            out.push(tag);
        }
    }
    out
}

/// The columns of a patch as templates see them. With `nulls` what is not set is there as none (`graph`), otherwise it is
/// not there (`model`).
pub(crate) fn columns(patch: Option<&Patch>, nulls: bool) -> Map<String, Value> {
    let declared = patch.map(|p| properties::columns(&p.node, &p.place.path)).unwrap_or_default();
    declared.into_iter().map(|(name, info)| (name, column(&info, nulls))).collect()
}

/// One column, in dbt's order of fields.
pub(crate) fn column(info: &ColumnInfo, nulls: bool) -> Value {
    let own = |key: &str| info.extra.get(key).cloned().unwrap_or_default();
    let constraint = |given: &Value| {
        let field = |key: &str, default: Value| given.get(key).cloned().unwrap_or(default);
        json!({"type": field("type", Value::Null), "name": field("name", Value::Null),
            "expression": field("expression", Value::Null), "warn_unenforced": field("warn_unenforced", json!(true)),
            "warn_unsupported": field("warn_unsupported", json!(true)), "to": field("to", Value::Null),
            "to_columns": field("to_columns", json!([]))})
    };
    let set = |value: Value| match value {
        Value::Object(mut fields) if !nulls => {
            fields.retain(|_, value| !value.is_null());
            Value::Object(fields)
        }
        other => other,
    };
    let constraints: Vec<Value> =
        own("constraints").as_array().into_iter().flatten().map(|given| set(constraint(given))).collect();
    let mut out = json!({"name": info.name, "description": info.description, "meta": info.meta,
        "data_type": info.data_type, "constraints": constraints, "quote": own("quote"),
        "config": {"meta": info.meta, "tags": info.tags}, "tags": info.tags, "granularity": own("granularity"),
        "doc_blocks": []});
    if let Value::Object(fields) = &mut out {
        let more = info.extra.iter().filter(|(key, _)| key.as_str() != "config");
        let more: Vec<_> = more.filter(|(key, _)| !fields.contains_key(*key)).collect();
        fields.extend(more.into_iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    set(out)
}

/// Hooks as dbt keeps them, one or many: a text, the JSON of `before_begin()` and its like, or a mapping.
fn hooks(value: Value) -> Value {
    let one = |hook: Value| {
        let parsed = hook.as_str().and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
        let mut given = match (parsed, hook) {
            (Some(map), _) | (None, Value::Object(map)) => map,
            (None, text) => Map::from_iter([("sql".to_owned(), text)]),
        };
        let mut out = Map::new();
        out.insert("sql".to_owned(), given.shift_remove("sql").unwrap_or_default());
        out.insert("transaction".to_owned(), given.shift_remove("transaction").unwrap_or(json!(true)));
        out.extend(given);
        Value::Object(out)
    };
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(one).collect()),
        other => json!([one(other)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_has_its_default_and_what_is_set_stays() {
        let given = json!({"tags": ["a"], "schema": null, "mine": 1, "contract": {"enforced": true}});
        let config = complete(given.as_object().unwrap(), "model");
        assert_eq!(config["on_schema_change"], "ignore");
        assert_eq!(config["contract"], json!({"enforced": true, "alias_types": true}));
        assert_eq!((&config["tags"], &config["mine"]), (&json!(["a"]), &json!(1)));
        assert!(config["schema"].is_null());
        assert!(shown(given.as_object().unwrap(), "snapshot").contains_key("pre-hook"));
    }

    #[test]
    fn tags_of_a_node_are_there_once_and_those_of_its_properties_last() {
        let node = crate::project::yaml::parse_one("{name: m, config: {tags: [r, z]}}").unwrap().unwrap();
        let patch = Patch { node, place: Default::default(), package: "p".to_owned(), folders: Vec::new() };
        let config = json!({"tags": ["a", "r", "z", "z", "b", "b"]});
        assert_eq!(node_tags(config.as_object().unwrap(), Some(&patch)), ["a", "z", "b", "r"]);
        assert_eq!(node_tags(config.as_object().unwrap(), None), ["a", "r", "z", "b"]);
    }

    #[test]
    fn columns_have_what_dbts_have() {
        let yaml = "{name: m, columns: [{name: a, data_type: int, meta: {k: 1}, config: {tags: t}, mine: 2,\
                    constraints: [{type: not_null}]}]}";
        let node = crate::project::yaml::parse_one(yaml).unwrap().unwrap();
        let info = properties::columns(&node, "y.yml").shift_remove("a").unwrap();
        let shown = json!({"name": "a", "description": "", "meta": {"k": 1}, "data_type": "int",
            "constraints": [{"type": "not_null", "warn_unenforced": true, "warn_unsupported": true, "to_columns": []}],
            "config": {"meta": {"k": 1}, "tags": ["t"]}, "tags": ["t"], "doc_blocks": [], "mine": 2});
        assert_eq!(column(&info, false), shown);
        let whole = column(&info, true);
        assert!(whole["quote"].is_null() && whole.get("quote").is_some());
        assert_eq!(whole["constraints"][0].get("name"), Some(&Value::Null));
    }

    #[test]
    fn hooks_are_objects_and_nothing_is_none() {
        let begin = r#"{"sql": "b", "transaction": false}"#;
        let given = json!({"pre_hook": "a", "post_hook": [begin, {"sql": "c"}], "docs": {"show": false}});
        let config = shown(given.as_object().unwrap(), "model");
        assert_eq!(config["pre-hook"], json!([{"sql": "a", "transaction": true}]));
        let both = json!([{"sql": "b", "transaction": false}, {"sql": "c", "transaction": true}]);
        assert_eq!((&config["post-hook"], &config["docs"]), (&both, &json!({"show": false})));
    }
}
