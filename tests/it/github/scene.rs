//! A pull request on the fake, an event file, and the binary run as a workflow would.

use super::fake::Fake;
use crate::sandbox::{Ran, Sandbox};
use serde_json::{Value, json};

/// The judged commit.
pub const HEAD: &str = "1111111111111111111111111111111111111111";
/// The trusted commit.
pub const BASE: &str = "2222222222222222222222222222222222222222";

/// A policy with a bar of two people for metrics.
pub const POLICY: &str = r#"version: 1
extends: default
roles:
  senior-de: {users: [sandra], teams: [acme/senior-de]}
  data-pm: {users: [pia, sandra]}
windows:
  business: {tz: Europe/Paris, days: [mon, tue, wed, thu], hours: "09:00-16:00", override: {label: hotfix, by: senior-de}}
"#;

/// A fake with pull request #7 of `alice` that changes `file`, and a folder to run in.
pub struct Scene {
    pub fake: Fake,
    pub place: Sandbox,
    /// RFC 3339.
    pub now: String,
    /// Paths of the REST API and of GraphQL: those of github.com, or of Enterprise Server.
    pub apis: (&'static str, &'static str),
}

impl Scene {
    pub fn new(file: &str) -> Self {
        let fake = Fake::start();
        {
            let mut memory = fake.memory.lock().unwrap();
            memory.pulls.insert(7, pull());
            memory.files = vec![json!({"filename": file, "status": "modified"})];
            memory.commits = vec![commit("alice", "Change a model")];
            memory.contents.insert(format!("{BASE}:rowproof.yml"), POLICY.to_owned());
            memory.contents.insert(format!("{BASE}:dbt_project.yml"), "name: shop\n".to_owned());
            for login in ["alice", "bob", "pia", "sandra", "sven"] {
                memory.permissions.insert(login.to_owned(), "write".to_owned());
            }
            memory.permissions.insert("rita".to_owned(), "read".to_owned());
            memory.teams.insert("acme/senior-de".to_owned(), vec!["sven".to_owned()]);
        }
        let place = Sandbox::new();
        let scene = Self { fake, place, now: "2026-11-25T10:00:00Z".to_owned(), apis: ("", "/graphql") };
        scene.event(&json!({"action": "opened", "pull_request": pull(), "repository": {"full_name": "acme/shop"}}));
        scene
    }

    /// Writes the event file.
    pub fn event(&self, payload: &Value) {
        self.place.write("event.json", &payload.to_string());
    }

    /// Writes a report.
    pub fn report(&self, report: &Value) {
        self.place.write("report.json", &report.to_string());
    }

    /// Runs the binary as a job of `event` would.
    pub fn run(&self, event: &str, args: &[&str]) -> Ran {
        self.run_in(&self.place.root(), event, args)
    }

    /// Runs the binary in a folder as a job of `event` would.
    pub fn run_in(&self, folder: &std::path::Path, event: &str, args: &[&str]) -> Ran {
        let url = format!("{}{}", self.fake.url(), self.apis.0);
        let graphql = format!("{}{}", self.fake.url(), self.apis.1);
        let file = self.place.root().join("event.json").display().to_string();
        let summary = self.place.root().join("summary").display().to_string();
        self.place.rowproof_in_with(
            folder,
            &[
                ("GITHUB_API_URL", &url),
                ("GITHUB_GRAPHQL_URL", &graphql),
                ("GITHUB_TOKEN", "ghs_test"),
                ("GITHUB_REPOSITORY", "acme/shop"),
                ("GITHUB_EVENT_NAME", event),
                ("GITHUB_EVENT_PATH", &file),
                ("GITHUB_RUN_ID", "42"),
                ("GITHUB_STEP_SUMMARY", &summary),
                ("ROWPROOF_NOW", &self.now),
                ("ROWPROOF_GITHUB_PATIENCE", "5"),
            ],
            args,
        )
    }

    pub fn post(&self) -> Ran {
        self.run("pull_request", &["post", "report.json"])
    }

