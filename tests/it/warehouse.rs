//! The data gates on a warehouse: the verdicts must be those of the embedded DuckDB, with a role that can only SELECT.

mod across;
mod postgres;
mod scenarios;
mod spark;

use crate::sandbox::{Sandbox, crate_folder};
use postgres::{Postgres, driver};
use scenarios::SCENARIOS;
use serde_json::Value;
use spark::Spark;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

const PASSWORD: &str = "sesame word";

/// The shop, in SQL that both engines understand. Its database is the file `shop.duckdb`.
fn shop(profile: &str, warehouse: &str, double: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let shop = crate_folder("fixtures/_shop");
    sandbox.copy(&shop, &["data.sql"]);
    edit(&sandbox, ("macros/cents_to_dollars.sql", "as double)", &format!("as {double})")));
    sandbox.write("profiles.yml", profile);
    let policy = std::fs::read_to_string(shop.join("rowproof.yml")).unwrap();
    sandbox.write("rowproof.yml", &format!("{policy}{warehouse}"));
    sandbox.commit("base");
    sandbox.branch("head");
    sandbox.database("shop.duckdb", &[&std::fs::read_to_string(shop.join("data.sql")).unwrap()]);
    sandbox
}

fn edit(sandbox: &Sandbox, (path, from, to): (&str, &str, &str)) {
    let text = std::fs::read_to_string(sandbox.root().join(path)).unwrap();
    assert!(text.contains(from), "{path} holds {from}");
    sandbox.write(path, &text.replace(from, to));
}

const DUCKDB: &str =
    "shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, schema: analytics}\n";

fn of_postgres(port: u16) -> String {
    format!(
        "shop:\n  target: prod\n  outputs:\n    prod:\n      type: postgres\n      host: 127.0.0.1\n      port: {port}\n      user: reader\n      password: \"{{{{ env_var('SHOP_PASSWORD') }}}}\"\n      dbname: shop\n      schema: analytics\n"
    )
}

/// The tables of the DuckDB file, and the project's relations over them, as PostgreSQL's.
fn load(server: &Postgres, sandbox: &Sandbox) {
    server.sql("postgres", "create database shop");
    server.sql("postgres", &format!("create role reader login password '{PASSWORD}'"));
    let connection = duckdb::Connection::open(sandbox.root().join("shop.duckdb")).unwrap();
    let mut script = "create schema raw; create schema trusted; create schema analytics;\n".to_owned();
    let strings = |sql: &str| -> Vec<(String, String, String, String)> {
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let columns = strings(
        "select table_schema, table_name, column_name, data_type from information_schema.columns where table_schema in ('raw', 'trusted') order by table_schema, table_name, ordinal_position",
    );
    let mut tables: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for (schema, table, column, data_type) in columns {
        let data_type = match data_type.as_str() {
            "DOUBLE" => "double precision".to_owned(),
            "HUGEINT" => "numeric".to_owned(),
            other => other.to_owned(),
        };
        tables.entry(format!("{schema}.{table}")).or_default().push((column, data_type));
    }
    for (table, columns) in &tables {
        let list: Vec<String> = columns.iter().map(|(name, data_type)| format!("{name} {data_type}")).collect();
        writeln!(script, "create table {table} ({});", list.join(", ")).unwrap();
        let cells: Vec<String> = columns
            .iter()
            .map(|(name, _)| format!("coalesce('''' || replace({name}::varchar, '''', '''''') || '''', 'null')"))
            .collect();
        let sql = format!("select '(' || {} || ')', '', '', '' from {table}", cells.join(" || ', ' || "));
        let rows: Vec<String> = strings(&sql).into_iter().map(|row| row.0).collect();
        writeln!(script, "insert into {table} values {};", rows.join(",\n")).unwrap();
    }
    drop(connection);
    for statement in models(sandbox) {
        writeln!(script, "{statement};").unwrap();
    }
    script.push_str("grant usage on schema raw, trusted, analytics to reader; grant select on all tables in schema raw, trusted, analytics to reader;");
    server.sql("shop", &script);
}

/// The project's relations as tables, each after those that it reads.
fn models(sandbox: &Sandbox) -> Vec<String> {
    let compiled = sandbox.rowproof_with(&[("SHOP_PASSWORD", PASSWORD)], &["compile", "--format", "json"]).json();
    let models = compiled["models"].as_object().unwrap();
    let names = [
        "stg_customers",
        "stg_order_items",
        "stg_orders",
        "stg_payments",
        "stg_products",
        "stg_refunds",
        "int_order_totals",
        "orders",
        "customers",
        "product_sales",
    ];
    names
        .iter()
        .map(|name| format!("create table analytics.{name} as {}", models[*name]["sql"].as_str().unwrap()))
        .collect()
}

/// The tables of the DuckDB file, and the project's relations over them, as Spark's.
fn load_into_spark(spark: &Spark, sandbox: &Sandbox) {
    let connection = duckdb::Connection::open(sandbox.root().join("shop.duckdb")).unwrap();
    // Parquet has no integers of 128 bits.
    let mut statement = connection
        .prepare(
            "select schema_name || '.' || table_name, string_agg(case when data_type = 'HUGEINT' then \
             'cast(' || column_name || ' as decimal(38, 0)) as ' else '' end || column_name, ', ' order by column_index) \
             from duckdb_columns() where schema_name in ('raw', 'trusted') group by 1 order by 1",
        )
        .unwrap();
    let tables = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let tables: Vec<(String, String)> = tables.map(Result::unwrap).collect();
    let mut statements: Vec<String> = ["analytics", "trusted", "raw"]
        .iter()
        .flat_map(|schema| [format!("drop schema if exists {schema} cascade"), format!("create schema {schema}")])
        .collect();
    for (table, columns) in tables {
        let file = spark.folder().join(format!("{table}.parquet"));
        let file = file.display();
        connection.execute_batch(&format!("copy (select {columns} from {table}) to '{file}'")).unwrap();
        statements.push(format!("create table {table} as select * from parquet.`{file}`"));
    }
    spark.sql(&statements);
    spark.sql(&models(sandbox));
}

/// What a report decides: verdicts by gate and model, and which rules found what.
fn decided(report: &Value) -> (BTreeMap<String, String>, Vec<String>) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let outcomes = report["outcomes"].as_array().unwrap().iter();
    let verdicts =
        outcomes.map(|o| (format!("{} {}", text(&o["gate"]), text(&o["model"])), text(&o["verdict"]))).collect();
    let findings = report["findings"].as_array().unwrap().iter();
    // An engine may give no plan: that is a note, and decides nothing.
    let mut rules: Vec<String> = findings
        .filter(|f| f["rule"] != "explain_plan/not-asked")
        .map(|f| format!("{} {} {} {}", text(&f["rule"]), text(&f["model"]), text(&f["column"]), text(&f["severity"])))
        .collect();
    rules.sort();
    (verdicts, rules)
}

