//! Every case of `fixtures/<gate>/<case>`: a base, a head, and what `rowproof run` must say of it.
//!
//! Every gate runs on every case, so that a false alarm of one gate shows in the fixtures of another. To write what the
//! binary says now into `expected.json`, run the tests with `UPDATE_EXPECT=1` and read the difference.

use crate::sandbox::{Sandbox, crate_folder, files};
use rayon::prelude::*;
use rowproof::gates::{Needs, gate};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// `case.yml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What the pull request does, in words.
    what: String,
    /// Folder of `fixtures` that holds the project; `base/` lies over it.
    #[serde(default)]
    project: Option<String>,
    /// Files that head removes.
    #[serde(default)]
    removed: Vec<String>,
    /// SQL that runs after the project's `data.sql`.
    #[serde(default)]
    data: Option<String>,
    /// How bad the gate must call it at least: `error` unless the case says `warning`.
    #[serde(default)]
    at_least: Option<String>,
    /// Text of `rowproof.yml` instead of the project's.
    #[serde(default)]
    policy: Option<String>,
}

/// Folders of `fixtures` that hold cases.
pub fn groups() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(crate_folder("fixtures"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|n| !n.starts_with('_') && !n.starts_with('.'))
        .collect();
    names.sort();
    names
}

/// All cases that `rowproof run` judges, `gate/case` to folder; those of gates that ask GitHub are in `review.rs`.
pub fn cases() -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    let asks_github = |group: &String| gate(group).is_some_and(|g| g.needs == Needs::GitHub);
    for group in groups().into_iter().filter(|group| !asks_github(group)) {
        for entry in std::fs::read_dir(crate_folder("fixtures").join(&group)).unwrap() {
            let entry = entry.unwrap();
            found.insert(format!("{group}/{}", entry.file_name().into_string().unwrap()), entry.path());
        }
    }
    found
}

/// The database that the case's profile names.
const DATABASE: &str = "shop.duckdb";

fn set_up(name: &str, folder: &Path) -> (Sandbox, Case) {
    let text = std::fs::read_to_string(folder.join("case.yml")).unwrap_or_else(|e| panic!("{name}/case.yml: {e}"));
    let case: Case = serde_yaml::from_str(&text).unwrap_or_else(|e| panic!("{name}/case.yml: {e}"));
    assert!(!case.what.trim().is_empty(), "{name}/case.yml: says what the pull request does");
    let sandbox = Sandbox::new();
    let mut scripts = Vec::new();
    if let Some(project) = &case.project {
        let shared = crate_folder("fixtures").join(project);
        sandbox.copy(&shared, &["data.sql"]);
        scripts.push(std::fs::read_to_string(shared.join("data.sql")).unwrap());
    }
    if folder.join("base").is_dir() {
        sandbox.copy(&folder.join("base"), &[]);
    }
    if let Some(policy) = &case.policy {
        sandbox.write("rowproof.yml", policy);
    }
    scripts.extend(case.data.clone());
    sandbox.commit("base");
    sandbox.branch("head");
    if folder.join("head").is_dir() {
        sandbox.copy(&folder.join("head"), &[]);
    }
    for path in &case.removed {
        sandbox.remove(path);
    }
    sandbox.commit("head");
    if !scripts.is_empty() {
        sandbox.database(DATABASE, &scripts.iter().map(String::as_str).collect::<Vec<_>>());
    }
    (sandbox, case)
}

/// What of a report a person can judge by eye: verdicts and, per finding, severity, rule, what and where.
pub fn compact(report: &Value, code: i32) -> Value {
    let mut changes = Map::new();
    for change in report["changes"].as_array().unwrap() {
        let words = format!("{} {}", change["kind"].as_str().unwrap(), change["equivalence"].as_str().unwrap());
        changes.insert(change["unique_id"].as_str().unwrap().to_owned(), json!(words));
    }
    let mut outcomes: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for outcome in report["outcomes"].as_array().unwrap() {
        let mut words = outcome["verdict"].as_str().unwrap().to_owned();
        if words == "error" || words == "skip" {
            words = format!("{words}: {}", outcome["reason"].as_str().expect("a skip or an error has its reason"));
        }
        let gate = outcome["gate"].as_str().unwrap().to_owned();
        outcomes.entry(outcome["model"].as_str().unwrap().to_owned()).or_default().insert(gate, words);
    }
    let findings: Vec<Value> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| {
            let text = |key: &str| f[key].as_str().unwrap_or("").to_owned();
            let what = match f["column"].as_str() {
                Some(column) => format!("{}.{column}", text("model")),
                None => text("model"),
            };
            let place = f["location"].as_object().map_or("nowhere".to_owned(), |l| {
                format!("{}:{}", l["path"].as_str().unwrap(), l["line"].as_u64().unwrap())
            });
            json!(format!("{} {} {what} at {place}: {}", text("severity"), text("rule"), text("message")))
        })
        .collect();
    let notices: Vec<Value> = report["notices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| {
            json!(format!(
                "{} {}: {}",
                n["severity"].as_str().unwrap(),
                n["place"].as_str().unwrap(),
                n["message"].as_str().unwrap()
            ))
        })
        .collect();
    json!({
        "verdict": report["verdict"], "exit": code, "changes": changes, "outcomes": outcomes,
        "findings": findings, "notices": notices,
    })
}

