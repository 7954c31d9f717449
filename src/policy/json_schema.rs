//! The JSON Schema of the policy file, with the options, ids and rules of every gate in it.

use super::schema::PolicyFile;
use crate::gates::{GATES, GateSpec};
use serde_json::{Map, Value, json};

/// The JSON Schema with the gates of this version; ends with a newline.
pub fn text() -> String {
    let mut text = serde_json::to_string_pretty(&schema(GATES)).expect("a JSON value with text keys can be written");
    text.push('\n');
    text
}

/// The JSON Schema of a policy over these gates.
pub fn schema(registry: &[&GateSpec]) -> Value {
    let mut root = schemars::schema_for!(PolicyFile).to_value();
    let mut definitions = root.get("$defs").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut gates = Map::new();
    for spec in registry {
        let mut options = (spec.options)().to_value();
        if let Some(object) = options.as_object_mut() {
            object.remove("$schema");
            object.remove("title");
            object.insert("description".to_owned(), json!(spec.summary));
            if let Some(Value::Object(own)) = object.remove("$defs") {
                for (name, mut definition) in own {
                    rename_references(&mut definition, spec.id);
                    definitions.insert(format!("{}.{name}", spec.id), definition);
                }
            }
        }
        rename_references(&mut options, spec.id);
        gates.insert(spec.id.to_owned(), options);
    }
    let ids: Vec<&str> = registry.iter().map(|g| g.id).collect();
    let rules: Vec<&str> = registry.iter().flat_map(|g| g.rules).map(|r| r.id).collect();
    if let Some(layer_gates) = definitions.get_mut("LayerFile").and_then(|l| l.pointer_mut("/properties/gates")) {
        layer_gates["items"] = json!({"type": "string", "enum": ids});
    }
    if let Some(rule) = definitions.get_mut("SuppressFile").and_then(|l| l.pointer_mut("/properties/rule")) {
        rule["enum"] = json!(rules);
    }
    if let Some(severity) = root.pointer_mut("/properties/severity") {
        severity["propertyNames"] = json!({"enum": rules});
    }
    if let Some(slot) = root.pointer_mut("/properties/gates") {
        let description = slot.get("description").cloned().unwrap_or_default();
        *slot = json!({
            "description": description, "type": "object", "additionalProperties": false, "properties": gates,
        });
    }
    root["$defs"] = Value::Object(definitions);
    root["title"] = json!("Rowproof policy");
    root
}

fn rename_references(value: &mut Value, gate: &str) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get_mut("$ref")
                && let Some(name) = reference.strip_prefix("#/$defs/")
            {
                *reference = format!("#/$defs/{gate}.{name}");
            }
            object.values_mut().for_each(|v| rename_references(v, gate));
        }
        Value::Array(items) => items.iter_mut().for_each(|v| rename_references(v, gate)),
        _ => {}
    }
}
