//! `rowproof post`: one comment, one check run, labels, and nothing of a report that belongs elsewhere.

use super::fake::LOGIN;
use super::scene::{BASE, HEAD, Scene, commit, finding, report};
use serde_json::{Value, json};

const MART: &str = "models/marts/orders.sql";

fn annotations(run: &Value) -> usize {
    run["all_annotations"].as_array().unwrap().len()
}

#[test]
fn posting_twice_leaves_one_of_each() {
    let scene = Scene::new(MART);
    scene.report(&report(2));
    let first = scene.post();
    assert_eq!((first.code, first.stderr.as_str()), (1, ""), "{}", first.stdout);
    assert_eq!(scene.post().code, 1);
    assert_eq!(scene.comments().len(), 1);
    let checks = scene.checks("rowproof report", HEAD);
    assert_eq!(checks.len(), 1);
    assert_eq!((annotations(&checks[0]), checks[0]["conclusion"].as_str()), (2, Some("failure")));
    assert!(std::fs::read_to_string(scene.place.root().join("summary")).unwrap().contains("finding 1"));
    scene.fake.assert_valid();
}

#[test]
fn enterprise_server_has_its_own_paths() {
    let mut scene = Scene::new(MART);
    scene.apis = ("/api/v3", "/api/graphql");
    scene.report(&report(1));
    assert_eq!(scene.post().code, 1);
    assert_eq!(scene.comments().len(), 1);
    let memory = scene.fake.memory.lock().unwrap();
    let (graphql, rest): (Vec<&String>, Vec<&String>) = memory.paths.iter().partition(|p| p.contains("graphql"));
    assert_eq!(graphql, ["/api/graphql"]);
    assert!(rest.len() > 5 && rest.iter().all(|p| p.starts_with("/api/v3/")), "{rest:?}");
}

#[test]
fn two_at_once_leave_one_of_each() {
    let scene = Scene::new(MART);
    scene.fake.memory.lock().unwrap().commits =
        vec![commit("alice", "Add\n\nAssisted-by: claude-code:claude-opus-4-6")];
    scene.report(&report(3));
    let codes: Vec<i32> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..2).map(|_| scope.spawn(|| scene.post().code)).collect();
        runs.into_iter().map(|r| r.join().unwrap()).collect()
    });
    assert_eq!(codes, [1, 1]);
    assert_eq!(scene.comments().len(), 1);
    assert_eq!(scene.checks("rowproof report", HEAD).len(), 1);
    let labels = scene.fake.memory.lock().unwrap().labels(7);
    assert_eq!(labels, ["assisted-by:llm", "needs-senior-review", "hallucination-budget"]);
    scene.fake.assert_valid();
}

#[test]
fn annotations_come_in_batches() {
    for (count, requests) in [(0, 1), (50, 1), (51, 2), (120, 3)] {
        let scene = Scene::new(MART);
        scene.report(&report(count));
        let ran = scene.post();
        assert_eq!(ran.code, i32::from(count > 0), "{}", ran.stderr);
        let checks = scene.checks("rowproof report", HEAD);
        assert_eq!((checks.len(), annotations(&checks[0])), (1, count));
        let memory = scene.fake.memory.lock().unwrap();
        let sent = memory.writes().iter().filter(|w| w.contains("check-runs")).count();
        assert_eq!(sent, requests, "{count} annotations: {:?}", memory.writes());
        drop(memory);
        scene.fake.assert_valid();
    }
}

#[test]
fn the_comment_turns_green_in_place() {
    let scene = Scene::new(MART);
    scene.report(&report(1));
    scene.post();
    let red = scene.comments();
    scene.report(&report(0));
    assert_eq!(scene.post().code, 0);
    let green = scene.comments();
    assert_eq!((red.len(), green.len()), (1, 1));
    assert!(red[0].contains("fail") && green[0].contains("pass") && !green[0].contains("finding 0"));
    let checks = scene.checks("rowproof report", HEAD);
    assert_eq!((checks.len(), checks[0]["conclusion"].as_str()), (1, Some("success")));
    scene.fake.assert_valid();
}

#[test]
fn comments_of_others_are_left_alone() {
    let scene = Scene::new(MART);
    let foreign = json!({"id": 1, "issue": "7", "body": "<!-- rowproof:comment -->\nmine", "user": {"login": "mallory", "type": "User"}});
    let quoted =
        json!({"id": 2, "issue": "7", "body": "> <!-- rowproof:comment -->", "user": {"login": LOGIN, "type": "Bot"}});
    scene.fake.memory.lock().unwrap().comments = vec![foreign, quoted];
    scene.report(&report(1));
    scene.post();
    let comments = scene.comments();
    assert_eq!(comments.len(), 3);
    assert!(comments[0].ends_with("mine") && comments[1].starts_with("> "));
}

