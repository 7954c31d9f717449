use super::*;
use crate::engine::{DuckDb, Limits, Scratch};
use proptest::prelude::*;
use std::sync::LazyLock;

static DB: LazyLock<DuckDb> = LazyLock::new(|| Scratch::open(&[], Limits::default()).unwrap().lock().unwrap());

fn options(key: &[&str], tolerance: f64) -> Options {
    let key = (!key.is_empty()).then(|| key.iter().map(|k| (*k).to_owned()).collect());
    Options { key, tolerance, sample: 3, ..Options::default() }
}

fn diff(reference: &str, candidate: &str, options: &Options) -> Reconciliation {
    compare(&*DB, &format!("({reference})"), &format!("({candidate})"), options).unwrap()
}

const MART: &str = "select 'f' || i as feature_id, 'a' || (i % 10) as account_id, i as events, i / 7.0::double as score, \
                    case when i % 5 = 0 then null else i::double end as rate, date '2026-01-01' + i::int as day from range(200) t(i)";

#[test]
fn a_relation_equals_itself_however_its_rows_stand() {
    let shuffled =
        format!("select day, rate, score, events, account_id, feature_id from ({MART}) order by hash(feature_id)");
    for key in [&[][..], &["feature_id"], &["FEATURE_ID", "account_id"]] {
        let r = diff(MART, &shuffled, &options(key, 1e-9));
        assert!(r.equal(), "{r:?}");
        assert_eq!(r.headline(), "200 of 200 rows, 6 of 6 columns within 1e-9");
        assert!(r.schema.reordered);
    }
}

#[test]
fn every_difference_is_counted_where_it_is() {
    let changed = format!(
        "select feature_id, account_id, case when events = 7 then 8 else events end as events, \
         score * (1 + 1e-12) as score, case when events in (5, 10) then 0 when events = 6 then null when events = 11 then 12 else rate end as rate, \
         day from ({MART}) where events <> 199 union all select 'new', 'a', 1, 1, 1, date '2026-01-01'"
    );
    for key in [&["feature_id"][..], &[]] {
        let r = diff(MART, &changed, &options(key, 1e-9));
        assert_eq!((r.rows_missing, r.rows_unexpected, r.rows_differing, r.rows_equal), (1, 1, 5, 194), "{r:?}");
        let column = |name: &str| r.columns.iter().find(|c| c.name == name).unwrap();
        assert_eq!((column("events").differing, column("score").differing, column("rate").differing), (1, 0, 4));
        assert_eq!(column("rate").null_against_value, 3);
        assert_eq!(column("events").max_absolute, Some(1.0));
        assert!(column("score").max_relative.unwrap() < 1e-11 && column("score").max_relative.unwrap() > 0.0);
        assert_eq!(column("events").sample[0].key["feature_id"].as_deref(), Some("f7"));
        assert_eq!(column("events").sample[0].candidate.as_deref(), Some("8"));
        assert_eq!(r.missing_sample[0]["feature_id"].as_deref(), Some("f199"));
        assert_eq!(r.unexpected_sample[0]["feature_id"].as_deref(), Some("new"));
        assert_eq!(r.headline(), "194 of 200 rows, 4 of 6 columns within 1e-9");
        assert!(!r.equal());
    }
}

#[test]
fn few_differing_buckets_give_the_same_answer_as_a_full_join() {
    let changed = format!("select * replace (case when events = 7 then 8 else events end as events) from ({MART})");
    let r = diff(MART, &changed, &options(&["feature_id"], 0.0));
    assert_eq!((r.mode, r.rows_differing, r.rows_equal), (Mode::Keyed, 1, 199));
    assert_eq!(r.headline(), "199 of 200 rows, 5 of 6 columns equal");
}

#[test]
fn null_against_a_value_is_never_within_a_tolerance() {
    for (a, b) in
        [("null", "5"), ("5", "null"), ("'inf'", "5"), ("'-inf'", "'inf'"), ("'nan'", "5"), ("'nan'", "'inf'")]
    {
        let one = |x: &str| format!("select 1 as id, {x}::double as x union all select 2, 7");
        let r = diff(&one(a), &one(b), &options(&["id"], 1e-3));
        assert_eq!(r.columns[1].differing, 1, "{a} {b}");
        assert!(diff(&one(a), &one(a), &options(&["id"], 0.0)).equal(), "{a}");
    }
    assert!(diff("select 1 id, 0.0::double x", "select 1 id, (-0.0)::double x", &options(&["id"], 0.0)).equal());
}

