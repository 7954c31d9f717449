//! `--state DIR`: dbt's artifacts say which commit is the trusted side.

use crate::sandbox::{Ran, Sandbox};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const PROFILE: &str = "shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, schema: main}\n";
const A: &str = "select 1 as id";
const B: &str = "select id from {{ ref('a') }}\n";

/// Three commits: `b` is edited and `c` added after dbt ran, then `a` is edited on branch `head`.
fn shop() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("dbt_project.yml", "name: shop\nprofile: shop\n");
    sandbox.write("profiles.yml", PROFILE);
    sandbox.write(".gitignore", "kept/\n");
    sandbox.write("models/a.sql", A);
    sandbox.write("models/b.sql", B);
    sandbox.commit("what production was built from");
    sandbox.write("models/b.sql", "select id, 2 as two from {{ ref('a') }}");
    sandbox.commit("later");
    sandbox.write("models/c.sql", "select 3 as id");
    sandbox.commit("later still");
    sandbox.branch("head");
    sandbox.write("models/a.sql", "select 10 as id");
    sandbox.commit("judged");
    sandbox
}

/// dbt's manifest of two models.
fn keep(sandbox: &Sandbox, a: &str, b: &str) {
    let node = |name: &str, raw: &str| {
        let hash: String = Sha256::digest(raw.trim().as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
        json!({
            "resource_type": "model", "language": "sql", "raw_code": raw.trim(), "compiled_code": null,
            "package_name": "shop", "original_file_path": format!("models/{name}.sql"),
            "checksum": {"name": "sha256", "checksum": hash}, "relation_name": format!("\"db\".\"prod\".\"{name}\""),
            "depends_on": {"macros": [], "nodes": []}, "config": {"materialized": "view"},
        })
    };
    let manifest = json!({
        "metadata": {
            "dbt_schema_version": "schemas/dbt/manifest/v12.json", "adapter_type": "duckdb", "project_name": "shop",
            "generated_at": "2026-06-01T00:00:00Z",
        },
        "nodes": {"model.shop.a": node("a", a), "model.shop.b": node("b", b)},
        "sources": {}, "macros": {},
    });
    sandbox.write("kept/manifest.json", &manifest.to_string());
}

fn run(sandbox: &Sandbox, more: &[&str]) -> Ran {
    sandbox.rowproof(&[&["run", "--gates", "parse", "--format", "json", "--head", "head"], more].concat())
}

fn changed(report: &Value) -> Vec<&str> {
    report["changes"].as_array().unwrap().iter().filter_map(|change| change["model"].as_str()).collect()
}

#[test]
fn the_commit_that_production_was_built_from_is_the_trusted_side() {
    let sandbox = shop();
    keep(&sandbox, A, B);
    assert_eq!(changed(&run(&sandbox, &["--base", "base"]).json()), ["a"]);
    let report = run(&sandbox, &["--base", "base", "--state", "kept"]).json();
    assert_eq!(changed(&report), ["a", "b", "c"]);
    let told = report["notices"].to_string();
    assert!(told.contains("it is 2 commits before the merge base"), "{told}");
    // A clone that knows no base branch has the artifacts to go by.
    assert_eq!(run(&sandbox, &[]).code, 2);
    let alone = run(&sandbox, &["--state", "kept"]).json();
    assert_eq!(changed(&alone), ["a", "b", "c"]);
    assert_eq!(alone["base"]["sha"], report["base"]["sha"]);
}

#[test]
fn artifacts_of_no_commit_leave_the_merge_base_and_say_so() {
    let sandbox = shop();
    keep(&sandbox, "select 0 as id", B);
    let report = run(&sandbox, &["--base", "base", "--state", "kept"]).json();
    assert_eq!(changed(&report), ["a"]);
    let told = report["notices"].to_string();
    assert!(told.contains("none of the last commits has the models"), "{told}");
    let alone = run(&sandbox, &["--state", "kept"]);
    assert_eq!(alone.code, 2);
    assert!(alone.stderr.contains("none of the last commits"), "{}", alone.stderr);
    let nowhere = run(&sandbox, &["--base", "base", "--state", "models"]);
    assert_eq!(nowhere.code, 2);
    assert!(nowhere.stderr.contains("there is no manifest.json in it"), "{}", nowhere.stderr);
}

#[test]
fn artifacts_that_the_pull_request_carries_are_not_believed() {
    let sandbox = shop();
    sandbox.write(".gitignore", "");
    keep(&sandbox, A, B);
    sandbox.commit("carried");
    let report = run(&sandbox, &["--base", "base", "--state", "kept"]).json();
    assert_eq!(changed(&report), ["a"]);
    let told = report["notices"].to_string();
    assert!(told.contains("the pull request carries this manifest"), "{told}");
    assert_eq!(run(&sandbox, &["--state", "kept"]).code, 2, "nothing trusted says what the base is");
}
