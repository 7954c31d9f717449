//! Every face of a report made by hand, and what must hold for any report.

use super::table::Options;
use super::*;
use crate::finding::{Finding, Location, Severity};
use crate::report::*;
use proptest::prelude::*;
use serde_json::Map;

const SOURCE: &str = "with items as (\n    select * from {{ ref('stg_order_items') }}\n)\nselect\n    order_id,\n\
                      \tsum(items.product_price) as order_cost,\n    count(*) as order_items\nfrom items\njoin supplies using (product_id)\ngroup by 1\n";

fn sources(path: &str) -> Option<String> {
    (path == "models/marts/orders.sql").then(|| SOURCE.to_owned())
}

fn change(model: &str, layer: &str, kind: ChangeKind, equivalence: Equivalence) -> ChangeInfo {
    ChangeInfo {
        model: model.into(),
        unique_id: format!("model.shop.{model}"),
        path: format!("models/{layer}/{model}.sql"),
        layer: layer.into(),
        kind,
        reasons: vec!["body".into()],
        equivalence,
        downstream: Vec::new(),
    }
}

fn outcome(gate: &str, model: &str, verdict: Verdict, reason: Option<&str>, summary: &str) -> Outcome {
    let reason = reason.map(str::to_owned);
    Outcome {
        gate: gate.into(),
        model: model.into(),
        verdict,
        reason,
        summary: summary.into(),
        evidence: Map::new(),
        ms: 12,
    }
}

fn finding(rule: &str, model: &str, severity: Severity) -> Finding {
    let mut finding = Finding::new(rule, "", "").severity(severity);
    (finding.model, finding.layer) = (model.into(), "marts".into());
    finding
}

fn sample() -> Report {
    let mut resourced = finding("lineage_diff/re-sourced", "orders", Severity::Error)
        .column("order_cost")
        .at(Location { path: "models/marts/orders.sql".into(), line: 6, column: 2, end_line: 6, end_column: 40 })
        .evidence("from", "order_items.product_price")
        .fingerprinted("0");
    resourced.message = "`order_cost` now comes from order_items.product_price (was order_items.supply_cost)".into();
    resourced.help = "read supply_cost again, or say in the pull request why the cost is the price".into();
    let mut multiplied = finding("row_count_diff/rows-multiplied", "orders", Severity::Error)
        .at(Location { path: "models/marts/orders.sql".into(), line: 9, column: 1, end_line: 10, end_column: 11 })
        .evidence("base", 61_948)
        .evidence("head", 68_143);
    multiplied.message = "rows +10.0%: the join at line 9 matches 1,887 keys more than once".into();
    multiplied.help = "join on the whole key, or aggregate supplies first".into();
    let mut dropped = finding("pii_scan/tag-dropped", "customers", Severity::Warning).column("e|mail");
    dropped.message = "the tag of `e|mail` is gone, see @octocat\n<script>".into();
    Report {
        schema_version: SCHEMA_VERSION,
        tool: Tool { name: "rowproof".into(), version: "0.0.0".into() },
        verdict: Verdict::Error,
        base: Revision { rev: "main".into(), sha: "0123456789abcdef0123456789abcdef01234567".into() },
        head: Revision { rev: "worktree".into(), sha: "worktree".into() },
        policy: PolicyUsed { path: "rowproof.yml".into(), sha256: "00".into(), side: "base".into() },
        project: ProjectInfo { kind: "dbt".into(), name: "shop".into(), dialect: "duckdb".into() },
        llm: Llm::default(),
        changes: vec![
            change("customers", "marts", ChangeKind::Modified, Equivalence::Undecided),
            change("orders", "marts", ChangeKind::Modified, Equivalence::Changed),
            change("stg_orders", "staging", ChangeKind::Moved, Equivalence::Identical),
        ],
        outcomes: vec![
            outcome("parse", "customers", Verdict::Pass, None, "parses"),
            outcome("pii_scan", "customers", Verdict::Warn, None, "1 of 4 columns lost its tag"),
            outcome("reconcile", "customers", Verdict::Skip, Some("no reference is configured for this model"), ""),
            outcome("parse", "orders", Verdict::Pass, None, "parses"),
            outcome("row_count_diff", "orders", Verdict::Fail, None, "61,948 -> 68,143 rows"),
            outcome("lineage_diff", "orders", Verdict::Fail, None, "1 of 3 columns changed"),
            outcome("pii_scan", "orders", Verdict::Error, Some("shop.duckdb: no such file"), ""),
            outcome("reconcile", "orders", Verdict::Skip, Some("no reference is configured for this model"), ""),
            outcome("parse", "stg_orders", Verdict::Pass, None, "parses"),
        ],
        findings: vec![resourced, multiplied, dropped],
        notices: vec![Notice {
            severity: Severity::Note,
            place: "rowproof.yml:4".into(),
            message: "`models/cor/*` of layer `core` matches no model; correct or remove it".into(),
        }],
    }
}

