//! The tour's numbers: what `rowproof` counts, against a count made here from the raw rows, by another route.

use crate::sandbox::Sandbox;
use serde_json::Value;
use std::path::PathBuf;

/// One cell's inputs, as the raw rows have them.
struct Cell {
    users: i64,
    days: i64,
    events: Option<i64>,
    sessions: i64,
}

fn demo(sandbox: &Sandbox) -> PathBuf {
    let dir = sandbox.root().join("tour");
    let ran = sandbox.rowproof(&["demo", "--dir", dir.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    dir
}

fn cells(dir: &std::path::Path) -> Vec<Cell> {
    let connection = duckdb::Connection::open_with_flags(
        dir.join("product_analytics.duckdb"),
        duckdb::Config::default().access_mode(duckdb::AccessMode::ReadOnly).unwrap(),
    )
    .unwrap();
    let mut statement = connection
        .prepare(
            "select count(distinct visitor_id), count(distinct event_date), sum(num_events)::bigint,
                sum(num_sessions)::bigint
            from raw.feature_events group by feature_id, account_id, app_id",
        )
        .unwrap();
    let rows = statement
        .query_map([], |r| Ok(Cell { users: r.get(0)?, days: r.get(1)?, events: r.get(2)?, sessions: r.get(3)? }))
        .unwrap();
    rows.map(Result::unwrap).collect()
}

impl Cell {
    fn reaches(&self, days: i64, events: i64) -> bool {
        self.days >= days && self.events.is_some_and(|e| e >= events)
    }

    fn score(&self) -> Option<f64> {
        let average = self.events? as f64 / self.sessions as f64;
        Some(self.users as f64 * 2.0 + average * 5.0 + self.days as f64 * 3.0)
    }
}

fn differs(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() > 1e-9 * a.abs().max(b.abs()),
        (a, b) => a != b,
    }
}

/// Rows per column that `reconcile` says differ, from the report of a branch.
fn counted(sandbox: &Sandbox, dir: &std::path::Path, branch: &str) -> (Value, Vec<(String, u64)>) {
    let args = ["run", "--base", "main", "--head", branch, "--select", "product_adoption", "--format", "json"];
    let report = sandbox.rowproof_in(dir, &args).json();
    let mut columns: Vec<(String, u64)> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|f| f["rule"] == "reconcile/column-differs")
        .map(|f| (f["column"].as_str().unwrap().to_owned(), rows_of(f)))
        .collect();
    columns.sort();
    (report, columns)
}

/// The count in the finding's evidence.
fn rows_of(finding: &Value) -> u64 {
    finding["evidence"]["differing"].as_u64().unwrap_or_else(|| panic!("no count in {finding}"))
}

fn transformations(report: &Value) -> Vec<String> {
    let mut columns: Vec<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|f| f["rule"] == "lineage_diff/transformation-changed")
        .map(|f| f["column"].as_str().unwrap().to_owned())
        .collect();
    columns.sort();
    columns.dedup();
    columns
}

#[test]
fn each_mistake_is_named_by_lineage_and_counted_exactly() {
    let sandbox = Sandbox::new();
    let dir = demo(&sandbox);
    let cells = cells(&dir);
    assert_eq!(cells.len(), 24_995);
    let count = |of: &dyn Fn(&Cell) -> bool| cells.iter().filter(|c| of(c)).count() as u64;
    let capped = |c: &Cell| c.score().map(|s| s.min(100.0));
    let score = "feature_health_score".to_owned();

    // Regular before Power: whoever is both is called Regular.
    let reordered = count(&|c| c.reaches(20, 100) && c.reaches(10, 50));
    let uncapped = count(&|c| differs(c.score(), capped(c)));
    let cast = count(&|c| differs(capped(c).map(f64::round_ties_even), capped(c)));
    let zeroed = count(&|c| c.score().is_none());
    let all = count(&|c| differs(Some(c.score().unwrap_or(0.0).round_ties_even()), capped(c)));
    let expected = [
        ("branch-order", vec![("adoption_level".to_owned(), reordered)]),
        ("cap-forgotten", vec![(score.clone(), uncapped)]),
        ("integer-cast", vec![(score.clone(), cast)]),
        ("null-to-zero", vec![(score.clone(), zeroed)]),
        ("llm-refactor", vec![("adoption_level".to_owned(), reordered), (score.clone(), all)]),
    ];
    for (branch, columns) in expected {
        assert!(columns.iter().all(|c| c.1 > 0));
        let (report, found) = counted(&sandbox, &dir, branch);
        assert_eq!(found, columns, "{branch}");
        let names: Vec<String> = columns.into_iter().map(|c| c.0).collect();
        assert_eq!(transformations(&report), names, "{branch}");
    }
}

