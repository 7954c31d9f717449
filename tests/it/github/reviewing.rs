//! `rowproof review`: the human rules asked of GitHub, and what becomes of a merge.

use super::scene::{BASE, HEAD, Scene, commit};
use serde_json::json;

const MART: &str = "models/marts/orders.sql";
const METRIC: &str = "models/metrics/revenue.sql";
const EARLY: &str = "2026-11-25T08:00:00Z";
const LATE: &str = "2026-11-25T09:00:00Z";

fn review(scene: &Scene) -> i32 {
    let ran = scene.run("pull_request_review", &["review"]);
    scene.fake.assert_valid();
    let check = scene.checks("rowproof review", HEAD).pop().unwrap_or_else(|| panic!("no check: {}", ran.stderr));
    let expected = if ran.code == 0 { "success" } else { "failure" };
    assert_eq!(check["conclusion"], expected, "{}", ran.stdout);
    ran.code
}

#[test]
fn the_bar_is_asked_of_github() {
    let scene = Scene::new(MART);
    assert_eq!(review(&scene), 1);
    scene.review("bob", "APPROVED", HEAD, EARLY);
    assert_eq!(review(&scene), 1, "a peer is no senior");
    scene.review("sven", "APPROVED", BASE, EARLY);
    assert_eq!(review(&scene), 1, "an older commit");
    scene.review("sven", "APPROVED", HEAD, LATE);
    assert_eq!(review(&scene), 0, "a member of the team");
    scene.review("bob", "CHANGES_REQUESTED", BASE, LATE);
    assert_eq!(review(&scene), 1, "changes were asked for");
    assert_eq!(scene.checks("rowproof review", HEAD).len(), 1);
}

#[test]
fn one_person_is_not_two() {
    let scene = Scene::new(METRIC);
    scene.review("sandra", "APPROVED", HEAD, EARLY);
    assert_eq!(review(&scene), 1);
    scene.review("pia", "APPROVED", HEAD, EARLY);
    assert_eq!(review(&scene), 0);
}

#[test]
fn whoever_wrote_does_not_approve() {
    let scene = Scene::new(MART);
    scene.review("sandra", "APPROVED", HEAD, EARLY);
    scene.fake.memory.lock().unwrap().commits.push(commit("sandra", "Help"));
    assert_eq!(review(&scene), 1);
    let scene = Scene::new(MART);
    scene.review("sandra", "APPROVED", HEAD, EARLY);
    scene.fake.memory.lock().unwrap().commits =
        vec![commit("alice", "Add\n\nAssisted-by: claude-code:opus\nLLM-Prompt-Author: @sandra")];
    assert_eq!(review(&scene), 1, "the author of the prompt");
}

#[test]
fn the_window_is_that_of_the_base_side() {
    let mut scene = Scene::new(MART);
    scene.review("sandra", "APPROVED", HEAD, EARLY);
    scene.now = "2026-11-27T10:00:00Z".to_owned();
    assert_eq!(review(&scene), 1, "a Friday");
    // A policy on head that opens all windows and asks for nobody changes nothing.
    let lax = "version: 1\nextends: default\nlayers:\n  - {name: marts, review: [any-peer], merge_window: any}\n";
    scene.fake.memory.lock().unwrap().contents.insert(format!("{HEAD}:rowproof.yml"), lax.to_owned());
    scene.place.write("rowproof.yml", lax);
    assert_eq!(review(&scene), 1);
    scene.label("hotfix", "bob");
    assert_eq!(review(&scene), 1, "bob may not lift it");
    scene.label("hotfix", "sandra");
    assert_eq!(review(&scene), 0);
}

#[test]
fn auto_merge_fails() {
    let scene = Scene::new(MART);
    scene.review("sandra", "APPROVED", HEAD, EARLY);
    scene.fake.memory.lock().unwrap().pulls.get_mut(&7).unwrap()["auto_merge"] =
        json!({"enabled_by": {"login": "alice", "type": "User"}, "merge_method": "squash"});
    assert_eq!(review(&scene), 1);
}

#[test]
fn an_unreadable_team_is_no_pass() {
    let scene = Scene::new(MART);
    scene.fake.memory.lock().unwrap().teams.clear();
    scene.review("sven", "APPROVED", HEAD, EARLY);
    assert_eq!(review(&scene), 2);
    // Somebody whom the policy names satisfies the bar without the team.
    scene.review("sandra", "APPROVED", HEAD, EARLY);
    assert_eq!(review(&scene), 0);
}

#[test]
fn a_broken_policy_is_no_pass() {
    let scene = Scene::new(MART);
    scene.fake.memory.lock().unwrap().contents.insert(format!("{BASE}:rowproof.yml"), "layers: 3\n".to_owned());
    scene.review("sandra", "APPROVED", HEAD, EARLY);
    assert_eq!(review(&scene), 2);
}

#[test]
fn a_policy_is_named_on_the_base_side_only() {
    let scene = Scene::new(MART);
    scene.review("bob", "APPROVED", HEAD, EARLY);
    let lax = "version: 1\nextends: default\nlayers:\n  - {name: marts, review: [any-peer], merge_window: any}\n";
    scene.fake.memory.lock().unwrap().contents.insert(format!("{BASE}:gates/lax.yml"), lax.to_owned());
    let asked = |policy: &str| scene.run("pull_request", &["review", "--policy", policy]).code;
    assert_eq!(asked("base:gates/lax.yml"), 0);
    scene.fake.memory.lock().unwrap().contents.insert(format!("{HEAD}:gates/other.yml"), lax.to_owned());
    assert_eq!(asked("base:gates/other.yml"), 2);
    assert_eq!(asked("base:../lax.yml"), 2);
}