/// Runs one case; the error is what a person must read.
fn run(name: &str, folder: &Path) -> Result<Value, String> {
    let (sandbox, case) = set_up(name, folder);
    let before = (sandbox.status(), sandbox.bytes(DATABASE));
    let ran = sandbox.rowproof(&["run", "--base", "base", "--head", "head", "--format", "json"]);
    if (sandbox.status(), sandbox.bytes(DATABASE)) != before {
        return Err(format!("{name}: the run changed the repository or the database: {:?}", sandbox.status()));
    }
    if sandbox.bytes(&format!("{DATABASE}.wal")).is_some() {
        return Err(format!("{name}: the run left a write-ahead log"));
    }
    let Ok(report) = serde_json::from_str::<rowproof::report::Report>(&ran.stdout) else {
        return Err(format!("{name}: no report on stdout, exit {}\n{}\n{}", ran.code, ran.stdout, ran.stderr));
    };
    if i32::from(report.exit_code()) != ran.code {
        return Err(format!("{name}: exit {} does not fit verdict {}", ran.code, report.verdict.word()));
    }
    let now = compact(&ran.json(), ran.code);
    breaks_its_promise(name, &case, &now)?;
    let file = folder.join("expected.json");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let text = serde_json::to_string_pretty(&now).unwrap() + "\n";
        std::fs::write(&file, text).unwrap();
        return Ok(now);
    }
    let text =
        std::fs::read_to_string(&file).map_err(|e| format!("{name}/expected.json: {e}; run with UPDATE_EXPECT=1"))?;
    let expected: Value = serde_json::from_str(&text).map_err(|e| format!("{name}/expected.json: {e}"))?;
    if expected == now {
        return Ok(now);
    }
    let pretty = |v: &Value| serde_json::to_string_pretty(v).unwrap();
    let difference = similar::TextDiff::from_lines(pretty(&expected), pretty(&now)).unified_diff().to_string();
    Err(format!("{name}: not as expected\n{difference}"))
}

#[test]
fn every_case_is_as_expected() {
    let only = std::env::var("CASE").unwrap_or_default();
    let results: BTreeMap<String, Result<Value, String>> = cases()
        .into_par_iter()
        .filter(|(name, _)| name.contains(&only))
        .map(|(name, folder)| {
            let result = run(&name, &folder);
            (name, result)
        })
        .collect();
    let wrong: Vec<String> = results.values().filter_map(|r| r.as_ref().err().cloned()).collect();
    assert!(!results.is_empty(), "no case matches {only}");
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), results.len(), wrong.join("\n"));
}

/// What a case's folder promises, whatever `expected.json` says: regenerating must not make a wrong answer right.
fn breaks_its_promise(name: &str, case: &Case, compact: &Value) -> Result<(), String> {
    let (group, case_name) = name.split_once('/').unwrap();
    let findings: Vec<&str> = compact["findings"].as_array().unwrap().iter().map(|f| f.as_str().unwrap()).collect();
    let own = |severity: &str| findings.iter().any(|f| f.starts_with(&format!("{severity} {group}/")));
    let (kept, promise) = if group == "equivalent" {
        (findings.is_empty() && compact["verdict"] == "pass", "must have no finding on any model")
    } else if case_name.ends_with("-ok") {
        let failed = |v: &Value| v.as_str().is_some_and(|v| v.starts_with("fail") || v.starts_with("error"));
        let own_gate = compact["outcomes"].as_object().unwrap().values().any(|gates| failed(&gates[group]));
        (!own_gate && !own("error"), "its own gate must not fail")
    } else if case.at_least.as_deref() == Some("warning") {
        (own("error") || own("warning"), "its own gate must find it")
    } else {
        (own("error") && compact["exit"] == 1, "its own gate must fail it")
    };
    // An untouched model never has a finding.
    let changed =
        |model: &str| compact["changes"].as_object().unwrap().keys().any(|id| id.ends_with(&format!(".{model}")));
    let outsider = findings.iter().find(|f| {
        let model = f.split(' ').nth(2).and_then(|m| m.split('.').next()).unwrap_or("");
        !changed(model)
    });
    match (kept, outsider) {
        (true, None) => Ok(()),
        (false, _) => Err(format!("{name}: {promise}:\n  {}", findings.join("\n  "))),
        (true, Some(finding)) => Err(format!("{name}: a finding on a model that is not changed: {finding}")),
    }
}

#[test]
fn every_failing_case_has_a_passing_twin() {
    let all = cases();
    for name in all.keys().filter(|n| !n.starts_with("equivalent/")) {
        let twin = name.strip_suffix("-ok").map_or_else(|| format!("{name}-ok"), str::to_owned);
        assert!(all.contains_key(&twin), "{name} has no twin {twin}");
    }
}

#[test]
fn no_head_repeats_its_base() {
    for (name, folder) in cases() {
        let text = std::fs::read_to_string(folder.join("case.yml")).unwrap();
        let case: Case = serde_yaml::from_str(&text).unwrap();
        for (path, file) in files(&folder.join("head")) {
            let own = folder.join("base").join(&path);
            let shared = case.project.as_ref().map(|p| crate_folder("fixtures").join(p).join(&path));
            let base = if own.exists() { Some(own) } else { shared };
            if let Some(base) = base.filter(|b| b.exists()) {
                assert_ne!(std::fs::read(base).unwrap(), std::fs::read(file).unwrap(), "{name}/head/{path}");
            }
        }
    }
}
