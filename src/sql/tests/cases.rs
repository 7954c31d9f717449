//! Column lineage as tables of cases, one file per group of constructs under `cases/`.
//!
//! `@ dialect` is what follows; then the SQL, and `> name=table.column[:role],... name=...` for every output column in
//! order (`?` among the sources: something of it is unresolved; `~` for the name: whatever it is called), `*table` for
//! columns that nobody can know, and after ` | ` everything unresolved in the whole query as `reference:reason`.
//! `>?` instead of `>`: the same, where the grammar reads the text at all.
//! Roles are `c` condition, `w` window, `o` order; none is value. Lines that begin with `#` are remarks.

use std::collections::BTreeSet;

use super::super::{Analysis, Catalog, Dialect, Reason, Role, TableInfo, analyze};
use super::Shop;

const FILES: &[(&str, &str)] = &[
    ("aliases", include_str!("cases/aliases.txt")),
    ("aliases2", include_str!("cases/aliases2.txt")),
    ("expressions", include_str!("cases/expressions.txt")),
    ("expressions2", include_str!("cases/expressions2.txt")),
    ("joins", include_str!("cases/joins.txt")),
    ("joins2", include_str!("cases/joins2.txt")),
    ("models", include_str!("cases/models.txt")),
    ("names", include_str!("cases/names.txt")),
    ("names2", include_str!("cases/names2.txt")),
    ("of_bigquery", include_str!("cases/of_bigquery.txt")),
    ("of_duckdb", include_str!("cases/of_duckdb.txt")),
    ("of_others", include_str!("cases/of_others.txt")),
    ("of_postgres", include_str!("cases/of_postgres.txt")),
    ("of_redshift", include_str!("cases/of_redshift.txt")),
    ("of_snowflake", include_str!("cases/of_snowflake.txt")),
    ("of_spark", include_str!("cases/of_spark.txt")),
    ("of_tsql", include_str!("cases/of_tsql.txt")),
    ("pivots", include_str!("cases/pivots.txt")),
    ("pivots2", include_str!("cases/pivots2.txt")),
    ("recursion", include_str!("cases/recursion.txt")),
    ("recursion2", include_str!("cases/recursion2.txt")),
    ("rows", include_str!("cases/rows.txt")),
    ("rows2", include_str!("cases/rows2.txt")),
    ("scopes", include_str!("cases/scopes.txt")),
    ("scopes2", include_str!("cases/scopes2.txt")),
    ("sets", include_str!("cases/sets.txt")),
    ("sets2", include_str!("cases/sets2.txt")),
    ("stars", include_str!("cases/stars.txt")),
    ("stars2", include_str!("cases/stars2.txt")),
];

/// The shop, and two tables for turning.
pub(super) struct Store;

impl Catalog for Store {
    fn relation(&self, parts: &[String]) -> Option<TableInfo> {
        let columns = match parts.last()?.to_lowercase().as_str() {
            "sales" => "region quarter amount qty",
            "wide" => "id q1 q2 q3",
            _ => return Shop.relation(parts),
        };
        let columns = columns.split(' ').map(str::to_owned).collect();
        Some(TableInfo { id: parts.last()?.to_lowercase(), columns: Some(columns) })
    }
}

pub(super) struct Case {
    pub(super) place: String,
    pub(super) dialect: Dialect,
    pub(super) sql: String,
    expected: String,
    /// The grammar may refuse it.
    refusable: bool,
}

pub(super) fn cases() -> Vec<Case> {
    let mut found = Vec::new();
    for (file, text) in FILES {
        let mut dialect = Dialect::Generic;
        let mut sql = String::new();
        for (at, line) in text.lines().enumerate() {
            if let Some(name) = line.strip_prefix("@ ") {
                dialect = Dialect::from_adapter(name).unwrap_or_else(|| panic!("{file}: dialect {name}"));
            } else if let Some(expected) = line.strip_prefix("> ").or_else(|| line.strip_prefix(">? ")) {
                let (place, expected) = (format!("{file}.txt:{}", at + 1), expected.to_owned());
                let refusable = line.starts_with(">?");
                found.push(Case { place, dialect, sql: std::mem::take(&mut sql), expected, refusable });
            } else if !line.starts_with('#') && !line.is_empty() {
                sql.push_str(if sql.is_empty() { "" } else { "\n" });
                sql.push_str(line);
            }
        }
        assert!(sql.is_empty(), "{file}: SQL without an expected answer: {sql}");
    }
    found
}

