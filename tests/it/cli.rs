//! What the command line says when it is asked wrongly, or cannot decide.

use crate::sandbox::{Ran, Sandbox, crate_folder};
use std::path::Path;

/// The shop on branch `base`, and `head` with the README edited.
fn shop() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.copy(&crate_folder("fixtures/_shop"), &["data.sql"]);
    sandbox.commit("base");
    sandbox.branch("head");
    sandbox
}

fn refused(ran: &Ran, words: &[&str]) {
    assert_eq!(ran.code, 2, "stdout: {}\nstderr: {}", ran.stdout, ran.stderr);
    assert!(ran.stdout.is_empty(), "a refusal prints no report: {}", ran.stdout);
    let stderr = ran.stderr.to_lowercase();
    for word in words {
        assert!(stderr.contains(word), "`{word}` is not in: {}", ran.stderr);
    }
    assert!(!stderr.contains("panicked"), "{}", ran.stderr);
}

#[test]
fn not_a_repository() {
    let folder = tempfile::tempdir().unwrap();
    let ran = Sandbox::new().rowproof_in(folder.path(), &["run", "--base", "main"]);
    refused(&ran, &["repository"]);
}

#[test]
fn unknown_revision() {
    let sandbox = shop();
    refused(&sandbox.rowproof(&["run", "--base", "no-such-branch", "--head", "head"]), &["no-such-branch"]);
    refused(&sandbox.rowproof(&["run", "--base", "base", "--head", "no-such-head"]), &["no-such-head"]);
}

#[test]
fn no_project() {
    let sandbox = Sandbox::new();
    sandbox.write("notes.txt", "nothing here");
    sandbox.commit("base");
    refused(&sandbox.rowproof(&["run", "--base", "base", "--head", "base"]), &["project"]);
}

/// A clone of depth 1 has no merge base; it must never be read as an empty difference.
#[test]
fn shallow_clone_without_a_merge_base() {
    let sandbox = shop();
    sandbox.write("models/marts/orders.sql", "select 1 as order_id\n");
    sandbox.commit("head");
    let head = sandbox.repo().revparse_single("head").unwrap().id().to_string();
    let base = sandbox.repo().revparse_single("base").unwrap().id().to_string();
    // What `fetch --depth 1` of both branches leaves: two commits that know no parent.
    std::fs::write(sandbox.root().join(".git/shallow"), format!("{head}\n{base}\n")).unwrap();
    let ran = sandbox.rowproof(&["run", "--base", "base", "--head", "head"]);
    refused(&ran, &["shallow"]);
}

#[test]
fn a_mistyped_option_is_refused() {
    refused(&shop().rowproof(&["run", "--bsae", "base"]), &["--base"]);
}

/// Without its database, a data gate cannot tell; the static gates still can, and the run has not passed.
#[test]
fn missing_database() {
    let sandbox = shop();
    let path = "models/marts/orders.sql";
    let text = std::fs::read_to_string(sandbox.root().join(path)).unwrap();
    sandbox.write(path, &text.replace("totals.revenue,", "totals.order_cost as revenue,"));
    sandbox.commit("head");
    let ran = sandbox.rowproof(&["run", "--base", "base", "--head", "head", "--format", "json"]);
    let report = ran.json();
    let verdict = |gate: &str| {
        let of = report["outcomes"].as_array().unwrap().iter().find(|o| o["gate"] == gate && o["model"] == "orders");
        of.unwrap_or_else(|| panic!("no outcome of {gate}")).clone()
    };
    assert_eq!(ran.code, 2);
    for gate in ["test", "row_count_diff", "reconcile"] {
        assert_eq!(verdict(gate)["verdict"], "error", "{gate}");
        assert!(verdict(gate)["reason"].as_str().unwrap().contains("shop.duckdb"), "{}", verdict(gate));
    }
    assert_eq!(verdict("lineage_diff")["verdict"], "fail");
    assert_eq!(verdict("parse")["verdict"], "pass");
    assert!(!Path::new(&sandbox.root().join("shop.duckdb")).exists(), "a missing database is not made");
}

#[test]
fn a_broken_policy_is_refused_with_its_line() {
    let sandbox = shop();
    let base = std::fs::read_to_string(sandbox.root().join("rowproof.yml")).unwrap();
    let sandbox = Sandbox::new();
    sandbox.copy(&crate_folder("fixtures/_shop"), &["data.sql"]);
    sandbox.write("rowproof.yml", &base.replace("row_count_diff: {warn", "row_cuont_diff: {warn"));
    sandbox.commit("base");
    refused(&sandbox.rowproof(&["run", "--base", "base", "--head", "base"]), &["rowproof.yml", "row_count_diff"]);
}

#[test]
fn every_command_has_help_with_an_example() {
    let sandbox = Sandbox::new();
    for command in ["run", "compile", "lineage", "reconcile", "demo", "gates", "explain"] {
        let ran = sandbox.rowproof(&[command, "--help"]);
        assert_eq!(ran.code, 0, "{command}: {}", ran.stderr);
        assert!(ran.stdout.contains(&format!("rowproof {command}")), "{command}: {}", ran.stdout);
        assert!(ran.stdout.contains("Example"), "{command} --help has no example");
    }
}

#[test]
fn a_mistyped_selection_is_no_pass() {
    refused(&shop().rowproof(&["run", "--base", "base", "--select", "ordrs"]), &["`ordrs`", "did you mean `orders`?"]);
}
