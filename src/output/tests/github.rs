//! The faces for GitHub and for test reports: SARIF, JUnit, workflow commands, check runs.

use super::*;
use crate::output::check_run::{self, Annotation};
use crate::output::markdown::Frame;
use serde_json::Value;

#[test]
fn the_sample_as_sarif() {
    let mut value: Value = serde_json::from_str(&sarif::render(&sample()).expect("written")).expect("JSON");
    let driver = &mut value["runs"][0]["tool"]["driver"];
    let rules = driver["rules"].as_array().expect("rules").clone();
    // Every rule of the registry is there; the golden keeps those that the results name.
    let known: usize = crate::gates::GATES.iter().map(|g| g.rules.len()).sum();
    assert_eq!(rules.len(), known + 2);
    for rule in &rules {
        for text in [&rule["shortDescription"]["text"], &rule["fullDescription"]["text"], &rule["help"]["text"]] {
            let length = text.as_str().expect("a text").chars().count();
            assert!((1..=1024).contains(&length), "{rule}");
        }
    }
    driver["rules"] = rules.iter().find(|r| r["id"] == "lineage_diff/re-sourced").cloned().into_iter().collect();
    let results = value["runs"][0]["results"].as_array().expect("results");
    for result in results {
        let at = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(rules[at]["id"], result["ruleId"]);
    }
    for result in value["runs"][0]["results"].as_array_mut().expect("results") {
        // The places of rules move whenever a gate gets one more.
        result["ruleIndex"] = 0.into();
    }
    insta::assert_snapshot!("sarif", serde_json::to_string_pretty(&value).expect("JSON"));
}

#[test]
fn sarif_paths_and_links_are_harmless() {
    let mut report = sample();
    let place = |path: &str| Location { path: path.into(), line: 0, column: 9, end_line: 0, end_column: 2 };
    report.findings[0].location = Some(place("models/a b/ü#1?.sql"));
    report.findings[1].location = Some(place("../../etc/passwd"));
    report.findings[1].message = "see [here](1) and [x](https://x.y)".into();
    let value: Value = serde_json::from_str(&sarif::render(&report).expect("written")).expect("JSON");
    let results = value["runs"][0]["results"].as_array().expect("results");
    let of = |rule: &str| results.iter().find(|r| r["ruleId"] == rule).expect("a result");
    let at = |rule: &str| of(rule)["locations"][0]["physicalLocation"].clone();
    assert_eq!(
        at("lineage_diff/re-sourced"),
        json!({
            "artifactLocation": {"uri": "models/a%20b/%C3%BC%231%3F.sql", "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": 1},
        })
    );
    let outside = at("row_count_diff/rows-multiplied");
    assert_eq!(outside["artifactLocation"]["uri"], "models/marts/orders.sql", "the model's own file");
    let text = of("row_count_diff/rows-multiplied")["message"]["text"].as_str().expect("a text");
    assert!(text.starts_with("see \\[here\\](1) and \\[x\\](https"), "{text}");
}

#[test]
fn sarif_keeps_the_worst_and_counts_the_rest() {
    let mut report = sample();
    report.findings = (0..25_010).map(|i| finding(&format!("test/r{i}"), "orders", Severity::Note)).collect();
    report.findings.push(finding("test/unique", "orders", Severity::Error));
    let value: Value = serde_json::from_str(&sarif::render(&report).expect("written")).expect("JSON");
    let run = &value["runs"][0];
    assert_eq!(run["results"].as_array().map(Vec::len), Some(20_000));
    assert!(run["tool"]["driver"]["rules"].as_array().map_or(0, Vec::len) < 25_000);
    assert_eq!(run["results"][1]["ruleId"], "test/unique");
    let first = &run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
    assert_eq!(first, "5012 more results are in the JSON report only");
}

#[test]
fn a_suppression_must_be_a_note() {
    let mut report = sample();
    report.findings[0].evidence.insert("suppressed".into(), "trust me".into());
    let value: Value = serde_json::from_str(&sarif::render(&report).expect("written")).expect("JSON");
    let results = value["runs"][0]["results"].as_array().expect("results");
    let suppressed: Vec<&Value> =
        results.iter().filter(|r| r.get("suppressions").is_some()).map(|r| &r["ruleId"]).collect();
    assert_eq!(suppressed, ["lineage_diff/filter-changed"]);
}

