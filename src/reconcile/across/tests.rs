use super::*;
use crate::reconcile::Mode;
use std::sync::LazyLock;

static DB: LazyLock<DuckDb> = LazyLock::new(|| Scratch::open(&[], Limits::default()).unwrap().lock().unwrap());

/// Two DuckDBs are two engines, too.
fn diff(reference: &str, candidate: &str, key: &[&str], tolerance: f64) -> Result<Reconciliation> {
    let key = (!key.is_empty()).then(|| key.iter().map(|k| (*k).to_owned()).collect());
    let options = Options { key, tolerance, sample: 3, ..Options::default() };
    compare_across((&*DB, &format!("({reference})")), (&*DB, &format!("({candidate})")), &options)
}

const MART: &str = "select i as id, 'é' || i as name, i / 7.0::double as score, case when i % 5 = 0 then null else i end::decimal(18,3) as rate, \
                    timestamptz '2026-01-01 00:00:00.000001+02' + i * interval 1 minute as at, i % 2 = 0 as even, \
                    encode('b' || i) as bytes, uuid '00000000-0000-0000-0000-0000000000AB' as u, time '12:00:00.5' as t from range(20000) t(i)";

#[test]
fn equal_rows_do_not_travel() {
    for key in [&["id"][..], &[]] {
        let r = diff(MART, &format!("select * from ({MART}) order by hash(id)"), key, 0.0).unwrap();
        let across = r.across.as_ref().unwrap();
        assert!(r.equal(), "{r:?}");
        assert_eq!((r.mode, across.fetched, across.differing, r.rows_equal), (Mode::Fingerprint, [0, 0], 0, 20000));
        assert_eq!(across.columns[2].compared_as, "double");
    }
}

#[test]
fn only_the_rows_of_differing_buckets_travel_and_counts_are_of_all() {
    let head = format!(
        "select * replace (case when id = 7 then score + 1 when id = 8 then null else score end as score, \
         case when id = 9 then not even else even end as even, case when id = 10 then encode('x') else bytes end as bytes) \
         from ({MART}) where id <> 11 union all select * replace (-1 as id) from ({MART}) where id = 3"
    );
    for key in [&["id"][..], &[]] {
        let r = diff(MART, &head, key, 1e-9).unwrap();
        let across = r.across.as_ref().unwrap();
        assert!(across.fetched[0] > 0 && across.fetched[0] < 200, "{across:?}");
        assert_eq!((r.rows_reference, r.rows_candidate), (20000, 20000));
        assert_eq!((r.rows_missing, r.rows_unexpected, r.rows_differing, r.rows_equal), (1, 1, 4, 19995), "{r:?}");
        let counts: Vec<u64> = r.columns.iter().map(|c| c.differing).collect();
        assert_eq!((counts, r.columns[2].null_against_value), (vec![0, 0, 2, 0, 0, 1, 1, 0, 0], 1));
        assert!(!r.equal());
    }
}

#[test]
fn a_tolerance_is_decided_on_the_rows_themselves() {
    let noise = format!("select * replace (score * (1 + 1e-12) as score) from ({MART})");
    let r = diff(MART, &noise, &["id"], 1e-9).unwrap();
    assert!(r.equal() && r.across.as_ref().unwrap().fetched[0] == 20000, "{r:?}");
    assert_eq!(diff(MART, &noise, &["id"], 0.0).unwrap().columns[2].differing, 19999);
    // Exactly half, and one step beyond.
    let one = |x: &str| format!("select 1 as id, {x}::double as x");
    assert!(diff(&one("1"), &one("2"), &["id"], 0.5).unwrap().equal());
    assert!(!diff(&one("1"), &one("2.0000000000000004"), &["id"], 0.5).unwrap().equal());
}

#[test]
fn traps_are_no_false_passes() {
    let one = |x: &str| format!("select 1 as id, {x} as x");
    for (a, b, equal) in [
        ("null::varchar", "''", false),
        ("'~'", "null::varchar", false),
        ("'1:a'", "'1:b'", false),
        ("'nan'::double", "'nan'::double", true),
        ("-0.0::double", "0.0::double", true),
        ("'inf'::double", "5::double", false),
        ("null::double", "5::double", false),
        ("9007199254740993::bigint", "9007199254740992::double", false),
        ("1.50::decimal(10,2)", "1.5::decimal(38,20)", true),
        ("1.005::decimal(10,3)", "1.00::decimal(10,2)", false),
        ("0.25::decimal(9,2)", "0.25::double", true),
        ("1e300::double", "1e300::double", true),
        ("'a'::varchar", "'a '::varchar", false),
        ("'e' || chr(769)", "'é'", false),
        ("date '2026-01-01'", "date '2026-01-01'", true),
        ("5::integer", "5::hugeint", true),
        ("5::integer", "5::double", false),
    ] {
        let r = diff(&one(a), &one(b), &["id"], 1e-9).unwrap();
        assert_eq!(r.equal(), equal, "{a} {b} {r:?}");
    }
    // Values that moved between columns or rows.
    let (a, b) = (
        "select 'ab' as a, 'c' as b union all select 'x', 'y'",
        "select 'a' as a, 'bc' as b union all select 'x', 'y'",
    );
    assert!(!diff(a, b, &[], 0.0).unwrap().equal());
    let twice = "select * from range(5) t(id) union all select 3";
    assert!(!diff("select * from range(5) t(id)", twice, &["id"], 0.0).unwrap().equal());
}

#[test]
fn what_no_form_is_shared_for_is_refused_by_name() {
    let error = diff("select 1 id, [1] x", "select 1 id, [1] x", &["id"], 0.0).unwrap_err().to_string();
    assert!(error.contains("column x: INTEGER[]") && error.contains("--exclude x"), "{error}");
    let zone = diff(
        "select 1 id, timestamp '2026-01-01' x",
        "select 1 id, timestamptz '2026-01-01 00:00:00+00' x",
        &["id"],
        0.0,
    );
    let zone = zone.unwrap();
    assert!(!zone.schema.types[0].compared && !zone.equal());
}

#[test]
fn decimals_without_bounds_get_the_digits_that_they_need() {
    let mut digits = Digits::default();
    for value in [Some("12.500"), None, Some("-1234.25")] {
        digits.see(value);
    }
    assert_eq!(digits.decimal().as_deref(), Some("decimal(6, 2)"));
    digits.see(Some("NaN"));
    assert_eq!(digits.decimal(), None);
}
