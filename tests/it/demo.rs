//! `rowproof demo`: the README's first command.

use crate::sandbox::Sandbox;

#[test]
fn the_demo_shows_a_failing_pull_request() {
    let sandbox = Sandbox::new();
    let ran = sandbox.rowproof(&["demo", "--color", "never"]);
    assert_eq!(ran.code, 0, "{}\n{}", ran.stdout, ran.stderr);
    let stdout = without_times(&ran.stdout);
    for words in ["adoption_level", "feature_health_score", "each by itself"] {
        assert!(stdout.contains(words), "no {words} in\n{stdout}");
    }
    insta::assert_snapshot!(stdout);
    let again = without_times(&sandbox.rowproof(&["demo", "--color", "never"]).stdout);
    assert_eq!(stdout, again, "same input, same bytes");
}

#[test]
fn the_demo_can_be_kept_and_judged_again() {
    let sandbox = Sandbox::new();
    let dir = sandbox.root().join("kept");
    let ran = sandbox.rowproof(&["demo", "--dir", dir.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains(dir.to_str().unwrap()), "{}", ran.stdout);
    let again = sandbox.rowproof_in(&dir, &["run", "--base", "main", "--head", "llm-refactor", "--format", "json"]);
    assert!(again.code > 0);
    assert_eq!(again.json()["head"]["rev"], "llm-refactor");
    let refused = sandbox.rowproof(&["demo", "--dir", dir.to_str().unwrap()]);
    assert_eq!(refused.code, 2, "a folder in use is not written to");
}

/// Milliseconds are the only thing of a report that differs between runs.
fn without_times(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let shown: Vec<&str> =
            words.iter().map(|w| if w.ends_with("ms") && w.len() > 2 { "N ms" } else { w }).collect();
        out.push_str(shown.join(" ").trim_end());
        out.push('\n');
    }
    out
}
