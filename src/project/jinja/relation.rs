//! Relation names: how an adapter quotes them, and the object that templates get for them.

use super::macros::split;
use super::values::Dict;
use crate::project::RelationName;
use minijinja::value::{Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};
use std::fmt;
use std::sync::Arc;

/// Which parts of a name are quoted, and with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quoting {
    pub(crate) database: bool,
    pub(crate) schema: bool,
    pub(crate) identifier: bool,
    quote: (char, char),
    /// Whether the adapter's names have no database part when it is not set otherwise.
    no_database: bool,
    /// Whether the adapter writes all names in lower case.
    lower: bool,
    /// Whether its relations answer to `project` and `dataset` too.
    projects: bool,
}

impl Quoting {
    /// The adapter's default.
    pub(crate) fn of(adapter: &str) -> Self {
        let quote = match adapter {
            "bigquery" | "databricks" | "spark" | "mysql" | "singlestore" | "doris" | "starrocks" | "clickhouse" => {
                ('`', '`')
            }
            "hive" | "impala" => ('`', '`'),
            _ => ('"', '"'),
        };
        let all = !matches!(adapter, "snowflake" | "spark" | "hive" | "impala");
        let no_database = matches!(adapter, "spark" | "hive" | "impala" | "mysql" | "clickhouse");
        let (lower, projects) = (adapter == "databricks", adapter == "bigquery");
        Self { database: all, schema: all, identifier: all, quote, no_database, lower, projects }
    }

    /// An identifier in quotes, whatever the policy says.
    pub(crate) fn quoted(&self, part: &str) -> String {
        format!("{}{part}{}", self.quote.0, self.quote.1)
    }

    /// `database.schema.identifier` as dbt renders it.
    pub(crate) fn render(&self, database: &str, schema: &str, identifier: &str) -> String {
        let database = if self.no_database { "" } else { database };
        let parts = [(database, self.database), (schema, self.schema), (identifier, self.identifier)];
        let shown = parts.iter().filter(|(part, _)| !part.is_empty());
        let parts = shown.map(|(part, quote)| if *quote { self.quoted(part) } else { (*part).to_owned() });
        let name = parts.collect::<Vec<_>>().join(".");
        if self.lower { name.to_lowercase() } else { name }
    }
}

/// A relation as templates see it.
#[derive(Clone)]
pub(crate) struct Relation {
    pub(crate) name: RelationName,
    pub(crate) quoting: Quoting,
    pub(crate) kind: Option<String>,
    /// Parts that `include(...)` left in.
    include: (bool, bool, bool),
    /// Ephemeral models and subqueries render as this text.
    text: Option<String>,
}

impl Relation {
    /// A relation that renders as its name says.
    pub(crate) fn new(name: RelationName, quoting: Quoting) -> Self {
        let text = (!name.rendered.is_empty()).then(|| name.rendered.clone());
        Self { name, quoting, kind: None, include: (true, true, true), text }
    }

    /// Whether a value is a relation.
    pub(crate) fn is(value: &Value) -> bool {
        value.downcast_object_ref::<Self>().is_some()
    }

    /// The relation as a template value.
    pub(crate) fn value(self) -> Value {
        Value::from_object(self)
    }

    fn rendered(&self) -> String {
        if let Some(text) = &self.text {
            return text.clone();
        }
        let keep = |yes: bool, part: &str| if yes { part.to_owned() } else { String::new() };
        self.quoting.render(
            &keep(self.include.0, &self.name.database),
            &keep(self.include.1, &self.name.schema),
            &keep(self.include.2, &self.name.identifier),
        )
    }

    /// The relation's name with what it renders as.
    pub(crate) fn full_name(&self) -> RelationName {
        RelationName { rendered: self.rendered(), ..self.name.clone() }
    }

    fn changed(&self, args: &[Value], set: impl Fn(&mut Self, &str, &Value)) -> Result<Value, Error> {
        let mut copy = self.clone();
        copy.text = None;
        let (positional, named) = split(args);
        let parts = ["database", "schema", "identifier"].map(str::to_owned);
        for (name, value) in parts.into_iter().zip(positional).chain(named) {
            set(&mut copy, &name, &value);
        }
        Ok(copy.value())
    }

    fn path(&mut self, name: &str, value: &Value) {
        let text = if value.is_none() || value.is_undefined() { String::new() } else { value.to_string() };
        match name {
            "database" => self.name.database = text,
            "schema" => self.name.schema = text,
            "identifier" => self.name.identifier = text,
            "type" => self.kind = Some(text),
            _ => {}
        }
    }
}

impl fmt::Debug for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rendered())
    }
}

fn text_or_none(text: &str) -> Value {
    if text.is_empty() { Value::from(()) } else { Value::from(text) }
}

impl Object for Relation {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rendered())
    }

    fn custom_cmp(self: &Arc<Self>, other: &minijinja::value::DynObject) -> Option<std::cmp::Ordering> {
        Some(self.rendered().cmp(&other.downcast_ref::<Self>()?.rendered()))
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let kind = self.kind.as_deref();
        Some(match key.as_str()? {
            "database" => text_or_none(&self.name.database),
            "schema" => text_or_none(&self.name.schema),
            "dataset" if self.quoting.projects => text_or_none(&self.name.schema),
            "identifier" | "name" | "table" => text_or_none(&self.name.identifier),
            "project" if self.quoting.projects => text_or_none(&self.name.database),
            "type" => kind.map_or_else(|| Value::from(()), Value::from),
            "is_table" => Value::from(kind == Some("table")),
            "is_view" => Value::from(kind == Some("view")),
            "is_cte" => Value::from(kind == Some("cte")),
            _ => return None,
        })
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        Ok(match method {
            "render" => Value::from(self.rendered()),
            "quote" => self.changed(args, |copy, name, value| match name {
                "database" => copy.quoting.database = value.is_true(),
                "schema" => copy.quoting.schema = value.is_true(),
                "identifier" => copy.quoting.identifier = value.is_true(),
                _ => {}
            })?,
            "include" => self.changed(args, |copy, name, value| match name {
                "database" => copy.include.0 = value.is_true(),
                "schema" => copy.include.1 = value.is_true(),
                "identifier" => copy.include.2 = value.is_true(),
                _ => {}
            })?,
            "without_identifier" => {
                let mut copy = Self::clone(self);
                (copy.text, copy.include.2) = (None, false);
                copy.value()
            }
            "incorporate" => {
                let mut copy = Self::clone(self);
                copy.text = None;
                for (name, value) in split(args).1 {
                    if name == "path" {
                        for key in ["database", "schema", "identifier"] {
                            let part = value.get_attr(key).unwrap_or_default();
                            if !part.is_undefined() {
                                copy.path(key, &part);
                            }
                        }
                    } else {
                        copy.path(&name, &value);
                    }
                }
                copy.value()
            }
            "replace_path" => self.changed(args, Self::path)?,
            "get" => {
                let key = args.first().cloned().unwrap_or_default();
                // By this, packages tell a relation from a text.
                let kind = || Dict::value([(Value::from("type"), Value::from("Relation"))]);
                if key.as_str() == Some("metadata") {
                    return Ok(kind());
                }
                self.get_value(&key).or_else(|| args.get(1).cloned()).unwrap_or_else(|| Value::from(()))
            }
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        })
    }
}
