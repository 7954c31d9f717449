//! The fields that every node's config has, set or not: templates ask for them, and dbt answers with its defaults.

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

/// The same as `model.config` shows it: without what is none, and hooks go by their other name.
pub(crate) fn shown(config: &Map<String, Value>, resource_type: &str) -> Map<String, Value> {
    let hooks = |name: String| match name.as_str() {
        "pre_hook" | "post_hook" => name.replace('_', "-"),
        _ => name,
    };
    let all = complete(config, resource_type).into_iter().filter(|(_, value)| !value.is_null());
    all.map(|(name, value)| (hooks(name), value)).collect()
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
}
