use super::*;
use crate::files::FileSet;
use crate::project::bind::{Analyses, Externals, KnownColumns};
use crate::project::{LoadOptions, ProfileFile, load};

const FILES: &[(&str, &str)] = &[
    ("dbt_project.yml", "name: shop\nprofile: p\n"),
    (
        "models/schema.yml",
        "sources: [{name: raw, tables: [{name: payments}]}]
models:
  - {name: orders, columns: [{name: total, data_tests: [not_null]}, {name: day, data_tests: [not_null]}]}
exposures:
  - {name: board, type: dashboard, owner: {name: x}, depends_on: [ref('report')]}
  - {name: other, type: dashboard, owner: {name: x}, depends_on: [ref('days')]}
metrics:
  - {name: sales, label: S, model: ref('orders'), calculation_method: sum, expression: total}
  - {name: days, label: D, model: ref('orders'), calculation_method: count_distinct, expression: day}
  - {name: large_days, label: L, model: ref('large'), calculation_method: count, expression: day}
",
    ),
    ("models/pay.sql", "select order_id, amount, paid_on as day from {{ source('raw', 'payments') }}"),
    ("models/orders.sql", "select order_id, max(day) as day, sum(amount) as total from {{ ref('pay') }} group by 1"),
    ("models/report.sql", "select case when total > 9 then order_id end as big from {{ ref('orders') }}"),
    ("models/days.sql", "select distinct day from {{ ref('orders') }}"),
    ("models/large.sql", "select day from {{ ref('orders') }} where total > 5"),
];

fn bound(edit: &[(&'static str, &'static str)], analyses: &Analyses) -> Bound {
    let kept = FILES.iter().filter(|(path, _)| !edit.iter().any(|(edited, _)| edited == path));
    let set = FileSet::in_memory(kept.chain(edit).map(|(p, t)| (*p, *t)));
    let text = "p: {target: dev, outputs: {dev: {type: duckdb, path: a.duckdb, schema: main}}}".to_owned();
    let options =
        LoadOptions { profiles: vec![ProfileFile { path: "profiles.yml".into(), text }], ..LoadOptions::of(&set) };
    let project = load(&options).unwrap();
    assert!(project.problems.is_empty(), "{:?}", project.problems);
    Bound::sharing(project, &KnownColumns::new(), Externals::new(), analyses)
}

fn shown(bound: &Bound, columns: &[ColumnId]) -> Vec<String> {
    columns.iter().map(|(id, column)| format!("{}.{column}", bound.display_name(id))).collect()
}

#[test]
fn a_column_is_followed_over_models_both_ways() {
    let bound = bound(&[], &Analyses::default());
    let graph = bound.graph();
    let up = graph.upstream("model.shop.report", "BIG");
    let wanted = [
        "orders.order_id",
        "orders.total",
        "pay.amount",
        "pay.order_id",
        "raw.payments.amount",
        "raw.payments.order_id",
    ];
    assert_eq!(shown(&bound, &up), wanted);
    let down = graph.downstream("source.shop.raw.payments", "amount");
    assert_eq!(shown(&bound, &down), ["orders.total", "pay.amount", "report.big"]);
    assert_eq!(shown(&bound, &bound.downstream_columns("model.shop.pay", "amount")), ["orders.total"]);
    assert!(graph.downstream("model.shop.pay", "nothing").is_empty());
    let start = graph.find("model.shop.report", "big").unwrap();
    assert_eq!(graph.reach(&[start], Way::Up, Some(1)).len(), 3);
}

#[test]
fn impact_counts_what_only_loses_or_gains_rows_apart() {
    let bound = bound(&[], &Analyses::default());
    let impact = bound.graph().impact(&[("model.shop.pay".into(), "amount".into())], &BTreeSet::new(), &bound);
    assert_eq!(shown(&bound, &impact.columns), ["orders.total", "report.big"]);
    assert_eq!(impact.models, ["model.shop.orders", "model.shop.report"]);
    assert_eq!(impact.rows, ["model.shop.large"]);
    assert_eq!(impact.exposures, ["board"]);
    // `large` filters by `total`: its days are the same, their number is not.
    assert_eq!(impact.metrics, ["large_days", "sales"]);
    assert_eq!(impact.tests.len(), 1);
    assert!(impact.tests[0].contains("not_null_orders_total"), "{:?}", impact.tests);
    let rows = bound.graph().impact(&[], &BTreeSet::from(["model.shop.orders".to_owned()]), &bound);
    assert_eq!(rows.rows, ["model.shop.days", "model.shop.large", "model.shop.report"]);
    assert_eq!((rows.columns.len(), rows.exposures.len(), rows.metrics.len()), (0, 2, 3));
}

#[test]
fn two_sides_share_what_they_would_read_alike() {
    let analyses = Analyses::default();
    let base = bound(&[], &analyses);
    let more = "select order_id, amount, amount as gross, paid_on as day from {{ source('raw', 'payments') }}";
    let head = bound(&[("models/pay.sql", more)], &analyses);
    let same = |id: &str| std::ptr::eq(base.analysis(id).unwrap(), head.analysis(id).unwrap());
    assert!(same("model.shop.report") && same("model.shop.days") && same("model.shop.large"));
    // `orders` is the same text over a `pay` that has other columns.
    assert!(!same("model.shop.orders") && !same("model.shop.pay"));
}

#[test]
fn a_circle_and_a_broken_model_leave_the_rest_alone() {
    let edits = [
        ("models/orders.sql", "select order_id, big as total, 1 as day from {{ ref('report') }}"),
        ("models/pay.sql", "select from where"),
    ];
    let bound = bound(&edits, &Analyses::default());
    let graph = bound.graph();
    assert_eq!(graph.upstream("model.shop.pay", "amount"), []);
    assert!(graph.downstream("model.shop.orders", "total").len() <= 2);
}
