//! `graph`: the project's own nodes and sources, as far as they are known before anything is compiled.
//!
//! dbt's order of them follows the file system, so no order is given as the truth: a rendering that walks them is done
//! twice, in opposite orders, and counts only when both agree.

use super::args::poisoned;
use super::fault::Fault;
use super::job::Job;
use super::values::{List, from_json, pair};
use minijinja::value::{DynObject, Enumerator, Object, ObjectRepr};
use minijinja::{Error, State, Value};
use serde_json::{Map, Value as Json};
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Everything that `graph` tells.
#[derive(Debug, Default)]
pub(crate) struct GraphData {
    /// Nodes with their unique ids, where those are known: dbt makes those of generic tests from a hash.
    pub(crate) nodes: Vec<(Option<String>, Map<String, Json>)>,
    pub(crate) sources: Vec<(Option<String>, Map<String, Json>)>,
    /// Kinds of which the project has any, other than these two.
    pub(crate) others: BTreeSet<&'static str>,
}

/// The kinds of things in `graph` besides nodes and sources.
pub(crate) const OTHERS: [&str; 6] =
    ["exposures", "metrics", "groups", "semantic_models", "saved_queries", "unit_tests"];

/// What dbt's nodes and sources have and ours do not tell.
const NOT_TOLD: [&str; 46] = [
    "access",
    "alias",
    "attached_node",
    "build_path",
    "checksum",
    "column_name",
    "columns",
    "compiled",
    "compiled_code",
    "compiled_path",
    "config",
    "config_call_dict",
    "constraints",
    "contract",
    "created_at",
    "database",
    "depends_on",
    "deprecation_date",
    "description",
    "doc_blocks",
    "docs",
    "extra_ctes",
    "extra_ctes_injected",
    "file_key_name",
    "fqn",
    "freshness",
    "language",
    "latest_version",
    "loaded_at_field",
    "loader",
    "meta",
    "metrics",
    "name",
    "original_file_path",
    "patch_path",
    "path",
    "primary_key",
    "raw_code",
    "refs",
    "relation_name",
    "schema",
    "sources",
    "test_metadata",
    "time_spine",
    "unique_id",
    "unrendered_config",
];

/// `model`: the node itself; what it does not tell here fails when it is used.
pub(crate) fn model(job: &Job) -> Value {
    let Json::Object(node) = &job.node.json else { return from_json(&job.node.json) };
    let missing = NOT_TOLD.iter().filter(|key| job.execute && !node.contains_key(**key));
    let fault = |key: &str| poisoned(Fault::unsupported(format!("`model.{key}` is not built in here")));
    let told = node.iter().map(|(key, value)| (Value::from(key.as_str()), from_json(value)));
    super::values::Dict::value(told.chain(missing.map(|key| (Value::from(*key), fault(key)))))
}

/// `graph` itself.
#[derive(Debug)]
pub(crate) struct Graph(pub(crate) Arc<Job>);

impl Object for Graph {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?;
        let Some(data) = self.0.world.graph.get().filter(|_| self.0.execute) else {
            // The first pass: nothing is read yet, and dbt forgives whoever asks.
            let known = OTHERS.contains(&key) || matches!(key, "nodes" | "sources");
            return known.then(|| super::values::Dict::value([]));
        };
        match key {
            "nodes" => Some(Value::from_object(Entries { job: Arc::clone(&self.0), sources: false })),
            "sources" => Some(Value::from_object(Entries { job: Arc::clone(&self.0), sources: true })),
            other if data.others.contains(other) => {
                Some(poisoned(Fault::needs_graph(format!("graph.{other} is not built in here")).needle("graph")))
            }
            other if OTHERS.contains(&other) => Some(super::values::Dict::value([])),
            _ => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        self.0.taint("`graph` as a whole is not built in here");
        Enumerator::Empty
    }

    fn is_true(self: &Arc<Self>) -> bool {
        self.0.execute
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        get(method, args, "graph", |key| self.get_value(key))
    }
}

