//! Carries out one query: fragments, arguments, pages, nulls where nothing may be null.

use super::{Arguments, Data, Found, Item, is_a, literal, schema};
use apollo_compiler::Node;
use apollo_compiler::ast::{Definition, Directive, Document, Field, Selection};
use serde_json::{Map, Value, json};

const MOST_OF_A_PAGE: u64 = 100;

/// What a query asks for in all.
pub struct Weight {
    pub nodes: u64,
    pub requests: u64,
}

/// A query that is carried out.
pub struct Run<'a> {
    data: &'a dyn Data,
    document: &'a Document,
    variables: Arguments,
    path: Vec<Value>,
    pub errors: Vec<Value>,
    /// What GitHub would have, or would refuse.
    pub missing: Vec<String>,
}

impl<'a> Run<'a> {
    pub fn new(data: &'a dyn Data, document: &'a Document, variables: Arguments) -> Self {
        Self { data, document, variables, path: Vec::new(), errors: Vec::new(), missing: Vec::new() }
    }

    /// Nodes and requests by GitHub's rule: a page's size times that of all pages around it.
    pub fn weigh(&self, selections: &'a [Selection], times: u64) -> Result<Weight, (&'static str, String)> {
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

    pub fn object(&mut self, object: &Value, selections: &[&'a [Selection]]) -> Value {
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
