//! One rendering: what it may see (the world, its node) and what it has told so far.

use super::fault::Fault;
use super::macros::Macros;
use super::meter;
use super::rewrite::Caller;
use super::told::{Key, Told};
use crate::project::{RelationName, Target};
use jiff::Timestamp;
use minijinja::{Error, Value};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

/// Steps of all templates of one rendering together.
pub(crate) const FUEL: u64 = 20_000_000;
/// Macro calls within one another.
const MAX_DEPTH: u32 = 64;
/// Lists and dicts made in one rendering: bounds the depth of what they can nest.
const MAX_CONTAINERS: u64 = 100_000;
/// Longest text that a rendering may make or keep, in bytes.
pub(crate) const MAX_TEXT: usize = 16 * 1024 * 1024;

/// A table that the caller's database returned.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// Column names.
    pub columns: Vec<String>,
    /// Rows, a value for each column.
    pub rows: Vec<Vec<Json>>,
}

/// Answers questions that templates ask of the warehouse, where that is possible without one.
pub trait Introspect: Sync {
    /// The result of SQL that names no table (`select datediff(...)`). `Ok(None)`: cannot be answered here.
    /// An error means that the SQL was tried and failed.
    fn query(&self, sql: &str) -> anyhow::Result<Option<Table>>;
    /// What the database says of a relation.
    fn relation(&self, relation: &RelationName) -> Known;
}

/// What is known of a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// It is there.
    There {
        /// `table` or `view`.
        kind: String,
        /// Column names and types, in order.
        columns: Vec<(String, String)>,
    },
    /// The database that dbt would ask has no such relation.
    Absent,
    /// dbt would ask a database that cannot be looked into here, and why not.
    Closed(String),
    /// Nobody here can tell.
    Unknown,
}

/// A question to the thread that owns the [`Introspect`].
pub(crate) enum Question {
    Query(String, Sender<anyhow::Result<Option<Table>>>),
    Relation(RelationName, Sender<Known>),
    Stop,
}

/// Everything that all renderings of a project share.
pub(crate) struct World {
    pub(crate) root: String,
    pub(crate) macros: Macros,
    pub(crate) target: Target,
    /// `vars` by package as they apply there, command line included.
    pub(crate) vars: BTreeMap<String, Map<String, Json>>,
    /// Values of the allowed environment variables.
    pub(crate) env: BTreeMap<String, String>,
    /// `dispatch:` search orders by namespace.
    pub(crate) dispatch: BTreeMap<String, Vec<String>>,
    /// Installed packages.
    pub(crate) packages: BTreeSet<String>,
    /// `version` of each, and of the project.
    pub(crate) versions: BTreeMap<String, Json>,
    /// Packages that packages.yml names and that are not installed.
    pub(crate) missing_packages: BTreeSet<String>,
    pub(crate) now: Timestamp,
    pub(crate) ask: Option<Mutex<Sender<Question>>>,
    /// What the project itself says of the columns of relations.
    pub(crate) told: Told,
    /// What `graph` tells; set with the index.
    pub(crate) graph: OnceLock<super::graph::GraphData>,
    /// What `ref` and `source` resolve to; set after the configs are known.
    pub(crate) index: OnceLock<super::index::Index>,
}

impl World {
    /// The answer to `sql`, `None` when nobody can answer.
    pub(crate) fn query(&self, sql: &str) -> anyhow::Result<Option<Table>> {
        let (reply, answer) = channel();
        if !self.send(Question::Query(sql.to_owned(), reply)) {
            return Ok(None);
        }
        let asked = Instant::now();
        let answered = answer.recv().unwrap_or(Ok(None));
        meter::waited(asked.elapsed());
        answered
    }

    /// What the database says of a relation.
    pub(crate) fn relation(&self, relation: &RelationName) -> Known {
        let (reply, answer) = channel();
        if !self.send(Question::Relation(relation.clone(), reply)) {
            return Known::Unknown;
        }
        let asked = Instant::now();
        let answered = answer.recv().unwrap_or(Known::Unknown);
        meter::waited(asked.elapsed());
        answered
    }

    fn send(&self, question: Question) -> bool {
        self.ask.as_ref().is_some_and(|ask| ask.lock().unwrap_or_else(PoisonError::into_inner).send(question).is_ok())
    }

    /// Adapter names in the order in which `adapter.dispatch` looks for them, `default` last.
    pub(crate) fn prefixes(&self) -> Vec<&str> {
        let adapter = self.target.adapter.as_str();
        let parent = match adapter {
            "redshift" | "materialize" | "alloydb" => Some("postgres"),
            "databricks" => Some("spark"),
            "fabric" | "synapse" => Some("sqlserver"),
            "athena" | "starburst" => Some("trino"),
            _ => None,
        };
        [Some(adapter), parent, Some("default")].into_iter().flatten().collect()
    }
}