#[test]
fn comment_modes_are_kept() {
    for (mode, findings, comments) in
        [("never", 1, 0), ("failure", 0, 0), ("failure", 1, 1), ("auto", 0, 1), ("always", 0, 1)]
    {
        let scene = Scene::new(MART);
        scene.report(&report(findings));
        let ran = scene.run("pull_request", &["post", "report.json", "--comment", mode]);
        assert_eq!((ran.code, scene.comments().len()), (findings as i32, comments), "{mode} {}", ran.stderr);
    }
}

/// What is wrong on the base side, or cannot be read, hides no verdict.
#[test]
fn a_policy_that_does_not_hold_is_told_beside_the_report() {
    let scene = Scene::new(MART);
    scene.fake.memory.lock().unwrap().contents.insert(format!("{BASE}:rowproof.yml"), "layers: 3\n".to_owned());
    scene.report(&report(1));
    let ran = scene.post();
    assert_eq!((ran.code, scene.checks("rowproof report", HEAD).len()), (1, 1), "{}", ran.stderr);
    let comment = scene.comments().remove(0);
    assert!(comment.contains("could not be told") && comment.contains("finding 0"), "{comment}");
}

/// Who wrote the rest of them is unknown, and nobody is taken for innocent.
#[test]
fn more_commits_than_github_lists() {
    let scene = Scene::new(MART);
    let one = commit("alice", "Add\n\nCo-authored-by: Cursor <cursoragent@cursor.com>");
    scene.fake.memory.lock().unwrap().commits = (0..250).map(|_| one.clone()).collect();
    scene.review("sandra", "APPROVED", HEAD, "2026-11-25T09:00:00Z");
    scene.report(&report(0));
    assert_eq!(scene.post().code, 0);
    let comment = scene.comments().remove(0);
    assert!(comment.contains("no more than 250 commits") && comment.contains("cursor"), "{comment}");
    assert_eq!(scene.run("pull_request", &["review"]).code, 2);
    assert!(scene.fake.memory.lock().unwrap().labels(7).contains(&"assisted-by:llm".to_owned()));
}

#[test]
fn projects_of_one_repository_have_a_comment_each() {
    let scene = Scene::new(MART);
    scene.report(&report(1));
    for _ in 0..2 {
        for key in ["a/shop", "b"] {
            scene.run("pull_request", &["post", "report.json", "--key", key]);
        }
    }
    assert_eq!(scene.comments().len(), 2);
    assert_eq!(scene.checks("rowproof report (a/shop)", HEAD).len(), 1);
    scene.fake.assert_valid();
}

#[test]
fn a_read_only_token_changes_no_verdict() {
    let scene = Scene::new(MART);
    scene.fake.memory.lock().unwrap().read_only = true;
    scene.report(&report(1));
    let ran = scene.post();
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("::error file=models/marts/orders.sql,line=1"), "{}", ran.stdout);
    assert!(ran.stderr.contains("read-only token"), "{}", ran.stderr);
    scene.report(&report(0));
    assert_eq!(scene.post().code, 0);
}

#[test]
fn reports_of_elsewhere_are_dropped() {
    let other = "3".repeat(40);
    let mut foreign_head = report(1);
    foreign_head["head"]["sha"] = other.clone().into();
    let claims = |number: u64, sha: &str, repository: &str| {
        let mut report = report(1);
        report["pull_request"] = json!({"repository": repository, "number": number, "head_sha": sha});
        report
    };
    let foreign =
        [foreign_head, claims(8, HEAD, "acme/shop"), claims(7, &other, "acme/shop"), claims(7, HEAD, "mallory/shop")];
    let run = json!({"action": "completed", "repository": {"full_name": "acme/shop"}, "workflow_run": {
        "head_sha": HEAD, "head_branch": "change", "event": "pull_request", "head_repository": {"full_name": "acme/shop"}}});
    for (event, payload) in [("pull_request", None), ("workflow_run", Some(run))] {
        for report in &foreign {
            let scene = Scene::new(MART);
            if let Some(payload) = &payload {
                scene.event(payload);
            }
            scene.report(report);
            let ran = scene.run(event, &["post", "report.json"]);
            assert_eq!(ran.code, 2, "{event}: {}", ran.stderr);
            let writes = scene.fake.memory.lock().unwrap().writes();
            assert_eq!(writes, Vec::<String>::new(), "{event}: {}", ran.stderr);
        }
    }
}

