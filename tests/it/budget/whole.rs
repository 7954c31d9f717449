//! The whole command on a year of 2,000 pull requests: what it finds is held against what was made.

mod compare;
mod forms;
mod interrupted;
mod labelled;
mod refused;

use super::github::Simulated;
use super::simulate::{NOW, Truth, calm, history};
use crate::sandbox::{Ran, Sandbox};
use compare::compare;
use serde_json::Value;

/// The simulated year.
const YEAR: [&str; 6] = ["--since", "2026-01-01", "--until", "2026-12-31", "--format", "json"];

/// The budget that was printed; the exit code must be that of its verdict.
fn counted(ran: &Ran) -> Value {
    assert!(matches!(ran.code, 0 | 1), "{}\n{}", ran.code, ran.stderr);
    let budget = ran.json();
    assert_eq!(ran.code == 1, budget["verdict"] == "exceeded", "{} {}", ran.code, budget["verdict"]);
    budget
}

/// Runs over the year and compares.
fn whole(server: &Simulated, truth: &Truth) {
    let place = Sandbox::new();
    let budget = counted(&server.budget(&place, "cache", NOW, &YEAR));
    server.assert_valid();
    compare(&budget, truth, &server.state.lock().unwrap().world);
}

#[test]
fn two_thousand_pull_requests_are_counted_exactly_in_at_most_sixty_calls() {
    let made = history(11, 2_000);
    let server = Simulated::start(made.world);
    whole(&server, &made.truth);
    let calls = server.taken();
    assert!(calls.len() <= 60, "{} calls:\n{}", calls.len(), summary(&calls));
}

#[test]
fn other_years_are_counted_exactly_too() {
    for seed in [1, 2, 3, 4] {
        let made = history(seed, 500);
        whole(&Simulated::start(made.world), &made.truth);
    }
}

#[test]
fn a_calm_year_has_nothing_to_tell() {
    let made = calm(21, 400);
    let server = Simulated::start(made.world);
    whole(&server, &made.truth);
    let place = Sandbox::new();
    let budget = counted(&server.budget(&place, "cache", NOW, &YEAR));
    assert_eq!(
        (&budget["rollbacks"], &budget["escapes"], &budget["listed"]),
        (&Value::Array(vec![]), &Value::Array(vec![]), &Value::Array(vec![]))
    );
    // 0 of some 150 is within 2%, and says nothing yet of 0.5%.
    assert_eq!(
        (&budget["llm"]["rollback"]["verdict"], &budget["llm"]["escape"]["verdict"]),
        (&"met".into(), &"unproven".into())
    );
    assert_eq!(budget["verdict"], "unproven");
}

#[test]
fn a_budget_that_is_spent_fails() {
    // Stories alone: one in three is rolled back.
    let made = history(31, 10);
    let server = Simulated::start(made.world);
    let ran = server.budget(&Sandbox::new(), "cache", NOW, &YEAR);
    assert_eq!((ran.code, &counted(&ran)["verdict"]), (1, &"exceeded".into()), "{}", ran.stderr);
}

#[test]
fn a_quarter_is_a_part_of_the_year() {
    let mut made = history(41, 600);
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_second();
    made.truth.period = at("2026-04-01T00:00:00Z")..at("2026-07-01T00:00:00Z");
    let server = Simulated::start(made.world);
    for (trend, args) in [
        ("0", ["--quarter", "2026-Q2", "--format", "json"].as_slice()),
        ("4", &["--since", "2026-04-01", "--until", "2026-06-30", "--format", "json"]),
    ] {
        let args: Vec<&str> = args.iter().copied().chain(["--trend", trend]).collect();
        let budget = counted(&server.budget(&Sandbox::new(), "cache", NOW, &args));
        compare(&budget, &made.truth, &server.state.lock().unwrap().world);
    }
    server.assert_valid();
}

#[test]
fn the_quarters_of_the_trend_add_up_to_the_year() {
    let made = history(51, 600);
    let server = Simulated::start(made.world);
    let args: Vec<&str> = YEAR.into_iter().chain(["--trend", "4"]).collect();
    let budget = counted(&server.budget(&Sandbox::new(), "cache", NOW, &args));
    let trend = budget["trend"].as_array().unwrap();
    assert_eq!(
        trend.iter().map(|q| q["period"]["label"].as_str().unwrap()).collect::<Vec<_>>(),
        ["2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"]
    );
    for (quarter, whole) in [
        ("rollback", &budget["llm"]["rollback"]),
        ("escape", &budget["llm"]["escape"]),
        ("other_rollback", &budget["other"]["rollback"]),
    ] {
        for key in ["count", "of"] {
            let sum: u64 = trend.iter().map(|q| q[quarter][key].as_u64().unwrap()).sum();
            assert_eq!(whole[key], sum, "{quarter} {key}");
        }
    }
    assert_eq!(budget["pooled"]["rollback"]["of"], budget["llm"]["rollback"]["of"]);
}

/// How many calls of each kind.
fn summary(calls: &[(String, String, Value)]) -> String {
    let kind = |c: &(String, String, Value)| {
        let query: String = c.2["query"].as_str().unwrap_or("").split_whitespace().collect::<Vec<_>>().join(" ");
        format!("{} {} {}", c.0, c.1, query.chars().take(200).collect::<String>())
    };
    let mut kinds = std::collections::BTreeMap::<String, usize>::new();
    for call in calls {
        *kinds.entry(kind(call)).or_default() += 1;
    }
    kinds.into_iter().map(|(k, n)| format!("{n} x {k}\n")).collect()
}
