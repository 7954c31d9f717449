//! Names of built-in functions, by dialect.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::Dialect;

/// Names of one dialect: one a line, sorted; `st_*` stands for all names that begin so.
const LISTS: &[(Dialect, &str)] = &[
    (Dialect::DuckDb, include_str!("functions/duckdb.txt")),
    (Dialect::Postgres, include_str!("functions/postgres.txt")),
    (Dialect::Redshift, include_str!("functions/redshift.txt")),
    (Dialect::Snowflake, include_str!("functions/snowflake.txt")),
    (Dialect::BigQuery, include_str!("functions/bigquery.txt")),
    (Dialect::Databricks, include_str!("functions/databricks.txt")),
    (Dialect::Spark, include_str!("functions/spark.txt")),
    (Dialect::Hive, include_str!("functions/hive.txt")),
    (Dialect::Trino, include_str!("functions/trino.txt")),
    (Dialect::TSql, include_str!("functions/tsql.txt")),
    (Dialect::MySql, include_str!("functions/mysql.txt")),
    (Dialect::Sqlite, include_str!("functions/sqlite.txt")),
    (Dialect::ClickHouse, include_str!("functions/clickhouse.txt")),
];

struct Names {
    exact: BTreeSet<&'static str>,
    prefixes: Vec<&'static str>,
}

impl Names {
    fn has(&self, name: &str) -> bool {
        self.exact.contains(name) || self.prefixes.iter().any(|prefix| name.starts_with(prefix))
    }
}

static NAMES: LazyLock<BTreeMap<Dialect, Names>> = LazyLock::new(|| {
    LISTS
        .iter()
        .map(|(dialect, text)| {
            let names = Names {
                exact: text.lines().filter(|line| !line.ends_with('*')).collect(),
                prefixes: text.lines().filter_map(|line| line.strip_suffix('*')).collect(),
            };
            (*dialect, names)
        })
        .collect()
});

/// Whether the dialect has a built-in function of that name. `None`: nobody wrote down what this dialect has.
pub fn is_builtin(dialect: Dialect, name: &str) -> Option<bool> {
    let name = name.to_ascii_lowercase();
    NAMES.get(&dialect).map(|names| names.has(&name))
}

/// The built-in functions of a dialect by name, in order.
pub fn builtins(dialect: Dialect) -> impl Iterator<Item = &'static str> {
    NAMES.get(&dialect).into_iter().flat_map(|names| names.exact.iter().copied())
}

/// The dialects that list a built-in function of exactly that name.
pub fn dialects_with(name: &str) -> Vec<Dialect> {
    let name = name.to_ascii_lowercase();
    let listed = |names: &Names| names.exact.contains(name.as_str());
    NAMES.iter().filter(|(_, names)| listed(names)).map(|(dialect, _)| *dialect).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_clean() {
        for (dialect, text) in LISTS {
            let lines: Vec<&str> = text.lines().collect();
            assert!(lines.len() > 100, "{dialect:?}");
            assert!(lines.is_sorted_by(|a, b| a < b), "{dialect:?} is sorted without duplicates");
            for line in lines {
                let name = line.strip_suffix('*').unwrap_or(line);
                let clean = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '$');
                assert!(!name.is_empty() && name.chars().all(clean), "{dialect:?}: {line}");
            }
        }
    }

    #[test]
    fn tells_dialects_apart() {
        assert_eq!(is_builtin(Dialect::Snowflake, "IFF"), Some(true));
        assert_eq!(is_builtin(Dialect::BigQuery, "iff"), Some(false));
        assert_eq!(is_builtin(Dialect::Postgres, "ifnull"), Some(false));
        assert_eq!(is_builtin(Dialect::Snowflake, "st_distance"), Some(true));
        assert_eq!(is_builtin(Dialect::Generic, "iff"), None);
        assert_eq!(dialects_with("safe_divide"), [Dialect::BigQuery]);
        for dialect in LISTS.iter().map(|(dialect, _)| *dialect) {
            for name in ["sum", "count", "coalesce", "upper", "round", "row_number"] {
                assert_eq!(is_builtin(dialect, name), Some(true), "{name} on {dialect:?}");
            }
        }
    }
}
