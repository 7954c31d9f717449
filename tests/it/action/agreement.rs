//! What `action.yml` declares, the scripts read, and what they read, it declares; the guide lists all of it.

use super::harness::action;
use crate::sandbox::{crate_folder, files};
use std::collections::BTreeSet;

/// Names of variables with one of our prefixes within a text, comments left out.
fn variables(text: &str) -> BTreeSet<String> {
    let code: String = text.lines().filter(|l| !l.trim_start().starts_with('#')).map(|l| format!("{l}\n")).collect();
    let word = |c: char| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit();
    code.split(|c: char| !word(c))
        .filter(|w| ["INPUT_", "EVENT_", "RUN_"].iter().any(|p| w.starts_with(p) && w.len() > p.len()))
        .chain(code.split(|c: char| !word(c)).filter(|w| ["ROWPROOF_BINARY", "ACTION_REPOSITORY"].contains(w)))
        .map(str::to_owned)
        .collect()
}

fn script(name: &str) -> String {
    std::fs::read_to_string(crate_folder("action").join(name)).unwrap()
}

#[test]
fn each_step_gets_what_its_script_reads_and_nothing_else() {
    let shared = script("inputs.sh");
    for step in action()["runs"]["steps"].as_array().unwrap() {
        let id = step["id"].as_str().unwrap();
        let run = step["run"].as_str().unwrap();
        assert_eq!(run.trim(), format!("bash --noprofile --norc \"${{GITHUB_ACTION_PATH:?}}/action/{id}.sh\""));
        let declared: BTreeSet<String> = step["env"].as_object().unwrap().keys().cloned().collect();
        let own = variables(&script(&format!("{id}.sh")));
        let unknown: Vec<_> = own.difference(&declared).collect();
        assert!(unknown.is_empty(), "{id}.sh reads {unknown:?}, which action.yml does not set");
        let all: BTreeSet<String> = own.union(&variables(&shared)).cloned().collect();
        let unread: Vec<_> = declared.difference(&all).collect();
        assert!(unread.is_empty(), "action.yml sets {unread:?} for {id}.sh, which does not read it");
    }
}

#[test]
fn every_input_reaches_a_step_under_its_own_name() {
    let action = action();
    let mut reached = BTreeSet::new();
    for step in action["runs"]["steps"].as_array().unwrap() {
        for (variable, value) in step["env"].as_object().unwrap() {
            if let Some(name) = value.as_str().unwrap().strip_prefix("${{ inputs.").and_then(|v| v.strip_suffix(" }}"))
            {
                assert_eq!(*variable, format!("INPUT_{}", name.to_uppercase().replace('-', "_")));
                reached.insert(name.to_owned());
            }
        }
    }
    let declared: BTreeSet<String> = action["inputs"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(reached, declared);
}

#[test]
fn the_token_is_given_to_no_step_that_judges() {
    for step in action()["runs"]["steps"].as_array().unwrap() {
        let token = step["env"].as_object().unwrap().values().any(|v| v.as_str().unwrap().contains("token"));
        assert_eq!(token, step["id"] != "run", "{}", step["id"]);
    }
}

#[test]
fn the_guide_lists_every_input_and_output() {
    let guide = std::fs::read_to_string(crate_folder("docs/github.md")).unwrap();
    let action = action();
    for kind in ["inputs", "outputs"] {
        for name in action[kind].as_object().unwrap().keys() {
            assert!(guide.contains(&format!("| `{name}` |")), "docs/github.md has no row for {name} ({kind})");
        }
    }
}

/// A script that nobody starts, or one that is started and is not there, is an accident.
#[test]
fn every_script_is_a_step_or_shared() {
    let action = action();
    let steps = action["runs"]["steps"].as_array().unwrap().iter().map(|s| format!("{}.sh", s["id"].as_str().unwrap()));
    let known: BTreeSet<String> = steps.chain(["inputs.sh".to_owned(), "release.lock".to_owned()]).collect();
    let there: BTreeSet<String> = files(&crate_folder("action")).into_iter().map(|(name, _)| name).collect();
    assert_eq!(there, known);
}

#[test]
fn the_lock_holds_digests_and_comments_only() {
    for line in script("release.lock").lines().filter(|l| !l.starts_with('#')) {
        let (digest, name) = line.split_once("  ").unwrap();
        assert!(digest.len() == 64 && digest.bytes().all(|b| b"0123456789abcdef".contains(&b)), "{line}");
        assert!(name.starts_with("rowproof-") && name.ends_with(".tar.gz"), "{line}");
    }
}
