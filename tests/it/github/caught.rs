//! What a record tells of the heads before it: of each rule the most that one head had.

use super::scene::{HEAD, Scene, finding, report};
use serde_json::{Value, json};

const MART: &str = "models/marts/orders.sql";
const RE_SOURCED: &str = "lineage_diff/re-sourced";
const NEXT: &str = "3333333333333333333333333333333333333333";

/// A finding of another rule.
fn other(rule: &str, severity: &str, line: usize) -> Value {
    let mut found = finding(rule, line);
    found["gate"] = rule.split('/').next().unwrap().into();
    found["rule"] = rule.into();
    found["severity"] = severity.into();
    found
}

/// Pushes `head` and publishes a report of it with those findings; gives the record that then stands there.
fn post(scene: &Scene, head: &str, findings: Vec<Value>) -> Value {
    let (ran, record) = posted(scene, head, findings, &[]);
    assert_eq!(ran.stderr, "");
    record
}

fn posted(scene: &Scene, head: &str, findings: Vec<Value>, args: &[&str]) -> (crate::sandbox::Ran, Value) {
    let pull = {
        let mut memory = scene.fake.memory.lock().unwrap();
        let pull = memory.pulls.get_mut(&7).unwrap();
        pull["head"]["sha"] = head.into();
        pull.clone()
    };
    scene.event(&json!({"action": "synchronize", "pull_request": pull, "repository": {"full_name": "acme/shop"}}));
    let mut told = report(findings.len());
    told["head"]["sha"] = head.into();
    told["findings"] = findings.into();
    scene.report(&told);
    let ran = scene.run("pull_request", &[&["post", "report.json"], args].concat());
    scene.fake.assert_valid();
    let check = scene.checks("rowproof report", head).pop().unwrap_or_else(|| panic!("no check: {}", ran.stderr));
    let text = check["output"]["text"].as_str().unwrap().to_owned();
    let json = text.split("```json\n").nth(1).unwrap().split("\n```").next().unwrap();
    (ran, serde_json::from_str(json).unwrap())
}

fn re_sourced(count: usize) -> Vec<Value> {
    (1..=count).map(|line| other(RE_SOURCED, "error", line)).collect()
}

#[test]
fn of_each_rule_the_most_over_all_heads() {
    let scene = Scene::new(MART);
    let mut first = re_sourced(3);
    first.push(other("row_count_diff/rows-lost", "warning", 9));
    first.push(other("lineage_diff/no-such-rule", "error", 9));
    first.push(other("parse/<script>", "error", 9));
    first.push(other("lineage_diff/removed", "note", 9));
    let known = post(&scene, HEAD, first)["caught"].clone();
    let rule = "row_count_diff/rows-lost";
    assert_eq!(known[RE_SOURCED], 3, "{known}");
    assert!(known.as_object().unwrap().keys().all(|k| k == RE_SOURCED || k == rule), "{known}");

    let mut second = re_sourced(1);
    second.extend((1..=2).map(|line| other("lineage_diff/removed", "error", line)));
    let caught = post(&scene, NEXT, second)["caught"].clone();
    assert_eq!((&caught[RE_SOURCED], &caught["lineage_diff/removed"]), (&json!(3), &json!(2)));
    assert_eq!(caught[rule], known[rule]);

    // Each carries on what the one before it carried on, and a second run of one head changes nothing.
    for head in [&"4".repeat(40), &"4".repeat(40)] {
        assert_eq!(post(&scene, head, Vec::new())["caught"], caught);
    }
    assert_eq!(scene.comments().len(), 1);
}

#[test]
fn a_clean_pull_request_has_caught_nothing() {
    let scene = Scene::new(MART);
    assert_eq!(post(&scene, HEAD, Vec::new()).get("caught"), None);
}

#[test]
fn projects_do_not_mix() {
    let scene = Scene::new(MART);
    post(&scene, HEAD, re_sourced(3));
    let mut of_shop = report(1);
    of_shop["findings"] = vec![other("lineage_diff/removed", "error", 1)].into();
    scene.report(&of_shop);
    scene.run("pull_request", &["post", "report.json", "--key", "shop"]);
    let text = scene.checks("rowproof report (shop)", HEAD)[0]["output"]["text"].to_string();
    assert!(text.contains("lineage_diff/removed") && !text.contains("re-sourced"), "{text}");
}

