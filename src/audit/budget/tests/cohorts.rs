//! Who is counted where, and what records say against labels.

use super::super::sample::{account, review, sha};
use super::*;
use crate::audit::record::{Assisted, Record, sample};
use crate::history::{Comment, ReviewState};

fn llm(number: u64) -> MergedPull {
    let mut one = on(number, 1, 0);
    one.labels = vec!["Assisted-By:LLM".to_owned()];
    one
}

fn record(number: u64, assisted: bool) -> Record {
    let mut one = sample(number);
    one.repo = "acme/shop".to_owned();
    one.head_sha = sha(number, 'b');
    if assisted {
        let (tool, source) = ("claude-code".to_owned(), "body".to_owned());
        one.assisted =
            vec![Assisted { tool, model: Some("claude-opus-4-6".into()), source, confidence: "high".into() }];
    }
    one
}

#[test]
fn bots_and_documentation_stand_apart() {
    let by = |mut one: MergedPull, login: &str| {
        one.author = Some(account(login));
        one
    };
    let mut docs = llm(5);
    docs.files = vec!["docs/a.md".to_owned(), "README.md".to_owned()];
    let pulls = vec![
        llm(1),
        on(2, 1, 0),
        by(on(3, 1, 0), "dependabot[bot]"),
        by(llm(4), "renovate[bot]"),
        docs,
        by(llm(6), "copilot-swe-agent[bot]"),
        by(on(7, 1, 0), "copilot-swe-agent[bot]"),
    ];
    let found = counted(&history(pulls)).adoption;
    assert_eq!((found.llm, found.of, found.bots, found.docs_only), (2, 3, 3, 1));
    assert_eq!(found.undeclared, [7]);
}

#[test]
fn the_record_counts_and_disagreement_is_told() {
    let checks = [(1, record(1, true)), (2, record(2, false)), (3, record(3, true))].into();
    let mut outside = record(4, true);
    outside.outcome.window_ok = Some(false);
    outside.later.rollback = Some("#9".to_owned());
    let records = Records { ledger: vec![outside], checks, broken: vec![5] };
    let found = counted_with(&history(vec![on(1, 1, 0), llm(2), llm(3), llm(4), llm(5)]), records);
    assert_eq!(found.adoption.llm, 4);
    assert_eq!((found.outside_window, found.rollbacks.len()), (vec![4], 1));
    let told: Vec<(u64, &str)> = found.disagreements.iter().map(|d| (d.number, d.about.as_str())).collect();
    assert_eq!(told, [(1, "assisted"), (2, "assisted"), (4, "rollback"), (4, "window"), (5, "record")]);
    let names: Vec<&str> = found.by_assistant.iter().map(|g| g.name.as_str()).collect();
    assert_eq!(names, ["claude-code · claude-opus-4-6", "unknown"]);
}

#[test]
fn the_ledger_counts_before_the_check_run() {
    let records = Records { ledger: vec![record(1, true)], checks: [(1, record(1, false))].into(), broken: Vec::new() };
    let found = counted_with(&history(vec![llm(1)]), records);
    assert_eq!((found.adoption.llm, found.disagreements.len()), (1, 1));
    // A record without a look at who wrote the change says nothing of it.
    let mut blank = record(1, false);
    blank.policy_sha.clear();
    let found = counted_with(&history(vec![llm(1)]), Records { ledger: vec![blank], ..Records::default() });
    assert_eq!((found.adoption.llm, found.disagreements.len()), (1, 0));
}

#[test]
fn a_record_that_does_not_count_is_told() {
    let mut renamed = record(1, true);
    renamed.repo = "acme/old-shop".to_owned();
    let mut other_merge = record(2, true);
    other_merge.outcome.merge_sha = Some(sha(9, 'f'));
    let records = Records { ledger: vec![renamed, other_merge], ..Records::default() };
    let found = counted_with(&history(vec![on(1, 1, 0), on(2, 1, 0)]), records);
    let told: Vec<(u64, &str)> = found.disagreements.iter().map(|d| (d.number, d.about.as_str())).collect();
    assert_eq!((found.adoption.llm, told), (0, vec![(1, "record"), (2, "record")]));
}

