//! What an adapter calls its database and its schema: in a profile, in configs, in sources, in `target`.

/// Names that mean the database. An alias beside `database` itself is an error to dbt, so the order decides nothing.
pub(crate) fn database_keys(adapter: &str) -> &'static [&'static str] {
    match adapter {
        "postgres" | "redshift" => &["dbname", "database"],
        "bigquery" => &["project", "database"],
        "databricks" | "trino" | "athena" | "starburst" => &["catalog", "database"],
        "duckdb" | "snowflake" => &["database"],
        // What an adapter that is not known here calls it cannot be told, so every word is taken.
        _ => &["database", "dbname", "project", "catalog"],
    }
}

/// Names that mean the schema.
pub(crate) fn schema_keys(adapter: &str) -> &'static [&'static str] {
    match adapter {
        "bigquery" => &["dataset", "schema"],
        "duckdb" | "postgres" | "redshift" | "snowflake" | "databricks" | "trino" | "athena" | "starburst" => {
            &["schema"]
        }
        _ => &["schema", "dataset"],
    }
}

/// Whether `key` is another adapter's word: the credentials of this one have no such thing, and dbt says undefined.
pub(crate) fn is_foreign(adapter: &str, key: &str) -> bool {
    let words = ["dbname", "project", "catalog", "dataset"];
    words.contains(&key) && !database_keys(adapter).contains(&key) && !schema_keys(adapter).contains(&key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_foreign_to_all_adapters_but_its_own() {
        assert!(is_foreign("duckdb", "dataset") && is_foreign("snowflake", "catalog"));
        assert!(!is_foreign("bigquery", "dataset") && !is_foreign("postgres", "dbname"));
        assert!(!is_foreign("duckdb", "schema") && !is_foreign("duckdb", "role"));
        assert!(!is_foreign("some_new_adapter", "catalog"), "not known, so not denied");
    }
}
