//! `rowproof provenance`, and what `run` makes of it.

use crate::sandbox::{Ran, Sandbox, crate_folder};
use serde_json::Value;

const CLAUDE: &str = "Fix fan-out\n\nCo-Authored-By: Claude Opus 4.6 (1M context) <noreply@anthropic.com>";

/// A repository with one commit on `base`, and branch `head` checked out.
fn repository() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("a.sql", "select 1 as a\n");
    sandbox.commit("base");
    sandbox.branch("head");
    sandbox
}

fn change(sandbox: &Sandbox, text: &str, message: &str) {
    sandbox.write("a.sql", text);
    sandbox.commit(message);
}

fn asked(sandbox: &Sandbox, args: &[&str]) -> Ran {
    let mut all = vec!["provenance", "--format", "json"];
    all.extend(args);
    sandbox.rowproof(&all)
}

fn notices(report: &Value) -> String {
    report["notices"].to_string()
}

#[test]
fn commits_of_the_change_only() {
    let sandbox = Sandbox::new();
    sandbox.write("a.sql", "select 1 as a\n");
    sandbox.commit(CLAUDE);
    sandbox.branch("main");
    sandbox.branch("head");
    change(&sandbox, "select 2 as a\n", "By hand");
    let json = asked(&sandbox, &["--base", "base"]).json();
    assert_eq!((&json["assisted"], &json["commits"]), (&Value::Bool(false), &Value::from(1)));
    assert_eq!(json["confidence"], "none");
    change(&sandbox, "select 3 as a\n", CLAUDE);
    let ran = asked(&sandbox, &["--head", "head"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let json = ran.json();
    assert_eq!(json["tools"], serde_json::json!(["claude-code"]));
    assert_eq!(json["models"], serde_json::json!(["Claude Opus 4.6"]));
    assert_eq!(json["says"], "at least 1 of 2 commits was assisted by claude-code (Claude Opus 4.6)");
    let table = sandbox.rowproof(&["provenance", "--base", "base"]);
    assert!(table.stdout.contains("at least 1 of 2 commits"), "{}", table.stdout);
    assert!(table.stdout.contains("Co-Authored-By: Claude Opus 4.6"), "{}", table.stdout);
}

#[test]
fn notes_and_traces() {
    let sandbox = repository();
    change(&sandbox, "select 2 as a\n", "By a tool that leaves a note");
    let repo = sandbox.repo();
    let head = repo.head().unwrap().peel_to_commit().unwrap();
    let who = head.author().to_owned();
    let note = "a.sql\n  abcd1234abcd1234 1\n---\n{\"schema_version\": \"authorship/3.0.0\", \"prompts\": {\"abcd1234abcd1234\": {\"agent_id\": {\"tool\": \"cursor\", \"id\": \"1\", \"model\": \"claude-4.5-opus\"}}}}";
    repo.note(&who, &who, Some("refs/notes/ai"), head.id(), note, false).unwrap();
    let json = asked(&sandbox, &["--base", "base"]).json();
    assert_eq!((&json["tools"][0], &json["models"][0]), (&Value::from("cursor"), &Value::from("claude-4.5-opus")));

    let sandbox = repository();
    let trace = r#"{"version":"0.1.0","tool":{"name":"codex"},"files":[{"path":"a.sql","conversations":[{"contributor":{"type":"ai","model_id":"openai/gpt-5"},"ranges":[]}]}]}"#;
    sandbox.write(".agent-trace/1.json", trace);
    change(&sandbox, "select 2 as a\n", "With a trace");
    let json = asked(&sandbox, &["--base", "base", "--head", "head"]).json();
    assert_eq!((&json["tools"][0], &json["models"][0]), (&Value::from("codex"), &Value::from("openai/gpt-5")));
    assert_eq!(json["marks"][0]["source"], ".agent-trace/1.json");
}

#[test]
fn a_prompt_is_looked_up_and_a_wrong_hash_exits_with_1() {
    let sandbox = repository();
    let hash = |text: &str| {
        use sha2::{Digest, Sha256};
        Sha256::digest(text).iter().map(|b| format!("{b:02x}")).collect::<String>()
    };
    sandbox.write("prompts/a.md", "Make orders right\n");
    sandbox.commit("The prompt");
    let blob = sandbox.repo().revparse_single("head:prompts/a.md").unwrap().id().to_string();
    let claim = |hash: &str, reference: &str| {
        format!(
            "Orders\n\nAssisted-by: claude-code:claude-opus-4-6 [duckdb]\nLLM-Prompt-Hash: sha256:{hash}\nLLM-Prompt-Ref: {reference}\nLLM-Prompt-Author: @octocat"
        )
    };
    change(&sandbox, "select 2 as a\n", &claim(&hash("Make orders right\n"), &format!("prompts/a.md@{}", &blob[..10])));
    let ran = asked(&sandbox, &["--base", "base"]);
    assert_eq!((ran.code, &ran.json()["prompt"]["verified"]), (0, &Value::from("verified")), "{}", ran.stdout);
    assert_eq!(ran.json()["tools_used"], serde_json::json!(["duckdb"]));

    // A later commit edits the prompt; the claim names the version that it was made with.
    sandbox.write("prompts/a.md", "Make orders righter\n");
    sandbox.commit("Another prompt");
    let ran = asked(&sandbox, &["--base", "base", "--head", "head"]);
    assert_eq!((ran.code, &ran.json()["prompt"]["verified"]), (0, &Value::from("verified")), "{}", ran.stdout);

    change(&sandbox, "select 3 as a\n", &claim(&hash("something else\n"), "prompts/a.md"));
    let ran = asked(&sandbox, &["--base", "base"]);
    assert_eq!((ran.code, &ran.json()["prompt"]["verified"]), (1, &Value::from("mismatch")), "{}", ran.stdout);
    assert_eq!(ran.json()["problems"][0]["severity"], "error");
}

#[test]
fn texts_need_no_repository() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).to_str().unwrap().to_owned()
    };
    let (message, body) = (write("message", CLAUDE), write("body", "- [x] AI/LLM assisted\r\n"));
    let sandbox = Sandbox::new();
    let run = |args: &[&str]| {
        let mut all = vec!["provenance", "--format", "json"];
        all.extend(args);
        let ran = sandbox.rowproof_in(folder.path(), &all);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.json()
    };
    assert_eq!(run(&["--message", &message])["models"][0], "Claude Opus 4.6");
    assert_eq!(run(&["--body", &body])["assisted"], true);
    assert_eq!(
        run(&[
            "--message",
            &body,
            "--author",
            "Devin AI <158243242+devin-ai-integration[bot]@users.noreply.github.com>"
        ])["tools"][0],
        "devin"
    );
    assert_eq!(run(&["--pr-author", "Copilot"])["tools"][0], "copilot");
    assert_eq!(run(&["--label", "assisted-by:llm", "--title", "Orders"])["confidence"], "high");
    let hint = run(&["--branch", "codex/orders"]);
    assert_eq!((&hint["assisted"], &hint["confidence"]), (&Value::Bool(false), &Value::from("hint")));

    for args in [
        vec!["--message", "no-such-file"],
        vec!["--message", "-", "--body", "-"],
        vec!["--message", &message, "--author", "nobody"],
        vec![],
    ] {
        let mut all = vec!["provenance"];
        all.extend(&args);
        assert_eq!(sandbox.rowproof_in(folder.path(), &all).code, 2, "{args:?}");
    }
}