#[expect(clippy::print_stderr, reason = "a test that did not run must say so")]
fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

#[test]
fn pull_requests_get_the_same_verdicts_on_postgres_by_a_role_that_can_only_select() {
    let ready = driver().and_then(|driver| Ok((driver, Postgres::start()?)));
    let (driver, server) = match ready {
        Ok(ready) => ready,
        Err(why) if std::env::var_os("ROWPROOF_REQUIRE_POSTGRES").is_some() => panic!("{why}"),
        Err(why) => {
            skipped(&why);
            return;
        }
    };
    let driver = format!("warehouse: {{driver: {driver}}}\n");
    let double = "double precision";
    let (embedded, warehouse) = (shop(DUCKDB, "", double), shop(&of_postgres(server.port), &driver, double));
    load(&server, &warehouse);
    // Nothing of the file may be what decides there.
    warehouse.remove("shop.duckdb");
    let all: Vec<&str> = SCENARIOS.iter().map(|(name, _)| *name).collect();
    let variables = [("SHOP_PASSWORD", PASSWORD)];
    let failed = same_verdicts(&embedded, &warehouse, &variables, &all, &["does not run"], double);
    // Alike because both judged, not because neither could.
    assert!(failed > 20, "{failed}");
}

/// Runs pull requests in both sandboxes; gives how many outcomes of the data gates fail. Verdicts and findings must be the
/// same in both, save what is only a note, and undecided only for those that are said.
fn same_verdicts(
    embedded: &Sandbox,
    warehouse: &Sandbox,
    variables: &[(&str, &str)],
    names: &[&str],
    undecidable: &[&str],
    double: &str,
) -> usize {
    let run = |sandbox: &Sandbox| {
        let args = ["run", "--base", "base", "--head", "worktree", "--format", "json"];
        sandbox.rowproof_with(variables, &args)
    };
    let (mut wrong, mut undecided, mut failed) = (String::new(), Vec::new(), 0);
    for (name, edits) in SCENARIOS.iter().filter(|(name, _)| names.contains(name)) {
        let before: Vec<(&str, String)> = edits
            .iter()
            .map(|(path, _, _)| (*path, std::fs::read_to_string(embedded.root().join(path)).unwrap()))
            .collect();
        for (path, from, to) in *edits {
            let [from, to] = [from, to].map(|text| text.replace("double precision", double));
            edit(embedded, (path, &from, &to));
            edit(warehouse, (path, &from, &to));
        }
        let (here, there) = (run(embedded), run(warehouse));
        assert!(!there.stdout.contains(PASSWORD) && !there.stderr.contains(PASSWORD), "{name}");
        let (here, there) = (here.json(), there.json());
        if there["outcomes"].as_array().unwrap().iter().any(|o| o["verdict"] == "error") {
            undecided.push(*name);
        }
        let data = ["test", "row_count_diff", "reconcile"].map(Value::from);
        let outcomes = there["outcomes"].as_array().unwrap().iter();
        failed += outcomes.filter(|o| data.contains(&o["gate"]) && o["verdict"] == "fail").count();
        if decided(&here) != decided(&there) {
            writeln!(wrong, "{name}:\n  {:?}\n  {:?}", decided(&here), decided(&there)).unwrap();
            for outcome in there["outcomes"].as_array().unwrap().iter().filter(|o| o["verdict"] == "error") {
                writeln!(wrong, "  {}", outcome["reason"]).unwrap();
            }
        }
        for (path, text) in before {
            embedded.write(path, &text);
            warehouse.write(path, &text);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert_eq!(undecided, undecidable);
    failed
}

const SPARK: &str =
    "shop:\n  target: prod\n  outputs:\n    prod: {type: spark, method: session, host: unused, schema: analytics}\n";

/// What asks Spark, as a project would name it.
fn of_spark(spark: &Spark) -> String {
    let program = crate_folder("warehouses/spark_connect.py");
    format!("warehouse: {{engine: command, command: [{}, {}]}}\n", spark.python.display(), program.display())
}

#[test]
fn on_spark_verdicts_and_comparisons_are_those_of_duckdb() {
    match Spark::start() {
        Ok(spark) => {
            across::on_spark(&spark);
            pull_requests_on_spark(&spark);
        }
        Err(why) => skipped(&why),
    }
}

fn pull_requests_on_spark(spark: &Spark) {
    let (embedded, warehouse) = (shop(DUCKDB, "", "double"), shop(SPARK, &of_spark(spark), "double"));
    load_into_spark(spark, &warehouse);
    warehouse.remove("shop.duckdb");
    let variables = [("SPARK_REMOTE", spark.remote.as_str())];
    let all: Vec<&str> = SCENARIOS.iter().map(|(name, _)| *name).collect();
    let failed = same_verdicts(&embedded, &warehouse, &variables, &all, &["does not run"], "double");
    assert!(failed > 20, "{failed}");
}

#[test]
fn pull_requests_get_the_same_verdicts_through_a_dbt_adapter() {
    // A Python that has dbt-core and dbt-duckdb.
    let python = std::env::var("ROWPROOF_TEST_DBT").unwrap_or_default();
    if !Path::new(&python).is_file() {
        skipped("ROWPROOF_TEST_DBT names no Python with dbt-duckdb");
        return;
    }
    let program = crate_folder("warehouses/dbt_adapter.py");
    let command = format!("[{python}, {}, --profile, shop, --target, dev]", program.display());
    let warehouse = shop(DUCKDB, &format!("warehouse: {{engine: command, command: {command}}}\n"), "double");
    let embedded = shop(DUCKDB, "", "double");
    let folder = warehouse.root();
    let variables = [("DBT_PROFILES_DIR", folder.to_str().unwrap())];
    let names =
        ["column fed from another", "join multiplies", "key becomes null", "noise below the tolerance", "does not run"];
    let failed = same_verdicts(&embedded, &warehouse, &variables, &names, &["does not run"], "double");
    assert!(failed > 3, "{failed}");
}

#[test]
fn a_warehouse_that_cannot_be_reached_is_an_error_without_its_password() {
    let Ok(driver) = driver() else {
        skipped("no ADBC driver for PostgreSQL");
        return;
    };
    let sandbox = shop(&of_postgres(1), &format!("warehouse: {{driver: {driver}}}\n"), "double");
    edit(&sandbox, SCENARIOS[1].1[0]);
    let args = ["run", "--base", "base", "--head", "worktree", "--gates", "row_count_diff"];
    let ran = sandbox.rowproof_with(&[("SHOP_PASSWORD", PASSWORD)], &args);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stdout.contains("cannot be reached") && !ran.stdout.contains(PASSWORD), "{}", ran.stdout);
    let ran = sandbox.rowproof(&args);
    assert!(ran.code == 2 && ran.stdout.contains("SHOP_PASSWORD"), "{} {}", ran.stdout, ran.stderr);
}
