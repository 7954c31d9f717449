use super::*;
use crate::files::FileSet;
use crate::project::{LoadOptions, ProfileFile, Project, load};

fn project(files: &[(&str, &str)]) -> Project {
    let fixed = [
        ("dbt_project.yml", "name: shop\nprofile: p\n"),
        (
            "models/orders.sql",
            "select 1 as order_id, 2 as amount, 3 as tax, 'x' as status, date '2026-01-01' as ordered_at",
        ),
        ("models/refunds.sql", "select 1 as order_id, 2 as value, date '2026-01-01' as refunded_at"),
    ];
    let set = FileSet::in_memory(fixed.iter().chain(files).map(|(path, text)| (*path, *text)));
    let text = "p: {target: dev, outputs: {dev: {type: duckdb, path: a.duckdb, schema: main}}}".to_owned();
    let options =
        LoadOptions { profiles: vec![ProfileFile { path: "profiles.yml".into(), text }], ..LoadOptions::of(&set) };
    load(&options).unwrap()
}

/// `orders: amount tax; refunds: value`.
fn reads(project: &Project, metric: &str) -> String {
    let metric = &project.metrics[&format!("metric.shop.{metric}")];
    let of = |(model, columns): (&String, &BTreeSet<String>)| {
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        format!("{}: {}", model.rsplit('.').next().unwrap_or_default(), columns.join(" "))
    };
    metric.reads.iter().map(of).collect::<Vec<_>>().join("; ")
}

#[test]
fn measures_of_semantic_models() {
    let project = project(&[(
        "models/semantic.yml",
        r#"
semantic_models:
  - name: orders
    model: ref('orders')
    defaults: {agg_time_dimension: ordered_at}
    entities: [{name: order, type: primary, expr: order_id}]
    dimensions:
      - {name: ordered_at, type: time, type_params: {time_granularity: day}}
      - {name: state, type: categorical, expr: lower(status)}
    measures:
      - {name: revenue, agg: sum, expr: amount - tax}
      - {name: order_count, agg: sum, expr: "1"}
      - {name: amount, agg: max, agg_time_dimension: ordered_at}
  - name: refunds
    model: "{{ ref('refunds') }}"
    entities: [{name: order, type: foreign, expr: order_id}]
    measures: [{name: refunded, agg: sum, expr: value}]
metrics:
  - {name: revenue, label: Revenue, type: simple, type_params: {measure: revenue}}
  - name: paid
    label: Paid
    type: simple
    type_params: {measure: {name: order_count, filter: "{{ Dimension('order__state') }} = 'paid'"}}
  - {name: refund_rate, label: R, type: ratio, type_params: {numerator: {name: all_refunds}, denominator: revenue}}
  - {name: all_refunds, label: A, type: simple, type_params: {measure: refunded}}
  - name: net
    label: N
    type: derived
    type_params: {expr: revenue - back, metrics: [revenue, {name: all_refunds, alias: back}]}
  - {name: running, label: C, type: cumulative, type_params: {measure: {name: amount}, window: 7 days}}
"#,
    )]);
    assert!(project.problems.is_empty(), "{:?}", project.problems);
    let semantic = &project.semantic_models["semantic_model.shop.orders"];
    assert_eq!(semantic.model.as_deref(), Some("model.shop.orders"));
    assert_eq!(semantic.measures[0].agg, "sum");
    assert_eq!(semantic.measures[0].time.as_deref(), Some("ordered_at"));
    assert_eq!(reads(&project, "revenue"), "orders: amount ordered_at tax");
    assert_eq!(reads(&project, "paid"), "orders: ordered_at status");
    assert_eq!(reads(&project, "all_refunds"), "refunds: value");
    assert_eq!(reads(&project, "refund_rate"), "orders: amount ordered_at tax; refunds: value");
    assert_eq!(reads(&project, "net"), "orders: amount ordered_at tax; refunds: value");
    assert_eq!(reads(&project, "running"), "orders: amount ordered_at");
    assert!(project.metrics["metric.shop.net"].reads("model.shop.refunds", "VALUE"));
    assert!(!project.metrics["metric.shop.paid"].reads("model.shop.orders", "tax"));
}

