//! What a gate is given, and what it gives back.

use crate::engine::{Engine, Side};
use crate::finding::Finding;
use crate::project::bind::Bound;
use crate::project::{Model, NotCompiled};
use crate::report::{ChangeKind, Equivalence};
use crate::sql::Analysis;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One model's base/head pair.
#[derive(Debug, Clone)]
pub struct Change<'a> {
    /// Unique id (head's; base's when removed).
    pub unique_id: String,
    /// The model on base.
    pub base: Option<&'a Model>,
    /// The model on head.
    pub head: Option<&'a Model>,
    /// What happened.
    pub kind: ChangeKind,
    /// Why it counts as changed.
    pub reasons: Vec<String>,
    /// How the outputs relate.
    pub equivalence: Equivalence,
}

impl<'a> Change<'a> {
    /// The model to talk about: head's, base's when it was removed.
    pub fn model(&self) -> &'a Model {
        self.head.or(self.base).expect("a change has at least one side")
    }

    /// Whether both sides provably give the same output.
    pub fn same_output(&self) -> bool {
        matches!(self.equivalence, Equivalence::Identical | Equivalence::Equivalent)
    }
}

/// Both sides, and the data where there is any.
pub struct Context<'a> {
    /// The trusted side, compiled and bound.
    pub base: &'a Bound,
    /// The judged side.
    pub head: &'a Bound,
    /// The data, or why there is none.
    pub data: Result<&'a dyn Data, &'a str>,
    /// All changes of the run.
    pub changes: &'a [Change<'a>],
}

impl Context<'_> {
    /// The data, or an error that says why there is none (makes the verdict `error`).
    ///
    /// # Errors
    /// The reason why there is no data.
    pub fn data(&self) -> anyhow::Result<&dyn Data> {
        self.data.map_err(|reason| anyhow::anyhow!("{reason}"))
    }

    /// The side.
    pub fn side(&self, side: Side) -> &Bound {
        match side {
            Side::Base => self.base,
            Side::Head => self.head,
        }
    }

    /// The analysis of a model on a side.
    ///
    /// # Errors
    /// Why there is none: not compiled, or not parsed.
    pub fn analysis(&self, side: Side, unique_id: &str) -> anyhow::Result<&Analysis> {
        self.side(side).analysis(unique_id)
    }
}

/// The data of both sides.
pub trait Data: Send + Sync {
    /// The engine that holds it.
    fn engine(&self) -> &dyn Engine;
    /// SQL text that names the relation (built now if it was not yet). `id` is a unique id of a model or source.
    ///
    /// # Errors
    /// Why it could not be built: the engine's message, or what upstream of it is missing.
    fn relation(&self, side: Side, id: &str) -> anyhow::Result<String>;
    /// `sql` with every relation of the project replaced by its relation on `side` (each built if need be).
    ///
    /// # Errors
    /// As [`Data::relation`].
    fn rewrite(&self, side: Side, sql: &str) -> anyhow::Result<String>;
    /// A query over given rows instead of what it reads: by id of what it reads, the query that stands for it.
    ///
    /// # Errors
    /// It reads something that is not given, or rows cannot be given here.
    fn query_over(&self, side: Side, sql: &str, given: &BTreeMap<String, String>) -> anyhow::Result<String> {
        let _ = (side, sql, given);
        anyhow::bail!("nothing can be queried over given rows here")
    }
    /// SQL text that can stand after FROM and means a trusted reference. Project relations are those of the base side.
    ///
    /// # Errors
    /// There is no such relation or file, or it could not be built.
    fn reference(&self, reference: &Reference) -> anyhow::Result<String> {
        anyhow::bail!("{reference:?} cannot be read here: no reference data was gathered")
    }
}

/// A trusted relation that the policy names.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// A model of the base side, by name.
    Model(String),
    /// A seed of the base side, by name.
    Seed(String),
    /// A table of the database (`schema.table`).
    Relation(String),
    /// A csv, parquet or json file, from the project's folder.
    File(String),
    /// A query over the base side's relations and the database.
    Query(String),
}

/// What a gate found in one model.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// Defects.
    pub findings: Vec<Finding>,
    /// The evidence in one line, also when nothing is wrong (`61,948 rows on both sides`).
    pub summary: String,
    /// The evidence.
    pub evidence: Map<String, Value>,
    /// Set when there was nothing to check, with the reason: verdict `skip`.
    pub skipped: Option<String>,
}

impl Checked {
    /// Nothing wrong, with the evidence in words.
    pub fn pass(summary: impl Into<String>) -> Self {
        Self { summary: summary.into(), ..Self::default() }
    }

    /// Nothing to check.
    pub fn skip(reason: impl Into<String>) -> Self {
        Self { skipped: Some(reason.into()), ..Self::default() }
    }

    /// Defects, with the evidence in words.
    pub fn found(summary: impl Into<String>, findings: Vec<Finding>) -> Self {
        Self { summary: summary.into(), findings, ..Self::default() }
    }

    /// Adds one piece of evidence.
    pub fn evidence(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.evidence.insert(key.to_owned(), value.into());
        self
    }
}

/// The message of a model that did not compile, with its place.
pub fn not_compiled(reason: &NotCompiled) -> String {
    format!("not compiled: {} ({}:{})", reason.message, reason.place.path, reason.place.line.max(1))
}
