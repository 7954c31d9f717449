//! The policy in force as one YAML file that says where each part comes from.

use super::{Origin, Policy};
use anyhow::{Context as _, Result};
use serde_json::{Map, Value};

/// Keys in the order in which a policy is written.
const ORDER: &[&str] = &[
    "version",
    "project",
    "warehouse",
    "compile",
    "layers",
    "unmatched",
    "gates",
    "severity",
    "suppress",
    "llm",
    "roles",
    "windows",
    "budget",
    "env_allow",
];

/// The merged policy as YAML; a comment at each part names the files and lines that speak of it.
///
/// # Errors
/// A value that YAML cannot hold.
pub fn effective(policy: &Policy) -> Result<String> {
    let mut text = format!("# The policy in force: {}\n# sha256: {}\n", one_line(&policy.path), policy.sha256);
    for key in ORDER {
        let Some(value) = policy.effective.get(*key) else { continue };
        match value {
            Value::Object(parts) if !parts.is_empty() => {
                text.push_str(&format!("{key}:\n"));
                for (name, part) in parts {
                    let origin = policy.origins.get(&format!("{key}.{name}"));
                    text.push_str(&entry(&Value::Object(Map::from_iter([(name.clone(), part.clone())])), origin)?);
                }
            }
            Value::Array(items) if !items.is_empty() => {
                text.push_str(&format!("{key}:\n"));
                for (i, item) in items.iter().enumerate() {
                    let name = item.get("name").and_then(Value::as_str).map_or_else(|| i.to_string(), str::to_owned);
                    let origin = policy.origins.get(&format!("{key}.{name}"));
                    text.push_str(&entry(&Value::Array(vec![item.clone()]), origin)?);
                }
            }
            value => text.push_str(&yaml(&Value::Object(Map::from_iter([((*key).to_owned(), value.clone())])))?),
        }
    }
    Ok(text)
}

/// One part, indented, under a comment with its origin.
fn entry(value: &Value, origins: Option<&Vec<Origin>>) -> Result<String> {
    let mut text = String::new();
    if let Some(origins) = origins {
        let places: Vec<String> = origins.iter().map(|o| format!("{}:{}", one_line(&o.path), o.line)).collect();
        text.push_str(&format!("  # {}\n", places.join(", ")));
    }
    for line in yaml(value)?.lines() {
        text.push_str(&format!("  {line}\n"));
    }
    Ok(text)
}

fn yaml(value: &Value) -> Result<String> {
    serde_yaml::to_string(value).context("writing the policy as YAML")
}

/// A path is a comment here, and must stay in its line.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}
