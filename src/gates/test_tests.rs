use crate::finding::Severity;
use crate::gates::shop::{check, id, none, side, test};
use crate::project::{Compiled, DataTest, NotCompiled, NotCompiledCode, TestKind};
use serde_json::json;

const RAW: (&str, &str) = ("raw", "csv:id,customer,status\n1,a,open\n2,b,open\n3,b,shut\n");

fn unique(config: serde_json::Value) -> DataTest {
    test("unique", "orders", "customer", "select customer from {orders} group by 1 having count(*) > 1", config)
}

fn not_null() -> DataTest {
    test("not_null", "orders", "id", "select id from {orders} where id is null", none())
}

const BASE: (&str, &str) = ("orders", "select distinct on (customer) * from {raw}");
const HEAD: (&str, &str) = ("orders", "select * from {raw}");

#[test]
fn a_test_that_base_passes_and_head_fails_is_an_error_with_its_count() {
    let base = side(&[RAW, BASE], vec![unique(none()), not_null()]);
    let head = side(&[RAW, HEAD], vec![unique(none()), not_null()]);
    let checked = check("test", none(), &base, &head, "orders").unwrap();
    assert_eq!(checked.summary, "1 of 2 tests pass");
    let [finding] = checked.findings.as_slice() else { panic!("{:?}", checked.findings) };
    assert_eq!((finding.rule.as_str(), finding.severity), ("test/unique", Severity::Error));
    assert_eq!(finding.message, "unique(customer) fails: 1 value stands more than once; it passes on base");
    assert_eq!(finding.column.as_deref(), Some("customer"));
    assert_eq!(finding.location.as_ref().unwrap().line, 3);
}

#[test]
fn all_tests_pass_with_their_number() {
    let base = side(&[RAW, BASE], vec![unique(none()), not_null()]);
    let head = side(
        &[RAW, ("orders", "select distinct on (customer) *, 1 as one from {raw}")],
        vec![unique(none()), not_null()],
    );
    let checked = check("test", none(), &base, &head, "orders").unwrap();
    assert_eq!((checked.summary.as_str(), checked.findings.len()), ("2 of 2 tests pass", 0));
}

#[test]
fn what_fails_on_base_as_often_is_a_warning() {
    let base = side(&[RAW, HEAD], vec![unique(none())]);
    let head = side(&[RAW, ("orders", "select *, 1 as one from {raw}")], vec![unique(none())]);
    let checked = check("test", none(), &base, &head, "orders").unwrap();
    assert_eq!(checked.findings[0].severity, Severity::Warning);
    assert!(checked.findings[0].message.ends_with("already fails on base, as often"));
}

#[test]
fn severity_thresholds_and_fail_calc_are_respected() {
    let base = side(&[RAW, BASE], vec![]);
    let found = |config| {
        let head = side(&[RAW, HEAD], vec![unique(config)]);
        check("test", none(), &base, &head, "orders").map(|c| c.findings.first().map(|f| f.severity))
    };
    assert_eq!(found(none()).unwrap(), Some(Severity::Error));
    assert_eq!(found(json!({"severity": "warn"})).unwrap(), Some(Severity::Warning));
    assert_eq!(found(json!({"error_if": "> 5"})).unwrap(), Some(Severity::Warning));
    assert_eq!(found(json!({"error_if": ">5", "warn_if": "between 2 and 5"})).unwrap(), None);
    assert_eq!(
        found(json!({"fail_calc": "sum(case when customer = 'b' then 7 end)", "error_if": "= 7"})).unwrap(),
        Some(Severity::Error)
    );
    assert_eq!(found(json!({"enabled": false})).unwrap(), None);
    assert!(found(json!({"error_if": "> 5) or (1 = 1"})).is_err());
}

#[test]
fn a_test_that_cannot_be_run_is_never_a_pass() {
    let base = side(&[RAW, BASE], vec![]);
    let broken = test("not_null", "orders", "gone", "select gone from {orders} where gone is null", none());
    let head = side(&[RAW, HEAD], vec![broken.clone(), not_null()]);
    let error = check("test", none(), &base, &head, "orders").unwrap_err().to_string();
    assert!(
        error.starts_with("1 of 2 tests could not be run: Binder Error") && error.ends_with("(not_null(gone))"),
        "{error}"
    );
    let head = side(&[RAW, HEAD], vec![broken, unique(none())]);
    let rules: Vec<_> =
        check("test", none(), &base, &head, "orders").unwrap().findings.into_iter().map(|f| f.rule).collect();
    assert_eq!(rules, ["test/unique", "test/not-run"]);
}

