//! SQLMesh and Dataform projects through the real binary: compiled, bound, and judged between two revisions.

use crate::sandbox::Sandbox;
use serde_json::{Value, json};

const ORDERS: &str = "MODEL (
  name shop.orders,
  kind FULL,
  audits (not_null(columns := (order_id)), unique_values(columns := (order_id)))
);

SELECT order_id, amount / 100 AS amount
FROM shop.raw_orders
";

fn sqlmesh() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("config.yaml", "model_defaults:\n  dialect: duckdb\n");
    sandbox.write("models/raw_orders.sql", "MODEL (name shop.raw_orders, kind SEED (path '../seeds/raw.csv'));\n");
    sandbox.write("models/orders.sql", ORDERS);
    sandbox
        .write("models/daily.sql", "MODEL (name shop.daily);\n\nSELECT SUM(o.amount) AS total FROM shop.orders AS o");
    sandbox.write("models/recent.sql", "MODEL (name shop.recent);\n\nSELECT 1 AS x WHERE 2 = @days()");
    sandbox.write("seeds/raw.csv", "order_id,amount\n1,250\n2,100\n");
    sandbox.commit("base");
    sandbox
}

fn asked(sandbox: &Sandbox, args: &[&str]) -> (i32, Value) {
    let ran = sandbox.rowproof(args);
    (ran.code, serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}\n{}\n{}", ran.stdout, ran.stderr)))
}

#[test]
fn a_sqlmesh_project_is_compiled_and_its_columns_are_followed() {
    let sandbox = sqlmesh();
    let (code, found) = asked(&sandbox, &["compile", "--format", "json"]);
    let models = &found["models"];
    assert_eq!(models["shop.orders"]["sql"], json!("SELECT order_id, amount / 100 AS amount\nFROM shop.raw_orders"));
    let error = models["shop.recent"]["error"].as_str().unwrap();
    assert!(code == 2 && error.contains("@days") && error.contains("models/recent.sql:3"), "{error}");
    let (_, lineage) = asked(&sandbox, &["lineage", "shop.daily.total", "--upstream", "--format", "json"]);
    assert!(lineage.to_string().contains("seed.") && lineage.to_string().contains("raw_orders"), "{lineage}");
}

#[test]
fn a_change_of_a_sqlmesh_project_is_judged() {
    let sandbox = sqlmesh();
    sandbox.write(
        "models/orders.sql",
        &ORDERS.replace("FROM shop.raw_orders", "FROM shop.raw_orders\nUNION ALL\nSELECT 1, 3"),
    );
    sandbox.commit("head");
    let args = ["run", "--base", "HEAD~1", "--head", "HEAD", "--gates", "parse,compile,test,row_count_diff"];
    let (code, report) = asked(&sandbox, &[&args[..], &["--format", "json"]].concat());
    assert_eq!((code, &report["project"]["kind"]), (1, &json!("sqlmesh")), "{report:#}");
    let rules: Vec<&str> = report["findings"].as_array().unwrap().iter().filter_map(|f| f["rule"].as_str()).collect();
    assert!(rules.contains(&"test/unique"), "{rules:?}");
    let changed: Vec<&str> = report["changes"].as_array().unwrap().iter().filter_map(|c| c["model"].as_str()).collect();
    assert_eq!(changed, ["shop.orders"]);
}

#[test]
fn what_is_not_compiled_is_never_unchanged_where_its_scripts_are_not() {
    let changed = |sandbox: &Sandbox| -> Vec<String> {
        sandbox.commit("head");
        let args = ["run", "--base", "HEAD~1", "--head", "HEAD", "--gates", "parse", "--format", "json"];
        let (_, report) = asked(sandbox, &args);
        let changes = report["changes"].as_array().unwrap().iter();
        changes.map(|c| format!("{} {}", c["model"].as_str().unwrap(), c["reasons"])).collect()
    };
    let dataform = Sandbox::new();
    dataform.write("workflow_settings.yaml", "defaultProject: mill\ndefaultDataset: shop\n");
    dataform.write("includes/lists.js", "module.exports = { names: () => 'id' };\n");
    dataform.write("definitions/odd.sqlx", "config { type: \"view\" }\n\nselect ${lists.names()} from src.raw\n");
    dataform.write("definitions/even.sqlx", "config { type: \"view\" }\n\nselect 1 as x\n");
    dataform.commit("base");
    dataform.write("includes/lists.js", "module.exports = { names: () => 'id, email' };\n");
    assert_eq!(changed(&dataform), ["odd [\"project\"]"]);
    dataform.write("README.md", "# mill\n");
    assert_eq!(changed(&dataform), [""; 0]);
    let sqlmesh = sqlmesh();
    sqlmesh.write("macros/days.py", "def days(evaluator): return 2\n");
    assert_eq!(changed(&sqlmesh), ["shop.recent [\"project\"]"]);
}

#[test]
fn a_dataform_project_is_compiled_and_a_change_of_it_judged() {
    let sandbox = Sandbox::new();
    sandbox.write("workflow_settings.yaml", "defaultProject: mill\ndefaultDataset: shop\n");
    sandbox.write("definitions/raw.sqlx", "config { type: \"declaration\", schema: \"src\", name: \"raw\" }\n");
    sandbox.write("definitions/orders.sqlx", "config { type: \"table\" }\nselect id, net from ${ref(\"raw\")}\n");
    sandbox.write("definitions/odd.sqlx", "config { type: \"view\" }\n\nselect ${columns()} from ${ref(\"orders\")}\n");
    sandbox.write(
        "definitions/total.sqlx",
        "config { type: \"view\" }\nselect sum(o.net) as total from ${ref(\"orders\")} as o\n",
    );
    sandbox.commit("base");
    let (code, found) = asked(&sandbox, &["compile", "--format", "json"]);
    assert_eq!((code, &found["models"]["orders"]["sql"]), (2, &json!("select id, net from `mill.src.raw`")));
    assert!(found["models"]["odd"]["error"].as_str().unwrap().contains("columns(...)"), "{found:#}");
    sandbox
        .write("definitions/orders.sqlx", "config { type: \"table\" }\nselect id, gross as net from ${ref(\"raw\")}\n");
    sandbox.commit("head");
    let args =
        ["run", "--base", "HEAD~1", "--head", "HEAD", "--gates", "parse,compile,lineage_diff", "--format", "json"];
    let (_, report) = asked(&sandbox, &args);
    assert_eq!(report["project"], json!({"kind": "dataform", "name": "project", "dialect": "bigquery"}));
    let text = report["findings"].to_string();
    assert!(text.contains("lineage_diff/re-sourced") && text.contains("definitions/orders.sqlx"), "{report:#}");
}
