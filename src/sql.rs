//! SQL front end: dialects, parsing with spans, scopes, column lineage and fingerprints.
//!
//! It knows nothing of dbt, gates or engines: relations are whatever the [`Catalog`] says they are.

mod analyze;
mod call;
mod canonical;
mod check;
mod clauses;
mod columns_call;
mod compare;
mod ctes;
mod dialect;
mod dialects;
mod expr;
mod expr_more;
mod factor;
mod functions;
mod grouping;
mod joins;
mod known;
mod lambda;
mod limits;
mod lookup;
mod made_rows;
mod match_recognize;
pub mod merge;
mod names;
pub mod outline;
mod parse;
mod pivot;
mod predicates;
mod prelude;
mod record;
mod records;
mod reference;
mod relations;
mod resolve;
mod rewrite;
mod scope;
mod select;
mod set_ops;
mod shapes;
mod span;
mod stack;
mod star;
mod statements;
mod term;
#[cfg(test)]
mod tests;
mod tokens;
mod tree_order;
mod with_order;

pub use analyze::analyze;
pub use check::{Misuse, MisuseKind, misuses};
pub use compare::{Equivalence, columns_read, compare};
pub use functions::{FunctionUse, functions};
pub use known::{builtins, dialects_with, is_builtin};
pub use relations::{relations, unaliased};
pub use span::Span;
pub use statements::{StatementInfo, StatementKind, statements};
pub use tokens::same_text;

use serde::{Deserialize, Serialize};

/// The SQL dialect of a project, named as dbt names its adapters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// DuckDB.
    #[default]
    DuckDb,
    /// PostgreSQL and what speaks its SQL.
    Postgres,
    /// Amazon Redshift.
    Redshift,
    /// Snowflake.
    Snowflake,
    /// Google BigQuery.
    BigQuery,
    /// Databricks SQL.
    Databricks,
    /// Apache Spark SQL.
    Spark,
    /// Apache Hive.
    Hive,
    /// Trino, and Athena on it.
    Trino,
    /// Microsoft SQL Server and Fabric.
    TSql,
    /// MySQL.
    MySql,
    /// SQLite.
    Sqlite,
    /// ClickHouse.
    ClickHouse,
    /// sqlparser's permissive dialect, for a project that names none that we know.
    Generic,
}

/// What the surroundings know of a relation that a query names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableInfo {
    /// The id that edges carry: a dbt unique id, or the file's relation name. Never environment text.
    pub id: String,
    /// All its columns in order, or `None` when they are not known (an *open* relation).
    pub columns: Option<Vec<String>>,
}

/// Resolves relation names of a query to what they are.
pub trait Catalog {
    /// `parts` is the name as written, without quotes, outermost part first (`["db", "schema", "t"]`).
    /// `None`: nobody knows this relation; it stays open and its id is the name as written, folded.
    fn relation(&self, parts: &[String]) -> Option<TableInfo>;
}

/// How a source column takes part in an output column's own expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Its value flows into the output.
    Value,
    /// It only decides (CASE/IF condition, FILTER of an aggregate, comparison in a boolean test of CASE).
    Condition,
    /// It partitions a window.
    Window,
    /// It orders a window or an ordered aggregate.
    Order,
}

/// One source column that an output column's expression reads.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Edge {
    /// [`TableInfo::id`] of the base relation.
    pub table: String,
    /// Column name as the catalog spells it; as written when the relation is open.
    pub column: String,
    /// How it takes part.
    pub role: Role,
    /// Lower-case names of the functions and aggregates around the column, outermost first, over all the
    /// CTEs and subqueries on the way (`["coalesce", "sum"]`); `cast`, `case` and operators are not listed.
    pub via: Vec<String>,
    /// The column reference in the text of the query (the outermost reference when it came through CTEs).
    pub span: Span,
}

/// Why something could not be resolved. Nothing unresolved ever becomes an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// More than one visible relation has the column.
    Ambiguous,
    /// Every visible relation's columns are known and none has it: an error in the SQL.
    NotInSchema,
    /// It may come from a relation whose columns are not known.
    OpenStar,
    /// The qualifier names no visible relation: an error in the SQL.
    UnboundAlias,
    /// The construct is not understood yet.
    Unsupported,
    /// Numbers of columns that do not fit (a set operation, a column list longer than its query): an error in the SQL.
    /// The name says which numbers.
    ColumnCount,
}

/// A column reference that could not be resolved, anywhere in the query (not only in outputs).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unresolved {
    /// The reference as written (`o.amount`).
    pub name: String,
    /// Why.
    pub reason: Reason,
    /// Where.
    pub span: Span,
    /// Column names that were visible there (for did-you-mean), in order, without duplicates.
    pub candidates: Vec<String>,
    /// Ids of the relations that it may come from.
    pub tables: Vec<String>,
}

/// What an output column is, seen from its sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputKind {
    /// A source column under any name.
    PassThrough,
    /// A source column with casts only.
    Cast,
    /// Any row-level expression.
    Derived,
    /// An aggregate is part of it.
    Aggregated,
    /// A window function is part of it.
    Windowed,
    /// No source column at all.
    Constant,
    /// It could not be resolved.
    Unknown,
}

