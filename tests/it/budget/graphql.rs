//! A GraphQL server's engine over JSON: every query is validated against GitHub's public schema and then carried out.
//!
//! `scripts/dev test` fetches the schema and names it in ROWPROOF_GITHUB_GRAPHQL. Without it queries are carried out
//! unchecked; ROWPROOF_REQUIRE_CONTRACT=1 (our CI) makes that a failure.

use apollo_compiler::ast::{Definition, Directive, Document, Field, OperationDefinition, Selection, Value as Literal};
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Node, Schema};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::sync::OnceLock;

/// Arguments of a field, variables put in.
pub type Arguments = Map<String, Value>;

/// GitHub's limits.
const MOST_NODES: u64 = 500_000;
const MOST_OF_A_PAGE: u64 = 100;

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
    let mut run =
        Run { data, document: &document, variables, path: Vec::new(), errors: Vec::new(), missing: Vec::new() };
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

struct Weight {
    nodes: u64,
    requests: u64,
}

struct Run<'a> {
    data: &'a dyn Data,
    document: &'a Document,
    variables: Arguments,
    path: Vec<Value>,
    errors: Vec<Value>,
    missing: Vec<String>,
}

impl<'a> Run<'a> {
    /// Nodes and requests by GitHub's rule: a page's size times that of all pages around it.
    fn weigh(&self, selections: &'a [Selection], times: u64) -> Result<Weight, (&'static str, String)> {
        let mut sum = Weight { nodes: 0, requests: 0 };
        for selection in selections {
            let inner = match selection {
                Selection::Field(field) => {
                    let size = self.page_size(field)?;
                    if let Some(size) = size {
                        sum.nodes = sum.nodes.saturating_add(times.saturating_mul(size));
                        sum.requests = sum.requests.saturating_add(times);
                    }
                    self.weigh(&field.selection_set, times.saturating_mul(size.unwrap_or(1)))?
                }
                Selection::InlineFragment(inline) => self.weigh(&inline.selection_set, times)?,
                Selection::FragmentSpread(spread) => self.weigh(self.fragment(&spread.fragment_name).1, times)?,
            };
            sum.nodes = sum.nodes.saturating_add(inner.nodes);
            sum.requests = sum.requests.saturating_add(inner.requests);
        }
        Ok(sum)
    }

    fn page_size(&self, field: &Field) -> Result<Option<u64>, (&'static str, String)> {
        let arguments = self.arguments(field);
        let size = ["first", "last"].iter().find_map(|n| arguments.get(*n)?.as_u64());
        match size {
            Some(n) if n > MOST_OF_A_PAGE => Err((
                "EXCESSIVE_PAGINATION",
                format!(
                    "Requesting {n} records on the `{}` connection exceeds the `first` limit of 100 records.",
                    field.name
                ),
            )),
            size => Ok(size),
        }
    }

    fn fragment(&self, name: &str) -> (&'a str, &'a [Selection]) {
        let found = self.document.definitions.iter().find_map(|d| match d {
            Definition::FragmentDefinition(f) if f.name == name => Some((f.type_condition.as_str(), &*f.selection_set)),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("no fragment {name}"))
    }

    fn arguments(&self, field: &Field) -> Arguments {
        field.arguments.iter().map(|a| (a.name.to_string(), literal(&a.value, &self.variables))).collect()
    }

    fn wanted(&self, directives: &[Node<Directive>]) -> bool {
        let when = |d: &Node<Directive>| {
            d.arguments.first().map(|a| literal(&a.value, &self.variables)) == Some(Value::Bool(true))
        };
        directives.iter().all(|d| match d.name.as_str() {
            "include" => when(d),
            "skip" => !when(d),
            _ => true,
        })
    }

    /// Fields of a type by the key of the answer, in the order in which they are asked for.
    fn collect(&self, kind: &str, selections: &'a [Selection], into: &mut Vec<(String, Vec<&'a Node<Field>>)>) {
        for selection in selections {
            match selection {
                Selection::Field(field) if self.wanted(&field.directives) => {
                    let key = field.alias.as_ref().unwrap_or(&field.name).to_string();
                    match into.iter_mut().find(|(k, _)| *k == key) {
                        Some((_, fields)) => fields.push(field),
                        None => into.push((key, vec![field])),
                    }
                }
                Selection::InlineFragment(inline)
                    if self.wanted(&inline.directives)
                        && inline.type_condition.as_ref().is_none_or(|c| is_a(kind, c)) =>
                {
                    self.collect(kind, &inline.selection_set, into);
                }
                Selection::FragmentSpread(spread) if self.wanted(&spread.directives) => {
                    let (condition, selections) = self.fragment(&spread.fragment_name);
                    if is_a(kind, condition) {
                        self.collect(kind, selections, into);
                    }
                }
                _ => {}
            }
        }
    }

