//! Nothing is forgotten: every gate has fixtures and stands in the README, every rule stays within its gate.

use crate::cases::groups;
use crate::sandbox::crate_folder;
use rowproof::gates::GATES;
use std::collections::BTreeSet;

#[test]
fn every_gate_has_fixtures_and_every_fixture_a_gate() {
    let gates: BTreeSet<&str> = GATES.iter().map(|g| g.id).collect();
    let folders: BTreeSet<String> = groups().into_iter().filter(|g| g != "equivalent").collect();
    assert_eq!(gates, folders.iter().map(String::as_str).collect::<BTreeSet<_>>());
}

#[test]
fn every_gate_stands_in_the_readme() {
    let readme = std::fs::read_to_string(crate_folder("README.md")).unwrap();
    for gate in GATES {
        let row = readme.lines().any(|l| l.starts_with(&format!("| `{}`", gate.id)) && l.contains(gate.summary));
        assert!(row, "README.md has no row for `{}` with: {}", gate.id, gate.summary);
    }
}

/// The README's picture is what `rowproof demo` prints: lines may be left out, none invented.
#[test]
fn the_picture_in_the_readme_is_real() {
    let readme = std::fs::read_to_string(crate_folder("README.md")).unwrap();
    let golden = "tests/it/snapshots/it__demo__the_demo_shows_a_failing_pull_request.snap";
    let golden = std::fs::read_to_string(crate_folder(golden)).unwrap();
    let printed: BTreeSet<&str> = golden.lines().map(str::trim_end).collect();
    let picture = readme.split("```text\n").nth(1).and_then(|t| t.split("```").next()).unwrap();
    let shown: Vec<&str> = picture.lines().filter(|l| !l.starts_with("$ ") && *l != "..." && !l.is_empty()).collect();
    assert!(shown.len() > 10);
    let invented: Vec<&&str> = shown.iter().filter(|l| !printed.contains(l.trim_end())).collect();
    assert!(invented.is_empty(), "not printed by the demo: {invented:#?}");
}

#[test]
fn every_rule_is_named_after_its_gate_and_explained() {
    for gate in GATES {
        for rule in gate.rules {
            assert!(rule.id.starts_with(&format!("{}/", gate.id)), "{}", rule.id);
            assert!(!rule.what.is_empty() && !rule.help.is_empty(), "{}", rule.id);
        }
        let ids: BTreeSet<&str> = gate.rules.iter().map(|r| r.id).collect();
        assert_eq!(ids.len(), gate.rules.len(), "{}: a rule stands twice", gate.id);
    }
}

#[test]
fn every_dependency_is_explained() {
    let manifest = std::fs::read_to_string(crate_folder("Cargo.toml")).unwrap();
    let page = std::fs::read_to_string(crate_folder("docs/dependencies.md")).unwrap();
    let mut inside = false;
    let mut names = BTreeSet::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.contains("dependencies]");
        } else if inside && let Some((name, _)) = line.split_once('=') {
            names.insert(name.trim().to_owned());
        }
    }
    assert!(names.len() > 10);
    let missing: Vec<&String> = names.iter().filter(|n| !page.contains(&format!("| `{n}` |"))).collect();
    assert!(missing.is_empty(), "docs/dependencies.md does not say why: {missing:?}");
}