#[test]
fn tests_of_others_that_read_the_model_and_singular_tests_run_too() {
    let others = DataTest {
        attached: Some(id("raw")),
        ..test("relationships", "raw", "id", "select id from {raw} where id not in (select id from {orders})", none())
    };
    let singular = DataTest {
        kind: TestKind::Singular,
        attached: None,
        ..test("few", "orders", "x", "select * from {orders} where status = 'shut'", none())
    };
    let base = side(&[RAW, HEAD], vec![others.clone(), singular.clone()]);
    let head = side(&[RAW, ("orders", "select * from {raw} where id > 1")], vec![others, singular]);
    let checked = check("test", none(), &base, &head, "orders").unwrap();
    let rules: Vec<_> = checked.findings.iter().map(|f| (f.rule.as_str(), f.severity)).collect();
    assert!(
        rules.contains(&("test/relationships", Severity::Error))
            && rules.contains(&("test/singular", Severity::Warning)),
        "{rules:?}"
    );
}

#[test]
fn the_same_rows_and_the_same_tests_cost_nothing() {
    let base = side(&[RAW, HEAD], vec![unique(none())]);
    let checked = check("test", none(), &base, &side(&[RAW, HEAD], vec![unique(none())]), "orders").unwrap();
    assert_eq!(checked.summary, "provably the same rows as base, and the same tests: 1");
    let tightened =
        check("test", none(), &side(&[RAW, HEAD], vec![]), &side(&[RAW, HEAD], vec![unique(none())]), "orders")
            .unwrap();
    assert!(tightened.findings[0].message.ends_with("the test is new"));
}

/// `ref('raw')` and `this` are all that there is.
fn inputs(definition: &serde_json::Value) -> Vec<Result<String, String>> {
    let written = definition["given"].as_array().into_iter().flatten().map(|input| input["input"].as_str().unwrap());
    let known = |written: &str| match written {
        "ref('raw')" => Ok(id("raw")),
        "this" => Ok(id("orders")),
        other => Err(format!("input {other} names no relation")),
    };
    written.map(known).collect()
}

fn unit(definition: serde_json::Value) -> crate::project::UnitTest {
    crate::project::UnitTest {
        unique_id: "unit_test.shop.orders.u".into(),
        name: "u".into(),
        model: Some(id("orders")),
        inputs: inputs(&definition),
        definition,
        // The test changes nothing: the model's own SQL will do.
        compiled: Err(NotCompiled {
            code: NotCompiledCode::Unsupported,
            message: "not rendered here".into(),
            name: None,
            place: Default::default(),
        }),
        depends_on: [id("raw")].into(),
        place: Default::default(),
    }
}

#[test]
fn unit_tests_run_on_their_given_rows() {
    let run = |definition: serde_json::Value| {
        let sql = (
            "orders",
            "select raw.customer, count(*) as n, max(id) filter (status = 'open') as latest from {raw} group by 1",
        );
        let mut project = side(&[RAW, sql], vec![]).project;
        project.unit_tests.insert("u".into(), unit(definition));
        let head = crate::project::bind::Bound::new(project, &Default::default(), Default::default());
        check("test", none(), &side(&[RAW, HEAD], vec![]), &head, "orders").map(|c| {
            let message = c.findings.first().map(|f| f.message.clone());
            message.unwrap_or(c.summary)
        })
    };
    let given = json!([{"input": "ref('raw')", "rows": [{"id": 5, "customer": "z", "status": "open"}, {"id": 6, "customer": "z"}]}]);
    assert_eq!(
        run(json!({"given": given, "expect": {"rows": [{"n": 2, "customer": "z", "latest": 5}]}})).unwrap(),
        "1 of 1 tests pass"
    );
    assert_eq!(
        run(json!({"given": given, "expect": {"format": "csv", "rows": "customer,n\nz,2\n"}})).unwrap(),
        "1 of 1 tests pass"
    );
    assert_eq!(
        run(json!({"given": given, "expect": {"format": "sql", "rows": "select 'z' customer, 2 n, 5 latest"}}))
            .unwrap(),
        "1 of 1 tests pass"
    );
    let wrong = run(json!({"given": given, "expect": {"rows": [{"customer": "z", "n": 3}]}})).unwrap();
    assert_eq!(wrong, "unit test u fails: 0 of 1 expected rows, n differs (2 instead of 3)");
    let unmocked = run(json!({"given": [], "expect": {"rows": []}})).unwrap();
    assert_eq!(unmocked, "unit test u gives no rows for raw");
    for broken in [
        json!({"given": [{"input": "ref('gone')", "rows": []}], "expect": {"rows": []}}),
        json!({"given": [{"input": "ref('raw')", "rows": [{"idd": 1}]}], "expect": {"rows": []}}),
        json!({"given": given, "expect": {"rows": []}, "overrides": {"vars": {"a": 1}}}),
        json!({"given": [{"input": "ref('raw')", "rows": [{"id": "x"}]}], "expect": {"rows": []}}),
    ] {
        assert!(run(broken.clone()).is_err(), "{broken}");
    }
}

