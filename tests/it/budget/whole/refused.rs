//! What cannot be read is said, and nothing is counted from half of it.

use super::{YEAR, counted};
use crate::budget::github::{Fault, Simulated};
use crate::budget::simulate::{NOW, history};
use crate::budget::world::World;
use crate::sandbox::Sandbox;
use serde_json::{Value, json};

/// A run that must fail; gives what it said.
fn failed(server: &Simulated) -> String {
    let ran = server.budget(&Sandbox::new(), "cache", NOW, &YEAR);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
    ran.stderr
}

fn small() -> World {
    history(71, 10).world
}

#[test]
fn a_token_that_lacks_a_scope_is_told_so() {
    for field in ["PullRequest.labels", "PullRequest.timelineItems", "PullRequest.reviews", "Commit.history"] {
        let mut world = small();
        let message = "Your token has not been granted the required scopes to execute this query.";
        world.forbidden.insert(field.to_owned(), message.to_owned());
        let said = failed(&Simulated::start(world));
        assert!(said.contains("required scopes"), "{field}: {said}");
    }
}

#[test]
fn a_repository_that_the_token_cannot_see_is_told_so() {
    let mut world = small();
    world.hidden = true;
    let said = failed(&Simulated::start(world));
    assert!(said.contains("acme/shop"), "{said}");
    for (status, message) in [(401, "Bad credentials"), (403, "Resource not accessible by integration")] {
        let server = Simulated::start(small());
        let fault = Fault { status, body: json!({"message": message}), ..Fault::broken(1, usize::MAX) };
        server.state.lock().unwrap().faults.push(fault);
        let said = failed(&server);
        assert!(said.contains(message), "{said}");
    }
}

#[test]
fn a_branch_that_is_not_there_is_told() {
    let server = Simulated::start(small());
    for args in [["--branch", "trunk"], ["--ledger", "no-such-ledger"]] {
        let args: Vec<&str> = YEAR.into_iter().chain(args).collect();
        let ran = server.budget(&Sandbox::new(), "cache", NOW, &args);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(args[7]), "{}", ran.stderr);
    }
}

#[test]
fn a_ledger_that_does_not_hold_is_refused() {
    let spoilt: [&dyn Fn(&str) -> String; 4] = [
        &|text| text.replacen("\"schema\":1", "\"schema\":2", 1),
        &|text| text.lines().skip(1).map(|l| format!("{l}\n")).collect(),
        &|text| text.trim_end().to_owned(),
        &|text| format!("{text}{{}}\n"),
    ];
    for (index, spoil) in spoilt.into_iter().enumerate() {
        let mut world = small();
        let text = world.branches.get_mut("rowproof-ledger").unwrap().files.get_mut("ledger.jsonl").unwrap();
        let other = spoil(text);
        assert_ne!(*text, other);
        *text = other;
        let said = failed(&Simulated::start(world));
        assert!(said.contains("ledger"), "{index}: {said}");
    }
}

/// Pull requests whose record only a check run holds, within the year.
fn recorded(world: &World) -> Vec<u64> {
    let ours = |commit: &Value| commit["suites"].to_string().contains("\"rowproof:1\"");
    let within =
        |p: &Value| p["baseRefName"] == "main" && p["mergedAt"].as_str().is_some_and(|m| m.starts_with("2026"));
    let ledger = &world.branches["rowproof-ledger"].files["ledger.jsonl"];
    let only = |n: &u64| !ledger.contains(&format!("\"pr\":{n},"));
    let fits = |(_, p): &(&u64, &Value)| within(p) && ours(&world.commits[p["headRefOid"].as_str().unwrap()]);
    world.pulls.iter().filter(fits).map(|(n, _)| *n).filter(only).collect()
}

#[test]
fn a_record_that_was_changed_does_not_count_and_is_told() {
    let mut world = small();
    let spoilt = recorded(&world)[0];
    let head = world.pulls[&spoilt]["headRefOid"].as_str().unwrap().to_owned();
    let commit = world.commits.get_mut(&head).unwrap();
    let text = commit["suites"].to_string().replace("marts", "staging");
    commit["suites"] = serde_json::from_str(&text).unwrap();
    let budget = counted(&Simulated::start(world).budget(&Sandbox::new(), "cache", NOW, &YEAR));
    let told = budget["disagreements"].as_array().unwrap().iter().filter(|d| d["about"] == "record");
    let told: Vec<&Value> = told.collect();
    assert!(told.len() == 1 && told[0]["number"] == spoilt, "{told:?}");
}

#[test]
fn check_runs_that_the_token_may_not_read_are_told() {
    let mut world = small();
    world.forbidden.insert("Commit.checkSuites".to_owned(), "Resource not accessible by integration".to_owned());
    let budget = counted(&Simulated::start(world).budget(&Sandbox::new(), "cache", NOW, &YEAR));
    let notices = budget["notices"].to_string();
    assert!(notices.contains("checks: read"), "{notices}");
}

#[test]
fn a_ledger_of_a_megabyte_is_read_whole() {
    let made = history(72, 10);
    let server = Simulated::start(made.world);
    let small = server.budget(&Sandbox::new(), "cache", NOW, &YEAR);
    assert!(small.code < 2, "{}", small.stderr);
    {
        // Many records of pull requests that nobody asks about.
        let mut state = server.state.lock().unwrap();
        let text = state.world.branches.get_mut("rowproof-ledger").unwrap().files.get_mut("ledger.jsonl").unwrap();
        let last = text.lines().last().unwrap();
        let mut record: rowproof::audit::record::Record = serde_json::from_str(last).unwrap();
        for number in 0..2_000 {
            record.pr = 1_000_000 + number;
            record.head_sha = format!("{number:040x}");
            let before = record.hash.clone();
            record = record.chained(&before);
            text.push_str(&format!("{}\n", record.line()));
        }
        assert!(text.len() > 1_100_000, "{}", text.len());
    }
    let ran = server.budget(&Sandbox::new(), "cache", NOW, &YEAR);
    assert!(ran.code < 2, "{}", ran.stderr);
    assert!(ran.stdout == small.stdout);
    server.assert_valid();
}
