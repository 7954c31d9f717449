//! Reports with more in them than a face has room for.

use super::*;
use crate::output::check_run;
use crate::output::markdown::{BUDGET, Frame};
use std::time::{Duration, Instant};

/// Findings whose every field is as long as a hostile report can make it.
fn long_findings(count: usize, length: usize) -> Vec<Finding> {
    let long = "x".repeat(length);
    let one = |i: usize| {
        let mut f = finding("test/unique", &format!("m{i}"), Severity::Error).evidence("rows", long.as_str());
        f.message = long.clone();
        f
    };
    (0..count).map(one).collect()
}

#[test]
fn a_comment_stays_within_its_length_and_counts_what_is_left_out() {
    let mut report = sample();
    let long = "x".repeat(5_000);
    report.findings = long_findings(500, 5_000);
    report.changes = (0..3_000)
        .map(|i| change(&format!("model_{i}"), "marts", ChangeKind::Modified, Equivalence::Changed))
        .collect();
    report.outcomes = (0..3_000)
        .map(|i| outcome("test", &format!("model_{i}"), Verdict::Error, Some(&format!("{i} {long}")), ""))
        .collect();
    report.notices =
        (0..300).map(|_| Notice { severity: Severity::Note, place: long.clone(), message: long.clone() }).collect();
    let text = markdown::render(&report, &sources);
    assert!(text.len() <= BUDGET, "{}", text.len());
    let (blocks, lines) = (text.matches("<details open").count(), text.matches("- ❌ <code>test/unique").count());
    let blocks = blocks + text.matches("<details><summary>❌").count();
    assert!(blocks >= 3 && lines >= 3, "{blocks} {lines}");
    let left = 500 - blocks - lines;
    assert!(text.contains(&format!("**{left} more findings in the report** ({left} errors): {left} test/unique")));
    for more in ["more models in the report", "more reasons in the report", "more notices in the report"] {
        assert!(text.contains(more), "{more}");
    }
}

#[test]
fn no_field_can_blow_up_a_comment() {
    let mut report = sample();
    let long = "|".repeat(100_000);
    report.base.sha = long.clone();
    report.head.sha = long.clone();
    report.project.name = long.clone();
    report.tool = Tool { name: long.clone(), version: long.clone() };
    report.policy = PolicyUsed { path: long.clone(), sha256: long.clone(), side: long.clone() };
    report.notices = vec![Notice { severity: Severity::Note, place: long.clone(), message: long.clone() }];
    report.changes = vec![change(&long, &long, ChangeKind::Added, Equivalence::Changed)];
    report.outcomes =
        (0..500).map(|i| outcome(&format!("gate{i}{long}"), &long, Verdict::Skip, Some(&long), &long)).collect();
    report.outcomes.push(outcome("test", &long, Verdict::Fail, None, &long));
    let mut found = finding(&long, &long, Severity::Error).column(long.as_str()).evidence(&long, long.as_str());
    (found.message, found.help) = (long.clone(), long.clone());
    report.findings = vec![found];
    let text = markdown::render(&report, &sources);
    assert!(text.len() <= BUDGET, "{}", text.len());
    assert!(text.contains("did not pass"), "many gates are listed, not columns");
    assert!(text.contains("more finding in the report") || text.contains("- ❌ <code>"), "{text}");
    assert!(check_run::summary(&report, &Frame::default()).len() <= check_run::SUMMARY);
}

#[test]
fn ten_thousand_findings_of_five_hundred_gates_are_quick_and_counted() {
    let mut report = sample();
    report.findings =
        (0..10_000).map(|i| finding(&format!("gate{}/rule", i % 500), "orders", Severity::Warning)).collect();
    report.outcomes = (0..200)
        .flat_map(|m| (0..500).map(move |g| (m, g)))
        .map(|(m, g)| outcome(&format!("gate{g}"), &format!("m{m}"), Verdict::Error, Some(&format!("{m} {g}")), ""))
        .collect();
    let start = Instant::now();
    let link = Frame { link: Some("https://github.example/run/1"), ..Frame::default() };
    let text = markdown::render_framed(&report, &sources, &link);
    let summary = check_run::summary(&report, &link);
    let commands = annotations::render(&report);
    sarif::render(&report).expect("written");
    junit::render(&report);
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    assert!(text.len() <= BUDGET && summary.len() <= check_run::SUMMARY, "{} {}", text.len(), summary.len());
    for text in [text, summary] {
        let shown = text.matches("⚠️ <code>gate").count() + text.matches("⚠️ <b>warning</b>").count();
        let left = 10_000 - shown;
        assert!(
            text.contains(&format!("**{left} more findings in [the whole report](https://github.example/run/1)**"))
        );
    }
    assert_eq!(commands.matches("::warning ").count(), 10_000);
    assert!(commands.contains("9990 more warnings"), "{}", commands.lines().last().unwrap_or_default());
}

#[test]
fn the_sections_of_the_frame_are_whole_and_the_rest_gives_way() {
    let mut report = sample();
    report.findings = long_findings(300, 1_000);
    let sections = ["### Review\n\nwaits for a senior".to_owned(), format!("### Long\n\n{}", "y".repeat(30_000))];
    let frame = Frame {
        marker: "<!-- rowproof -->",
        note: Some("_reported by an unprivileged run_"),
        sections: &sections,
        link: Some("https://github.example/a(b"),
    };
    let text = markdown::render_framed(&report, &sources, &frame);
    assert!(text.len() <= BUDGET, "{}", text.len());
    assert!(text.starts_with("<!-- rowproof -->\n## ❓ Rowproof: error\n"), "{text}");
    for part in
        [sections[0].as_str(), sections[1].as_str(), "_reported by an unprivileged run_", "more findings in the report"]
    {
        assert!(text.contains(part), "{part}");
    }
    assert!(!text.contains("github.example"), "a link that would not stay one is left out");
}

#[test]
fn a_passing_comment_is_short_and_green() {
    let mut report = sample();
    report.verdict = Verdict::Pass;
    (report.findings, report.notices) = (vec![], vec![]);
    report.outcomes.retain(|o| o.gate == "parse");
    let text = markdown::render(&report, &sources);
    insta::assert_snapshot!("markdown_pass", text);
}

#[test]
fn many_models_with_nothing_wrong_fold() {
    let mut report = sample();
    for i in 0..20 {
        report.changes.push(change(&format!("quiet_{i}"), "staging", ChangeKind::Modified, Equivalence::Equivalent));
        report.outcomes.push(outcome("parse", &format!("quiet_{i}"), Verdict::Pass, None, "parses"));
    }
    let text = markdown::render(&report, &sources);
    assert!(text.contains("<details><summary>✅ 21 models with nothing wrong</summary>"), "{text}");
    assert!(text.contains("- <code>quiet_7</code> (equivalent): 1 gate passed, 4 not asked\n"), "{text}");
    assert!(!text.contains("| <code>quiet_7</code>") && text.contains("| <code>orders</code>"), "{text}");
}

#[test]
fn a_large_graph_says_how_much_it_leaves_out() {
    let mut report = sample();
    let below: Vec<String> = (0..100).map(|i| format!("m{i}.c")).collect();
    report.findings[0].evidence.insert("downstream".into(), below.into());
    let text = markdown::render(&report, &sources);
    let graph = text.split("```mermaid").nth(1).and_then(|t| t.split("```").next()).expect("a graph");
    let nodes = graph.lines().filter(|l| l.starts_with("  n") && l.contains("[\"")).count();
    assert_eq!(nodes, 30);
    assert!(graph.contains("more[\"and "), "{graph}");
}