    /// Adds a review.
    pub fn review(&self, login: &str, state: &str, sha: &str, at: &str) {
        let mut memory = self.fake.memory.lock().unwrap();
        let id = memory.reviews.len() as u64 + 1;
        let kind = if login.ends_with("[bot]") { "Bot" } else { "User" };
        memory.reviews.push(json!({
            "id": id, "user": {"login": login, "type": kind}, "state": state, "commit_id": sha, "submitted_at": at
        }));
    }

    /// Sets a label as somebody.
    pub fn label(&self, name: &str, by: &str) {
        let mut memory = self.fake.memory.lock().unwrap();
        memory.pulls.get_mut(&7).unwrap()["labels"].as_array_mut().unwrap().push(json!({"name": name}));
        memory.timeline.push(json!({
            "event": "labeled", "label": {"name": name}, "actor": {"login": by, "type": "User"}, "created_at": "2026-11-25T09:30:00Z"
        }));
    }

    /// The comments on #7.
    pub fn comments(&self) -> Vec<String> {
        let memory = self.fake.memory.lock().unwrap();
        memory.comments.iter().map(|c| c["body"].as_str().unwrap().to_owned()).collect()
    }

    /// The check runs of that name at a commit.
    pub fn checks(&self, name: &str, sha: &str) -> Vec<Value> {
        let memory = self.fake.memory.lock().unwrap();
        memory.check_runs.iter().filter(|r| r["name"] == name && r["head_sha"] == sha).cloned().collect()
    }
}

fn pull() -> Value {
    json!({
        "number": 7, "state": "open", "title": "Change a model", "body": null, "user": {"login": "alice", "type": "User"},
        "labels": [], "auto_merge": null, "merged_at": null, "merged_by": null, "merge_commit_sha": null,
        "head": {"sha": HEAD, "ref": "change", "repo": {"full_name": "acme/shop"}},
        "base": {"sha": BASE, "ref": "main", "repo": {"full_name": "acme/shop"}}
    })
}

/// A commit by somebody.
pub fn commit(login: &str, message: &str) -> Value {
    let who = json!({"name": login, "email": format!("{login}@acme.example")});
    json!({
        "sha": HEAD, "commit": {"author": who, "committer": who, "message": message},
        "author": {"login": login}, "committer": {"login": login}
    })
}

/// A report of HEAD with that many findings of severity error.
pub fn report(findings: usize) -> Value {
    let verdict = if findings > 0 { "fail" } else { "pass" };
    let found: Vec<Value> = (0..findings).map(|i| finding(&format!("finding {i}"), i + 1)).collect();
    json!({
        "schema_version": 1, "tool": {"name": "rowproof", "version": "0.1.0"}, "verdict": verdict,
        "base": {"rev": "main", "sha": BASE}, "head": {"rev": "change", "sha": HEAD},
        "policy": {"path": "rowproof.yml", "sha256": "0".repeat(64), "side": "base"},
        "project": {"kind": "dbt", "name": "shop", "dialect": "duckdb"}, "llm": {"assisted": false, "evidence": []},
        "changes": [{"model": "orders", "unique_id": "model.shop.orders", "path": "models/marts/orders.sql", "layer": "marts",
                     "kind": "modified", "reasons": ["body"], "equivalence": "changed", "downstream": []}],
        "outcomes": [{"gate": "lineage_diff", "model": "orders", "verdict": verdict, "reason": null,
                      "summary": "looked", "evidence": {}, "ms": 1}],
        "findings": found, "notices": []
    })
}

/// A finding at a line.
pub fn finding(message: &str, line: usize) -> Value {
    json!({
        "gate": "lineage_diff", "rule": "lineage_diff/re-sourced", "severity": "error", "model": "orders", "column": "cost",
        "layer": "marts", "message": message, "help": "look", "evidence": {}, "fingerprint": format!("{line:032x}"),
        "location": {"path": "models/marts/orders.sql", "line": line, "column": 1, "end_line": line, "end_column": 9}
    })
}