#[test]
fn duplicate_rows_do_not_slip_through() {
    let twice = "select * from range(5) t(id) union all select 3";
    let r = diff("select * from range(5) t(id)", twice, &options(&["id"], 0.0));
    assert_eq!((r.mode, r.rows_missing, r.rows_unexpected), (Mode::Keyed, 0, 1));
    assert_eq!(r.duplicates.as_ref().unwrap().candidate_keys, 1);
    assert!(!r.equal());
    // Where only the candidate repeats keys, columns are still compared by key, and within the tolerance.
    let near = "select id, 1.0 + 1e-12 as x from range(5) t(id) union all select 3, 1.0 + 1e-12";
    let r = diff("select id, 1.0::double as x from range(5) t(id)", near, &options(&["id"], 1e-9));
    assert_eq!((r.columns[1].differing, r.rows_equal, r.rows_unexpected, r.equal()), (0, 5, 1, false));
    let even = diff(twice, "select * from range(5) t(id) union all select 2", &options(&[], 1e-9));
    assert_eq!((even.rows_missing, even.rows_unexpected, even.rows_equal), (1, 1, 5));
    let nulls = "select null::int id, 1 v union all select null, 2";
    let r = diff(nulls, "select null::int id, 1 v union all select null, 3", &options(&["id"], 0.0));
    assert_eq!((r.rows_missing, r.rows_unexpected, r.duplicates.unwrap().reference_nulls), (1, 1, 2));
}

#[test]
fn values_moved_between_rows_are_seen() {
    let r = diff(
        "select i id, i v from range(50) t(i)",
        "select i id, 49 - i v from range(50) t(i)",
        &options(&["id"], 0.0),
    );
    assert_eq!(r.rows_differing, 50);
}

#[test]
fn types_are_compared_through_a_form_that_loses_nothing() {
    let one = |x: &str| format!("select 1 as id, {x} as x");
    let equal = |a: &str, b: &str| diff(&one(a), &one(b), &options(&["id"], 0.0));
    for (a, b) in [
        ("5::int", "5::bigint"),
        ("5::utinyint", "5::hugeint"),
        ("1.50::decimal(10,2)", "1.5::decimal(38,20)"),
        ("1.5::decimal(38,10)", "1.5::decimal(38,1)"),
        ("5::bigint", "5::double"),
        ("0::bigint", "(-0.0)::double"),
        ("0.25::decimal(9,2)", "0.25::double"),
        ("9007199254740992::bigint", "9007199254740992::double"),
        ("null::int", "null::double"),
        ("'a'::enum('a')", "'a'::varchar"),
        ("1.5::float", "1.5::double"),
        ("18446744073709551615::ubigint", "18446744073709551615::hugeint"),
    ] {
        let r = equal(a, b);
        assert_eq!((r.rows_equal, r.columns[1].differing, r.schema.types.len()), (1, 0, 1), "{a} {b} {r:?}");
        // An integer beside a double is a defect even where this row's values agree.
        let kinds = [a, b].map(|x| x.ends_with("double") || x.ends_with("float"));
        let kindred = kinds[0] == kinds[1] || a.contains("decimal");
        assert_eq!(r.equal(), kindred, "{a} {b}");
    }
    for (a, b) in [
        ("9007199254740993::bigint", "9007199254740992::double"),
        ("9007199254740993::decimal(20,0)", "9007199254740992::double"),
        ("1.005::decimal(10,3)", "1.00::decimal(10,2)"),
        ("5::bigint", "5.5::double"),
        ("5::bigint", "'inf'::double"),
        ("5::bigint", "null::double"),
        ("date '2026-01-01'", "timestamp '2026-01-01 00:00:00'"),
        ("timestamp '2026-01-01 00:00:00'", "'2026-01-01 00:00:00+00'::timestamptz"),
        ("1", "'1'"),
    ] {
        assert!(!equal(a, b).equal(), "{a} {b}");
    }
    let zone = equal("timestamp '2026-01-01 00:00:00'", "'2026-01-01 00:00:00+00'::timestamptz");
    assert!(!zone.schema.types[0].compared);
    assert_eq!(zone.headline(), "1 of 1 rows, 1 of 2 columns equal");
}

