use crate::gates::fixture::{Shop, assert_found, found, judge, shop};
use crate::project::ProjectKind;
use serde_json::json;

fn orders() -> Shop {
    shop()
        .source("orders", &["id", "customer_id", "status", "amount", "tax", "ordered_at"])
        .source("customers", &["id", "name", "email"])
        .model(
            "stg_orders",
            "select id as order_id, customer_id, status, amount, tax from {{ source('raw', 'orders') }}",
        )
        .model("stg_customers", "select id as customer_id, name from {{ source('raw', 'customers') }}")
}

const REVENUE: &str = "with o as (select * from {{ ref('stg_orders') }})
select
    o.customer_id,
    count(*) as orders,
    sum(o.amount) as revenue
from o
where o.status <> 'returned'
group by o.customer_id";

fn revenue(template: &str) -> Shop {
    orders()
        .model("revenue", template)
        .model("report", "select r.customer_id, r.revenue as total, r.orders from {{ ref('revenue') }} as r")
}

fn compare(template: &str) -> Vec<String> {
    found("lineage_diff", &revenue(REVENUE), &revenue(template), "revenue")
}

#[test]
fn what_means_the_same_is_no_finding() {
    for same in [
        REVENUE.to_owned(),
        REVENUE.to_lowercase().replace("    ", " "),
        REVENUE.replace("with o as", "with o as -- all of them\n"),
        REVENUE.replace(" o ", " src ").replace("o.", "src.").replace("from o\n", "from src\n"),
        REVENUE.replace("group by o.customer_id", "group by 1"),
        REVENUE
            .replace("with o as (select * from {{ ref('stg_orders') }})", "")
            .replace("from o\n", "from {{ ref('stg_orders') }} as o\n"),
        REVENUE.replace("<>", "!="),
    ] {
        assert_found(&compare(&same), &[]);
    }
}

#[test]
fn another_source_column_under_the_same_name() {
    let found = compare(&REVENUE.replace("o.amount", "o.tax"));
    assert_found(
        &found,
        &[
            "error re-sourced revenue: `revenue` now comes from stg_orders.tax (was stg_orders.amount); reaches 1 column",
        ],
    );
}

#[test]
fn a_constant_for_a_source() {
    assert_found(&compare(&REVENUE.replace("sum(o.amount)", "0")), &["error re-sourced revenue: `revenue` no longer"]);
}

#[test]
fn the_same_source_computed_differently() {
    let found = compare(&REVENUE.replace("sum(o.amount)", "sum(coalesce(o.amount, 0))"));
    assert_found(
        &found,
        &["error transformation-changed revenue: `revenue` is computed differently: now coalesce(); `"],
    );
}

#[test]
fn a_row_value_for_an_aggregate() {
    let base = orders().model(
        "m",
        "select customer_id, sum(amount) over (partition by customer_id) as x from {{ ref('stg_orders') }}",
    );
    let head = orders().model("m", "select customer_id, amount as x from {{ ref('stg_orders') }}");
    assert_found(
        &found("lineage_diff", &base, &head, "m"),
        &["error kind-changed x: `x` is now a row's own value (was"],
    );
}

#[test]
fn columns_come_and_go() {
    let more = compare(&REVENUE.replace("as revenue", "as revenue,\n    sum(o.tax) as tax"));
    assert_found(&more, &["note added tax: new column `tax` from stg_orders.tax"]);
    let less = compare(&REVENUE.replace("    count(*) as orders,\n", ""));
    assert_found(&less, &["error removed orders: column `orders` is gone, but report.sql:1 reads it"]);
    let renamed = compare(&REVENUE.replace("as revenue", "as income"));
    assert_found(&renamed, &["warning renamed income: column `revenue` is now called `income`"]);
}