#[test]
fn the_sample_as_junit() {
    insta::assert_snapshot!("junit", junit::render(&sample()));
}

#[test]
fn junit_never_passes_what_the_run_does_not() {
    let mut report = sample();
    (report.outcomes, report.findings, report.notices) = (vec![], vec![], vec![]);
    report.verdict = Verdict::Error;
    let text = junit::render(&report);
    assert!(text.contains("<testcase classname=\"rowproof\" name=\"verdict\""), "{text}");
    assert!(text.contains("tests=\"1\" failures=\"0\" errors=\"1\""), "{text}");
    report.verdict = Verdict::Pass;
    assert!(junit::render(&report).contains("tests=\"0\" failures=\"0\" errors=\"0\""));
    report.outcomes = vec![outcome("parse", "orders", Verdict::Pass, None, "parses")];
    report.findings = vec![finding("parse/syntax", "orders", Severity::Error), finding("x/y", "z", Severity::Error)];
    let text = junit::render(&report);
    assert!(text.contains("tests=\"2\" failures=\"2\" errors=\"0\""), "{text}");
}

#[test]
fn the_sample_as_workflow_commands() {
    insta::assert_snapshot!("annotations", annotations::render(&sample()));
}

#[test]
fn an_unexplained_verdict_is_an_annotation_too() {
    let mut report = sample();
    (report.outcomes, report.findings, report.notices) = (vec![], vec![], vec![]);
    report.verdict = Verdict::Fail;
    assert!(annotations::render(&report).starts_with("::error title=rowproof::the run failed; exit 1\n"));
}

#[test]
fn the_sample_as_a_check_run() {
    let report = sample();
    assert_eq!(check_run::title(&report), "error: 3 errors, 1 warning, 1 note on 3 changed models");
    let annotations = check_run::annotations(&report);
    assert_eq!(annotations.len(), 3, "those with a place");
    insta::assert_snapshot!("check_run", format!("{annotations:#?}"));
    insta::assert_snapshot!("check_run_summary", check_run::summary(&report, &Frame::default()));
}

#[test]
fn annotations_keep_githubs_limits() {
    let mut report = sample();
    let long = "é\x1b".repeat(100_000);
    let mut found = finding(&long, &long, Severity::Error).column(long.as_str()).evidence("k", long.as_str());
    (found.message, found.help) = (long.clone(), long.clone());
    let at = |path: &str, line, column, end_line, end_column| {
        let mut found = found.clone();
        found.location = Some(Location { path: path.into(), line, column, end_line, end_column });
        found
    };
    let mut silent = finding("", "", Severity::Note);
    silent.location = Some(Location::file("b.sql"));
    report.findings = vec![
        silent,
        at("a.sql", 0, 0, 0, 0),
        at("a.sql", 7, 9, 7, 3),
        at("a.sql", 7, 3, 7, 9),
        at("a.sql", 9, 3, 4, 9),
        at("a.sql", 4, 3, 9, 9),
        at("a.sql", u32::MAX, u32::MAX, u32::MAX, u32::MAX),
        at("/etc/passwd", 1, 1, 1, 2),
        at("a/../../b", 1, 1, 1, 2),
        at("C:\\x", 1, 1, 1, 2),
        at(&long, 1, 1, 1, 2),
    ];
    let all = check_run::annotations(&report);
    assert_eq!(all.len(), 7);
    let of = |a: &Annotation| (a.start_line, a.end_line, a.start_column, a.end_column);
    assert_eq!(of(&all[2]), (7, 7, Some(3), Some(8)));
    assert_eq!(of(&all[4]), (4, 9, None, None));
    assert_eq!(all[6].level, "notice", "worst first");
    for a in &all {
        assert!(a.start_line >= 1 && a.end_line >= a.start_line, "{a:?}");
        assert!(a.start_column.is_none() || (a.start_line == a.end_line && a.end_column >= a.start_column));
        assert!(a.title.len() <= 255 && !a.title.contains('\x1b'));
        assert!(!a.message.is_empty() && a.message.len() <= 64_000 && !a.message.contains('\x1b'));
        assert!(a.raw_details.as_ref().is_none_or(|d| d.len() <= 64_000 && !d.contains('\x1b')));
    }
}