#[test]
fn the_comment_is_renewed() {
    let scene = Scene::new(MART);
    scene.report(&super::scene::report(1));
    scene.post();
    let before = scene.comments().remove(0);
    scene.review("sandra", "APPROVED", HEAD, EARLY);
    review(&scene);
    let after = scene.comments().remove(0);
    assert_ne!(before, after);
    assert!(after.contains("sandra") && after.contains("finding 0"), "{after}");
}

#[test]
fn a_merge_group_is_judged_at_its_commit() {
    let scene = Scene::new(MART);
    let group = "4".repeat(40);
    scene.event(&json!({"action": "checks_requested", "repository": {"full_name": "acme/shop"}, "merge_group": {
        "head_sha": group, "base_sha": BASE, "head_ref": format!("refs/heads/gh-readonly-queue/main/pr-7-{BASE}")}}));
    assert_eq!(scene.run("merge_group", &["review"]).code, 1);
    assert_eq!(scene.checks("rowproof review", &group).len(), 1);
    scene.fake.assert_valid();
}

#[test]
fn a_schedule_judges_all_that_are_open() {
    let scene = Scene::new(MART);
    scene.event(&json!({"schedule": "0 * * * *", "repository": {"full_name": "acme/shop"}}));
    let ran = scene.run("schedule", &["review"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(scene.checks("rowproof review", HEAD).len(), 1);
}

#[test]
fn a_merge_outside_the_window_is_labelled_and_recorded() {
    let scene = Scene::new(MART);
    scene.report(&super::scene::report(1));
    scene.post();
    scene.review("sandra", "APPROVED", HEAD, EARLY);
    {
        let mut memory = scene.fake.memory.lock().unwrap();
        let pull = memory.pulls.get_mut(&7).unwrap();
        pull["state"] = "closed".into();
        pull["merged_at"] = "2026-11-27T10:00:00Z".into();
        pull["merged_by"] = json!({"login": "alice", "type": "User"});
        pull["merge_commit_sha"] = "5".repeat(40).into();
    }
    for _ in 0..2 {
        let ran = scene.run("pull_request", &["review", "--ledger", "rowproof-ledger"]);
        assert_eq!(ran.code, 1, "{}", ran.stderr);
    }
    let ledger = {
        let memory = scene.fake.memory.lock().unwrap();
        assert_eq!(memory.labels(7), ["merged-outside-window"]);
        memory.ledgers["rowproof-ledger"].clone()
    };
    assert_eq!(ledger.lines().count(), 1);
    let record: serde_json::Value = serde_json::from_str(&ledger).unwrap();
    assert_eq!(record["outcome"]["window_ok"], false);
    assert_eq!(record["gates"][0]["id"], "lineage_diff");
    scene.fake.assert_valid();

    // The next merge is chained to it.
    let later = "6".repeat(40);
    scene.fake.memory.lock().unwrap().pulls.get_mut(&7).unwrap()["head"]["sha"] = later.into();
    scene.run("pull_request", &["review", "--ledger", "rowproof-ledger"]);
    let grown = scene.fake.memory.lock().unwrap().ledgers["rowproof-ledger"].clone();
    assert_eq!((grown.lines().count(), grown.starts_with(&ledger)), (2, true));
    scene.fake.assert_valid();
    scene.place.write("ledger.jsonl", &grown);
    assert_eq!(scene.place.rowproof(&["audit", "verify", "ledger.jsonl"]).code, 0);

    scene.place.write("ledger.jsonl", &ledger);
    assert_eq!(scene.place.rowproof(&["audit", "verify", "ledger.jsonl"]).code, 0);
    scene.place.write("ledger.jsonl", &ledger.replace("\"window_ok\":false", "\"window_ok\":true"));
    let ran = scene.place.rowproof(&["audit", "verify", "ledger.jsonl"]);
    assert_eq!((ran.code, ran.stdout.contains("ledger.jsonl:1: record of #7")), (1, true), "{}", ran.stdout);
}

#[test]
fn a_record_that_was_changed_is_not_taken_over() {
    let scene = Scene::new(MART);
    scene.report(&super::scene::report(1));
    scene.post();
    {
        let mut memory = scene.fake.memory.lock().unwrap();
        let text = memory.check_runs[0]["output"]["text"].as_str().unwrap().replace("\"fail\"", "\"pass\"");
        memory.check_runs[0]["output"]["text"] = text.into();
        let pull = memory.pulls.get_mut(&7).unwrap();
        pull["merged_at"] = "2026-11-25T10:00:00Z".into();
        pull["state"] = "closed".into();
    }
    let ran = scene.run("pull_request", &["review", "--ledger", "log"]);
    assert_eq!((ran.code, ran.stderr.contains("was changed")), (2, true), "{}", ran.stderr);
    assert!(scene.fake.memory.lock().unwrap().ledgers.is_empty());
}

#[test]
fn a_ledger_that_does_not_hold_is_not_continued() {
    let scene = Scene::new(MART);
    {
        let mut memory = scene.fake.memory.lock().unwrap();
        memory.ledgers.insert("log".to_owned(), "{}\n".to_owned());
        let pull = memory.pulls.get_mut(&7).unwrap();
        pull["merged_at"] = "2026-11-25T10:00:00Z".into();
        pull["state"] = "closed".into();
    }
    let ran = scene.run("pull_request", &["review", "--ledger", "log"]);
    assert_eq!((ran.code, ran.stderr.contains("line 1")), (2, true), "{}", ran.stderr);
    assert_eq!(scene.fake.memory.lock().unwrap().ledgers["log"], "{}\n");
}
