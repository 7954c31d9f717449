use crate::finding::Severity;
use crate::gates::shop::{check, none, side};
use serde_json::json;

const RAW: (&str, &str) = ("raw", "csv:id,customer\n1,a\n2,b\n3,b\n4,c\n");
const KEEP: (&str, &str) = ("orders", "select * from {raw}");

fn many(n: usize) -> String {
    format!("select r.id, s.x from {{raw}} r cross join (select unnest(range({n})) as x) s")
}

fn found(options: serde_json::Value, base: &str, head: &str) -> (String, Vec<(String, Severity)>) {
    let (base, head) = (side(&[RAW, ("orders", base)], vec![]), side(&[RAW, ("orders", head)], vec![]));
    let checked = check("row_count_diff", options, &base, &head, "orders").unwrap();
    (checked.summary, checked.findings.into_iter().map(|f| (f.rule, f.severity)).collect())
}

#[test]
fn thresholds_are_of_base_and_have_a_floor() {
    let loss = ("row_count_diff/rows-lost".to_owned(), Severity::Error);
    assert_eq!(found(none(), &many(100), &many(80)).1, std::slice::from_ref(&loss));
    assert_eq!(found(none(), &many(200), &many(186)).1, [(loss.0.clone(), Severity::Warning)]);
    assert_eq!(found(none(), &many(1000), &many(980)).1, []);
    assert_eq!(found(none(), &many(50), &many(40)).1, []);
    assert_eq!(found(json!({"min_rows": 1}), &many(50), &many(40)).1, [loss]);
    assert_eq!(found(none(), &many(100), &(many(100) + " order by 1")).0, "400 rows on both sides");
    assert_eq!(found(none(), &many(100), &many(150)).0, "400 -> 600 rows (+50.0%)");
}

#[test]
fn an_incremental_model_may_grow() {
    let config = |sql: &str| {
        let mut one = side(&[RAW, ("orders", sql)], vec![]);
        let model = one.project.models.get_mut(&crate::gates::shop::id("orders")).unwrap();
        model.config.insert("materialized".into(), json!("incremental"));
        one
    };
    let found = |growth: &str, head: &str| {
        let options = json!({"growth": growth});
        check("row_count_diff", options, &config(&many(100)), &config(head), "orders").unwrap().findings.len()
    };
    assert_eq!(found("0%", &many(120)), 1);
    assert_eq!(found("25%", &many(120)), 0);
    assert_eq!(found("10%", &many(120)), 1);
    assert_eq!(found("25%", &many(80)), 1, "it shrank");
}

#[test]
fn a_model_without_rows_is_told_whatever_the_floor() {
    let emptied = |severity| vec![("row_count_diff/emptied".to_owned(), severity)];
    assert_eq!(found(none(), KEEP.1, "select * from {raw} where id > 9").1, emptied(Severity::Error));
    let base = side(&[RAW], vec![]);
    let head = |sql| side(&[RAW, ("orders", sql)], vec![]);
    let checked = check("row_count_diff", none(), &base, &head("select * from {raw} where id > 9"), "orders").unwrap();
    assert_eq!(checked.findings[0].severity, Severity::Warning);
    let checked = check("row_count_diff", none(), &base, &head(KEEP.1), "orders").unwrap();
    assert_eq!(checked.summary, "4 rows; new on head");
    let gone = check("row_count_diff", none(), &head(KEEP.1), &base, "orders").unwrap();
    assert_eq!(gone.skipped.as_deref(), Some("the model was removed"));
}

#[test]
fn options_are_strict() {
    let build = |options| (super::SPEC.build)(&options).err().map(|e| e.to_string());
    assert_eq!(build(json!({"warn": "5%", "fail": "12.5 %", "min_rows": 0})), None);
    for wrong in [
        json!({"warn": 5}),
        json!({"warn": "5"}),
        json!({"fial": "5%"}),
        json!({"warn": "20%"}),
        json!({"fail": "-1%"}),
        json!({"min_rows": -1}),
    ] {
        assert!(build(wrong.clone()).is_some(), "{wrong}");
    }
}

#[test]
fn a_model_that_cannot_be_built_is_an_error() {
    let (base, head) = (side(&[RAW, KEEP], vec![]), side(&[RAW, ("orders", "select nope from {raw}")], vec![]));
    let error = check("row_count_diff", none(), &base, &head, "orders").unwrap_err().to_string();
    assert!(error.starts_with("orders: Binder Error"), "{error}");
}

