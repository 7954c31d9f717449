//! A pull request from `run` to its comment: the demo's, judged by the event's own commits and published.

use super::scene::Scene;
use serde_json::json;

#[test]
fn the_demo_is_judged_and_published() {
    let scene = Scene::new("models/marts/product_adoption.sql");
    let demo = scene.place.root().join("demo");
    assert_eq!(scene.place.rowproof(&["demo", "--dir", demo.to_str().unwrap()]).code, 0);
    let repo = git2::Repository::open(&demo).unwrap();
    let sha = |rev: &str| repo.revparse_single(rev).unwrap().id().to_string();
    let (base, head) = (sha("main"), sha("llm-refactor"));
    let mut pull = {
        let memory = scene.fake.memory.lock().unwrap();
        memory.pulls[&7].clone()
    };
    pull["head"]["sha"] = head.clone().into();
    pull["base"]["sha"] = base.into();
    scene.fake.memory.lock().unwrap().pulls.insert(7, pull.clone());
    scene.event(&json!({"action": "opened", "pull_request": pull, "repository": {"full_name": "acme/shop"}}));

    let report = demo.join("report.json");
    let ran = scene.run_in(&demo, "pull_request", &["run", "--output", report.to_str().unwrap(), "--format", "github"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stdout.contains("::error file=models/marts/"), "{}", ran.stdout);
    let ran = scene.run_in(&demo, "pull_request", &["post", report.to_str().unwrap()]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    scene.fake.assert_valid();
    let check = scene.checks("rowproof report", &head).remove(0);
    assert!(check["all_annotations"].as_array().unwrap().len() > 5);
    let comment = scene.comments().remove(0);
    insta::with_settings!({filters => vec![
        (r"sha256:[0-9a-f]{64}", "sha256:HASH"),
        (r"head:[0-9a-f]{40}", "head:SHA"),
    ]}, { insta::assert_snapshot!(comment) });
}
