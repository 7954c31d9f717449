use super::joins::exploding;
use super::*;
use crate::gates::join_profile::Profile;
use crate::gates::shop::{check, none, side};
use serde_json::json;

const ORDERS: (&str, &str) = (
    "o",
    "select i as id, i % 40 as customer, case when i % 5 = 0 then 'shut' else 'open' end as status, \
     date '2026-01-01' + cast(i % 90 as integer) as day from range(2000) t(i)",
);
const PEOPLE: (&str, &str) =
    ("p", "select i as id, 'n' || i as name, i % 2 = 0 as vip, i % 4 as region from range(40) t(i)");
const PAYMENTS: (&str, &str) = ("pay", "select i as id, i % 1000 as order_id, i % 7 as kind from range(3000) t(i)");

fn found_with(options: Value, base: Option<&str>, head: &str) -> (String, Vec<String>) {
    let side = |sql: Option<&str>| {
        let mut all = vec![ORDERS, PEOPLE, PAYMENTS];
        all.extend(sql.map(|sql| ("m", sql)));
        side(&all, vec![])
    };
    let checked = check("explain_plan", options, &side(base), &side(Some(head)), "m").unwrap();
    let told = |f: &crate::finding::Finding| {
        format!("{:?} {}: {}", f.severity, f.rule.trim_start_matches("explain_plan/"), f.message).to_lowercase()
    };
    (checked.summary, checked.findings.iter().map(told).collect())
}

fn found(base: Option<&str>, head: &str) -> Vec<String> {
    found_with(none(), base, head).1
}

#[track_caller]
fn one(found: &[String], begins: &str, holds: &[&str]) {
    let [only] = found else { panic!("{found:#?}") };
    assert!(only.starts_with(begins) && holds.iter().all(|part| only.contains(part)), "{only}");
}

const KEYED: &str = "select o.id, p.name from {o} o left join {p} p on p.id = o.customer";

#[test]
fn products_that_nobody_wrote_are_errors() {
    let size = "2,000 x 40 = 80,000 rows";
    for (head, why) in [
        ("select o.id, p.name from {o} o, {p} p", "no condition ties"),
        ("select o.id, p.name from {o} o, {p} p where o.status <> 'x' and p.id >= 0", "no condition ties"),
        ("select o.id, p.name from {o} o join {p} p on true", "always true"),
        ("select o.id, p.name from {o} o left join {p} p on 1 = 1", "always true"),
        ("select o.id, p.name from {o} o left join {p} p on p.id = p.id", "`p.id = p.id` names one side only"),
        (
            "with x as (select * from {p}) select o.id, x.name from {o} o inner join x on o.customer = o.customer",
            "one side only",
        ),
    ] {
        one(&found(Some(KEYED), head), "error cartesian-product: join with p at line 1", &[size, why]);
        one(&found(None, head), "error cartesian-product", &[size]);
        assert!(found(Some(head), &format!("{head} order by 1")).is_empty(), "{head}: as on base");
    }
    assert!(found(Some(KEYED), "select o.id, p.name from {o} o, {p} p where p.id = o.customer").is_empty());
    assert!(found(Some(KEYED), "select o.id, p.id as last from {o} o, (select max(id) as id from {p}) p").is_empty());
}

#[test]
fn a_small_cross_join_that_is_meant_is_a_note() {
    one(
        &found(Some(KEYED), "select o.id, p.name from {o} o cross join {p} p"),
        "note cartesian-product",
        &["a cross join"],
    );
    let calendar = "with days as (select x from range(365) t(x)) select days.x, p.id from days, {p} p";
    one(&found(None, calendar), "note cartesian-product", &["365 x 40 = 14,600"]);
    let large = json!({"cross_join_rows": 80000});
    let (_, all) = found_with(large, Some(KEYED), "select o.id, p.name from {o} o cross join {p} p");
    one(&all, "error cartesian-product", &[]);
}

#[test]
fn a_join_without_an_equality_over_big_inputs_is_a_nested_loop() {
    let head = "select o.id, q.id as other from {o} o join {pay} q on q.order_id > o.id and q.kind = 1 or o.id = q.id";
    // Below the limit it is more work, all the same.
    one(&found(Some(KEYED), head), "error cost-multiplied", &["; counted, 6,005,000 against 4,040"]);
    let (_, all) = found_with(json!({"nested_loop_rows": 1_000_000}), Some(KEYED), head);
    one(&all, "error nested-loop: join with pay at line 1 compares every row", &["2,000 x 3,000 = 6,000,000 pairs"]);
    let (_, all) = found_with(json!({"nested_loop_rows": 1_000_000}), Some(head), &format!("{head} order by 1"));
    assert!(all.is_empty(), "{all:?}");
}

#[test]
fn a_join_that_multiplies_is_proven_by_its_keys() {
    let unique = "with q as (select order_id from {pay} group by 1) select o.id from {o} o join q on q.order_id = o.id";
    let head = unique.replace(" group by 1", "");
    one(
        &found(Some(unique), &head),
        "error exploding-join: join with pay on q.order_id at line 1",
        &["3.0 rows for each key", "3 at most", "unique on base"],
    );
    // A new model may join one row to many.
    assert!(found(None, &head).is_empty());
    let many = "select o.id, q.id as other from {o} o join {pay} q on q.kind = o.customer";
    one(&found(None, many), "error exploding-join", &["unique on neither side"]);
    // Grouped again: the model has the rows that it had.
    let grouped = "select o.id, count(q.id) as n from {o} o left join {pay} q on q.order_id = o.id group by 1";
    assert!(found(Some("select id, 0 as n from {o}"), grouped).is_empty());
    one(
        &found(
            Some("select id, 0 as n from {o}"),
            "select o.id, q.id as n from {o} o left join {pay} q on q.order_id = o.id",
        ),
        "error exploding-join",
        &["grow"],
    );
    // A key that is dropped from the condition.
    let both = "select a.id from {p} a join {p} b on a.id = b.id and a.region = b.region";
    one(
        &found(Some(both), "select a.id from {p} a join {p} b on a.region = b.region"),
        "error exploding-join",
        &["10.0 rows for each key", "unique on base"],
    );
    // Where a filter of the right side makes its key unique, nothing multiplies.
    assert!(
        found(Some(unique), &format!("{head} and q.id < 1000").replace("select order_id from", "select * from"))
            .is_empty()
    );
}

