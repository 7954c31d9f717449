//! A GraphQL server's engine over JSON: every query is validated against GitHub's public schema and then carried out.
//!
//! `scripts/dev test` fetches the schema and names it in ROWPROOF_GITHUB_GRAPHQL. Without it queries are carried out
//! unchecked; ROWPROOF_REQUIRE_CONTRACT=1 (our CI) makes that a failure.

mod run;

use apollo_compiler::ast::{Definition, Document, OperationDefinition, Value as Literal};
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Node, Schema};
use run::{Run, Weight};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::sync::OnceLock;

/// Arguments of a field, variables put in.
pub type Arguments = Map<String, Value>;

/// GitHub's limits.
const MOST_NODES: u64 = 500_000;

/// What a field of an object holds.
pub enum Found<'w> {
    /// Nothing is known of it, or it is null.
    Nothing,
    /// A scalar, an object with `__typename`, or a list of either.
    One(Cow<'w, Value>),
    /// All items of a connection, in order, each with what its cursor tells.
    Connection(Vec<Item<'w>>),
}

/// One item of a connection.
pub struct Item<'w> {
    /// What stands in the cursor: an item that moved or went is still found by its place in the order.
    pub key: String,
    pub node: Cow<'w, Value>,
}

/// An error at a field, in GitHub's words.
#[derive(Debug)]
pub struct Refusal {
    pub kind: &'static str,
    pub message: String,
}

/// What there is to ask for.
pub trait Data {
    /// A field of an object; `arguments` are those written, without the schema's defaults.
    fn field<'w>(&'w self, object: &Value, name: &str, arguments: &Arguments) -> Result<Found<'w>, Refusal>;
    /// Where the page after a cursor begins, when no item has the cursor's key any more.
    fn place(&self, items: &[Item<'_>], key: &str) -> usize;
}

/// GitHub's schema, when there is one.
pub fn schema() -> Option<&'static Valid<Schema>> {
    static SCHEMA: OnceLock<Option<Valid<Schema>>> = OnceLock::new();
    SCHEMA
        .get_or_init(|| {
            let path = std::env::var("ROWPROOF_GITHUB_GRAPHQL").ok()?;
            let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
            // GitHub's own schema names an argument or a field twice here and there: it is taken as it is.
            let parsed = Schema::parse(text, "schema.graphql").unwrap_or_else(|e| e.partial);
            assert!(parsed.types.len() > 1_000, "{path}: only {} types could be read", parsed.types.len());
            Some(Valid::assume_valid(parsed))
        })
        .as_ref()
}

/// An answer, and what the test must hear of.
pub struct Answer {
    pub body: Value,
    /// The query does not hold against the schema, or the fake lacks what GitHub always has.
    pub violations: Vec<String>,
    /// Nodes by GitHub's rule.
    pub nodes: u64,
    /// Points by GitHub's rule.
    pub cost: u64,
}

