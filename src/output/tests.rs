//! Every face of a report made by hand, and what must hold for any report.

use super::table::Options;
use super::*;
use crate::finding::{Finding, Location, Severity};
use crate::report::*;
use serde_json::{Map, json};

mod github;
mod hostile;
mod many;

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

fn with(mut outcome: Outcome, evidence: serde_json::Value) -> Outcome {
    outcome.evidence = evidence.as_object().cloned().unwrap_or_default();
    outcome
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
        .evidence("now_from", vec!["order_items.product_price"])
        .evidence("was_from", vec!["order_items.supply_cost"])
        .evidence("downstream", vec!["customers.lifetime_cost", "margins.margin"])
        .evidence("exposures", vec!["finance \"daily\""])
        .fingerprinted("0");
    resourced.message = "`order_cost` now comes from order_items.product_price (was order_items.supply_cost)".into();
    resourced.help = "read supply_cost again, or say in the pull request why the cost is the price".into();
    let mut multiplied = finding("row_count_diff/rows-multiplied", "orders", Severity::Error)
        .at(Location { path: "models/marts/orders.sql".into(), line: 9, column: 1, end_line: 10, end_column: 11 })
        .evidence("base", 61_948)
        .evidence("head", 68_143);
    multiplied.message = "rows +10.0%: the join at line 9 matches 1,887 keys more than once".into();
    multiplied.help = "join on the whole key, or aggregate supplies first".into();
    let mut filtered = finding("lineage_diff/filter-changed", "stg_orders", Severity::Note)
        .at(Location { path: "models/staging/stg_orders.sql".into(), line: 3, column: 1, end_line: 4, end_column: 9 })
        .evidence("suppressed", "agreed with finance (@octocat, until 2027-03-01)");
    filtered.message = "filter dropped: `status <> 'test'`".into();
    let mut differs = finding("reconcile/column-differs", "orders", Severity::Error)
        .column("order_cost")
        .evidence("differing", 1_204)
        .evidence("null_against_value", 3)
        .evidence("max_absolute", 12.5)
        .evidence("max_relative", 0.031_234_5);
    differs.message = "order_cost differs from the reference in 1,204 of 61,948 rows".into();
    differs.help = "correct the column's expression; the sample keys in the evidence are rows to look at first".into();
    let mut dropped = finding("pii_scan/tag-dropped", "customers", Severity::Warning)
        .column("e|mail")
        .evidence("downstream", vec!["mailing.e|mail"]);
    dropped.message = "the tag of `e|mail` is gone, see @octocat\n<script>".into();
    Report {
        schema_version: SCHEMA_VERSION,
        tool: Tool { name: "rowproof".into(), version: "0.0.0".into() },
        verdict: Verdict::Error,
        base: Revision { rev: "main".into(), sha: "0123456789abcdef0123456789abcdef01234567".into() },
        head: Revision { rev: "worktree".into(), sha: "worktree".into() },
        policy: PolicyUsed { path: "rowproof.yml".into(), sha256: "00".into(), side: "base".into() },
        project: ProjectInfo { kind: "dbt".into(), name: "shop".into(), dialect: "duckdb".into() },
        pull_request: None,
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
            with(
                outcome("row_count_diff", "orders", Verdict::Fail, None, "61,948 -> 68,143 rows"),
                json!({"base": 61_948, "head": 68_143, "causes": ["the join at line 9 matches 1,887 keys more than once"]}),
            ),
            outcome("lineage_diff", "orders", Verdict::Fail, None, "1 of 3 columns changed"),
            outcome("pii_scan", "orders", Verdict::Error, Some("shop.duckdb: no such file"), ""),
            with(
                outcome(
                    "reconcile",
                    "orders",
                    Verdict::Fail,
                    None,
                    "60,744 of 61,948 rows, 2 of 3 columns within 1e-9",
                ),
                json!({
                    "rows_reference": 61_948, "rows_candidate": 68_143, "rows_equal": 60_744, "columns_equal": 2,
                    "columns_expected": 3, "except_reference_candidate": 1_204, "except_candidate_reference": 7_399,
                }),
            ),
            outcome("parse", "stg_orders", Verdict::Pass, None, "parses"),
        ],
        findings: vec![resourced, multiplied, differs, dropped, filtered],
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
        list.contains(
            "\norders  marts, modified\n  ? error  pii_scan\n  ✗ fail   row_count_diff, lineage_diff, reconcile\n"
        ),
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
        "3 gates failed on 1 of 3 changed models, 1 gate could not decide on 1 of 3 changed models, \
         1 gate warned on 1 of 3 changed models; exit 2"
    );
}