#[test]
fn the_event_of_the_workflow_is_read() {
    let sandbox = repository();
    change(&sandbox, "select 2 as a\n", "Orders");
    let event = |text: &str| {
        let file = sandbox.root().join(".git/event.json");
        std::fs::write(&file, text).unwrap();
        let file = file.to_str().unwrap().to_owned();
        sandbox.rowproof_with(&[("GITHUB_EVENT_PATH", &file)], &["provenance", "--base", "base", "--format", "json"])
    };
    let pull = |body: &str| {
        serde_json::json!({"pull_request": {"title": "Orders", "body": body, "user": {"login": "jane"}, "head": {"ref": "orders"}, "labels": [{"name": "bug"}]}})
            .to_string()
    };
    let ran = event(&pull("🤖 Generated with [Claude Code](https://claude.com/claude-code)"));
    assert_eq!(ran.json()["tools"][0], "claude-code", "{}", ran.stderr);
    assert_eq!(event(&pull("By hand")).json()["assisted"], false);
    assert_eq!(event("{\"ref\": \"refs/heads/main\"}").json()["assisted"], false);
    let broken = event("{");
    assert_eq!(broken.code, 2);
    assert!(broken.stderr.contains("GITHUB_EVENT_PATH"), "{}", broken.stderr);
}