const MANY: (&str, &str) = (
    "many",
    "select i as id, i % 40 as customer, case when i % 5 = 0 then 'shut' else 'open' end as status from range(400) t(i)",
);
const PEOPLE: (&str, &str) =
    ("people", "select i as customer_id, 'n' || i as name, i % 2 = 0 as vip from range(40) t(i)");
const PAYMENTS: (&str, &str) = ("payments", "select i as id, i % 300 as order_id from range(450) t(i)");

fn why(base: &str, head: &str) -> (String, String) {
    let side = |sql: &str| side(&[MANY, PEOPLE, PAYMENTS, ("orders", sql)], vec![]);
    let checked = check("row_count_diff", none(), &side(base), &side(head), "orders").unwrap();
    let [finding] = checked.findings.as_slice() else { panic!("{} {:?}", checked.summary, checked.findings) };
    (finding.rule.clone(), finding.message.clone())
}

#[test]
fn a_join_that_multiplies_rows_is_named_with_its_keys() {
    let base = "with o as (select * from {many}) select o.id, p.name from o left join {people} p on o.customer = p.customer_id";
    let head = &format!("{base} left join {{payments}} pay on pay.order_id = o.id");
    let (rule, message) = why(base, head);
    assert_eq!(rule, "row_count_diff/rows-multiplied");
    assert_eq!(
        message,
        "400 -> 550 rows (+37.5%): join on pay.order_id at line 1 matches 150 of 300 keys more than once \
         (up to 2 times): the new left join adds 150 to 400 rows"
    );
    let ctes = "with o as (select * from {many}), pay as (select order_id from {payments} group by 1) select o.id from o left join pay on pay.order_id = o.id";
    let (rule, message) = why(ctes, &ctes.replace(" group by 1", ""));
    assert_eq!(rule, "row_count_diff/rows-multiplied");
    assert!(message.contains("join on pay.order_id at line 1 matches 150 of 300 keys more than once"), "{message}");
    let (rule, message) =
        why("select o.id from {many} o", "select o.id from {many} o cross join {people} p where p.customer_id < 2");
    assert_eq!(rule, "row_count_diff/rows-multiplied");
    assert!(message.contains("join with people at line 1 has no key, so that every row meets every row: the new cross join adds 15,600 to 400 rows"), "{message}");
}

#[test]
fn filters_join_kinds_and_set_operations_are_named() {
    let all = "select id, customer from {many}";
    for (base, head, rule, words) in [
        (
            all,
            "select id, customer from {many} where status = 'shut'",
            "lost",
            "filter `status = 'shut'` added at line 1 drops 320 of 400 rows",
        ),
        (
            "select id, customer from {many} where status = 'shut'",
            all,
            "gained",
            "filter `status = 'shut'` is gone (line 1 on base), which adds 320 to 80 rows",
        ),
        (
            "select o.id from {many} o left join {people} p on o.customer = p.customer_id and p.vip",
            "select o.id from {many} o join {people} p on o.customer = p.customer_id and p.vip",
            "lost",
            "left join became inner join on p.customer_id at line 1: it drops 200 of 400 rows without a match",
        ),
        (all, "select distinct customer, customer as c from {many}", "lost", "DISTINCT added at line 1"),
        (
            "select id from {many} union all select id from {many}",
            "select id from {many} union select id from {many}",
            "lost",
            "UNION ALL became UNION at line 1, which drops 400 of 800 rows",
        ),
        (
            "select customer, status, count(*) n from {many} group by customer, status",
            "select status, count(*) n from {many} group by status",
            "lost",
            "grouping key `customer` is gone (line 1 on base), which drops",
        ),
    ] {
        let found = super::super::shop::check(
            "row_count_diff",
            json!({"min_rows": 1}),
            &side(&[MANY, PEOPLE, ("orders", base)], vec![]),
            &side(&[MANY, PEOPLE, ("orders", head)], vec![]),
            "orders",
        )
        .unwrap();
        let finding = &found.findings[0];
        assert_eq!(finding.rule, format!("row_count_diff/rows-{rule}"), "{head}");
        assert!(finding.message.contains(words), "{}", finding.message);
    }
}