/// The answer in the notation of the files.
fn answer(analysis: &Analysis) -> String {
    let mut words: Vec<String> = Vec::new();
    for output in &analysis.outputs {
        let mut sources: Vec<String> = output
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
        sources.sort();
        sources.dedup();
        sources.extend((!output.unresolved.is_empty()).then(|| "?".to_owned()));
        words.push(format!("{}={}", output.name.replace(' ', "_"), sources.join(",")));
    }
    words.extend(analysis.open.iter().map(|table| format!("*{table}")));
    let mut text = words.join(" ");
    let unresolved: Vec<String> =
        analysis.unresolved.iter().map(|one| format!("{}:{}", one.name, reason(one.reason))).collect();
    if !unresolved.is_empty() {
        text.push_str(&format!(" | {}", unresolved.join(" ")));
    }
    text.trim_start().to_owned()
}

fn reason(reason: Reason) -> String {
    let name = serde_json::to_value(reason).expect("a reason is a word");
    match name.as_str().unwrap_or_default() {
        "not_in_schema" => "missing".to_owned(),
        "open_star" => "open".to_owned(),
        "unbound_alias" => "unbound".to_owned(),
        other => other.to_owned(),
    }
}

/// Sources in any order, any name for `~`.
fn same(expected: &str, got: &str) -> bool {
    let normal = |text: &str| -> Vec<(String, BTreeSet<String>)> {
        text.split(' ')
            .map(|word| match word.split_once('=') {
                Some((name, sources)) => (name.to_owned(), sources.split(',').map(str::to_owned).collect()),
                None => (word.to_owned(), BTreeSet::new()),
            })
            .collect()
    };
    let (expected, got) = (normal(expected), normal(got));
    expected.len() == got.len() && expected.iter().zip(&got).all(|(a, b)| (a.0 == b.0 || a.0 == "~") && a.1 == b.1)
}

#[test]
fn every_case_has_the_expected_sources() {
    let cases = cases();
    assert!(cases.len() > 1_140, "{} cases", cases.len());
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let got = match analyze(&case.sql, case.dialect, &Store) {
                Ok(analysis) => answer(&analysis),
                Err(_) if case.refusable => return None,
                Err(error) => format!("error: {error}"),
            };
            (!same(&case.expected, &got)).then(|| {
                let Case { place, dialect, sql, expected, .. } = case;
                format!("{place} ({})\n  {sql}\n  expected {expected}\n  got      {got}", dialect.name())
            })
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// The last part of what stands at an edge's place names the column, or the CTE's column that leads to it.
#[test]
fn every_edge_points_at_a_reference() {
    for case in cases() {
        let Ok(analysis) = analyze(&case.sql, case.dialect, &Store) else { continue };
        for edge in analysis.outputs.iter().flat_map(|output| &output.edges) {
            let Some(text) = case.sql.get(edge.span.start..edge.span.end) else {
                panic!("{}: {:?} is no place of {}", case.place, edge.span, case.sql);
            };
            let shown = format!("{} ({}): {edge:?} is at `{text}` of {}", case.place, case.dialect.name(), case.sql);
            assert!(!text.trim().is_empty(), "{shown}");
            assert!(edge.span.line > 0 && edge.span.column > 0, "{shown}");
            let name = |word: &str| word.trim_matches(['"', '`', '[', ']', '(', ')', '\'']).to_lowercase();
            let words: Vec<String> = text.split('.').map(name).collect();
            let direct = words.contains(&edge.column.to_lowercase());
            // Through a CTE, a derived table or an array it is the name there; a star names nothing.
            let inner = case.sql.contains(['(', ',', '*'])
                && text.split('.').all(|word| word.starts_with('"') || !word.contains([' ', '(']));
            // A relation's name is its row, and nothing is written for the star of these.
            let starless = ["from ", "pivot ", "unpivot ", "table "].iter().any(|word| case.sql.starts_with(word))
                || case.sql.contains("as from ")
                || case.sql.contains("select o from ");
            let star = text.contains('*') || starless || text.to_lowercase().contains("columns");
            assert!(direct || inner || star, "{shown}");
        }
    }
}
