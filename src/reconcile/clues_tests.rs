use super::*;
use crate::engine::{DuckDb, Limits, Scratch};
use std::sync::LazyLock;

static DB: LazyLock<DuckDb> = LazyLock::new(|| Scratch::open(&[], Limits::default()).unwrap().lock().unwrap());

const MART: &str = "select i as id, i * 3 as events, i / 7.0::double as score, sqrt(i + 2.0::double) as rate, \
                    case when i % 10 = 0 then null else 'r' || (i % 4) end as region, 'm' || (i % 20) as mail, \
                    date '2026-01-01' + cast(i // 10 as int) as day from range(1000) t(i)";

/// The clues about a head that replaces some columns, in rows `where`.
fn clues(replace: &str, filter: &str) -> Vec<(ClueKind, String)> {
    let head = format!("(select * replace ({replace}) from ({MART}) where {filter})");
    let options = Options {
        key: Some(vec!["id".into()]),
        tolerance: 1e-9,
        sample: 1,
        masked: ["mail".to_owned()].into(),
        ..Options::default()
    };
    let result = compare(&*DB, &format!("({MART})"), &head, &options).unwrap();
    result.clues.into_iter().map(|clue| (clue.kind, clue.text)).collect()
}

fn texts(replace: &str, filter: &str) -> Vec<String> {
    clues(replace, filter).into_iter().map(|(_, text)| text).collect()
}

#[test]
fn the_value_that_holds_all_differences_is_named() {
    assert_eq!(
        texts("case when region is null and id < 500 then events * events + 7 else events end as events", "true")[0],
        "all 50 differing rows have NULL in region, as 100 of 1,000 rows have"
    );
    let one = texts("case when region = 'r3' then id + events % 17 else events end as events", "true");
    assert!(one.iter().any(|t| t.contains("differing rows have r3 in region, as 250 of 1,000 rows have")), "{one:?}");
    // Nearly all rows are in that range: that says nothing, however sure it is.
    let wide = texts("case when id > 200 then -id * id else events end as events", "true");
    assert!(!wide.iter().any(|t| t.contains("day from")), "{wide:?}");
    // Half of the rows have it: too common to tell anything of two rows.
    assert!(texts("case when id in (3, 503) then -id * id else events end as events", "true").is_empty());
}

#[test]
fn a_range_of_dates_is_named() {
    let found = clues("events as events", "day not between date '2026-02-01' and date '2026-02-03'");
    assert_eq!(
        found,
        [(
            ClueKind::Range,
            "all 30 missing rows have day from 2026-02-01 to 2026-02-03, as 30 of 1,000 rows have".into()
        )]
    );
}

#[test]
fn offset_factor_rounding_and_null_are_told_apart() {
    let only = |replace: &str| {
        let found = clues(replace, "true");
        found.into_iter().find(|(kind, _)| !matches!(kind, ClueKind::Value | ClueKind::Range)).unwrap()
    };
    assert_eq!(
        only("events + 1 as events"),
        (ClueKind::Offset, "events is 1 more than the reference's, in each of 1,000 rows".into())
    );
    assert_eq!(
        only("rate * 100 as rate"),
        (ClueKind::Factor, "rate is 100 times the reference's, in each of 1,000 rows".into())
    );
    let rounded = only("round(score, 2) as score");
    assert!(rounded.0 == ClueKind::Rounded && rounded.1.contains("rounded to 2 places"), "{rounded:?}");
    assert_eq!(
        only("case when id < 300 then null else score end as score"),
        (ClueKind::Null, "score is NULL where the reference has a value, in each of 300 rows".into())
    );
    let filled = only("coalesce(region, 'none') as region");
    assert_eq!(filled, (ClueKind::Null, "region has a value where the reference has NULL, in each of 100 rows".into()));
}

#[test]
fn columns_that_differ_in_the_same_rows_are_named_together() {
    let found = texts(
        "case when id % 3 = 0 then -id * id - 1 else events end as events, case when id % 3 = 0 then id * id + 0.5 else score end as score",
        "true",
    );
    assert!(found.contains(&"events, score differ in the same 334 rows".to_owned()), "{found:?}");
    let apart = texts(
        "case when id % 3 = 0 then -id * id - 1 else events end as events, case when id % 7 = 0 then id * id + 0.5 else score end as score",
        "true",
    );
    assert!(!apart.iter().any(|t| t.contains("same")), "{apart:?}");
}

#[test]
fn values_of_masked_columns_stay_in_the_engine() {
    let found = texts("case when mail = 'm7' then -events * events - 1 else events end as events", "true");
    assert!(!found.iter().any(|t| t.contains("m7")), "{found:?}");
    let found = texts("case when id % 20 = 7 then mail || '!' else mail end as mail", "true");
    assert!(!found.iter().any(|t| t.contains("m7") || t.contains("m8")), "{found:?}");
}

#[test]
fn an_equal_relation_gives_no_clue() {
    assert!(clues("rate * (1 + 1e-13) as rate", "true").is_empty());
}