#[test]
fn a_column_that_nobody_reads_goes_with_a_warning() {
    let base = orders().model("m", "select order_id, tax from {{ ref('stg_orders') }}");
    let head = orders().model("m", "select order_id from {{ ref('stg_orders') }}");
    assert_found(&found("lineage_diff", &base, &head, "m"), &["warning removed tax: column `tax` is gone"]);
    let (base, head) = (base.exposure("dashboard", "m"), head.exposure("dashboard", "m"));
    assert_found(
        &found("lineage_diff", &base, &head, "m"),
        &["error removed tax: column `tax` is gone; exposure dash"],
    );
}

#[test]
fn each_clause_is_one_finding_and_columns_keep_quiet() {
    let no_filter = compare(&REVENUE.replace("where o.status <> 'returned'\n", ""));
    assert_found(&no_filter, &["warning filter-changed: filter dropped: `"]);
    let other_filter = compare(&REVENUE.replace("'returned'", "'lost'"));
    assert_found(&other_filter, &["warning filter-changed: filter changed: "]);
    let join = "from o join {{ ref('stg_customers') }} as c on c.customer_id = o.customer_id\n";
    assert_found(&compare(&REVENUE.replace("from o\n", join)), &["warning join-changed: new join: "]);
    let grain = compare(&REVENUE.replace("group by o.customer_id", "group by o.customer_id, o.status"));
    assert_found(&grain, &["error grain-changed: grouping changed: "]);
}

#[test]
fn a_clause_says_once_what_it_reaches() {
    let text = |filter: &str| {
        let text = format!("select order_id, customer_id, amount from {{{{ ref('stg_orders') }}}} where {filter}");
        orders().model("m", &text).model("below", "select order_id from {{ ref('m') }}").exposure("board", "below")
    };
    let told = |base: &str, head: &str| found("lineage_diff", &text(base), &text(head), "m");
    let (one, two) = ("status = 'a'", "status in ('a', 'b')");
    let reach = "; reaches 3 columns, 1 model, 1 exposure";
    for (base, head, start) in [
        ("amount > 1", "amount > 1 and tax > 2", "warning filter-changed: new filter: `"),
        ("amount > 1 and tax > 2", "amount > 1", "warning filter-changed: filter dropped: `"),
        (one, two, "warning filter-changed: filter weakened: "),
        (two, one, "warning filter-changed: filter tightened: "),
        (one, "status = 'a' or amount > 5", "warning filter-changed: filter weakened: "),
        (one, "status = 'b'", "warning filter-changed: filter changed: "),
    ] {
        let found = told(base, head);
        assert_found(&found, &[start]);
        assert!(found[0].ends_with(reach), "{found:?}");
    }
}

#[test]
fn a_join_of_another_kind() {
    let text = |kind: &str| {
        let from = format!(
            "from {{{{ ref('stg_orders') }}}} as o {kind} {{{{ ref('stg_customers') }}}} as c on c.customer_id = o.customer_id"
        );
        orders().model("m", &format!("select o.order_id, c.name {from}"))
    };
    let found = found("lineage_diff", &text("left join"), &text("join"), "m");
    assert_found(&found, &["error join-changed: join "]);
}

#[test]
fn one_column_of_an_aggregated_cte_is_one_finding() {
    let text = |amount: &str| {
        format!(
            "with sums as (select customer_id, sum({amount}) as total, count(*) as n from {{{{ ref('stg_orders') }}}} group by 1)
select c.customer_id, c.name, s.total, s.n, s.total / s.n as mean
from {{{{ ref('stg_customers') }}}} as c left join sums as s on s.customer_id = c.customer_id"
        )
    };
    let (base, head) = (orders().model("m", &text("amount")), orders().model("m", &text("round(amount)")));
    let found = found("lineage_diff", &base, &head, "m");
    assert_found(&found, &["error transformation-changed total", "error transformation-changed mean"]);
}

