//! Config layers: `dbt_project.yml` trees, properties YAML, `config()` calls; merged in dbt's order and by dbt's rules.

use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Adds `layer` to `config`: tags add up, meta merges, hooks append, grants merge, everything else is replaced.
pub(crate) fn merge(config: &mut Map<String, Value>, layer: &Map<String, Value>) {
    for (key, value) in layer {
        let key = key.trim_start_matches('+').trim();
        let key = match key {
            "pre-hook" => "pre_hook",
            "post-hook" => "post_hook",
            other => other,
        };
        match key {
            "tags" | "pre_hook" | "post_hook" => {
                let all = [config.get(key).map(as_list).unwrap_or_default(), as_list(value)].concat();
                config.insert(key.to_owned(), Value::Array(all));
            }
            "meta" | "docs" | "grants" => match (config.get_mut(key), value) {
                (Some(Value::Object(old)), Value::Object(new)) => {
                    for (name, value) in new {
                        let name = name.trim_start_matches('+');
                        old.insert(name.to_owned(), value.clone());
                    }
                }
                _ => drop(config.insert(key.to_owned(), value.clone())),
            },
            _ => drop(config.insert(key.to_owned(), value.clone())),
        }
    }
}

/// A list as it is, null as nothing, anything else as a list of one.
pub(crate) fn as_list(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.clone(),
        other => vec![other.clone()],
    }
}

/// Tags of a YAML or config value, as texts.
pub(crate) fn tags(value: Option<&Value>) -> BTreeSet<String> {
    let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    value.map(as_list).unwrap_or_default().into_iter().map(text).collect()
}

/// The layers of a config tree for a fully qualified name: the tree's own, the package's, each folder's, the node's.
pub(crate) fn layers(tree: Option<&Value>, fqn: &[String]) -> Vec<Map<String, Value>> {
    let mut out = Vec::new();
    let Some(Value::Object(mut level)) = tree.cloned() else { return out };
    out.push(own(&level));
    for name in fqn {
        match level.get(name) {
            Some(Value::Object(next)) => level = next.clone(),
            _ => break,
        }
        out.push(own(&level));
    }
    out
}

/// The configs of one level: keys with a plus, and plain keys that hold no mapping (those are folders).
fn own(level: &Map<String, Value>) -> Map<String, Value> {
    let mine = |(key, value): &(&String, &Value)| key.starts_with('+') || !value.is_object();
    let entry = |(key, value): (&String, &Value)| (key.trim_start_matches('+').trim().to_owned(), value.clone());
    level.iter().filter(mine).map(entry).collect()
}

/// A config value that means yes or no, as YAML and Jinja write it.
pub(crate) fn truth(value: Option<&Value>, default: bool) -> bool {
    match value {
        None | Some(Value::Null) => default,
        Some(Value::Bool(yes)) => *yes,
        Some(Value::String(text)) => {
            !matches!(text.trim().to_lowercase().as_str(), "false" | "no" | "off" | "0" | "" | "none")
        }
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        Some(_) => true,
    }
}

/// A rendered config text as the value that Python would read in it: booleans, numbers, none; else the text.
pub(crate) fn native(text: &str) -> Value {
    match text.trim() {
        "True" | "true" => Value::Bool(true),
        "False" | "false" => Value::Bool(false),
        "None" => Value::Null,
        trimmed => match trimmed.parse::<i64>() {
            Ok(number) => Value::from(number),
            Err(_) => Value::String(text.to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn layers_follow_the_folders() {
        let tree = json!({"+a": 1, "shop": {"materialized": "table", "marts": {"+materialized": "view", "+tags": "x", "orders": {"b": 2}}}});
        let fqn = ["shop", "marts", "orders"].map(str::to_owned);
        let mut config = Map::new();
        layers(Some(&tree), &fqn).iter().for_each(|layer| merge(&mut config, layer));
        assert_eq!(Value::Object(config), json!({"a": 1, "materialized": "view", "tags": ["x"], "b": 2}));
    }

    #[test]
    fn tags_add_hooks_append_meta_merges() {
        let mut config = Map::new();
        for layer in [
            json!({"tags": "a", "meta": {"x": 1}, "post-hook": "h1", "schema": "s"}),
            json!({"tags": ["a", "b"], "meta": {"y": 2}, "+post-hook": ["h2"], "schema": null}),
        ] {
            merge(&mut config, layer.as_object().unwrap());
        }
        let want =
            json!({"tags": ["a", "a", "b"], "meta": {"x": 1, "y": 2}, "post_hook": ["h1", "h2"], "schema": null});
        assert_eq!(Value::Object(config), want);
    }
}