#[test]
fn a_merge_counts_only_with_a_mark_of_its_own() {
    let sandbox = repository();
    change(&sandbox, "select 2 as a\n", "By hand");
    let repo = sandbox.repo();
    let head = repo.head().unwrap().peel_to_commit().unwrap();
    let base = repo.revparse_single("base").unwrap().peel_to_commit().unwrap();
    let merge = |message: &str| {
        let who = head.author();
        let tip = repo.head().unwrap().peel_to_commit().unwrap();
        repo.commit(Some("HEAD"), &who, &who, message, &head.tree().unwrap(), &[&tip, &base]).unwrap();
        asked(&sandbox, &["--base", "base"]).json()["commits"].clone()
    };
    assert_eq!(merge("Merge branch 'claude/base'"), 1);
    assert_eq!(merge(&format!("Merge branch 'base'\n\n{CLAUDE}")), 2);
}

#[test]
fn a_shallow_clone_is_told() {
    let sandbox = repository();
    change(&sandbox, "select 2 as a\n", "One");
    change(&sandbox, "select 3 as a\n", "Two");
    // What `fetch --depth 2` leaves of a pull request's merge commit.
    let repo = sandbox.repo();
    let two = repo.head().unwrap().peel_to_commit().unwrap();
    let base = repo.revparse_single("base").unwrap().peel_to_commit().unwrap();
    let who = two.author();
    let tree = two.tree().unwrap();
    let merge = repo.commit(None, &who, &who, "Merge two into base", &tree, &[&base, &two]).unwrap();
    repo.reference("refs/heads/head", merge, true, "merge").unwrap();
    std::fs::write(sandbox.root().join(".git/shallow"), format!("{}\n{}\n", two.id(), base.id())).unwrap();
    let json = asked(&sandbox, &["--base", "base", "--head", "head"]).json();
    assert_eq!(json["commits"], 1);
    assert!(json["problems"].to_string().contains("shallow clone"), "{json}");
}

#[test]
fn run_reports_it_and_asks_for_a_declaration() {
    let sandbox = Sandbox::new();
    sandbox.copy(&crate_folder("fixtures/_shop"), &["data.sql"]);
    sandbox.write("rowproof.yml", "version: 1\nextends: default\nllm: {label: by-llm, undeclared: warning}\n");
    sandbox.commit("base");
    sandbox.branch("head");
    sandbox.write("notes.md", "one\n");
    sandbox.commit("By hand");
    let run = || sandbox.rowproof(&["run", "--base", "base", "--head", "head", "--format", "json"]).json();
    let json = run();
    assert_eq!(json["llm"], serde_json::json!({"assisted": false, "evidence": []}));
    assert!(!notices(&json).contains("declares"), "{}", notices(&json));

    sandbox.write("notes.md", "two\n");
    sandbox.commit(CLAUDE);
    let json = run();
    assert_eq!(json["llm"]["assisted"], true);
    let evidence = json["llm"]["evidence"][0].as_str().unwrap();
    assert!(evidence.contains("trailer Co-Authored-By: claude-code (Claude Opus 4.6): Co-Authored-By"), "{evidence}");
    assert!(notices(&json).contains("nobody declares it; add the label `by-llm`"), "{}", notices(&json));

    sandbox.write("notes.md", "three\n");
    sandbox.commit("Say it\n\nAssisted-by: claude-code:claude-opus-4-6");
    assert!(!notices(&run()).contains("declares"));
}