#[test]
fn what_breaks_downstream_is_the_changes_own_defect() {
    const CHILD: (&str, &str) = ("mart", "select customer, id from {orders}");
    let tests = || {
        vec![
            test("unique", "mart", "customer", "select customer from {mart} group by 1 having count(*) > 1", none()),
            test("not_null", "mart", "id", "select id from {mart} where id is null", none()),
        ]
    };
    let (base, head) = (side(&[RAW, BASE, CHILD], tests()), side(&[RAW, HEAD, CHILD], tests()));
    let checked = check("test", none(), &base, &head, "orders").unwrap();
    let messages: Vec<&str> = checked.findings.iter().map(|f| f.message.as_str()).collect();
    assert_eq!(
        messages,
        ["downstream, unique(customer) of mart fails: 1 value stands more than once; it passes on base"]
    );
    assert_eq!(checked.findings[0].rule, "test/breaks-downstream");
    assert_eq!(checked.summary, "1 of 2 tests pass");
    // What fails on base as often is nobody's news.
    let worse = side(&[RAW, ("orders", "select *, 1 as one from {raw}"), CHILD], tests());
    assert!(check("test", none(), &head, &worse, "orders").unwrap().findings.is_empty());
    let off = check("test", json!({"downstream": false}), &base, &head, "orders").unwrap();
    assert_eq!(off.summary, "no test is declared");
}

#[test]
fn quoted_csv_seeds_and_this_are_given_as_dbt_gives_them() {
    let run = |definition: serde_json::Value, sql: &str| {
        let mut project = side(&[RAW, ("orders", "select id, customer from {raw}")], vec![]).project;
        let mut test = unit(definition);
        test.compiled = Ok(Compiled { sql: sql.to_owned(), ..Compiled::default() });
        project.unit_tests.insert("u".into(), test);
        let head = crate::project::bind::Bound::new(project, &Default::default(), Default::default());
        let base = side(&[RAW, BASE], vec![]);
        check("test", none(), &base, &head, "orders")
            .map(|c| c.findings.first().map_or(c.summary, |f| f.message.clone()))
    };
    let incremental =
        "select id, customer from \"db\".\"main\".\"raw\" where id > (select max(id) from \"db\".\"main\".\"orders\")";
    let given = json!([
        {"input": "ref('raw')", "format": "csv", "rows": "id,customer\n1,a\n5,\"b, c\"\n6,\"\"\n"},
        {"input": "this", "rows": [{"id": 4}]},
    ]);
    let expect = json!({"rows": [{"id": 5, "customer": "b, c"}, {"id": 6, "customer": null}]});
    assert_eq!(run(json!({"given": given, "expect": expect}), incremental).unwrap(), "1 of 1 tests pass");
    let without_this = json!({"given": [given[0]], "expect": expect});
    let error = run(without_this, incremental).unwrap_err().to_string();
    assert!(error.contains("no rows are given for orders"), "{error}");
    // A seed without rows gives its own three.
    let own = json!({"given": [{"input": "ref('raw')"}], "expect": {"rows": [{"n": 3}]}});
    let count = "select count(*) as n from \"db\".\"main\".\"raw\"";
    assert_eq!(run(own, count).unwrap(), "1 of 1 tests pass");
    let lost = json!({"given": [{"input": "ref('raw')", "format": "csv", "fixture": "gone"}], "expect": {"rows": []}});
    let error = run(lost, count).unwrap_err().to_string();
    assert!(error.contains("no fixture file `gone`"), "{error}");
}

#[test]
fn many_tests_are_asked_for_together_and_the_broken_one_is_found() {
    let of = |at: usize, sql: &str| {
        let one = test("expression", "orders", &format!("c{at}"), sql, none());
        DataTest { unique_id: format!("test.shop.{at:03}"), name: format!("t{at}"), ..one }
    };
    let tests: Vec<DataTest> = (0..90)
        .map(|at| match at {
            17 => of(at, "select nope from {orders}"),
            55 => of(at, "select id from {orders} where id = 3"),
            _ => of(at, "select id from {orders} where id < 0"),
        })
        .collect();
    let checked = check("test", none(), &side(&[RAW, BASE], vec![]), &side(&[RAW, HEAD], tests), "orders").unwrap();
    assert_eq!(checked.summary, "88 of 90 tests pass");
    let found: Vec<&str> = checked.findings.iter().map(|f| f.message.split(':').next().unwrap()).collect();
    assert_eq!(found, ["t55 fails", "t17 could not be run"]);
}
