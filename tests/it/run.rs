//! `rowproof run` as a whole: the working tree, files of output, the same bytes every time.

use crate::sandbox::{Sandbox, crate_folder};
use serde_json::Value;

const ORDERS: &str = "models/marts/orders.sql";

/// The shop with its data on branch `head`, nothing changed yet.
fn shop() -> Sandbox {
    let sandbox = Sandbox::new();
    let shop = crate_folder("fixtures/_shop");
    sandbox.copy(&shop, &["data.sql"]);
    sandbox.commit("base");
    sandbox.branch("head");
    sandbox.database("shop.duckdb", &[&std::fs::read_to_string(shop.join("data.sql")).unwrap()]);
    sandbox
}

fn edit(sandbox: &Sandbox, path: &str, from: &str, to: &str) {
    let text = std::fs::read_to_string(sandbox.root().join(path)).unwrap();
    assert!(text.contains(from), "{path} holds {from}");
    sandbox.write(path, &text.replace(from, to));
}

/// The report without what may differ between runs: times, and how head is called.
fn steady(mut report: Value) -> Value {
    for outcome in report["outcomes"].as_array_mut().unwrap() {
        outcome["ms"] = 0.into();
    }
    report["head"] = Value::Null;
    report
}

#[test]
fn the_working_tree_is_judged_like_its_commit() {
    let sandbox = shop();
    edit(&sandbox, ORDERS, "totals.revenue,", "totals.order_cost as revenue,");
    let tree = sandbox.rowproof(&["run", "--base", "base", "--head", "worktree", "--format", "json"]);
    assert_eq!(tree.json()["head"]["sha"], "worktree");
    sandbox.commit("head");
    let commit = sandbox.rowproof(&["run", "--base", "base", "--head", "head", "--format", "json"]);
    assert_eq!(steady(tree.json()), steady(commit.json()));
    assert_eq!((tree.code, commit.code), (1, 1));
}

#[test]
fn nothing_changed_has_no_outcome_and_passes() {
    let ran = shop().rowproof(&["run", "--base", "base", "--head", "head", "--format", "json"]);
    let report = ran.json();
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    for key in ["changes", "outcomes", "findings"] {
        assert_eq!(report[key], Value::Array(Vec::new()), "{key}");
    }
}

#[test]
fn same_input_same_report_whatever_the_threads() {
    let sandbox = shop();
    edit(&sandbox, "macros/cents_to_dollars.sql", "/ 100", "/ 1000");
    edit(&sandbox, ORDERS, "totals.revenue,", "totals.order_cost as revenue,");
    sandbox.commit("head");
    let run = |threads: &str| {
        let args = ["run", "--base", "base", "--head", "head", "--format", "json"];
        steady(sandbox.rowproof_with(&[("RAYON_NUM_THREADS", threads)], &args).json())
    };
    let one = run("1");
    assert_eq!(one, run("8"));
    assert_eq!(one, run("3"));
}

#[test]
fn a_changed_macro_names_every_affected_model_and_no_other() {
    let sandbox = shop();
    edit(&sandbox, "macros/cents_to_dollars.sql", "/ 100", "/ 1000");
    sandbox.commit("head");
    let report = sandbox.rowproof(&["run", "--base", "base", "--head", "head", "--format", "json"]).json();
    let affected: Vec<&str> = report["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|c| c["reasons"].as_array().unwrap().iter().any(|r| r.as_str().unwrap().starts_with("macro:")))
        .map(|c| c["model"].as_str().unwrap())
        .collect();
    assert_eq!(affected, ["stg_order_items", "stg_orders", "stg_payments", "stg_products", "stg_refunds"]);
    let named = |f: &Value| affected.contains(&f["model"].as_str().unwrap());
    let lineage: Vec<&Value> =
        report["findings"].as_array().unwrap().iter().filter(|f| f["gate"] == "lineage_diff").collect();
    assert!(lineage.iter().all(|f| named(f)) && lineage.len() >= affected.len(), "{lineage:#?}");
}

#[test]
fn one_report_has_several_faces() {
    let sandbox = shop();
    edit(&sandbox, ORDERS, "totals.revenue,", "totals.order_cost as revenue,");
    sandbox.commit("head");
    let out = tempfile::tempdir().unwrap();
    let files = ["r.json", "r.md", "r.sarif", "r.xml"].map(|name| out.path().join(name).to_str().unwrap().to_owned());
    let mut args = vec!["run", "--base", "base", "--head", "head", "--exit-zero", "--format", "github"];
    args.extend(files.iter().flat_map(|file| ["--output", file.as_str()]));
    let ran = sandbox.rowproof(&args);
    assert_eq!(ran.code, 0, "--exit-zero masks a failed gate: {}", ran.stderr);
    let [json, markdown, sarif, junit] = files.map(|file| std::fs::read_to_string(file).unwrap());
    let report: rowproof::report::Report = serde_json::from_str(&json).unwrap();
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    let in_sarif: Vec<&str> =
        sarif["runs"][0]["results"].as_array().unwrap().iter().filter_map(|r| r["ruleId"].as_str()).collect();
    assert!(!report.findings.is_empty());
    for finding in &report.findings {
        let command = format!("title={} on {}", finding.rule, finding.model);
        assert!(ran.stdout.contains(&command), "{command} is no annotation");
        assert!(markdown.contains(&finding.rule), "{} is not in the comment", finding.rule);
        assert!(in_sarif.contains(&finding.rule.as_str()), "{} is not in the SARIF file", finding.rule);
        assert!(junit.contains(&finding.rule), "{} is not in the JUnit file", finding.rule);
    }
    assert!(ran.stdout.lines().all(|l| l.starts_with("::") || l.starts_with("rowproof: ")), "{}", ran.stdout);
}