#[test]
fn escapes_are_explicit() {
    let mut labelled = llm(1);
    labelled.labels.push("escape".to_owned());
    let mut fix = on(3, 9, 0);
    fix.body = "Caused-by: #2".to_owned();
    let mut denied = llm(4);
    denied.labels.extend(["escape".to_owned(), "escape:not".to_owned()]);
    let found = counted(&history(vec![labelled, llm(2), fix, denied]));
    let told: Vec<(u64, &[u64])> = found.escapes.iter().map(|e| (e.number, e.fixes.as_slice())).collect();
    assert_eq!(told, [(1, &[][..]), (2, &[3])]);
    assert_eq!(listed(&found), [(Some(4), ListedAs::Overridden)]);
}

#[test]
fn what_people_said() {
    let mut one = llm(1);
    one.created_at = on(0, 1, 0).merged_at;
    one.merged_at = on(0, 3, 0).merged_at;
    one.reviews = vec![review("bob", ReviewState::ChangesRequested, "2026-07-02T00:00:00Z")];
    one.reviews[0].body = "> all wrong\n\nThis column is Hallucinated".to_owned();
    let mut history = history(vec![one]);
    let comment =
        |login: &str, body: &str| Comment { by: Some(account(login)), at: on(0, 4, 0).merged_at, body: body.into() };
    history
        .comments
        .insert(1, vec![comment("rowproof[bot]", "wrong"), comment("eve", "looks wrong"), comment("eve", "fine")]);
    let caught = counted(&history).caught;
    assert_eq!(caught.changes_requested, [1]);
    let lines: Vec<(&str, &str)> = caught.remarks.iter().map(|r| (r.word.as_str(), r.line.as_str())).collect();
    assert_eq!(lines, [("hallucinat", "This column is Hallucinated"), ("wrong", "looks wrong")]);
}

#[test]
fn layers_and_their_time() {
    let mut one = llm(1);
    one.files = vec!["models/staging/a.sql".to_owned(), "models/marts/b.sql".to_owned()];
    let mut revert = on(2, 1, 5);
    revert.body = "Reverts #1".to_owned();
    let mut budget = counted(&history(vec![one.clone(), revert.clone()]));
    assert_eq!(budget.by_layer.iter().map(|g| g.name.as_str()).collect::<Vec<_>>(), ["marts"]);
    assert_eq!((budget.sla.within.as_slice(), budget.sla.late.as_slice()), (&[][..], &[1][..]));
    assert_eq!(budget.by_model.iter().map(|g| g.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    // Asked for by a label two hours before.
    one.labels.push("rollback".to_owned());
    let at = on(0, 1, 3).merged_at;
    one.label_events = vec![crate::history::LabelEvent { label: "rollback".into(), set: true, by: None, at }];
    budget = counted(&history(vec![one, revert]));
    assert_eq!(budget.sla.within, [1]);
}

#[test]
fn quarters_and_maturity() {
    let mut old = llm(1);
    old.merged_at = super::super::sample::at("2025-11-01T00:00:00Z");
    let found = counted(&history(vec![old, llm(2), llm(3)]));
    let sizes: Vec<(&str, u64, bool)> =
        found.trend.iter().map(|q| (q.period.label.as_str(), q.rollback.of, q.immature)).collect();
    assert_eq!(sizes, [("2025-Q4", 1, false), ("2026-Q1", 0, false), ("2026-Q2", 0, false), ("2026-Q3", 2, false)]);
    assert_eq!(found.pooled.map(|p| p.rollback.of), Some(3));
    assert_eq!((found.llm.pulls, found.llm.immature), (2, 0));
}
