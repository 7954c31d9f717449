//! Bounds of tests: which of two lets more pass.

use crate::sql::Dialect;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Whether an argument says what is asserted rather than how strictly.
pub(super) fn identifies(key: &str) -> bool {
    !matches!(
        key,
        "values"
            | "value_set"
            | "quote"
            | "name"
            | "description"
            | "config"
            | "meta"
            | "tags"
            | "where"
            | "severity"
            | "warn_if"
            | "error_if"
            | "limit"
            | "row_condition"
            | "group_by_columns"
            | "strictly"
            | "inclusive"
    ) && direction(key).is_none()
}

/// Whether a greater number is looser (`true`) or stricter.
fn direction(key: &str) -> Option<bool> {
    let key = key.to_lowercase();
    match key.as_str() {
        "at_least" | "mostly" | "min_value" | "minimum" | "min" | "lower_bound" | "min_proportion" => Some(false),
        "at_most" | "max_value" | "maximum" | "max" | "upper_bound" | "interval" | "tolerance"
        | "tolerance_percent" | "tolerance_prc" | "threshold" | "precision" | "epsilon" | "max_failures"
        | "percent_mismatched" | "sigma_threshold" | "factor" => Some(true),
        _ if key.starts_with("min_") => Some(false),
        _ if key.starts_with("max_") => Some(true),
        _ => None,
    }
}

/// What the second arguments let pass that the first did not, each with the values that are new in a list of accepted ones.
pub(super) fn looser(before: &Map<String, Value>, now: &Map<String, Value>) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    let keys: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    for key in keys {
        let (was, is) = (before.get(key), now.get(key));
        if was == is {
            continue;
        }
        match key.as_str() {
            "values" | "value_set" => {
                let list = |value: Option<&Value>| -> BTreeSet<String> {
                    value.and_then(Value::as_array).into_iter().flatten().map(plain).collect()
                };
                let added: Vec<String> = list(is).difference(&list(was)).cloned().collect();
                if !added.is_empty() {
                    found.push((format!("it accepts {} too", added.join(", ")), added));
                }
            }
            "row_condition" | "where" | "from_condition" | "to_condition" => match (was, is) {
                (_, None | Some(Value::Null)) => {}
                (None | Some(Value::Null), Some(now)) => {
                    found.push((format!("it looks at some rows only ({})", plain(now)), Vec::new()));
                }
                (Some(was), Some(now)) => {
                    found.push((format!("it looks at other rows ({} became {})", plain(was), plain(now)), Vec::new()));
                }
            },
            _ => {
                let Some(greater_is_looser) = direction(key) else { continue };
                let (was_number, is_number) = (was.and_then(number), is.and_then(number));
                let looser = match (was_number, is_number) {
                    (Some(was), Some(is)) => {
                        if greater_is_looser {
                            is > was
                        } else {
                            is < was
                        }
                    }
                    // A bound that is gone bounds nothing; one of a tolerance falls back to none.
                    (Some(_), None) => {
                        matches!(key.as_str(), "min_value" | "max_value" | "at_least" | "at_most" | "mostly")
                    }
                    (None, Some(is)) => {
                        (key == "mostly" && is < 1.0)
                            || (greater_is_looser
                                && !key.starts_with("max")
                                && !matches!(key.as_str(), "at_most" | "upper_bound"))
                    }
                    (None, None) => false,
                };
                if looser {
                    let text = |value: Option<&Value>| value.map_or_else(|| "not set".to_owned(), plain);
                    found.push((format!("{key} is {} where it was {}", text(is), text(was)), Vec::new()));
                }
            }
        }
    }
    found
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// Whether `error_if: ">10"` fails for fewer counts than what it was (`!= 0` by default).
pub(super) fn condition_is_looser(before: Option<&str>, now: Option<&str>) -> bool {
    let Some(now) = now else { return false };
    let (was, is) = (fails_from(before.unwrap_or("!= 0")), fails_from(now));
    match (was, is) {
        (Some(was), Some(is)) => is > was,
        // What cannot be read is not called tighter.
        _ => true,
    }
}

/// The smallest number of failing rows at which a condition holds.
fn fails_from(condition: &str) -> Option<f64> {
    let text: String = condition.chars().filter(|c| !c.is_whitespace()).collect();
    let split = text.find(|c: char| c.is_ascii_digit())?;
    let bound: f64 = text[split..].parse().ok()?;
    match &text[..split] {
        ">" => Some(bound + 1.0),
        ">=" => Some(bound),
        "!=" | "<>" if bound == 0.0 => Some(1.0),
        "=" | "==" => Some(bound),
        _ => None,
    }
}

/// Whether a SQL test returns fewer rows than before: it has more conditions, or a limit.
pub(super) fn sql_is_looser(before: &str, now: &str, dialect: Dialect) -> Option<String> {
    let shape = |sql: &str| crate::sql::analyze(sql, dialect, &Nothing).ok();
    let (was, is) = (shape(before)?, shape(now)?);
    let filters = |analysis: &crate::sql::Analysis| -> BTreeSet<String> {
        let filters = analysis.clauses.iter().filter(|clause| clause.kind == crate::sql::ClauseKind::Filter);
        filters.map(|clause| clause.text.clone()).collect()
    };
    let limited =
        |analysis: &crate::sql::Analysis| analysis.clauses.iter().any(|c| c.kind == crate::sql::ClauseKind::Limit);
    let (was_filters, is_filters) = (filters(&was), filters(&is));
    let added: Vec<&String> = is_filters.difference(&was_filters).collect();
    if was_filters.is_subset(&is_filters) && !added.is_empty() {
        let added: Vec<&str> = added.into_iter().map(String::as_str).collect();
        return Some(format!("it asks for more before a row fails ({})", added.join(", ")));
    }
    if !limited(&was) && limited(&is) {
        return Some("it has a LIMIT now".to_owned());
    }
    // The same conditions with other numbers: which way is not told by the text alone, save that a tolerance grew.
    let numbers = |filters: &BTreeSet<String>| -> Vec<f64> {
        let text = filters.iter().cloned().collect::<Vec<_>>().join(" ");
        text.split(|c: char| !(c.is_ascii_digit() || c == '.')).filter_map(|part| part.parse().ok()).collect()
    };
    let (old, new) = (numbers(&was_filters), numbers(&is_filters));
    let compares = is_filters.iter().any(|text| text.contains('>'));
    let grew = old.len() == new.len()
        && old.iter().zip(&new).any(|(old, new)| new > old)
        && !old.iter().zip(&new).any(|(old, new)| new < old);
    (was_filters.len() == is_filters.len() && was_filters != is_filters && compares && grew)
        .then(|| "its bound is wider".to_owned())
}

struct Nothing;

impl crate::sql::Catalog for Nothing {
    fn relation(&self, _: &[String]) -> Option<crate::sql::TableInfo> {
        None
    }
}