/// One output column of a query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Output {
    /// Its name; `_col_N` (from 0) when it has none.
    pub name: String,
    /// The name as the dialect compares it: equal keys are the same column name.
    pub key: String,
    /// What it is.
    pub kind: OutputKind,
    /// Every source column of its expression, sorted, without duplicates.
    pub edges: Vec<Edge>,
    /// Unresolved references within its own expression.
    pub unresolved: Vec<Unresolved>,
    /// Canonical expression over base relation columns, CTEs and aliases inlined: equal text = equal value,
    /// given equal row shape. Readable, for messages (`sum(model.shop.orders.amount)`).
    pub expression: String,
    /// Where it stands: the select item that made it, in the innermost query that computes it
    /// (for a plain pass-through chain: the item in the CTE with the real expression).
    pub span: Span,
}

/// The kind of a clause that decides which rows there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClauseKind {
    /// WHERE, HAVING, QUALIFY conjunct.
    Filter,
    /// A join with its kind and condition.
    Join,
    /// A GROUP BY key list.
    Group,
    /// DISTINCT.
    Distinct,
    /// UNION, EXCEPT, INTERSECT.
    SetOperation,
    /// LIMIT, OFFSET, FETCH, SAMPLE.
    Limit,
    /// UNNEST, FLATTEN, PIVOT, table function: anything else that makes or removes rows.
    Other,
}

/// One clause of the canonical row shape, for telling what changed and for finding causes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Clause {
    /// Its kind.
    pub kind: ClauseKind,
    /// Canonical text over base relations.
    pub text: String,
    /// Where it stands.
    pub span: Span,
    /// For joins.
    pub join: Option<JoinClause>,
}

/// A join as a person wrote it, so that a data gate can probe its right side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JoinClause {
    /// `inner`, `left`, `right`, `full`, `cross`, `semi`, `anti`, `asof`.
    pub kind: String,
    /// The joined relation as SQL text that stands alone as a FROM item (`with ... ` prefix in `right_with`).
    pub right_sql: String,
    /// The query's WITH clause text that `right_sql` needs to be valid (may be empty).
    pub right_with: String,
    /// Ids of the base relations under the right side.
    pub right_tables: Vec<String>,
    /// Right-side column expressions of the equality conjuncts, as SQL over the right relation, unqualified.
    pub right_keys: Vec<String>,
    /// The same conjuncts as written, for messages (`orders.customer_id`).
    pub right_keys_text: Vec<String>,
    /// Whether the condition is a conjunction of such equalities and nothing else.
    pub equi_only: bool,
}

/// How the conditions of a join, and those of WHERE, tie its halves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinLink {
    /// At least one equality between an expression of each half: they are the keys of the halves.
    Equal,
    /// Conditions over both halves, none of them such an equality.
    Condition,
    /// Conditions, each over one half only.
    OneSided,
    /// No condition at all, or one that is always true.
    None,
    /// A name did not resolve, or the right half is made from the left one (LATERAL, UNNEST).
    Unknown,
}

/// One half of a join, as SQL that can be asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct JoinHalf {
    /// What can stand after FROM.
    pub from: String,
    /// The half's side of each equality, in the order of the other half's.
    pub keys: Vec<String>,
    /// Conditions of ON and WHERE that read this half only.
    pub conditions: Vec<String>,
    /// Ids of the base relations under it.
    pub tables: Vec<String>,
}

/// A join with both its halves, for whoever asks the data how many rows meet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JoinShape {
    /// As [`JoinClause::kind`]; `comma` for relations that only a comma parts.
    pub kind: String,
    /// What ties the halves.
    pub link: JoinLink,
    /// The WITH clause that both halves need (may be empty).
    pub with: String,
    /// Everything before it.
    pub left: JoinHalf,
    /// The joined relation.
    pub right: JoinHalf,
    /// The condition, for messages.
    pub condition: String,
    /// Where it stands.
    pub span: Span,
}

/// A base relation named in the query text (CTE names are not listed).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RelationUse {
    /// Name parts as written, unquoted.
    pub parts: Vec<String>,
    /// Its id: the catalog's, or the folded name.
    pub id: String,
    /// Whether the catalog knew it.
    pub known: bool,
    /// The whole name in the text.
    pub span: Span,
}

/// A reference to a base column in the text of a query, directly or through stars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnRead {
    /// [`TableInfo::id`] of the base relation.
    pub table: String,
    /// Column name as in [`Edge::column`].
    pub column: String,
    /// The reference; the star when the column only reaches the output through one.
    pub span: Span,
}

/// Everything that one query says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Analysis {
    /// Output columns in order; incomplete when `open` is set.
    pub outputs: Vec<Output>,
    /// A star over a relation whose columns are not known: outputs are not all known. The relation ids.
    pub open: Vec<String>,
    /// Clauses that decide which rows there are, in reading order.
    pub clauses: Vec<Clause>,
    /// Joins with both their halves, in reading order.
    pub joins: Vec<JoinShape>,
    /// Canonical text of the whole row shape (relations, joins, filters, groups, ...): equal = same rows.
    /// `None` when a construct is not understood: then nothing may be called equal.
    pub row_shape: Option<String>,
    /// Base relations that the text names.
    pub relations: Vec<RelationUse>,
    /// Every reference to a base column, in any clause, in reading order.
    pub reads: Vec<ColumnRead>,
    /// Every reference that did not resolve, outputs' included.
    pub unresolved: Vec<Unresolved>,
    /// True when only the permissive dialect could read the text: a weaker answer, said in the report.
    pub generic_dialect: bool,
}

/// The text could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SqlError {
    /// Lower-case fragment without position.
    pub message: String,
    /// Where, when the parser said.
    pub span: Option<Span>,
}