const PLAIN: Options = Options { color: false, width: 120, verbose: false };

#[test]
fn the_sample_on_a_terminal() {
    insta::assert_snapshot!("table", table::render(&sample(), &sources, &PLAIN));
}

#[test]
fn the_sample_on_a_narrow_terminal_with_evidence() {
    let options = Options { width: 70, verbose: true, ..PLAIN };
    insta::assert_snapshot!("table_narrow_verbose", table::render(&sample(), &sources, &options));
    let list = table::render(&sample(), &sources, &Options { width: 40, ..PLAIN });
    assert!(
        list.contains("\norders  marts, modified\n  ? error  pii_scan\n  ✗ fail   row_count_diff, lineage_diff\n"),
        "{list}"
    );
}

#[test]
fn the_sample_as_a_comment() {
    insta::assert_snapshot!("markdown", markdown::render(&sample(), &sources));
}

#[test]
fn the_sample_as_json_reads_back() {
    let text = json::render(&sample()).expect("written");
    insta::assert_snapshot!("json", text);
    assert_eq!(json::read(&text).expect("read"), sample());
    assert!(json::read(&text.replace("\"schema_version\": 1", "\"schema_version\": 2")).is_err());
    assert!(json::read(&text.replace("\"verdict\": \"warn\"", "\"verdict\": \"fine\"")).is_err());
    assert!(json::read(&text.replacen("\"rev\"", "\"revision\"", 1)).is_err());
    assert!(json::read("{}").is_err());
}

#[test]
fn a_colored_table_is_the_plain_one_with_colors() {
    let colored = table::render(&sample(), &sources, &Options { color: true, ..PLAIN });
    assert!(colored.contains('\x1b'));
    let escapes = regex::Regex::new("\x1b\\[[0-9;]*m").expect("a pattern");
    let plain = table::render(&sample(), &sources, &PLAIN);
    let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(squeeze(&escapes.replace_all(&colored, "")), squeeze(&plain));
}

#[test]
fn an_empty_report_says_so() {
    let report = Report {
        verdict: Verdict::Pass,
        changes: vec![],
        outcomes: vec![],
        findings: vec![],
        notices: vec![],
        ..sample()
    };
    assert!(table::render(&report, &sources, &PLAIN).contains("no model changed; exit 0"));
    assert!(markdown::render(&report, &sources).contains("no model changed; exit 0"));
}

#[test]
fn a_comment_stays_within_its_length_and_counts_what_is_left_out() {
    let mut report = sample();
    let long = "x".repeat(5_000);
    report.findings = (0..500)
        .map(|i| {
            let mut f = finding("test/unique", &format!("m{i}"), Severity::Error).evidence("rows", long.as_str());
            f.message = long.clone();
            f
        })
        .collect();
    report.changes = (0..3_000)
        .map(|i| change(&format!("model_{i}"), "marts", ChangeKind::Modified, Equivalence::Changed))
        .collect();
    report.outcomes = (0..3_000)
        .map(|i| outcome("test", &format!("model_{i}"), Verdict::Error, Some(&format!("{i} {long}")), ""))
        .collect();
    report.notices =
        (0..300).map(|_| Notice { severity: Severity::Note, place: long.clone(), message: long.clone() }).collect();
    let text = markdown::render(&report, &sources);
    assert!(text.chars().count() <= markdown::BUDGET, "{}", text.chars().count());
    let shown = text.matches("<details open").count();
    assert!(shown > 3, "{shown}");
    assert!(text.contains(&format!("**{} more findings in the report.**", 500 - shown)));
    assert!(text.contains("more models in the report"));
    assert!(text.contains("more reasons in the report"));
    let rest = text.split("more findings in the report").nth(1).expect("a tail");
    assert!(!rest.contains("<details open"));
}