/// Answers a request's body.
pub fn answer(data: &dyn Data, request: &Value) -> Answer {
    let refused = |message: String, extensions: Value| Answer {
        body: json!({"errors": [{"message": message, "extensions": extensions, "locations": []}]}),
        violations: vec![message],
        nodes: 0,
        cost: 1,
    };
    let Some(query) = request["query"].as_str() else {
        return refused("A query attribute must be specified and must be a string.".to_owned(), Value::Null);
    };
    let document = match Document::parse(query, "query.graphql") {
        Ok(document) => document,
        Err(e) => return refused(format!("Parse error: {}", e.errors), json!({"code": "parseError"})),
    };
    let Some(operation) = operation(&document, request["operationName"].as_str()) else {
        return refused("An operation name is required".to_owned(), Value::Null);
    };
    let given = request["variables"].as_object().cloned().unwrap_or_default();
    if let Err(message) = valid(query, operation, &given) {
        return refused(message, json!({"code": "invalid"}));
    }
    let mut variables = Arguments::new();
    for variable in &operation.variables {
        let written = given.get(variable.name.as_str()).cloned();
        let value = written.or_else(|| variable.default_value.as_ref().map(|d| literal(d, &Map::new())));
        variables.insert(variable.name.to_string(), value.unwrap_or(Value::Null));
    }
    let mut run = Run::new(data, &document, variables);
    let asked = run.weigh(&operation.selection_set, 1);
    let (nodes, cost) = match asked {
        Ok(Weight { nodes, requests }) => (nodes, (requests / 100).max(1)),
        Err((code, message)) => return refused(message, json!({"code": code})),
    };
    if nodes > MOST_NODES {
        let message = format!(
            "This query requests up to {nodes} possible nodes which exceeds the maximum limit of {MOST_NODES}."
        );
        return refused(message, json!({"code": "MAX_NODE_LIMIT_EXCEEDED"}));
    }
    let kind = if operation.operation_type.to_string() == "query" { "Query" } else { "Mutation" };
    let result = run.object(&json!({"__typename": kind, "cost": cost, "nodes": nodes}), &[&operation.selection_set]);
    let mut body = json!({"data": result});
    if !run.errors.is_empty() {
        body["errors"] = Value::from(run.errors.clone());
    }
    Answer { body, violations: run.missing, nodes, cost }
}

fn operation<'d>(document: &'d Document, name: Option<&str>) -> Option<&'d Node<OperationDefinition>> {
    let mut all = document.definitions.iter().filter_map(|d| match d {
        Definition::OperationDefinition(o) => Some(o),
        _ => None,
    });
    match name {
        Some(name) => all.find(|o| o.name.as_ref().is_some_and(|n| n == name)),
        None => all.next(),
    }
}

/// Whether GitHub's schema allows the query and its variables.
fn valid(query: &str, operation: &OperationDefinition, variables: &Arguments) -> Result<(), String> {
    let Some(schema) = schema() else { return Ok(()) };
    let document = ExecutableDocument::parse_and_validate(schema, query, "query.graphql")
        .map_err(|e| format!("the query does not hold: {}", e.errors))?;
    let name = operation.name.as_ref().map(|n| n.as_str());
    let checked = document.operations.get(name).map_err(|e| format!("{e:?}"))?;
    let known: Vec<&str> = operation.variables.iter().map(|v| v.name.as_str()).collect();
    if let Some(unknown) = variables.keys().find(|k| !known.contains(&k.as_str())) {
        return Err(format!("variable `{unknown}` is not declared"));
    }
    let values = serde_json::from_value(Value::Object(variables.clone())).map_err(|e| e.to_string())?;
    apollo_compiler::request::coerce_variable_values(schema, checked, &values)
        .map(drop)
        .map_err(|e| format!("variables: {}", e.message()))
}

/// Whether a type is another, implements it, or is one of its members.
fn is_a(kind: &str, condition: &str) -> bool {
    const ABSTRACT: &[&str] = &[
        "Node",
        "Actor",
        "GitObject",
        "SearchResultItem",
        "PullRequestTimelineItems",
        "Labelable",
        "Closable",
        "IssueOrPullRequest",
        "RepositoryOwner",
        "Comment",
        "RepositoryInfo",
    ];
    kind.is_empty()
        || kind == condition
        || schema().map_or(ABSTRACT.contains(&condition), |s| s.is_subtype(condition, kind))
}

fn literal(value: &Literal, variables: &Arguments) -> Value {
    match value {
        Literal::Null => Value::Null,
        Literal::Enum(name) => name.as_str().into(),
        Literal::Variable(name) => variables.get(name.as_str()).cloned().unwrap_or(Value::Null),
        Literal::String(text) => text.as_str().into(),
        Literal::Int(n) => n.as_str().parse::<i64>().unwrap().into(),
        Literal::Float(n) => n.as_str().parse::<f64>().unwrap().into(),
        Literal::Boolean(b) => (*b).into(),
        Literal::List(items) => items.iter().map(|i| literal(i, variables)).collect(),
        Literal::Object(fields) => fields.iter().map(|(k, v)| (k.to_string(), literal(v, variables))).collect(),
    }
}
