//! Tests of the SQL front end, by subject.

mod cases;
mod check;
mod clauses;
mod dialects;
mod equivalence;
mod hostile;
mod invariants;
mod lineage;
mod pairs;
mod rewrites;
mod rewriting;
mod spans;
mod stack;
mod statements;

use super::{Analysis, Catalog, Dialect, Reason, Role, TableInfo, analyze};

/// Every dialect.
pub(super) const ALL: &[Dialect] = &[
    Dialect::DuckDb,
    Dialect::Postgres,
    Dialect::Redshift,
    Dialect::Snowflake,
    Dialect::BigQuery,
    Dialect::Databricks,
    Dialect::Spark,
    Dialect::Hive,
    Dialect::Trino,
    Dialect::TSql,
    Dialect::MySql,
    Dialect::Sqlite,
    Dialect::ClickHouse,
    Dialect::Generic,
];

/// A small shop. `raw` and `src` have columns that nobody knows.
pub(super) struct Shop;

const TABLES: &[(&str, &str)] = &[
    ("orders", "id customer_id amount status created_at"),
    ("customers", "id name email region"),
    ("payments", "id order_id amount method"),
    ("items", "order_id sku qty price"),
    ("days", "day"),
    ("tree", "id parent_id label"),
    ("events", "id user_id ts payload tags addr"),
    ("raw", "?"),
    ("src", "?"),
];

impl Catalog for Shop {
    fn relation(&self, parts: &[String]) -> Option<TableInfo> {
        let name = parts.last()?.to_lowercase();
        let (id, columns) = TABLES.iter().find(|(table, _)| *table == name)?;
        let columns = (*columns != "?").then(|| columns.split(' ').map(str::to_owned).collect());
        Some(TableInfo { id: (*id).to_owned(), columns })
    }
}

pub(in crate::sql) fn analysis(sql: &str, dialect: Dialect) -> Analysis {
    analyze(sql, dialect, &Shop).unwrap_or_else(|error| panic!("{sql}\n{error}"))
}

/// `name=table.column[:role] ...; name=...` then ` ?reference:reason ...` then ` *open`.
pub(super) fn shown(analysis: &Analysis) -> String {
    let outputs: Vec<String> = analysis
        .outputs
        .iter()
        .map(|output| {
            let mut edges: Vec<String> = output
                .edges
                .iter()
                .map(|edge| {
                    let role = match edge.role {
                        Role::Value => "",
                        Role::Condition => ":c",
                        Role::Window => ":w",
                        Role::Order => ":o",
                    };
                    format!("{}.{}{role}", edge.table, edge.column)
                })
                .collect();
            edges.dedup();
            format!("{}={}", output.name, edges.join(","))
        })
        .collect();
    let mut text = outputs.join(" ");
    for one in &analysis.unresolved {
        let reason = match one.reason {
            Reason::Ambiguous => "ambiguous",
            Reason::NotInSchema => "missing",
            Reason::OpenStar => "open",
            Reason::UnboundAlias => "unbound",
            Reason::Unsupported => "unsupported",
            Reason::ColumnCount => "count",
        };
        text.push_str(&format!(" ?{}:{reason}", one.name));
    }
    for table in &analysis.open {
        text.push_str(&format!(" *{table}"));
    }
    text
}
