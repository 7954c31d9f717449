//! `rowproof reconcile` and the gate on 25,000 rows of 13 columns in every way that two tables can differ: each count
//! must be exactly what the tables were made with.

use crate::sandbox::Sandbox;
use serde_json::json;

#[path = "../../benches/reconcile/tables.rs"]
mod tables;

use tables::{KEY, VARIANTS, rows, wrong};

const ROWS: u64 = 25_000;

/// A database with the base as `base` and each variant as `head_<n>`.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let base = format!("create table base as select * exclude (i) from {}", rows(0, ROWS));
    let heads = VARIANTS.iter().enumerate().map(|(at, v)| format!("create table head_{at} as {}", v.sql(ROWS)));
    let scripts: Vec<String> = std::iter::once(base).chain(heads).collect();
    sandbox.database("tables.duckdb", &scripts.iter().map(String::as_str).collect::<Vec<_>>());
    sandbox
}

#[test]
fn the_command_counts_every_kind_of_difference_exactly() {
    let sandbox = sandbox();
    let mut failures = Vec::new();
    for (at, variant) in VARIANTS.iter().enumerate() {
        let head = format!("head_{at}");
        let mut args = vec!["reconcile", "--database", "tables.duckdb", "--reference", "base", "--candidate", &head];
        args.extend(["--format", "json", "--key", KEY]);
        args.extend(variant.options);
        let ran = sandbox.rowproof(&args);
        let wrong = wrong(variant, ROWS, Some(ran.code), &ran.json());
        if !wrong.is_empty() {
            failures.push(format!("{}: {}", variant.name, wrong.join("; ")));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// The same tables on the gate's road: one model each, whose head reads another table than its base.
#[test]
fn the_gate_counts_every_kind_of_difference_exactly() {
    let sandbox = sandbox();
    sandbox.write("dbt_project.yml", "name: tables\nprofile: p\n");
    sandbox.write("profiles.yml", "p: {target: dev, outputs: {dev: {type: duckdb, path: tables.duckdb}}}\n");
    sandbox.write("models/sources.yml", &sources());
    let key: Vec<&str> = KEY.split(',').collect();
    let number = |variant: &tables::Variant, name: &str, otherwise: f64| {
        let given = variant.options.iter().position(|o| *o == name).and_then(|at| variant.options.get(at + 1));
        given.map_or(otherwise, |text| text.parse::<f64>().unwrap())
    };
    let references: Vec<_> = VARIANTS
        .iter()
        .enumerate()
        .map(|(at, variant)| {
            json!({"model": format!("m_{at}"), "reference": {"relation": "main.base"}, "key": key,
                   "tolerance": number(variant, "--tolerance", 1e-9),
                   "absolute_tolerance": number(variant, "--absolute-tolerance", 0.0)})
        })
        .collect();
    let policy = json!({"version": 1, "layers": [{"name": "all", "match": ["models/**"], "gates": ["reconcile"]}],
                        "gates": {"reconcile": {"references": references}}});
    sandbox.write("rowproof.yml", &policy.to_string());
    let write = |head: bool| {
        for at in 0..VARIANTS.len() {
            let table = if head { format!("head_{at}") } else { "base".to_owned() };
            let sql = format!("select * from {{{{ source('main', '{table}') }}}}\n");
            sandbox.write(&format!("models/m_{at}.sql"), &sql);
        }
    };
    write(false);
    sandbox.commit("base");
    sandbox.branch("head");
    write(true);
    sandbox.commit("head");
    let ran = sandbox.rowproof(&["run", "--base", "base", "--head", "head", "--format", "json"]);
    let report = ran.json();
    for (at, variant) in VARIANTS.iter().enumerate() {
        let model = format!("m_{at}");
        let outcomes = report["outcomes"].as_array().unwrap();
        let outcome = outcomes.iter().find(|o| o["model"] == model.as_str() && o["gate"] == "reconcile");
        let evidence = &outcome.unwrap_or_else(|| panic!("{model}: {}", ran.stdout))["evidence"];
        let (columns, differing) = variant.truth(ROWS);
        let (missing, unexpected) = (variant.rows)(ROWS);
        assert_eq!(evidence["rows_equal"], ROWS - missing - differing, "{} {evidence}", variant.name);
        assert_eq!(evidence["except_reference_candidate"], missing + differing, "{}", variant.name);
        assert_eq!(evidence["except_candidate_reference"], unexpected + differing, "{}", variant.name);
        let findings = report["findings"].as_array().unwrap().iter().filter(|f| f["model"] == model.as_str());
        let found: std::collections::BTreeMap<&str, u64> = findings
            .filter(|f| f["rule"] == "reconcile/column-differs")
            .map(|f| (f["column"].as_str().unwrap(), f["evidence"]["differing"].as_u64().unwrap()))
            .collect();
        assert_eq!(found, columns, "{}", variant.name);
    }
}

fn sources() -> String {
    let names = std::iter::once("base".to_owned()).chain((0..VARIANTS.len()).map(|at| format!("head_{at}")));
    let tables: Vec<String> = names.map(|name| format!("{{name: {name}}}")).collect();
    format!("version: 2\nsources: [{{name: main, schema: main, tables: [{}]}}]\n", tables.join(", "))
}