/// Whoever forges a comment can name a record, but makes nothing count.
#[test]
fn a_comment_of_somebody_else_names_nothing() {
    let scene = Scene::new(MART);
    post(&scene, HEAD, re_sourced(3));
    {
        let mut memory = scene.fake.memory.lock().unwrap();
        memory.comments[0]["user"] = json!({"login": "mallory", "type": "User"});
    }
    assert_eq!(post(&scene, NEXT, re_sourced(1))["caught"], json!({RE_SOURCED: 1}));
}

#[test]
fn a_record_that_does_not_fit_its_comment_is_told_and_not_carried_on() {
    let change_hash = |scene: &Scene| {
        let mut memory = scene.fake.memory.lock().unwrap();
        let body = memory.comments[0]["body"].as_str().unwrap().to_owned();
        let at = body.find("sha256:").unwrap() + "sha256:".len();
        memory.comments[0]["body"] = format!("{}{}{}", &body[..at], "0".repeat(64), &body[at + 64..]).into();
    };
    let change_record = |scene: &Scene| {
        let mut memory = scene.fake.memory.lock().unwrap();
        let text =
            memory.check_runs[0]["output"]["text"].as_str().unwrap().replace("re-sourced\": 3", "re-sourced\": 9");
        assert!(text.contains("re-sourced\": 9"), "{text}");
        memory.check_runs[0]["output"]["text"] = text.into();
    };
    let not_ours = |scene: &Scene| {
        scene.fake.memory.lock().unwrap().check_runs[0]["external_id"] = "somebody's".into();
    };
    let of_another = |scene: &Scene| {
        let mut memory = scene.fake.memory.lock().unwrap();
        let mut eighth = memory.pulls[&7].clone();
        eighth["number"] = 8.into();
        eighth["head"]["sha"] = NEXT.into();
        memory.pulls.insert(8, eighth);
        // The record of #7 under the comment of #8.
        memory.comments[0]["issue"] = "8".into();
    };
    for forge in [&change_hash as &dyn Fn(&Scene), &change_record, &not_ours] {
        let scene = Scene::new(MART);
        post(&scene, HEAD, re_sourced(3));
        forge(&scene);
        let (ran, record) = posted(&scene, NEXT, re_sourced(1), &[]);
        assert_eq!((ran.code, &record["caught"]), (1, &json!({RE_SOURCED: 1})), "{}", ran.stderr);
        assert!(ran.stderr.contains("is not the one that the comment names"), "{}", ran.stderr);
    }
    let scene = Scene::new(MART);
    post(&scene, HEAD, re_sourced(3));
    of_another(&scene);
    let pull = scene.fake.memory.lock().unwrap().pulls[&8].clone();
    scene.event(&json!({"action": "opened", "pull_request": pull, "repository": {"full_name": "acme/shop"}}));
    let mut told = report(1);
    told["head"]["sha"] = NEXT.into();
    scene.report(&told);
    let ran = scene.run("pull_request", &["post", "report.json"]);
    assert!(ran.stderr.contains("is not the one that the comment names"), "{}", ran.stderr);
    let text = scene.checks("rowproof report", NEXT)[0]["output"]["text"].to_string();
    assert!(text.contains(r#"re-sourced\": 1"#), "{text}");
}

/// Without a comment a record knows its own head.
#[test]
fn without_a_comment_nothing_is_carried_on() {
    let scene = Scene::new(MART);
    posted(&scene, HEAD, re_sourced(3), &["--comment", "never"]);
    let (_, record) = posted(&scene, NEXT, re_sourced(1), &["--comment", "never"]);
    assert_eq!(record["caught"], json!({RE_SOURCED: 1}));
    assert_eq!(scene.comments().len(), 0);
}

#[test]
fn the_ledger_keeps_what_was_caught() {
    let scene = Scene::new(MART);
    post(&scene, HEAD, re_sourced(3));
    post(&scene, NEXT, Vec::new());
    {
        let mut memory = scene.fake.memory.lock().unwrap();
        let pull = memory.pulls.get_mut(&7).unwrap();
        pull["state"] = "closed".into();
        pull["merged_at"] = "2026-11-25T10:00:00Z".into();
        pull["merged_by"] = json!({"login": "alice", "type": "User"});
        pull["merge_commit_sha"] = "5".repeat(40).into();
    }
    let ran = scene.run("pull_request", &["review", "--ledger", "rowproof-ledger"]);
    let ledger = scene.fake.memory.lock().unwrap().ledgers["rowproof-ledger"].clone();
    let record: Value = serde_json::from_str(&ledger).unwrap();
    assert_eq!((&record["caught"], &record["head_sha"]), (&json!({RE_SOURCED: 3}), &json!(NEXT)), "{}", ran.stderr);
}
