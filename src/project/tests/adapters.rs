//! What each adapter writes for the same call, beside what dbt writes.

use super::*;

/// The text of `call` for an adapter, blanks as one.
fn text(adapter: &str, call: &str) -> String {
    let profile =
        format!("p: {{target: dev, outputs: {{dev: {{type: {adapter}, database: Db, schema: Sc, dataset: Sc}}}}}}");
    sql(&load_files(&[("models/m.sql", &format!("{{{{ {call} }}}}"))], &profile), "m")
}

fn fault(adapter: &str, call: &str) -> String {
    let profile = format!("p: {{target: dev, outputs: {{dev: {{type: {adapter}, database: Db, schema: Sc}}}}}}");
    let project = load_files(&[("models/m.sql", &format!("{{{{ {call} }}}}"))], &profile);
    model(&project, "m").compiled.clone().unwrap_err().message
}

#[test]
fn macros_across_databases() {
    let cases = [
        ("snowflake", "dbt.safe_cast('x', 'geography')", "try_to_geography(x)"),
        (
            "postgres",
            "dbt.split_part('s', \"'|'\", -1)",
            "split_part(s, '|', length(s) - length(replace(s, '|', '')) + 2 + -1)",
        ),
        ("duckdb", "dbt.array_construct()", "array[]::integer[]"),
        ("bigquery", "dbt.array_construct()", "ARRAY<INT64>[]"),
        ("trino", "dbt.array_construct()", "null"),
        ("trino", "dbt.datediff('a', 'b', 'year')", "(year(CAST(b AS TIMESTAMP)) - year(CAST(a AS TIMESTAMP)))"),
        (
            "trino",
            "dbt.listagg('m', \"','\", 'order by x', 2)",
            "array_join(slice(array_agg(m order by x), 1, 2), ',')",
        ),
        ("databricks", "dbt.listagg('m')", "array_join(collect_list(m), ',')"),
        (
            "databricks",
            "dbt.datediff('a', 'b', 'day')",
            "timestampdiff(day, date_trunc('day', a), date_trunc('day', b))",
        ),
        ("duckdb", "dbt.snapshot_get_time()", "now()::timestamp"),
        ("redshift", "dbt.snapshot_get_time()", "getdate()::timestamp"),
    ];
    for (adapter, call, want) in cases {
        assert_eq!(text(adapter, call), want, "{adapter}: {call}");
    }
}

#[test]
fn names_and_types() {
    let cases = [
        ("databricks", "this", "`db`.`sc`.`m`"),
        ("snowflake", "this", "Db.Sc.m"),
        ("trino", "api.Column.translate_type('float')", "DOUBLE"),
        ("postgres", "api.Column('c', 'text').data_type", "text"),
        ("redshift", "api.Column('c', 'text').data_type", "character varying(256)"),
        ("snowflake", "adapter.quote_seed_column('x', none)", "x"),
        ("duckdb", "adapter.quote_seed_column('x', none)", "\"x\""),
        ("snowflake", "api.Relation.create(schema='s', identifier='i', quote_policy={'identifier': true})", "s.\"i\""),
    ];
    for (adapter, call, want) in cases {
        assert_eq!(text(adapter, call), want, "{adapter}: {call}");
    }
}

#[test]
fn what_has_another_text_in_each_run_is_not_compiled() {
    assert!(fault("duckdb", "make_temp_relation(this)").contains("make_temp_relation"));
    assert!(fault("duckdb", "ref").contains("printed and not called"));
    assert!(fault("duckdb", "dbt.current_timestamp").contains("printed and not called"));
    assert!(fault("duckdb", "{'a': 1}.keys()").contains("printed"));
    assert_eq!(text("duckdb", "{'a': 1}.keys() | list"), "['a']");
}

#[test]
fn words_of_another_adapter_are_undefined_and_what_a_profile_may_hold_is_not_shown() {
    let words = "target.project ~ target.catalog ~ target.get('dataset', 'none') ~ this.project ~ this.dataset";
    assert_eq!(text("bigquery", &words.replace("'none'", "'x'")), "DbScDbSc");
    assert_eq!(text("duckdb", words), "none");
    assert_eq!(text("postgres", "target.dbname ~ target.dataset"), "Db");
    assert!(fault("snowflake", "target.get('warehouse', 'x')").contains("target.warehouse is not shown"));
}