/// The node that is rendered.
#[derive(Debug, Clone, Default)]
pub(crate) struct NodeInfo {
    pub(crate) unique_id: String,
    pub(crate) name: String,
    pub(crate) package: String,
    /// Path of its file from the repository's root.
    pub(crate) path: String,
    /// Effective config; empty in the first pass.
    pub(crate) config: Map<String, Json>,
    /// `this`.
    pub(crate) relation: Option<RelationName>,
    /// The `model` variable.
    pub(crate) json: Json,
}

/// What a rendering told.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Arguments of each `config()` call, in order.
    pub(crate) configs: Vec<Map<String, Json>>,
    /// Unique ids that `ref` and `source` resolved to (second pass).
    pub(crate) depends_on: BTreeSet<String>,
    /// Ephemeral models used, in order.
    pub(crate) ephemeral: Vec<String>,
    pub(crate) macros: BTreeMap<String, String>,
    /// Vars asked for, with their values as JSON; empty where there is none.
    pub(crate) vars: BTreeMap<String, String>,
    pub(crate) flags: BTreeSet<String>,
    pub(crate) asked_incremental: bool,
    /// Whether it walked something whose order in dbt is not known.
    pub(crate) unordered: bool,
    /// Something that has no faithful text was printed or walked.
    pub(crate) tainted: Option<String>,
    /// Relations that were asked for and of which nothing is known.
    pub(crate) wanted: BTreeSet<Key>,
    pub(crate) results: BTreeMap<String, Value>,
    fuel: u64,
    written: usize,
    depth: u32,
    containers: u64,
}

/// What a unit test puts in the place of what the project says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    /// Vars, whatever the package.
    pub(crate) vars: Map<String, Json>,
    /// Environment variables.
    pub(crate) env: BTreeMap<String, String>,
    /// What a macro gives, by its name or `package.name`, whatever it is called with.
    pub(crate) macros: Map<String, Json>,
}

/// One rendering.
pub(crate) struct Job {
    pub(crate) world: Arc<World>,
    pub(crate) node: NodeInfo,
    pub(crate) execute: bool,
    pub(crate) incremental: bool,
    /// Walks what has no order backwards.
    pub(crate) reversed: bool,
    /// Call-block bodies of the node's own template, by name.
    pub(crate) callers: BTreeMap<String, Caller>,
    /// Names that only this rendering has (`model` of a generic test).
    pub(crate) extra: BTreeMap<String, Value>,
    pub(crate) overrides: Overrides,
    seen: Mutex<Seen>,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<rendering of {}>", self.node.unique_id)
    }
}

impl Job {
    pub(crate) fn new(world: &Arc<World>, node: NodeInfo, execute: bool) -> Self {
        Self {
            world: Arc::clone(world),
            node,
            execute,
            incremental: false,
            reversed: false,
            callers: BTreeMap::new(),
            extra: BTreeMap::new(),
            overrides: Overrides::default(),
            seen: Mutex::default(),
        }
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Spoils the rendering: what it has printed is not what dbt prints.
    pub(crate) fn taint(&self, why: &str) {
        self.seen().tainted.get_or_insert_with(|| why.to_owned());
    }

    pub(crate) fn flag(&self, flag: &str) {
        self.seen().flags.insert(flag.to_owned());
    }

    /// Enters a macro or caller body.
    pub(crate) fn enter(&self) -> Result<(), Error> {
        let mut seen = self.seen();
        // A body that fails does not report its steps: each entry costs something by itself.
        seen.fuel += 500;
        if seen.fuel > FUEL {
            return Err(Fault::limit("the template runs too long (step limit)").into());
        }
        if seen.depth >= MAX_DEPTH {
            return Err(Fault::limit(format!("macros call one another deeper than {MAX_DEPTH} levels")).into());
        }
        seen.depth += 1;
        Ok(())
    }

    pub(crate) fn leave(&self) {
        self.seen().depth -= 1;
    }

    /// Adds the steps of a template that ended.
    pub(crate) fn burned(&self, steps: u64) {
        self.seen().fuel += steps;
    }

    /// Counts plain text that a loop writes.
    pub(crate) fn wrote(&self, bytes: usize) -> Result<(), Error> {
        let mut seen = self.seen();
        seen.written = seen.written.saturating_add(bytes);
        if seen.written > 4 * MAX_TEXT {
            return Err(Fault::limit("loops write more than 64 MiB of text").into());
        }
        Ok(())
    }

    /// Counts a list or dict that a template made.
    pub(crate) fn container(&self) -> Result<(), Error> {
        let mut seen = self.seen();
        seen.containers += 1;
        if seen.containers > MAX_CONTAINERS {
            return Err(Fault::limit(format!("more than {MAX_CONTAINERS} lists and dicts made")).into());
        }
        Ok(())
    }
}

/// Refuses text that is too long to go on with.
pub(crate) fn bounded(value: Value) -> Result<Value, Error> {
    if value.as_str().is_some_and(|text| text.len() > MAX_TEXT) {
        return Err(Fault::limit("a text longer than 16 MiB").into());
    }
    Ok(value)
}