#[test]
fn the_right_sql_reconciles_in_every_row_and_column() {
    let sandbox = Sandbox::new();
    let dir = demo(&sandbox);
    // What the mart gives, written as one query over the raw tables.
    let candidate = "with u as (select feature_id, account_id, app_id, count(distinct visitor_id) as total_users, \
        count(distinct event_date) as active_days, sum(num_events)::bigint as total_events, \
        sum(num_sessions)::bigint as sessions, max(event_date) as last_event_on from raw.feature_events group by all) \
        select feature_id, account_id, app_id, feature_name, account_name, app_name, total_users, active_days, total_events, \
        total_events::double / sessions as avg_events_per_session, last_event_on, \
        case when active_days >= 20 and total_events >= 100 then 'Power Users' \
        when active_days >= 10 and total_events >= 50 then 'Regular Users' \
        when active_days >= 5 and total_events >= 20 then 'Casual Users' \
        when active_days >= 1 and total_events >= 5 then 'Trial Users' else 'Minimal Users' end as adoption_level, \
        case when total_events is not null then least(total_users * 2 + total_events::double / sessions * 5 \
        + active_days * 3, 100) end as feature_health_score \
        from u join raw.features using (feature_id) join raw.accounts using (account_id) join raw.apps using (app_id)";
    let args = [
        "reconcile",
        "--database",
        "product_analytics.duckdb",
        "--reference",
        "trusted.product_adoption",
        "--candidate",
        candidate,
        "--key",
        "feature_id,account_id,app_id",
        "--tolerance",
        "1e-9",
    ];
    let ran = sandbox.rowproof_in(&dir, &args);
    assert_eq!(ran.code, 0, "{}\n{}", ran.stdout, ran.stderr);
    for words in ["24,995 of 24,995 rows", "13 of 13 columns"] {
        assert!(ran.stdout.contains(words), "{}", ran.stdout);
    }
    let wrong = candidate.replace("'Power Users'", "'Regular Users'");
    let mut args = args;
    args[6] = &wrong;
    let ran = sandbox.rowproof_in(&dir, &args);
    assert_eq!(ran.code, 1, "{}\n{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("12 of 13 columns"), "{}", ran.stdout);
}

/// A model is compiled and built for the comparison, at any revision.
#[test]
fn a_model_reconciles_without_having_been_built() {
    let sandbox = Sandbox::new();
    let dir = demo(&sandbox);
    let compare = |candidate: &str| {
        let args = ["reconcile", "--reference", "trusted.product_adoption", "--candidate", candidate];
        sandbox.rowproof_in(&dir, &args)
    };
    let right = compare("model:product_adoption@main");
    assert_eq!(right.code, 0, "{}\n{}", right.stdout, right.stderr);
    assert!(right.stdout.contains("24,995 of 24,995 rows, 13 of 13 columns within 1e-9"), "{}", right.stdout);
    let wrong = compare("model:product_adoption@branch-order");
    assert_eq!(wrong.code, 1, "{}\n{}", wrong.stdout, wrong.stderr);
    assert!(wrong.stdout.contains("1,449 rows differ in some column"), "{}", wrong.stdout);
    let unknown = compare("model:product_adoptio@main");
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("did you mean `product_adoption`?"), "{}", unknown.stderr);
    let commented = compare("-- by hand\nselect 1 as feature_id");
    assert!(!commented.stderr.contains("unexpected argument"), "{}", commented.stderr);
}