#[test]
fn the_privileged_run_publishes_what_fits_and_drops_what_is_stale() {
    let payload = |sha: &str, repository: &str| {
        json!({"action": "completed", "repository": {"full_name": "acme/shop"}, "workflow_run": {
            "head_sha": sha, "head_branch": "change", "event": "pull_request", "head_repository": {"full_name": repository}}})
    };
    let scene = Scene::new(MART);
    let mut claimed = report(1);
    claimed["pull_request"] = json!({"repository": "acme/shop", "number": 7, "head_sha": HEAD});
    for report in [report(1), claimed] {
        scene.report(&report);
        scene.event(&payload(HEAD, "acme/shop"));
        assert_eq!(scene.run("workflow_run", &["post", "report.json"]).code, 1);
        assert_eq!(scene.comments().len(), 1);
    }
    assert!(scene.comments()[0].contains("a run without any rights"));
    // Nothing is checked out here; the line of code comes from GitHub.
    scene.fake.memory.lock().unwrap().contents.insert(format!("{HEAD}:{MART}"), "select cost from raw\n".to_owned());
    scene.run("workflow_run", &["post", "report.json"]);
    assert!(scene.comments()[0].contains("1 | select cost from raw"), "{}", scene.comments()[0]);
    scene.fake.assert_valid();
    // The same commit in another repository is somebody else's.
    let scene = Scene::new(MART);
    scene.report(&report(1));
    scene.event(&payload(HEAD, "mallory/shop"));
    scene.run("workflow_run", &["post", "report.json"]);
    assert_eq!(scene.comments().len(), 0);
}

#[test]
fn hostile_names_post_harmlessly() {
    let scene = Scene::new(MART);
    let nasty = "a|b`c`@acme/team <img src=x onerror=y> ::set-env name=A::b\n::error::x \u{1b}[31m https://evil.example #1 ![x](y) -->";
    let mut hostile = report(1);
    hostile["findings"][0] = finding(&format!("{nasty}{}", "x".repeat(100_000)), 1);
    for pointer in [
        "/findings/0/model",
        "/findings/0/help",
        "/findings/0/layer",
        "/changes/0/model",
        "/outcomes/0/model",
        "/outcomes/0/summary",
        "/project/name",
        "/policy/path",
    ] {
        *hostile.pointer_mut(pointer).unwrap() = nasty.into();
    }
    hostile["findings"][0]["location"]["path"] = "../../etc/passwd".into();
    hostile["changes"][0]["path"] = nasty.into();
    scene.report(&hostile);
    let ran = scene.post();
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let body = scene.comments().remove(0);
    assert!(body.chars().count() <= 65_536);
    for live in ["<img", "@acme", "\u{1b}", "https://evil", "\n::", "![x]"] {
        assert!(!body.contains(live), "{live} in {body}");
    }
    let checks = scene.checks("rowproof report", HEAD);
    assert_eq!((checks.len(), annotations(&checks[0])), (1, 0));
    assert!(!ran.stdout.lines().any(|l| l.starts_with("::")), "{}", ran.stdout);
    scene.fake.assert_valid();
}

#[test]
fn reports_that_lie_or_do_not_read_are_refused() {
    let scene = Scene::new(MART);
    let mut lying = report(1);
    lying["verdict"] = "pass".into();
    let mut newer = report(1);
    newer["schema_version"] = 2.into();
    let mut extra = report(1);
    extra["surprise"] = true.into();
    let mut unknown = report(1);
    unknown["verdict"] = "splendid".into();
    for report in [lying, newer, extra, unknown, json!([])] {
        scene.report(&report);
        let ran = scene.post();
        assert_eq!((ran.code, ran.stderr.contains("report.json")), (2, true), "{}", ran.stderr);
    }
    assert!(scene.fake.memory.lock().unwrap().log.is_empty());
}

#[test]
fn the_record_says_what_the_program_saw() {
    let scene = Scene::new(MART);
    let message =
        "Add\n\nCo-authored-by: Claude Opus 4.6 <noreply@anthropic.com>\nLLM-Prompt-Author: @alice\nReviewer: @bob";
    scene.fake.memory.lock().unwrap().commits = vec![commit("alice", message)];
    scene.review("sandra", "APPROVED", HEAD, "2026-11-25T09:00:00Z");
    scene.report(&report(1));
    scene.post();
    let check = scene.checks("rowproof report", HEAD).remove(0);
    let text = check["output"]["text"].as_str().unwrap();
    let json = text.split("```json\n").nth(1).unwrap().split("\n```").next().unwrap();
    let record: Value = serde_json::from_str(json).unwrap();
    assert_eq!(record["pr"], 7);
    assert_eq!(record["base_sha"], BASE);
    assert_eq!(record["assisted"][0]["tool"], "claude-code");
    assert_eq!(record["assisted"][0]["model"], "Claude Opus 4.6");
    assert_eq!(
        record["reviewers"],
        json!([{"bar": "senior-de", "met": true, "login": "sandra", "review_id": 1, "commit_id": HEAD}])
    );
    assert_eq!(record["gates"][0]["verdict"], "fail");
    assert!(scene.comments()[0].contains(record["hash"].as_str().unwrap()));
    scene.fake.assert_valid();
}