#[test]
fn no_field_can_blow_up_a_comment() {
    let mut report = sample();
    let long = "|".repeat(20_000);
    report.base.sha = long.clone();
    report.head.sha = long.clone();
    report.project.name = long.clone();
    report.policy = PolicyUsed { path: long.clone(), sha256: long.clone(), side: long.clone() };
    report.notices = vec![Notice { severity: Severity::Note, place: long.clone(), message: long.clone() }];
    report.changes = vec![change(&long, &long, ChangeKind::Added, Equivalence::Changed)];
    report.outcomes =
        (0..900).map(|i| outcome(&format!("gate{i}{long}"), &long, Verdict::Skip, Some(&long), &long)).collect();
    let mut found = finding(&long, &long, Severity::Error).column(long.as_str()).evidence(&long, long.as_str());
    (found.message, found.help) = (long.clone(), long.clone());
    report.findings = vec![found];
    let text = markdown::render(&report, &sources);
    assert!(text.chars().count() <= markdown::BUDGET, "{}", text.chars().count());
    assert!(text.contains("The table of 900 gates is in the report."));
    assert!(text.contains("more finding in the report") || text.contains("<details open"));
}

#[test]
fn gates_keep_their_order_when_models_are_asked_different_ones() {
    let mut report = sample();
    let asked = |model: &str, gates: &[&str]| -> Vec<Outcome> {
        gates.iter().map(|g| outcome(g, model, Verdict::Pass, None, "")).collect()
    };
    report.outcomes = [asked("a", &["parse", "test"]), asked("b", &["parse", "safety", "test", "reconcile"])].concat();
    assert_eq!(overview::gates(&report), ["parse", "safety", "test", "reconcile"]);
}

#[test]
fn the_last_line_counts_what_failed() {
    assert_eq!(
        overview::closing(&sample()),
        "2 gates failed on 1 of 3 changed models, 1 gate could not decide on 1 of 3 changed models, \
         1 gate warned on 1 of 3 changed models; exit 2"
    );
}

fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z_]{1,12}",
        "(?s).{0,30}",
        "[|`<>@#\\\\\\[\\]()!*_~&\n\r\t\x1b\u{9b}\u{202e} a-z0-9:/.-]{0,30}",
        Just("```\n</details>\n| a | b |\n".to_owned()),
        Just("\x1b]8;;http://x\x07link".to_owned()),
    ]
}

prop_compose! {
    fn any_finding()(
        rule in hostile(), model in hostile(), message in hostile(), help in hostile(), path in hostile(),
        column in proptest::option::of(hostile()), key in hostile(),
        place in proptest::option::of((0u32..20, 0u32..90, 0u32..20, 0u32..90)),
        real in any::<bool>(), severity in 0..3,
    ) -> Finding {
        let severity = [Severity::Note, Severity::Warning, Severity::Error][severity as usize];
        let mut found = finding(&rule, &model, severity).evidence(&key, message.as_str());
        (found.message, found.help, found.column) = (message, help, column);
        found.location = place.map(|(line, column, end_line, end_column)| Location {
            path: if real { "models/marts/orders.sql".into() } else { path }, line, column, end_line, end_column,
        });
        found
    }
}