#[test]
fn distinct_and_union() {
    let base = orders().model("m", "select order_id, tax from {{ ref('stg_orders') }}");
    let head = orders().model("m", "select distinct order_id, tax from {{ ref('stg_orders') }}");
    assert_found(&found("lineage_diff", &base, &head, "m"), &["error grain-changed: new distinct"]);
    let two = |word: &str| {
        let text = format!(
            "select order_id from {{{{ ref('stg_orders') }}}} {word} select customer_id from {{{{ ref('stg_customers') }}}}"
        );
        orders().model("m", &text)
    };
    let found = found("lineage_diff", &two("union all"), &two("union"), "m");
    assert_found(&found, &["error union-changed: set operation changed"]);
}

#[test]
fn an_arm_that_repeats_the_model_is_no_other_value() {
    let text = "select order_id, amount from {{ ref('stg_orders') }}";
    let (base, head) = (orders().model("m", text), orders().model("m", &format!("{text} union all {text}")));
    assert_found(&found("lineage_diff", &base, &head, "m"), &["error union-changed: new set operation"]);
}

#[test]
fn upstream_changes_are_not_this_models() {
    let base = revenue(REVENUE);
    let head = base.clone().model(
        "stg_orders",
        "select id as order_id, customer_id, status, amount * 2 as amount, tax from {{ source('raw', 'orders') }}",
    );
    assert_found(&found("lineage_diff", &base, &head, "revenue"), &[]);
    let renamed = head
        .model(
            "stg_orders",
            "select id as order_id, customer_id, status, amount as gross, tax from {{ source('raw', 'orders') }}",
        )
        .model("revenue", &REVENUE.replace("o.amount", "o.gross"));
    assert_found(&found("lineage_diff", &base, &renamed, "revenue"), &[]);
}

#[test]
fn a_model_in_between_is_a_note() {
    let base = revenue(REVENUE);
    let head = revenue(&REVENUE.replace("ref('stg_orders')", "ref('int_orders')"))
        .model("int_orders", "select * from {{ ref('stg_orders') }}");
    let found = found("lineage_diff", &base, &head, "revenue");
    assert!(found.iter().any(|f| f.starts_with("note re-routed revenue")), "{found:#?}");
    assert!(!found.iter().any(|f| f.contains("re-sourced")), "{found:#?}");
}

#[test]
fn a_star_over_unknown_columns_loses_lineage() {
    let base = shop().source("x", &[]).model("m", "select a, b from {{ source('raw', 'x') }}");
    let head = shop().source("x", &[]).model("m", "select * from {{ source('raw', 'x') }}");
    let found = found("lineage_diff", &base, &head, "m");
    assert_found(&found, &["warning lineage-lost: the output columns are no longer all known: a star over raw.x"]);
}

#[test]
fn what_was_not_compiled_is_an_error() {
    use crate::project::NotCompiledCode::RefNotFound;
    let base = revenue(REVENUE);
    let head = base.clone().broken("revenue", RefNotFound, "ref('x') names no model", "x");
    let reason = judge("lineage_diff", &base, &head, "revenue", json!({})).unwrap_err().to_string();
    assert!(reason.starts_with("not compiled: ref('x') names no model"), "{reason}");
}

#[test]
fn new_and_removed_models() {
    let base = orders();
    let head = revenue(REVENUE);
    let checked = judge("lineage_diff", &base, &head, "revenue", json!({})).unwrap();
    assert_eq!((checked.findings.len(), checked.summary.as_str()), (0, "a new model with 3 columns"));
    assert_found(&found("lineage_diff", &head, &base, "revenue"), &[]);
    let shown = |shop: Shop| shop.exposure("dashboard", "revenue");
    let found = found("lineage_diff", &shown(head.clone()), &shown(base), "revenue");
    assert_found(&found, &["error removed: model `revenue` is gone, but exposure dashboard shows it"]);
    assert_eq!(head.project.kind, ProjectKind::Dbt);
}

#[test]
fn places_are_those_of_the_template() {
    let head = revenue(&REVENUE.replace("o.amount", "o.tax"));
    let checked = judge("lineage_diff", &revenue(REVENUE), &head, "revenue", json!({})).unwrap();
    let place = checked.findings[0].location.clone().unwrap();
    assert_eq!((place.path.as_str(), place.line), ("models/revenue.sql", 5));
}
