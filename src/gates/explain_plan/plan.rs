//! A query plan in the few words that the gate needs, whichever engine printed it.

mod duckdb;
mod postgres;

use crate::engine::{Engine, quoted};
use crate::sql::Dialect;
use anyhow::{Context, Result, bail};

/// What a step of a plan does, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Reads a stored relation.
    Scan,
    /// Joins by equal keys.
    KeyedJoin,
    /// Joins by an order of values (sorted, so better than every row against every row).
    RangeJoin,
    /// Compares every row with every row.
    NestedLoop,
    /// Pairs every row with every row.
    Product,
    /// Gives nothing: statistics prove that no row meets the conditions.
    Empty,
    /// Anything else.
    Other,
}

/// One step with its inputs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) step: Step,
    /// Rows that the engine expects to come out; `None` when it does not say so, or is known to say it wrongly.
    pub(super) rows: Option<f64>,
    /// The relation that a scan reads, as SQL calls it.
    pub(super) table: Option<String>,
    /// Conditions that reach the step, as the engine prints them.
    pub(super) conditions: Vec<String>,
    pub(super) inputs: Vec<Node>,
}

impl Node {
    /// Rows that come out: what the engine expects, else what the inputs allow.
    pub(super) fn expected(&self) -> f64 {
        if let Some(rows) = self.rows {
            return rows;
        }
        match self.step {
            Step::Product => self.pairs(),
            Step::Empty => 0.0,
            Step::Scan => 0.0,
            _ => self.inputs.iter().map(Node::expected).fold(0.0, f64::max),
        }
    }

    /// Pairs of rows that a join without keys looks at.
    pub(super) fn pairs(&self) -> f64 {
        self.inputs.iter().map(|input| input.expected().max(1.0)).product()
    }

    /// Rows that all steps handle together; a join without keys handles its pairs.
    pub(super) fn work(&self) -> f64 {
        let own = match self.step {
            Step::NestedLoop | Step::Product => self.pairs(),
            _ => self.expected(),
        };
        own + self.inputs.iter().map(Node::work).sum::<f64>()
    }

    /// This step and all below it.
    pub(super) fn steps(&self) -> Vec<&Node> {
        let mut all = vec![self];
        let mut at = 0;
        while at < all.len() {
            all.extend(&all[at].inputs);
            at += 1;
        }
        all
    }

    /// The scans of a relation, with the conditions of the steps right above that only narrow it.
    pub(super) fn scans<'a>(&'a self, relation: &str) -> Vec<Vec<&'a str>> {
        let mut found = Vec::new();
        self.scans_below(relation, &[], &mut found);
        found
    }

    fn scans_below<'a>(&'a self, relation: &str, above: &[&'a str], found: &mut Vec<Vec<&'a str>>) {
        let mut conditions: Vec<&str> = self.conditions.iter().map(String::as_str).collect();
        if self.step == Step::Scan && self.table.as_deref().is_some_and(|table| same_relation(table, relation)) {
            conditions.extend(above);
            found.push(conditions);
            return;
        }
        if self.step == Step::Other && self.inputs.len() == 1 {
            conditions.extend(above);
        } else {
            conditions.clear();
        }
        for input in &self.inputs {
            input.scans_below(relation, &conditions, found);
        }
    }
}

/// Whether two names of a relation are the same but for quotes, and for outer parts that one of them leaves out.
fn same_relation(one: &str, other: &str) -> bool {
    let parts =
        |name: &str| name.split('.').map(|p| p.trim_matches(['"', '`']).to_lowercase()).rev().collect::<Vec<_>>();
    let (one, other) = (parts(one), parts(other));
    one.iter().zip(&other).all(|(a, b)| a == b)
}

/// The plan of a query on an engine.
///
/// # Errors
/// The engine refuses the query or gives no plan, or gives one that cannot be read.
pub(super) fn of(engine: &dyn Engine, sql: &str) -> Result<Node> {
    let text = engine.explain(sql)?;
    let json = serde_json::from_str(&text).context("the engine's plan is no JSON")?;
    match engine.dialect() {
        Dialect::DuckDb => duckdb::read(&json),
        Dialect::Postgres => postgres::read(&json),
        other => bail!("plans of {other:?} cannot be read yet"),
    }
}

/// A full name of quoted parts.
fn full_name(parts: &[&str]) -> String {
    parts.iter().filter(|part| !part.is_empty()).map(|part| quoted(part)).collect::<Vec<_>>().join(".")
}
