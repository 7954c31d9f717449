//! Requests against GitHub's own OpenAPI description, strictly: unknown operations, parameters and fields are refused.
//!
//! `scripts/dev test` fetches the description and names it in ROWPROOF_GITHUB_OPENAPI. Without it the fake only plays
//! GitHub; ROWPROOF_REQUIRE_CONTRACT=1 (our CI) makes that a failure.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};

/// The description.
pub struct Contract {
    description: Value,
    operations: Vec<(String, Vec<String>)>,
    validators: Mutex<BTreeMap<String, std::sync::Arc<jsonschema::Validator>>>,
}

/// The description, when there is one.
pub fn contract() -> Option<&'static Contract> {
    static CONTRACT: OnceLock<Option<Contract>> = OnceLock::new();
    CONTRACT
        .get_or_init(|| {
            let path = std::env::var("ROWPROOF_GITHUB_OPENAPI").ok()?;
            let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
            Some(Contract::new(serde_json::from_str(&text).unwrap()))
        })
        .as_ref()
}

#[test]
fn the_description_is_there_where_it_is_required() {
    if std::env::var("ROWPROOF_REQUIRE_CONTRACT").is_ok_and(|v| v == "1") {
        let contract = contract().expect("ROWPROOF_GITHUB_OPENAPI names GitHub's OpenAPI description");
        assert!(contract.operations.len() > 400, "{} paths", contract.operations.len());
        let (path, body) = ("/repos/o/r/issues/1/comments", json!({"body": "x"}));
        assert_eq!(contract.check("POST", path, Some(&body)), Ok(()));
        // The checker itself refuses what GitHub does not describe.
        assert!(contract.check("POST", path, Some(&json!({"body": "x", "bodi": "y"}))).is_err());
        assert!(contract.check("POST", path, Some(&json!({}))).is_err());
        assert!(contract.check("POST", "/repos/o/r/issues/comments/1", Some(&body)).is_err());
        assert!(contract.check("GET", "/repos/o/r/pulls?stat=open", None).is_err());
        let many: Vec<Value> = (0..51)
            .map(|i| json!({"path": "a", "start_line": i, "end_line": i, "annotation_level": "notice", "message": "m"}))
            .collect();
        let run = json!({"name": "n", "head_sha": "a", "output": {"title": "t", "summary": "s", "annotations": many}});
        assert!(contract.check("POST", "/repos/o/r/check-runs", Some(&run)).is_err());
    }
}

impl Contract {
    fn new(description: Value) -> Self {
        let paths = description["paths"].as_object().unwrap();
        let operations = paths.keys().map(|p| (p.clone(), p.split('/').map(str::to_owned).collect())).collect();
        Self { description, operations, validators: Mutex::default() }
    }

