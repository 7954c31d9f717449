//! Type names of each engine, for casts that we write.

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
        (Spark | Databricks, "TIMESTAMP") => "timestamp_ntz",
        (Spark | Databricks | Hive, "TIMESTAMP WITH TIME ZONE") => "timestamp",
        _ => data_type,
    };
    name.to_owned()
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
}
