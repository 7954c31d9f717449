//! Labelled SQL, bad and nearly bad (`cases.txt`), over one small shop.

use crate::finding::Severity;
use crate::gates::fixture::{Shop, judge, shop};
use crate::sql::Dialect;
use regex::Regex;
use serde_json::json;
use std::collections::BTreeSet;

fn base() -> Shop {
    let key =
        |shop: Shop, table: &str, of: &str| shop.source_test("unique", table, of).source_test("not_null", table, of);
    let shop = shop()
        .typed_source(
            "orders",
            "order_id bigint, customer_id bigint, status text, currency text, amount decimal(12,2), ordered_at timestamp, order_date date",
        )
        .typed_source("order_items", "item_id bigint, order_id bigint, product_id bigint, quantity integer")
        .typed_source("order_lines", "order_id bigint, amount decimal(12,2), quantity integer")
        .typed_source("payments", "payment_id bigint, order_id bigint, customer_id bigint, amount decimal(12,2), paid_at timestamp")
        .typed_source("customers", "customer_id bigint, country text")
        .typed_source("regions", "country text, region text")
        .typed_source("products", "product_id bigint, price decimal(12,2)")
        .typed_source("rates", "currency text, valid_from timestamp, valid_to timestamp, rate double")
        .typed_source("rates_daily", "currency text, order_date date, rate double")
        .typed_source("daily_balances", "account_id bigint, balance_date date, balance decimal(12,2)")
        .typed_source("invoices", "order_id bigint, amount_cents bigint, tax_cents bigint, fee_dollars double")
        .typed_source(
            "daily_metrics",
            "month date, visits bigint, orders bigint, conversion double, churn_rate double, active_users bigint, score double, is_rate boolean",
        )
        .column("daily_metrics", "conversion", json!({"aggregation": "ratio", "numerator": "orders", "denominator": "visits"}))
        .column("daily_metrics", "active_users", json!({"aggregation": "count_distinct"}))
        .column("daily_balances", "balance", json!({"aggregation": "sum", "non_additive_dimension": "balance_date"}));
    let shop = key(shop, "orders", "order_id");
    let shop = key(shop, "order_items", "item_id");
    let shop = key(shop, "payments", "payment_id");
    let shop = key(shop, "customers", "customer_id");
    let shop = key(shop, "regions", "country");
    let mut shop = key(shop, "products", "product_id");
    let rates = shop.project.sources.get_mut("source.shop.raw.rates_daily").unwrap();
    rates.meta.insert("primary_key".to_owned(), json!(["currency", "order_date"]));
    shop
}

struct Case {
    name: String,
    base: Option<String>,
    head: String,
    dialect: Dialect,
    want: BTreeSet<String>,
}

fn cases() -> Vec<Case> {
    let sources = Regex::new(r"\braw\.(\w+)").unwrap();
    let sql = |text: &str| sources.replace_all(text, "{{ source('raw', '$1') }}").into_owned();
    let text = include_str!("cases.txt");
    text.split("\n== ")
        .skip(1)
        .map(|block| {
            let mut lines = block.lines();
            let name = lines.next().unwrap().to_owned();
            let mut case =
                Case { name, base: None, head: String::new(), dialect: Dialect::DuckDb, want: BTreeSet::new() };
            let mut wanted = false;
            for line in lines.filter(|line| !line.is_empty()) {
                if let Some(base) = line.strip_prefix("base: ") {
                    case.base = Some(sql(base));
                } else if let Some(dialect) = line.strip_prefix("dialect: ") {
                    case.dialect = Dialect::from_adapter(dialect).unwrap();
                } else if let Some(want) = line.strip_prefix("want: ") {
                    case.want = want.split(", ").filter(|rule| *rule != "-").map(str::to_owned).collect();
                    wanted = true;
                } else {
                    case.head.push_str(&sql(line));
                    case.head.push('\n');
                }
            }
            assert!(wanted && !case.head.is_empty(), "{} is not whole", case.name);
            case
        })
        .collect()
}

#[test]
fn every_labelled_case() {
    let mut wrong = Vec::new();
    for case in cases() {
        let mut before = base();
        before.project.dialect = case.dialect;
        let head = before.clone().model("m", &case.head);
        if let Some(sql) = &case.base {
            before = before.model("m", sql);
        }
        let told: Vec<(String, Severity, String)> = match judge("semantics", &before, &head, "m", json!({})) {
            Ok(checked) => checked
                .findings
                .into_iter()
                .map(|f| (f.rule.trim_start_matches("semantics/").to_owned(), f.severity, f.message))
                .collect(),
            Err(error) => vec![(format!("error {error:#}"), Severity::Error, String::new())],
        };
        let found: BTreeSet<String> = told
            .iter()
            .filter(|(_, severity, _)| *severity > Severity::Note)
            .map(|(rule, _, _)| rule.clone())
            .collect();
        if found != case.want {
            wrong.push(format!("{}: wanted {:?}, told {told:#?}", case.name, case.want));
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

/// A rule without a case that it must find is not tested.
#[test]
fn every_rule_has_a_case() {
    let wanted: BTreeSet<String> = cases().into_iter().flat_map(|case| case.want).collect();
    let rules: BTreeSet<String> =
        super::rules::RULES.iter().map(|rule| rule.id.trim_start_matches("semantics/").to_owned()).collect();
    assert_eq!(wanted, rules);
}

/// What a hostile pull request can write is looked at or refused, and ends.
#[test]
fn long_texts_end() {
    let judged = |head: String, before: String| {
        crate::stack::deep(move || {
            let (before, head) = (base().model("m", &before), base().model("m", &head));
            judge("semantics", &before, &head, "m", json!({})).map(|checked| checked.findings.len())
        })
    };
    let source = "{{ source('raw', 'order_lines') }}";
    let sum = |of: &str, n: usize| (0..n).map(|at| format!("{of}{at}")).collect::<Vec<_>>().join(" + ");
    let divisions = format!("select {} as x from {source}", sum("amount / quantity - ", 1_500));
    assert!(judged(divisions, format!("select amount as x from {source}")).is_ok());
    let filters = |of: &str| {
        let all: Vec<String> = (0..1_500).map(|at| format!("amount {of} {at}")).collect();
        format!("select amount as x from {source} where {}", all.join(" and "))
    };
    assert!(judged(filters("<>"), filters(">")).is_ok_and(|findings| findings > 0));
    let long = format!("select {} as x from {source}", sum("amount - ", 15_000));
    let refused = judged(long, format!("select amount as x from {source}")).unwrap_err().to_string();
    assert!(refused.contains("expressions, more than the"), "{refused}");
}