/// Whether a value is `graph` or something of it, not a copy.
pub(crate) fn is_part(value: &Value) -> bool {
    value.downcast_object_ref::<Node>().is_some()
        || value.downcast_object_ref::<Entries>().is_some()
        || value.downcast_object_ref::<Graph>().is_some()
}

fn get(method: &str, args: &[Value], what: &str, find: impl Fn(&Value) -> Option<Value>) -> Result<Value, Error> {
    if method != "get" {
        return Err(Fault::needs_graph(format!("{what}.{method} is not built in here")).into());
    }
    let found = args.first().and_then(find).or_else(|| args.get(1).cloned());
    Ok(found.unwrap_or_else(|| Value::from(())))
}

/// `graph.nodes` or `graph.sources`.
#[derive(Debug)]
struct Entries {
    job: Arc<Job>,
    sources: bool,
}

impl Entries {
    fn data(&self) -> &[(Option<String>, Map<String, Json>)] {
        self.job.world.graph.get().map_or(&[], |data| if self.sources { &data.sources } else { &data.nodes })
    }

    /// Ids and entries, in one of two orders.
    fn walked(&self) -> Vec<(Value, Value)> {
        self.job.seen().unordered = true;
        let id = |id: &Option<String>| match id {
            Some(id) => Value::from(id.as_str()),
            None => poisoned(Fault::needs_graph("the unique id of a test is not known here")),
        };
        let entry = |at: usize| Value::from_object(Node { job: Arc::clone(&self.job), sources: self.sources, at });
        let mut all: Vec<_> = self.data().iter().enumerate().map(|(at, (key, _))| (id(key), entry(at))).collect();
        if self.job.reversed {
            all.reverse();
        }
        all
    }
}

impl Object for Entries {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?;
        let at = self.data().iter().position(|(id, _)| id.as_deref() == Some(key));
        match at {
            Some(at) => Some(Value::from_object(Node { job: Arc::clone(&self.job), sources: self.sources, at })),
            None if key.starts_with("test.") || key.starts_with("analysis.") => {
                Some(poisoned(Fault::needs_graph(format!("graph.nodes['{key}'] is not built in here"))))
            }
            None => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Iter(Box::new(self.walked().into_iter().map(|(key, _)| key)))
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.data().len())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        Ok(match method {
            "values" => List::value(self.walked().into_iter().map(|(_, entry)| entry).collect()),
            "keys" => List::value(self.walked().into_iter().map(|(key, _)| key).collect()),
            "items" => List::value(self.walked().into_iter().map(|(key, entry)| pair(key, entry)).collect()),
            _ => return get(method, args, "graph.nodes", |key| self.get_value(key)),
        })
    }
}

/// The name of a test, which dbt makes up.
#[derive(Debug)]
struct Untold(Arc<Job>);

impl Object for Untold {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.taint("the name of a test is not known here");
        Ok(())
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        // Those that compare equal stay in the order of the walk, which both renderings must agree on.
        other.downcast_ref::<Self>().map(|_| Ordering::Equal)
    }
}

/// One node or source.
#[derive(Debug)]
struct Node {
    job: Arc<Job>,
    sources: bool,
    at: usize,
}

impl Node {
    fn data(&self) -> Option<&Map<String, Json>> {
        let data = self.job.world.graph.get()?;
        (if self.sources { &data.sources } else { &data.nodes }).get(self.at).map(|(_, node)| node)
    }
}

impl Object for Node {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?;
        match self.data()?.get(key) {
            Some(value) => Some(from_json(value)),
            // Sorted and compared with names of models, which it is none of; anything else would need dbt's own.
            None if key == "name" => Some(Value::from_object(Untold(Arc::clone(&self.job)))),
            None if NOT_TOLD.contains(&key) => {
                Some(poisoned(Fault::needs_graph(format!("`{key}` of a node of `graph` is not built in here"))))
            }
            None => None,
        }
    }

    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        self.job.taint("a whole node of `graph` is not built in here");
        Enumerator::Empty
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn render(self: &Arc<Self>, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.job.taint("a whole node of `graph` is not built in here");
        Ok(())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        get(method, args, "node", |key| self.get_value(key))
    }
}