    /// Whether GitHub describes this request.
    pub fn check(&self, method: &str, target: &str, body: Option<&Value>) -> Result<(), String> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let template = self.template(path).ok_or_else(|| format!("GitHub has no path {path}"))?;
        let operation = &self.description["paths"][&template][method.to_lowercase()];
        if operation.is_null() {
            return Err(format!("GitHub has no {method} {template}"));
        }
        self.query(operation, query).map_err(|e| format!("{method} {template}: {e}"))?;
        let described = &operation["requestBody"];
        match (body, described.is_null()) {
            (Some(_), true) => Err(format!("{method} {template} takes no body")),
            (None, false) if described["required"] == true => Err(format!("{method} {template} needs a body")),
            (Some(body), false) => self.body(&format!("{method} {template}"), described, body),
            _ => Ok(()),
        }
    }

    /// The path with parameters that fits; one with fewer parameters fits better.
    fn template(&self, path: &str) -> Option<String> {
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |template: &Vec<String>| {
            let long = template.last().is_some_and(|l| ["{path}", "{ref}"].contains(&l.as_str()));
            (template.len() == parts.len() || (long && parts.len() > template.len()))
                && template.iter().zip(&parts).all(|(t, p)| t.starts_with('{') || t == p)
        };
        let mut found: Vec<_> = self.operations.iter().filter(|(_, t)| fits(t)).collect();
        let parameters = |t: &[String]| t.iter().filter(|p| p.starts_with('{')).count();
        found.sort_by_key(|(_, t)| (t.len() != parts.len(), parameters(t)));
        found.first().map(|(path, _)| path.clone())
    }

    fn query(&self, operation: &Value, query: &str) -> Result<(), String> {
        let parameters: Vec<Value> =
            operation["parameters"].as_array().into_iter().flatten().map(|p| self.resolved(p)).collect();
        for pair in query.split('&').filter(|p| !p.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let known = parameters.iter().find(|p| p["in"] == "query" && p["name"] == name);
            let schema = &known.ok_or_else(|| format!("unknown parameter `{name}`"))?["schema"];
            if schema["type"] == "integer" && value.parse::<u32>().is_err() {
                return Err(format!("parameter `{name}` is `{value}`"));
            }
            if let Some(words) = schema["enum"].as_array()
                && !words.iter().any(|w| w == value)
            {
                return Err(format!("parameter `{name}` is `{value}`"));
            }
        }
        Ok(())
    }

    fn resolved(&self, value: &Value) -> Value {
        match value["$ref"].as_str() {
            Some(pointer) => self.description.pointer(pointer.trim_start_matches('#')).unwrap().clone(),
            None => value.clone(),
        }
    }

    fn body(&self, id: &str, described: &Value, body: &Value) -> Result<(), String> {
        let mut validators = self.validators.lock().unwrap();
        let validator = validators
            .entry(id.to_owned())
            .or_insert_with(|| {
                let schema = &described["content"]["application/json"]["schema"];
                std::sync::Arc::new(jsonschema::draft202012::new(&self.standalone(schema)).unwrap())
            })
            .clone();
        drop(validators);
        let wrong: Vec<String> = validator.iter_errors(body).map(|e| format!("{}: {e}", e.instance_path())).collect();
        if wrong.is_empty() { Ok(()) } else { Err(format!("{id}: {}", wrong.join("; "))) }
    }

    /// An OpenAPI 3.0 schema as a strict JSON Schema with all that it refers to.
    fn standalone(&self, schema: &Value) -> Value {
        let mut definitions = Map::new();
        let mut open = Vec::new();
        let mut strict = self.strict(schema, &mut open);
        while let Some(name) = open.pop() {
            if !definitions.contains_key(&name) {
                definitions.insert(name.clone(), Value::Null);
                let schema = self.strict(&self.description["components"]["schemas"][&name], &mut open);
                definitions.insert(name, schema);
            }
        }
        strict["$defs"] = Value::Object(definitions);
        strict
    }

    fn strict(&self, schema: &Value, open: &mut Vec<String>) -> Value {
        match schema {
            Value::Array(items) => items.iter().map(|i| self.strict(i, open)).collect(),
            Value::Object(map) => {
                let mut out: Map<String, Value> = map
                    .iter()
                    .filter(|(k, _)| {
                        !["example", "examples", "description", "nullable", "format"].contains(&k.as_str())
                    })
                    .map(|(k, v)| (k.clone(), self.strict(v, open)))
                    .collect();
                if let Some(name) =
                    map.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix("#/components/schemas/"))
                {
                    open.push(name.to_owned());
                    out.insert("$ref".to_owned(), format!("#/$defs/{name}").into());
                }
                // Names of properties are no keywords: `description` is one of both.
                if let Some(properties) = map.get("properties").and_then(Value::as_object) {
                    let strict = properties.iter().map(|(k, v)| (k.clone(), self.strict(v, open)));
                    out.insert("properties".to_owned(), Value::Object(strict.collect()));
                }
                if map.get("properties").is_some_and(Value::is_object)
                    && !["additionalProperties", "allOf", "anyOf", "oneOf"].iter().any(|k| map.contains_key(*k))
                {
                    out.insert("additionalProperties".to_owned(), false.into());
                }
                let mut out = Value::Object(out);
                if map.get("nullable") == Some(&Value::Bool(true)) {
                    out = json!({"anyOf": [out, {"type": "null"}]});
                }
                out
            }
            other => other.clone(),
        }
    }
}