#[test]
fn keys_are_judged_by_their_numbers() {
    let profile = |left: f64, left_most: f64, right: f64, right_most: f64, keys: f64, meet: f64| Profile {
        left,
        right,
        left_most,
        right_most,
        right_mean: right / keys,
        repeated: 0.0,
        shared: keys,
        times: right_most,
        unmatched: 0.0,
        meet,
    };
    let judge = |now: &Profile, before: Option<&Profile>, grew: f64| {
        exploding(now, before, &|| grew, &Options::default()).map(|(s, _)| s)
    };
    let unique = profile(1000.0, 9.0, 100.0, 1.0, 100.0, 1000.0);
    assert_eq!(judge(&unique, None, 1.0), None);
    let some = profile(1000.0, 9.0, 110.0, 2.0, 100.0, 1100.0);
    assert_eq!(judge(&some, Some(&unique), 1.1), Some(Severity::Warning));
    let few = profile(1000.0, 9.0, 101.0, 2.0, 100.0, 1010.0);
    assert_eq!(judge(&few, Some(&unique), 1.01), None);
    let worse = profile(1000.0, 9.0, 500.0, 9.0, 100.0, 5000.0);
    assert_eq!(judge(&worse, Some(&some), 4.5), Some(Severity::Error));
    assert_eq!(judge(&worse, Some(&worse), 1.0), None);
    assert_eq!(judge(&worse, None, 1.0), Some(Severity::Warning));
}

#[test]
fn what_only_the_plan_shows_is_a_warning() {
    let head =
        "select o.id from {o} o where exists (select 1 from {pay} q where q.order_id > o.id or q.kind > o.customer)";
    let (_, all) = found_with(json!({"nested_loop_rows": 1_000_000}), Some("select id from {o}"), head);
    assert!(all.iter().any(|f| f.starts_with("warning nested-loop: the engine plans")), "{all:?}");
}

#[test]
fn work_is_compared_with_base_and_confirmed_by_counts() {
    let head = "select o.id, count(*) as n from {o} o, {pay} q where q.id > o.id or q.kind = o.customer group by 1";
    let (summary, all) = found_with(none(), Some("select id, 1 as n from {o}"), head);
    one(
        &all,
        "error cost-multiplied: about 4,000 -> 6,",
        &["times as much as on base; counted, 6,005,000 against 2,000"],
    );
    assert!(summary.starts_with("1 join; about 4,000 -> 6,"), "{summary}");
    // Statistics that are wrong cost nothing: few rows really meet.
    let (_, all) =
        found_with(none(), Some("select id from {o}"), "select o.id from {o} o join {pay} q on q.id = o.id + 3000");
    assert!(all.is_empty(), "{all:?}");
}

#[test]
fn big_tables_are_not_read_whole() {
    let big = |partition: Value| json!({"big_tables": [{"table": "o", "partition": partition}]});
    let day = || big(json!("day"));
    let filtered = "select id from {o} where day >= date '2026-03-01'";
    let all = "select id from {o}";
    let status = "select id from {o} where status = 'open'";
    one(
        &found_with(day(), Some(filtered), all).1,
        "error missing-partition-filter: no condition on `day` reaches the big table o",
        &[],
    );
    one(&found_with(day(), None, status).1, "error missing-partition-filter", &[]);
    one(&found_with(big(Value::Null), Some(filtered), all).1, "error full-scan: the big table o is read whole", &[]);
    assert!(found_with(big(Value::Null), None, status).1.is_empty());
    assert!(found_with(day(), Some(all), "select id, 1 as one from {o}").1.is_empty(), "as on base");
    assert!(found_with(day(), None, filtered).1.is_empty());
    assert!(found_with(json!({"big_tables": [{"table": "pay"}]}), None, all).1.is_empty(), "another table");
    // A condition of an outer query reaches the scan; one that is always true does no less.
    assert!(
        found_with(day(), None, "with e as (select * from {o}) select id from e where day = date '2026-02-02'")
            .1
            .is_empty()
    );
    assert!(found_with(day(), None, "select id from {o} where day >= date '2020-01-01'").1.is_empty());
    one(&found_with(day(), None, "select id from {o} where day is not null").1, "error missing-partition-filter", &[]);
    // Each reading of the table by itself.
    let twice = "select id from {o} where day > date '2026-03-01' union all select id from {o}";
    one(&found_with(day(), None, twice).1, "error missing-partition-filter", &[]);
}

#[test]
fn what_cannot_be_told_is_an_error() {
    let (base, head) =
        (side(&[ORDERS, ("m", "select id from {o}")], vec![]), side(&[ORDERS, ("m", "select nope from {o}")], vec![]));
    assert!(check("explain_plan", none(), &base, &head, "m").is_err());
    let gone = check("explain_plan", none(), &base, &side(&[ORDERS], vec![]), "m").unwrap();
    assert_eq!(gone.skipped.as_deref(), Some("the model was removed"));
    for wrong in [json!({"explode": 0.5}), json!({"big_tables": [{"name": "x"}]}), json!({"min_row": 1})] {
        assert!((SPEC.build)(&wrong).is_err(), "{wrong}");
    }
}
