//! The SQL engine behind the data gates: relations of both sides, built on demand in a locked-down scratch database.
//!
//! It knows no gate and no dbt: it is told what each relation is made of.

pub mod adbc;
pub mod build;
pub mod duckdb;
mod graph;
pub mod inline;
pub mod process;
pub mod scratch;
pub mod spelling;
pub mod statement;
mod timezone;
mod values;

pub use build::Workspace;
pub use duckdb::{DuckDb, Locked};
pub use inline::Inlined;
pub use process::{Process, Program};
pub use scratch::{Attach, Limits, RelationKey, Scratch};

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Which side of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// The trusted side.
    Base,
    /// The judged side.
    Head,
}

/// What one relation is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Its id (dbt unique id or relation name).
    pub id: String,
    /// The relation's own name (`orders`): what SQL that reads it may qualify columns with, and what messages call it.
    pub name: String,
    /// How it is made.
    pub body: Body,
    /// Text of each reference in `body` (exactly as it stands in the SQL, `"db"."schema"."t"`) and the id it means.
    /// References by bare name that the parser finds are resolved through [`SidePlan::names`].
    pub refs: BTreeMap<String, String>,
    /// Where it comes from, for messages (`models/marts/orders.sql`).
    pub origin: String,
}

/// How a relation is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A query.
    Query(String),
    /// A CSV with a header; types by column name where they are declared.
    Csv {
        /// The bytes.
        bytes: Arc<[u8]>,
        /// Declared SQL types by column name.
        types: BTreeMap<String, String>,
        /// Field delimiter.
        delimiter: char,
    },
    /// A relation of the attached database: (database, schema, identifier); database may be empty.
    External(String, String, String),
    /// A data file (csv, parquet, json) that the policy or project names, resolved by the caller.
    File(std::path::PathBuf),
    /// It cannot be built, and why (not compiled, Python, ...).
    Unbuildable(String),
}

/// All relations of one side by id.
#[derive(Debug, Clone, Default)]
pub struct SidePlan {
    /// Definitions by id.
    pub definitions: BTreeMap<String, Definition>,
    /// Every name by which SQL text may call a relation, lower-case, parts joined with `.`
    /// (`jaffle.main.orders`, `main.orders`, `orders` where unambiguous), to its id.
    pub names: BTreeMap<String, String>,
    /// Text by which compiled SQL calls a relation (exactly as rendered), to its id: for texts that our parser cannot read.
    pub rendered: BTreeMap<String, String>,
}

impl SidePlan {
    /// The definition of an id.
    ///
    /// # Errors
    /// The id is none of this side.
    pub fn definition(&self, id: &str) -> anyhow::Result<&Definition> {
        self.definitions.get(id).ok_or_else(|| anyhow::anyhow!("{id} is no relation of this side"))
    }
}

/// A name as SQL text that can stand anywhere a name can.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as a SQL string literal.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// One value of a result.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// NULL.
    Null,
    /// BOOLEAN.
    Bool(bool),
    /// Any integer that fits.
    Int(i128),
    /// Any floating point or decimal number, as a double.
    Float(f64),
    /// Anything else, as the engine prints it.
    Text(String),
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Null => write!(f, "NULL"),
            Cell::Bool(b) => write!(f, "{b}"),
            Cell::Int(i) => write!(f, "{i}"),
            Cell::Float(x) => write!(f, "{x}"),
            Cell::Text(t) => write!(f, "{t}"),
        }
    }
}

/// A result held in memory: the engine is asked for aggregates and samples only.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// Column names and types.
    pub columns: Vec<(String, String)>,
    /// Rows.
    pub rows: Vec<Vec<Cell>>,
}

/// A database that answers queries.
pub trait Engine: Send + Sync {
    /// Runs one read-only query. The error is the engine's message, without positions of generated SQL.
    fn query(&self, sql: &str) -> anyhow::Result<Rows>;
    /// The rows of a query of our own that gives nothing but numbers, truth values and texts: an engine that has to ask
    /// for the types of a result first need not do so.
    ///
    /// # Errors
    /// The engine's message.
    fn plain(&self, sql: &str) -> anyhow::Result<Vec<Vec<Cell>>> {
        Ok(self.query(sql)?.rows)
    }
    /// Whether it gives plans that are understood here.
    fn explains(&self) -> bool {
        false
    }
    /// The plan of one read-only query, as the engine prints it in JSON; the query is not run.
    ///
    /// # Errors
    /// The engine's message, or that it gives no plan.
    fn explain(&self, sql: &str) -> anyhow::Result<String> {
        let _ = sql;
        anyhow::bail!("{:?} gives no plan here", self.dialect())
    }
    /// The dialect that it speaks.
    fn dialect(&self) -> crate::sql::Dialect;
    /// Keeps the rows of a query for a while; gives what can stand after FROM. `None` where nothing can be kept.
    ///
    /// # Errors
    /// The engine's message.
    fn keep(&self, _sql: &str) -> anyhow::Result<Option<String>> {
        Ok(None)
    }
    /// Drops what [`Engine::keep`] gave. What is not dropped goes with the engine.
    fn forget(&self, _kept: &str) {}
    /// A type that one of its results names, as a cast writes it.
    fn spell(&self, data_type: &str) -> String {
        spelling::spell(data_type, self.dialect())
    }
    /// A name as its SQL quotes it.
    fn name(&self, name: &str) -> String {
        spelling::name(name, self.dialect())
    }
    /// A text as its SQL writes it.
    fn text(&self, text: &str) -> String {
        spelling::text(text, self.dialect())
    }
}

#[cfg(test)]
mod lockdown_tests;