prop_compose! {
    fn any_report()(
        findings in proptest::collection::vec(any_finding(), 0..6),
        outcomes in proptest::collection::vec((hostile(), hostile(), 0..5, proptest::option::of(hostile())), 0..6),
        models in proptest::collection::vec((hostile(), hostile()), 0..4),
        words in proptest::collection::vec(hostile(), 8),
    ) -> Report {
        let verdicts = [Verdict::Pass, Verdict::Warn, Verdict::Skip, Verdict::Fail, Verdict::Error];
        let mut report = sample();
        report.base.sha = words[0].clone();
        report.head.sha = words[1].clone();
        report.policy = PolicyUsed { path: words[2].clone(), sha256: words[3].clone(), side: words[4].clone() };
        report.project.name = words[5].clone();
        report.notices = vec![Notice { severity: Severity::Error, place: words[6].clone(), message: words[7].clone() }];
        report.changes = models.iter().map(|(m, l)| change(m, l, ChangeKind::Added, Equivalence::Changed)).collect();
        report.outcomes = outcomes
            .iter()
            .map(|(g, m, v, r)| outcome(g, m, verdicts[*v as usize], r.as_deref(), g))
            .collect();
        report.findings = findings;
        report
    }
}

proptest! {
    #[test]
    fn the_table_shows_every_finding_and_no_control_character(report in any_report(), width in 0u16..200, verbose in any::<bool>()) {
        let hostile_source = |path: &str| sources(path).or(Some("a\x1b[2J\u{202e}\n\tb\n".repeat(9)));
        let text = table::render(&report, &hostile_source, &Options { color: false, width, verbose });
        prop_assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
        prop_assert!(!text.contains('\u{202e}'), "no direction marks");
        let mut lines = text.lines();
        for finding in &report.findings {
            let label = format!("{}[{}] {}", overview::severity_word(finding.severity), escape::terminal(&finding.rule), escape::terminal(&finding.model));
            prop_assert!(lines.any(|l| l.starts_with(&label)), "{label} in\n{text}");
        }
        for outcome in report.outcomes.iter().filter(|o| o.verdict == Verdict::Error) {
            prop_assert!(text.contains(&escape::terminal(outcome.reason.as_deref().filter(|r| !r.is_empty()).unwrap_or(&outcome.summary))));
        }
    }

    #[test]
    fn json_is_complete(report in any_report()) {
        prop_assert_eq!(json::read(&json::render(&report).expect("written")).expect("read"), report);
    }

    #[test]
    fn the_comment_shows_every_finding_and_nothing_escapes(report in any_report()) {
        let text = markdown::render(&report, &sources);
        // Outside fences: no raw HTML but ours, no mention, and every row of the table has the same cells.
        let mut fence: Option<String> = None;
        let mut outside = String::new();
        for line in text.lines() {
            let ticks: String = line.chars().take_while(|c| *c == '`').collect();
            match &fence {
                Some(open) if line == open => fence = None,
                Some(_) => {}
                None if ticks.len() >= 3 => fence = Some(ticks),
                None => outside.push_str(&format!("{line}\n")),
            }
        }
        prop_assert!(fence.is_none(), "every fence is closed");
        let tags = regex::Regex::new("</?(details( open)?|summary|code|b)>").expect("a pattern");
        let bare = tags.replace_all(&outside, "");
        prop_assert!(!bare.contains(['<', '`', '\\', '[', ']']), "{}", bare);
        prop_assert!(!bare.replace("@\u{200b}", "").contains('@'), "no mentions");
        let evidence = usize::from(report.outcomes.iter().any(|o| !matches!(o.verdict, Verdict::Error | Verdict::Skip)));
        prop_assert_eq!(outside.matches("<details").count(), report.findings.len() + evidence);
        prop_assert_eq!(outside.matches("</details>").count(), report.findings.len() + evidence);
        let cells: Vec<usize> = outside.lines().filter(|l| l.starts_with('|')).map(|l| l.matches('|').count()).collect();
        prop_assert!(cells.windows(2).all(|w| w[0] == w[1]), "{:?}", cells);
        let mut summaries = outside.lines().filter(|l| l.starts_with("<details"));
        for finding in &report.findings {
            let (rule, model) = (escape::markdown_code(&finding.rule), escape::markdown(&finding.model));
            prop_assert!(summaries.any(|l| l.contains(&rule) && l.contains(&model)), "{} {}", rule, model);
        }
    }
}
