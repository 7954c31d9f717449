use crate::finding::Severity;
use crate::gates::shop::{check, none, side};
use serde_json::json;

const RAW: (&str, &str) = ("raw", "csv:id,level,score\n1,high,1.5\n2,low,2.5\n3,low,\n");
const GOOD: (&str, &str) = ("mart", "select id, level, score from {raw}");

fn options() -> serde_json::Value {
    json!({"references": [{"model": "mart", "reference": {"query": "select * from \"db\".\"main\".\"raw\""}, "key": ["id"]}]})
}

#[test]
fn the_four_kinds_of_difference_are_counted_and_named() {
    let head = (
        "mart",
        "select id, 'high' as level, coalesce(score, 0) as score, 1 as extra from {raw} where id > 1 union all select 9, 'x', 1, 1",
    );
    let checked =
        check("reconcile", options(), &side(&[RAW, GOOD], vec![]), &side(&[RAW, head], vec![]), "mart").unwrap();
    assert_eq!(checked.summary, "0 of 3 rows, 1 of 3 columns within 1e-9");
    let messages: Vec<_> = checked.findings.iter().map(|f| (f.rule.as_str(), f.message.as_str())).collect();
    assert_eq!(
        messages,
        [
            ("reconcile/schema-differs", "column extra is not in the reference"),
            (
                "reconcile/rows-missing",
                "1 rows of the reference are missing (3 rows in the reference, 3 in the model); first: id=1"
            ),
            (
                "reconcile/rows-unexpected",
                "1 rows are not in the reference (3 rows in the reference, 3 in the model); first: id=9"
            ),
            (
                "reconcile/column-differs",
                "level differs from the reference in 2 of 2 rows; first at id=2: high instead of low"
            ),
            (
                "reconcile/column-differs",
                "score differs from the reference in 1 of 2 rows: 1 NULL against a value; first at id=3: 0.0 instead of NULL"
            ),
        ]
    );
    assert!(checked.findings.iter().all(|f| f.severity == Severity::Error));
    assert_eq!(checked.evidence["except_reference_candidate"], 3);
}

#[test]
fn an_equal_candidate_passes_with_the_evidence_in_words() {
    let head = ("mart", "select id, level, score * (1 + 1e-13) as score from {raw}");
    let base = side(&[RAW, GOOD], vec![]);
    let checked = check("reconcile", options(), &base, &side(&[RAW, head], vec![]), "mart").unwrap();
    assert_eq!((checked.summary.as_str(), checked.findings.len()), ("3 of 3 rows, 3 of 3 columns within 1e-9", 0));
    let against_base = json!({"references": [{"model": "mart", "reference": {"model": "mart"}}]});
    let checked = check("reconcile", against_base, &base, &side(&[RAW, head], vec![]), "mart").unwrap();
    assert_eq!(checked.findings.len(), 0, "{:?}", checked.findings);
}

#[test]
fn no_reference_is_a_skip_and_a_missing_one_an_error() {
    let both = || side(&[RAW, GOOD], vec![]);
    assert!(check("reconcile", none(), &both(), &both(), "mart").unwrap().skipped.is_some());
    for reference in [
        json!({"relation": "trusted.mart"}),
        json!({"seed": "gone"}),
        json!({"file": "gone.parquet"}),
        json!({"query": "select 1; select 2"}),
    ] {
        let options = json!({"references": [{"model": "mart", "reference": reference}]});
        assert!(check("reconcile", options, &both(), &both(), "mart").is_err());
    }
    for wrong in [
        json!({"reference": []}),
        json!({"references": [{"model": "m", "reference": {"seed": "s"}, "tolerence": 1}]}),
        json!({"references": [{"model": "m", "reference": {"seed": "s"}, "tolerance": -1.0}]}),
    ] {
        assert!((super::SPEC.build)(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn duplicate_keys_are_a_finding() {
    let head = ("mart", "select id, level, score from {raw} union all select 1, 'high', 1.5");
    let checked =
        check("reconcile", options(), &side(&[RAW, GOOD], vec![]), &side(&[RAW, head], vec![]), "mart").unwrap();
    let rules: Vec<_> = checked.findings.iter().map(|f| f.rule.as_str()).collect();
    assert!(rules.contains(&"reconcile/duplicate-keys") && rules.contains(&"reconcile/rows-unexpected"), "{rules:?}");
}
