//! `rowproof compile` through the real binary: what templates ask the database, and dbt's manifest beside it.

mod lent;
mod odd;
mod state;

use crate::sandbox::Sandbox;
use serde_json::{Value, json};

const PROJECT: &str = "name: shop\nprofile: shop\n";
const PROFILE: &str = "shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, schema: main}\n";
/// Lists the columns of `a`.
const LISTING: &str =
    "select {% for c in adapter.get_columns_in_relation(ref('a')) %}{{ c.name }}, {% endfor %}1 as one";

fn shop() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("dbt_project.yml", PROJECT);
    sandbox.write("profiles.yml", PROFILE);
    sandbox.write(".gitignore", "*.duckdb\n");
    sandbox.write("models/a.sql", "select 1 as id, 'x' as name");
    sandbox.write("models/lists.sql", LISTING);
    sandbox.write("models/plain.sql", "select id\nfrom {{ ref('a') }}");
    sandbox.commit("base");
    sandbox
}

fn compiled(sandbox: &Sandbox, args: &[&str]) -> (i32, Value) {
    let ran = sandbox.rowproof(&[&["compile", "--format", "json"], args].concat());
    (ran.code, serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}\n{}\n{}", ran.stdout, ran.stderr)))
}

#[test]
fn templates_are_told_what_is_in_the_database_and_what_is_not() {
    let sandbox = shop();
    let (code, before) = compiled(&sandbox, &[]);
    assert_eq!((code, &before["models"]["lists"]["sql"]), (0, &json!("select 1 as one")));
    assert_eq!(before["models"]["lists"]["flags"], json!(["introspection:absent"]));
    sandbox.database("shop.duckdb", &["create view a as select 1 as id, 'x' as name"]);
    let (_, after) = compiled(&sandbox, &[]);
    assert_eq!(after["models"]["lists"]["sql"], json!("select id, name, 1 as one"));
    assert_eq!(after["models"]["lists"]["flags"], json!(["introspection:database"]));
}

fn manifest(sandbox: &Sandbox, plain: &str) {
    let node =
        |raw: &str, compiled: &str| json!({"resource_type": "model", "raw_code": raw, "compiled_code": compiled});
    let text = json!({
        "metadata": {"dbt_schema_version": "schemas/dbt/manifest/v12.json", "dbt_version": "1.11.0"},
        "nodes": {
            "model.shop.a": node("select 1 as id, 'x' as name", "select 1 as id, 'x' as name"),
            "model.shop.lists": node("an older text", "select 2"),
            "model.shop.plain": node("select id\nfrom {{ ref('a') }}", plain),
        },
    });
    sandbox.write("target/manifest.json", &text.to_string());
}

#[test]
fn a_manifest_confirms_what_was_compiled() {
    let sandbox = shop();
    manifest(&sandbox, "select id -- as dbt\nfrom  \"shop\".\"main\".\"a\"");
    let args = ["--verify-against", "target/manifest.json"];
    let (code, found) = compiled(&sandbox, &args);
    let verified = &found["verified"];
    assert_eq!(code, 2, "a stale file is not confirmed");
    assert_eq!(verified["identical"], json!(["model.shop.a", "model.shop.plain"]));
    assert_eq!(verified["not_compared"][0]["unique_id"], "model.shop.lists");
    assert_eq!(verified["sql_from"], "native");
    assert_eq!(found["models"]["lists"]["sql"], "select 1 as one");
    let ran = sandbox.rowproof(&["compile", "a", "plain", "--verify-against", "target/manifest.json"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.stdout.starts_with("2 models beside target/manifest.json (dbt 1.11.0): 2 identical"), "{}", ran.stdout);
}

#[test]
fn one_difference_and_the_manifest_is_believed() {
    let sandbox = shop();
    manifest(&sandbox, "select ident\nfrom \"shop\".\"main\".\"a\"");
    let (code, found) = compiled(&sandbox, &["--verify-against", "target/manifest.json"]);
    assert_eq!((code, &found["verified"]["sql_from"]), (1, &json!("manifest")));
    let wanted = json!([{"unique_id": "model.shop.plain", "dbt": "select ident", "ours": "select id"}]);
    assert_eq!(found["verified"]["different"], wanted);
    assert_eq!(found["models"]["plain"]["sql"], "select ident\nfrom \"shop\".\"main\".\"a\"");
    let ran = sandbox.rowproof(&["compile", "--verify-against", "target/manifest.json"]);
    assert!(ran.stdout.contains("its SQL is taken from the manifest"), "{}", ran.stdout);
    let missing = sandbox.rowproof(&["compile", "--verify-against", "nowhere.json"]);
    assert_eq!(missing.code, 2);
    assert!(missing.stderr.contains("dbt compile"), "{}", missing.stderr);
}