#[test]
fn models_that_are_semantic_models() {
    let project = project(&[(
        "models/orders.yml",
        r#"
models:
  - name: orders
    semantic_model: {enabled: true, name: order_facts}
    agg_time_dimension: placed
    columns:
      - {name: order_id, entity: {type: primary, name: order}}
      - {name: ordered_at, granularity: day, dimension: {type: time, name: placed}}
      - {name: status, dimension: {type: categorical}}
    derived_semantics: {dimensions: [{name: dear, type: categorical, expr: amount > 100}]}
    metrics:
      - {name: revenue, type: simple, agg: sum, expr: amount}
      - {name: dear_orders, type: simple, agg: count, expr: order_id, filter: "{{ Dimension('order__dear') }}"}
      - {name: share, type: ratio, numerator: dear_orders, denominator: {name: revenue}}
  - {name: refunds, semantic_model: false}
metrics:
  - {name: twice, type: derived, expr: revenue * 2, input_metrics: [{name: revenue}]}
"#,
    )]);
    assert!(project.problems.is_empty(), "{:?}", project.problems);
    let names: Vec<&str> = project.semantic_models.values().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["order_facts"]);
    assert_eq!(reads(&project, "revenue"), "orders: amount ordered_at");
    assert_eq!(reads(&project, "dear_orders"), "orders: amount order_id ordered_at");
    assert_eq!(reads(&project, "share"), "orders: amount order_id ordered_at");
    assert_eq!(reads(&project, "twice"), "orders: amount ordered_at");
}

#[test]
fn metrics_over_a_model_of_the_older_form() {
    let project = project(&[(
        "models/metrics.yml",
        r#"
metrics:
  - name: revenue
    label: R
    model: ref('orders')
    calculation_method: sum
    expression: "amount - coalesce(tax, 0)"
    timestamp: ordered_at
    time_grains: [day]
    dimensions: [order_id]
    filters: [{field: status, operator: '=', value: "'paid'"}]
  - {name: orders, label: O, model: ref('orders'), calculation_method: count, expression: "*", timestamp: ordered_at}
  - {name: each, label: E, calculation_method: derived, expression: "{{ metric('revenue') }} / {{ metric('orders') }}"}
  - {name: lost, label: L, model: ref('nowhere'), calculation_method: sum, expression: amount}
  - {name: off, label: F, model: ref('orders'), calculation_method: sum, expression: tax, config: {enabled: false}}
"#,
    )]);
    let problems: Vec<String> = project.problems.iter().map(|p| format!("{}:{}", p.place.line, p.message)).collect();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].starts_with("14:metric `lost`: ref('nowhere')"), "{problems:?}");
    assert_eq!(reads(&project, "revenue"), "orders: amount ordered_at status tax");
    assert_eq!(reads(&project, "orders"), "orders: ordered_at");
    assert_eq!(reads(&project, "each"), "orders: amount ordered_at status tax");
    assert!(!project.metrics.contains_key("metric.shop.off"));
}

#[test]
fn circles_and_unreadable_expressions() {
    let project = project(&[(
        "models/semantic.yml",
        r#"
semantic_models:
  - name: s
    model: ref('orders')
    measures: [{name: odd, agg: sum, expr: "amount ) ("}]
metrics:
  - {name: a, type: derived, type_params: {expr: b + 1, metrics: [b]}}
  - {name: b, type: derived, type_params: {expr: a + 1, metrics: [a]}}
  - {name: odd, type: simple, type_params: {measure: odd}}
"#,
    )]);
    assert_eq!(reads(&project, "a"), "");
    assert!(project.metrics["metric.shop.odd"].reads("model.shop.orders", "anything"));
}

#[test]
fn an_input_that_is_not_there_is_told_with_its_line() {
    let project = project(&[(
        "models/semantic.yml",
        r#"
semantic_models:
  - name: s
    model: ref('orders')
    measures: [{name: revenue, agg: sum, expr: amount}]
metrics:
  - {name: a, type: simple, type_params: {measure: revenu}}
  - name: b
    type: derived
    type_params: {expr: a - gone, metrics: [{name: a}, {name: gone}]}
    config: {meta: {metrics: [whatever]}}
"#,
    )]);
    let problems: Vec<String> = project.problems.iter().map(|p| format!("{}:{}", p.place.line, p.message)).collect();
    assert_eq!(
        problems,
        [
            "7:metric `a` names the measure `revenu`, which is not there",
            "10:metric `b` names the metric `gone`, which is not there",
        ]
    );
}