#[test]
fn integers_and_decimals_are_exact_unless_a_column_has_its_own_tolerance() {
    let (a, b) = (
        "select 1 id, 10000000000 n, 100000000.01::decimal(18,2) d",
        "select 1 id, 10000000001 n, 100000000.02::decimal(18,2) d",
    );
    let mut options = options(&["id"], 1e-9);
    assert_eq!(diff(a, b, &options).columns_equal(), 1);
    options.column_tolerance = [("N".to_owned(), 1e-6), ("d".to_owned(), 1e-6)].into();
    assert!(diff(a, b, &options).equal());
    options.column_tolerance.insert("nope".into(), 1.0);
    let error = compare(&*DB, &format!("({a})"), &format!("({b})"), &options).unwrap_err().to_string();
    assert!(error.starts_with("neither relation has a column nope"), "{error}");
}

#[test]
fn schemas_that_differ_are_told_and_never_equal() {
    let r = diff("select 1 a, 2 b", "select 1 a, 3 c", &options(&[], 0.0));
    assert_eq!(
        (r.schema.missing.as_slice(), r.schema.unexpected.as_slice()),
        (&["b".to_owned()][..], &["c".to_owned()][..])
    );
    assert!(!r.equal());
    assert_eq!(r.headline(), "1 of 1 rows, 1 of 2 columns equal");
    let mut options = options(&[], 0.0);
    options.exclude = ["B".to_owned(), "c".to_owned()].into();
    assert!(diff("select 1 a, 2 b", "select 1 a, 3 c", &options).equal());
    assert!(compare(&*DB, "(select 1 a)", "(select 1 b)", &self::options(&[], 0.0)).is_err());
}

#[test]
fn masked_values_never_leave_the_engine() {
    let mut options = options(&["email"], 0.0);
    options.masked = ["Email".to_owned(), "phone".to_owned()].into();
    let r = diff("select 'a@b.c' email, '555' phone", "select 'a@b.c' email, '556' phone", &options);
    let text = format!("{r:?}");
    assert!(
        !text.contains("a@b.c") && !text.contains("555") && !text.contains("556") && text.contains("not shown"),
        "{text}"
    );
}

#[test]
fn empty_relations_are_compared_too() {
    let none = "select 1 id, 2 v where false";
    assert!(diff(none, none, &options(&["id"], 1e-9)).equal());
    let r = diff(none, "select 1 id, 2 v", &options(&[], 1e-9));
    assert_eq!((r.rows_unexpected, r.rows_reference), (1, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn any_one_changed_cell_is_caught(row in 0u32..60, column in 0usize..4, keyed in any::<bool>(), relative in 1u32..9) {
        let base = "select i as id, i * 1.5::double as a, 'x' || i as b, i % 4 as c, case when i % 3 = 0 then null else i::double end d from range(60) t(i)";
        let factor = 1.0 + 10f64.powi(-(relative as i32)) + 1e-12;
        let change = match column {
            0 => format!("(a * {factor} + case when a = 0 then 1 else 0 end) as a"),
            1 => "b || '!' as b".to_owned(),
            2 => "c + 1 as c".to_owned(),
            _ => "(case when d is null then 0 end) as d".to_owned(),
        };
        let (expression, name) = change.rsplit_once(" as ").unwrap();
        let head = format!("select * replace (case when id = {row} then {expression} else {name} end as {name}) from ({base})");
        let key: &[&str] = if keyed { &["id"] } else { &[] };
        let r = diff(base, &head, &options(key, 1e-9));
        let total: u64 = r.columns.iter().map(|c| c.differing).sum();
        prop_assert_eq!((r.rows_differing, total, r.rows_missing, r.rows_unexpected), (1, 1, 0, 0));
    }
}
