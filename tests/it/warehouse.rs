//! The data gates on a warehouse: the verdicts must be those of the embedded DuckDB, with a role that can only SELECT.

mod postgres;
mod scenarios;

use crate::sandbox::{Sandbox, crate_folder};
use postgres::{Postgres, driver};
use scenarios::{Edit, SCENARIOS};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const PASSWORD: &str = "sesame word";

/// The shop, in SQL that both engines understand. Its database is the file `shop.duckdb`.
fn shop(profile: &str, driver: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let shop = crate_folder("fixtures/_shop");
    sandbox.copy(&shop, &["data.sql"]);
    edit(&sandbox, ("macros/cents_to_dollars.sql", "as double)", "as double precision)"));
    sandbox.write("profiles.yml", profile);
    let policy = std::fs::read_to_string(shop.join("rowproof.yml")).unwrap();
    let warehouse = if driver.is_empty() { String::new() } else { format!("warehouse: {{driver: {driver}}}\n") };
    sandbox.write("rowproof.yml", &format!("{policy}{warehouse}"));
    sandbox.commit("base");
    sandbox.branch("head");
    sandbox.database("shop.duckdb", &[&std::fs::read_to_string(shop.join("data.sql")).unwrap()]);
    sandbox
}

fn edit(sandbox: &Sandbox, (path, from, to): Edit) {
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
    let compiled = sandbox.rowproof_with(&[("SHOP_PASSWORD", PASSWORD)], &["compile", "--format", "json"]).json();
    let models = compiled["models"].as_object().unwrap();
    for name in [
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
    ] {
        writeln!(script, "create table analytics.{name} as {};", models[name]["sql"].as_str().unwrap()).unwrap();
    }
    script.push_str("grant usage on schema raw, trusted, analytics to reader; grant select on all tables in schema raw, trusted, analytics to reader;");
    server.sql("shop", &script);
}

/// What a report decides: verdicts by gate and model, and which rules found what.
fn decided(report: &Value) -> (BTreeMap<String, String>, Vec<String>) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let outcomes = report["outcomes"].as_array().unwrap().iter();
    let verdicts =
        outcomes.map(|o| (format!("{} {}", text(&o["gate"]), text(&o["model"])), text(&o["verdict"]))).collect();
    let findings = report["findings"].as_array().unwrap().iter();
    let mut rules: Vec<String> = findings
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
    let (embedded, warehouse) = (shop(DUCKDB, ""), shop(&of_postgres(server.port), &driver));
    load(&server, &warehouse);
    // Nothing of the file may be what decides there.
    warehouse.remove("shop.duckdb");
    let run = |sandbox: &Sandbox| {
        let args = ["run", "--base", "base", "--head", "worktree", "--format", "json"];
        sandbox.rowproof_with(&[("SHOP_PASSWORD", PASSWORD)], &args)
    };
    let (mut wrong, mut undecided, mut failed) = (String::new(), Vec::new(), 0);
    for (name, edits) in SCENARIOS {
        let before: Vec<(&str, String)> = edits
            .iter()
            .map(|(path, _, _)| (*path, std::fs::read_to_string(embedded.root().join(path)).unwrap()))
            .collect();
        for &one in *edits {
            edit(&embedded, one);
            edit(&warehouse, one);
        }
        let (here, there) = (run(&embedded), run(&warehouse));
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
    // Alike because both judged, not because neither could.
    assert_eq!(undecided, ["does not run"]);
    assert!(failed > 20, "{failed}");
}

#[test]
fn a_warehouse_that_cannot_be_reached_is_an_error_without_its_password() {
    let Ok(driver) = driver() else {
        skipped("no ADBC driver for PostgreSQL");
        return;
    };
    let sandbox = shop(&of_postgres(1), &driver);
    edit(&sandbox, SCENARIOS[1].1[0]);
    let args = ["run", "--base", "base", "--head", "worktree", "--gates", "row_count_diff"];
    let ran = sandbox.rowproof_with(&[("SHOP_PASSWORD", PASSWORD)], &args);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stdout.contains("cannot be reached") && !ran.stdout.contains(PASSWORD), "{}", ran.stdout);
    let ran = sandbox.rowproof(&args);
    assert!(ran.code == 2 && ran.stdout.contains("SHOP_PASSWORD"), "{} {}", ran.stdout, ran.stderr);
}