    fn object(&mut self, object: &Value, selections: &[&'a [Selection]]) -> Value {
        let kind = object["__typename"].as_str().unwrap_or_else(|| panic!("no __typename: {object}")).to_owned();
        let mut fields = Vec::new();
        for selections in selections {
            self.collect(&kind, selections, &mut fields);
        }
        let mut out = Map::new();
        for (key, fields) in fields {
            self.path.push(key.clone().into());
            let value = self.field(object, &kind, &fields);
            if value.is_null() && self.errors.iter().all(|e| e["path"] != Value::from(self.path.clone())) {
                self.check_null(&kind, fields[0].name.as_str());
            }
            self.path.pop();
            out.insert(key, value);
        }
        Value::Object(out)
    }

    /// What GitHub always has and the fake does not is the fake's fault, and told as such.
    fn check_null(&mut self, kind: &str, name: &str) {
        let Some(schema) = schema() else { return };
        let required = schema.type_field(kind, name).is_ok_and(|f| f.ty.is_non_null());
        if required {
            let message = format!("Cannot return null for non-nullable field {kind}.{name}");
            self.missing.push(message.clone());
            self.errors.push(json!({"path": self.path, "message": message}));
        }
    }

    fn field(&mut self, object: &Value, kind: &str, fields: &[&'a Node<Field>]) -> Value {
        let field = fields[0];
        if field.name == "__typename" {
            return kind.into();
        }
        let arguments = self.arguments(field);
        let selections: Vec<&'a [Selection]> = fields.iter().map(|f| &*f.selection_set).collect();
        let data = self.data;
        match data.field(object, field.name.as_str(), &arguments) {
            Err(refusal) => {
                self.errors.push(
                    json!({"type": refusal.kind, "path": self.path, "message": refusal.message, "locations": []}),
                );
                Value::Null
            }
            Ok(Found::Nothing) => Value::Null,
            Ok(Found::One(value)) => self.complete(&value, &selections),
            Ok(Found::Connection(items)) => self.connection(field.name.as_str(), &items, &arguments, &selections),
        }
    }

    fn complete(&mut self, value: &Value, selections: &[&'a [Selection]]) -> Value {
        match value {
            Value::Array(items) => {
                let mut all = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    self.path.push(index.into());
                    all.push(self.complete(item, selections));
                    self.path.pop();
                }
                all.into()
            }
            Value::Object(_) if selections.iter().any(|s| !s.is_empty()) => self.object(value, selections),
            other => other.clone(),
        }
    }

    fn connection(
        &mut self,
        name: &str,
        items: &[Item<'_>],
        arguments: &Arguments,
        selections: &[&'a [Selection]],
    ) -> Value {
        let size = |n: &str| arguments.get(n).and_then(Value::as_u64).map(|n| n as usize);
        let cursor = |n: &str| arguments.get(n).and_then(Value::as_str);
        if size("first").is_none() && size("last").is_none() {
            let message =
                format!("You must provide a `first` or `last` value to properly paginate the `{name}` connection.");
            self.missing.push(message.clone());
            self.errors.push(json!({"type": "MISSING_PAGINATION_BOUNDARIES", "path": self.path, "message": message}));
            return Value::Null;
        }
        let at = |cursor: &str| {
            let key = unpacked(cursor);
            let found = items.iter().position(|i| i.key == key);
            (found.unwrap_or_else(|| self.data.place(items, &key)), found.is_some())
        };
        let (mut from, mut to) = (0, items.len());
        if let Some((place, there)) = cursor("after").map(at) {
            from = if there { place + 1 } else { place };
        }
        if let Some((place, _)) = cursor("before").map(at) {
            to = place;
        }
        if let Some(first) = size("first") {
            to = to.min(from + first);
        }
        if let Some(last) = size("last") {
            from = from.max(to.saturating_sub(last));
        }
        let page = items.get(from..to).unwrap_or_default();
        let info = json!({
            "__typename": "PageInfo", "hasNextPage": to < items.len(), "hasPreviousPage": from > 0,
            "startCursor": page.first().map(|i| packed(&i.key)), "endCursor": page.last().map(|i| packed(&i.key))
        });
        let mut fields = Vec::new();
        for selections in selections {
            self.collect("", selections, &mut fields);
        }
        let mut out = Map::new();
        for (key, fields) in fields {
            self.path.push(key.clone().into());
            let inner: Vec<&'a [Selection]> = fields.iter().map(|f| &*f.selection_set).collect();
            let value = match fields[0].name.as_str() {
                "totalCount" | "issueCount" | "filteredCount" => items.len().into(),
                "pageCount" => page.len().into(),
                "pageInfo" => self.complete(&info, &inner),
                "nodes" => self.list(page, &inner),
                "edges" => self.edges(page, &inner),
                "__typename" => "Connection".into(),
                other => {
                    self.missing.push(format!("the fake's connection `{name}` has no `{other}`"));
                    Value::Null
                }
            };
            self.path.pop();
            out.insert(key, value);
        }
        Value::Object(out)
    }

    fn list(&mut self, page: &[Item<'_>], selections: &[&'a [Selection]]) -> Value {
        let mut all = Vec::new();
        for (index, item) in page.iter().enumerate() {
            self.path.push(index.into());
            all.push(self.complete(&item.node, selections));
            self.path.pop();
        }
        all.into()
    }

    fn edges(&mut self, page: &[Item<'_>], selections: &[&'a [Selection]]) -> Value {
        let mut fields = Vec::new();
        for selections in selections {
            self.collect("", selections, &mut fields);
        }
        let mut all = Vec::new();
        for item in page {
            let mut out = Map::new();
            for (key, fields) in &fields {
                let inner: Vec<&'a [Selection]> = fields.iter().map(|f| &*f.selection_set).collect();
                let value = match fields[0].name.as_str() {
                    "node" => self.complete(&item.node, &inner),
                    "cursor" => packed(&item.key).into(),
                    _ => Value::Null,
                };
                out.insert(key.clone(), value);
            }
            all.push(Value::Object(out));
        }
        all.into()
    }
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

fn packed(key: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(format!("cursor:{key}"))
}

fn unpacked(cursor: &str) -> String {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(cursor).unwrap_or_default();
    let text = String::from_utf8(bytes).unwrap_or_default();
    text.strip_prefix("cursor:").unwrap_or_else(|| panic!("`{cursor}` is no cursor of ours")).to_owned()
}
