//! Types, names and texts as each engine writes them, for SQL that we write.

use crate::sql::Dialect;

/// A type in DuckDB's words, as an engine of that dialect writes it in a cast. Types that we do not know stay as they are.
pub fn spell(data_type: &str, dialect: Dialect) -> String {
    use Dialect::{BigQuery, Databricks, Hive, Postgres, Redshift, Snowflake, Spark};
    let name = match (dialect, data_type) {
        (Postgres | Redshift | Snowflake, "DOUBLE") => "double precision",
        (Postgres | Redshift, "FLOAT") => "real",
        (Postgres | Redshift, "TINYINT" | "UTINYINT") => "smallint",
        (Postgres | Redshift, "USMALLINT") => "integer",
        (Postgres | Redshift, "UINTEGER") => "bigint",
        (Postgres | Redshift, "HUGEINT" | "UBIGINT") => "numeric",
        (Postgres, "VARCHAR") => "text",
        (Postgres | Redshift, "BLOB") => "bytea",
        (Postgres | Redshift, "TIMESTAMP_S" | "TIMESTAMP_MS" | "TIMESTAMP_NS") => "timestamp",
        (Snowflake, "HUGEINT" | "UBIGINT" | "NUMERIC") => "number(38, 0)",
        (Snowflake, "TIMESTAMP") => "timestamp_ntz",
        (Snowflake, "TIMESTAMP WITH TIME ZONE") => "timestamp_tz",
        (BigQuery, "TINYINT" | "SMALLINT" | "INTEGER" | "BIGINT") => "int64",
        (BigQuery, "DOUBLE" | "FLOAT") => "float64",
        (BigQuery, "VARCHAR") => "string",
        (BigQuery, "BOOLEAN") => "bool",
        (BigQuery, "HUGEINT" | "UBIGINT" | "NUMERIC") => "bignumeric",
        (BigQuery, "BLOB") => "bytes",
        (BigQuery, "TIMESTAMP") => "datetime",
        (BigQuery, "TIMESTAMP WITH TIME ZONE") => "timestamp",
        (Spark | Databricks | Hive, "VARCHAR") => "string",
        (Spark | Databricks | Hive, "BLOB") => "binary",
        (Spark | Databricks | Hive, "HUGEINT" | "UBIGINT" | "NUMERIC") => "decimal(38, 0)",
        (Spark | Databricks | Hive, "UTINYINT") => "smallint",
        (Spark | Databricks | Hive, "USMALLINT") => "int",
        (Spark | Databricks | Hive, "UINTEGER") => "bigint",
        (Spark | Databricks, "TIMESTAMP" | "TIMESTAMP_S" | "TIMESTAMP_MS" | "TIMESTAMP_NS") => "timestamp_ntz",
        (Spark | Databricks | Hive, "TIMESTAMP WITH TIME ZONE") => "timestamp",
        _ => data_type,
    };
    name.to_owned()
}

/// A name that stands for itself, whatever it holds.
pub fn name(name: &str, dialect: Dialect) -> String {
    use Dialect::{BigQuery, ClickHouse, Databricks, Hive, MySql, Spark};
    match dialect {
        BigQuery | Spark | Databricks | Hive | MySql | ClickHouse => format!("`{}`", name.replace('`', "``")),
        _ => super::quoted(name),
    }
}

/// Whether a backslash within a string means the character after it.
pub fn has_backslashes(dialect: Dialect) -> bool {
    use Dialect::{BigQuery, ClickHouse, Databricks, Hive, MySql, Snowflake, Spark};
    matches!(dialect, BigQuery | Spark | Databricks | Hive | MySql | Snowflake | ClickHouse)
}

/// A text as a string literal.
pub fn text(text: &str, dialect: Dialect) -> String {
    use Dialect::{BigQuery, Databricks, Hive, Spark};
    match dialect {
        // A doubled quote is no quote to all of them: two strings side by side are one.
        BigQuery | Spark | Databricks | Hive => {
            format!("'{}'", text.replace('\\', "\\u005c").replace('\'', "\\u0027"))
        }
        _ if has_backslashes(dialect) => super::literal(&text.replace('\\', "\\\\")),
        _ => super::literal(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_an_engine_writes_otherwise_changes() {
        assert_eq!(spell("DOUBLE", Dialect::Postgres), "double precision");
        assert_eq!(spell("DECIMAL(18,2)", Dialect::Postgres), "DECIMAL(18,2)");
        assert_eq!(spell("DOUBLE", Dialect::DuckDb), "DOUBLE");
        assert_eq!(spell("VARCHAR", Dialect::Spark), "string");
    }

    #[test]
    fn quotes_and_backslashes_stay_what_they_are() {
        assert_eq!(text(r"it's \n", Dialect::Postgres), r"'it''s \n'");
        assert_eq!(text(r"it's \n", Dialect::Spark), r"'it\u0027s \u005cn'");
        assert_eq!(text(r"it's \n", Dialect::Snowflake), r"'it''s \\n'");
        assert_eq!(name("a`b\"c", Dialect::Spark), "`a``b\"c`");
        assert_eq!(name("a\"b", Dialect::Postgres), "\"a\"\"b\"");
    }
}
