//! After the merge of a revert, `review` labels what it reverts.

use crate::budget::simulate::undone_by;
use crate::github::scene::{Scene, commit};
use serde_json::{Value, json};

/// A pull request of the history as REST tells it.
fn rest(pull: &Value) -> Value {
    json!({
        "number": pull["number"], "state": "closed", "title": pull["title"], "body": pull["body"],
        "user": {"login": "alice", "type": "User"}, "labels": [], "auto_merge": null,
        "merged_at": pull["mergedAt"], "merged_by": {"login": "bob", "type": "User"},
        "merge_commit_sha": pull["mergeCommit"]["oid"],
        "head": {"sha": pull["headRefOid"], "ref": "change", "repo": {"full_name": "acme/shop"}},
        "base": {"sha": "2".repeat(40), "ref": "main", "repo": {"full_name": "acme/shop"}}
    })
}

/// What `review` tells after the merge of the last pull request whose title begins so, and the labels of what it names.
fn reviewed(text: (&str, &str), begins: &str) -> (String, Vec<String>) {
    let (made, numbers) = undone_by(61, &[text]);
    let pulls = &made.world.pulls;
    let merged = pulls.values().rfind(|p| p["title"].as_str().unwrap().starts_with(begins)).unwrap().clone();
    let scene = Scene::new("models/marts/orders.sql");
    {
        let mut memory = scene.fake.memory.lock().unwrap();
        memory.pulls.insert(numbers[0], rest(&pulls[&numbers[0]]));
        memory.pulls.insert(merged["number"].as_u64().unwrap(), rest(&merged));
        memory.commits = vec![commit("alice", "Go back")];
        memory.world = Some(made.world.clone());
    }
    let ran = scene.run("workflow_dispatch", &["review", "--pr", &merged["number"].to_string()]);
    scene.fake.assert_valid();
    let labels = scene.fake.memory.lock().unwrap().labels(numbers[0]);
    (ran.stderr, labels)
}

#[test]
fn a_merged_revert_labels_what_it_reverts() {
    for text in [("Revert \"{T}\"", "Reverts acme/shop#{N}"), ("Revert \"{T}\"", "")] {
        let (told, labels) = reviewed(text, "Revert");
        assert_eq!(labels, ["rollback"], "{told}");
        assert!(told.contains("labelled #"), "{told}");
    }
}

#[test]
fn any_other_merge_labels_nothing() {
    let (told, labels) = reviewed(("Go back to what was", "We may revert #{N}."), "Go back");
    assert!(labels.is_empty() && !told.contains("labelled"), "{told}");
}
