//! Row counts and reconciliations as small tables, from the outcomes' evidence.

use super::room;
use crate::finding::Finding;
use crate::output::escape::{clip, markdown, markdown_code, markdown_prose};
use crate::output::overview::target;
use crate::reconcile::{rounded, thousands};
use crate::report::{Outcome, Report, Verdict};
use serde_json::{Map, Value};

/// Characters of a name.
const NAME: usize = 120;
/// Characters of all causes.
const CAUSE: usize = 300;

/// Both tables; what is equal is only counted.
pub(super) fn section(report: &Report, room: usize, whole: &str) -> String {
    let counts = row_counts(report, room / 3, whole);
    let mut text = reconciliations(report, room / 3, whole);
    text.push_str(&columns(report, room / 3, whole));
    counts + &text
}

fn of<'a>(report: &'a Report, gate: &str, key: &str) -> Vec<&'a Outcome> {
    report.outcomes.iter().filter(|o| o.gate == gate && o.evidence.contains_key(key)).collect()
}

fn row_counts(report: &Report, room: usize, whole: &str) -> String {
    const HEADER: &str = "| model | base | head | difference | cause |\n| --- | ---: | ---: | ---: | --- |\n";
    let counted = of(report, "row_count_diff", "head");
    let differs = |o: &&Outcome| o.evidence.get("base") != o.evidence.get("head");
    let (different, equal): (Vec<&Outcome>, Vec<&Outcome>) = counted.into_iter().partition(differs);
    if different.is_empty() {
        return String::new();
    }
    let row = |outcome: &&Outcome| {
        let (base, head) = (outcome.evidence.get("base"), outcome.evidence.get("head"));
        format!(
            "| {} | {} | {} | {} | {} |\n",
            markdown_code(&clip(&outcome.model, NAME)),
            number(base),
            number(head),
            percent(base, head),
            markdown_prose(&clip(&causes(&outcome.evidence), CAUSE))
        )
    };
    let mut text = format!("\n### Row counts\n{}", room::rows(HEADER, different.iter().map(row), room, "model", whole));
    if !equal.is_empty() {
        text.push_str(&format!("\n{} more with the same count on both sides.\n", equal.len()));
    }
    text
}

fn causes(evidence: &Map<String, Value>) -> String {
    let all = evidence.get("causes").and_then(Value::as_array);
    all.into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join("; ")
}

/// `+10.0%`, or why there is none.
fn percent(base: Option<&Value>, head: Option<&Value>) -> String {
    match (base.and_then(Value::as_u64), head.and_then(Value::as_u64)) {
        (None, Some(_)) => "new".to_owned(),
        (Some(0), Some(_)) => "from none".to_owned(),
        (Some(base), Some(head)) => {
            let percent = (head as f64 - base as f64) / base as f64 * 100.0;
            let digits = if percent.abs() < 0.1 { 4 } else { 1 };
            format!("{percent:+.digits$}%")
        }
        _ => String::new(),
    }
}

fn reconciliations(report: &Report, room: usize, whole: &str) -> String {
    const HEADER: &str = "| model | rows of the reference | rows of the model | equal rows | equal columns | \
                          only in the reference | only in the model |\n\
                          | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n";
    let compared = of(report, "reconcile", "rows_reference");
    let (equal, different): (Vec<&Outcome>, Vec<&Outcome>) =
        compared.into_iter().partition(|o| o.verdict == Verdict::Pass);
    if different.is_empty() && equal.is_empty() {
        return String::new();
    }
    let row = |outcome: &&Outcome| {
        let at = |key: &str| number(outcome.evidence.get(key));
        format!(
            "| {} | {} | {} | {} | {} of {} | {} | {} |\n",
            markdown_code(&clip(&outcome.model, NAME)),
            at("rows_reference"),
            at("rows_candidate"),
            at("rows_equal"),
            at("columns_equal"),
            at("columns_expected"),
            at("except_reference_candidate"),
            at("except_candidate_reference"),
        )
    };
    let all = different.into_iter().chain(equal).collect::<Vec<_>>();
    format!("\n### Reconciliation\n{}", room::rows(HEADER, all.iter().map(row), room, "model", whole))
}

/// The columns that differ from their reference.
fn columns(report: &Report, room: usize, whole: &str) -> String {
    const HEADER: &str = "| column | differing | NULL against value | largest difference | relative |\n\
                          | --- | ---: | ---: | ---: | ---: |\n";
    let found: Vec<&Finding> =
        report.findings.iter().filter(|f| f.gate == "reconcile" && f.evidence.contains_key("differing")).collect();
    let row = |finding: &&Finding| {
        let at = |key: &str| number(finding.evidence.get(key));
        format!(
            "| {} | {} | {} | {} | {} |\n",
            markdown_code(&clip(&target(finding), NAME)),
            at("differing"),
            at("null_against_value"),
            at("max_absolute"),
            at("max_relative"),
        )
    };
    if found.is_empty() { String::new() } else { room::rows(HEADER, found.iter().map(row), room, "column", whole) }
}

/// A number as people write it; nothing for no value; anything else of a report as its text.
fn number(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::Number(n)) => match (n.as_u64(), n.as_f64()) {
            (Some(n), _) => thousands(n),
            (None, Some(x)) => rounded(x),
            (None, None) => markdown(&n.to_string()),
        },
        Some(Value::String(text)) => markdown(&clip(text, 40)),
        Some(other) => markdown(&clip(&other.to_string(), 40)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_of_any_kind() {
        let shown = |value: Value| number(Some(&value));
        assert_eq!(shown(json!(61948)), "61,948");
        assert_eq!(shown(json!(0.012345)), "0.01235");
        assert_eq!(shown(json!(null)), "");
        assert_eq!(shown(json!("|<b>")), "&#124;&lt;b&gt;");
        assert_eq!(shown(json!(["|"])), "&#91;&quot;&#124;&quot;&#93;");
        assert_eq!(percent(Some(&json!(100)), Some(&json!(90))), "-10.0%");
        assert_eq!(percent(Some(&json!(0)), Some(&json!(9))), "from none");
        assert_eq!(percent(None, Some(&json!(9))), "new");
    }
}
