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
    assert_eq!(found(none(), &many(100), &many(80)).1, [loss.clone()]);
    assert_eq!(found(none(), &many(200), &many(186)).1, [(loss.0.clone(), Severity::Warning)]);
    assert_eq!(found(none(), &many(1000), &many(980)).1, []);
    assert_eq!(found(none(), &many(50), &many(40)).1, []);
    assert_eq!(found(json!({"min_rows": 1}), &many(50), &many(40)).1, [loss]);
    assert_eq!(found(none(), &many(100), &(many(100) + " order by 1")).0, "400 rows on both sides");
    assert_eq!(found(none(), &many(100), &many(150)).0, "400 -> 600 rows (+50.0%)");
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
