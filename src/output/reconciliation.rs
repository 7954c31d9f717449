//! A comparison of two relations as text.

use super::escape;
use crate::reconcile::{ColumnResult, KeyOrigin, KeySample, Mode, Reconciliation, rounded, thousands};
use anyhow::Result;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// The result as JSON, with the verdict and the headline first.
///
/// # Errors
/// It cannot be written as JSON.
pub fn json(result: &Reconciliation) -> Result<String> {
    let head = serde_json::json!({"equal": result.equal(), "summary": result.headline()});
    let (mut all, body) = (head, serde_json::to_value(result)?);
    if let (Some(all), serde_json::Value::Object(body)) = (all.as_object_mut(), body) {
        all.extend(body);
    }
    Ok(serde_json::to_string_pretty(&all)? + "\n")
}

/// The result for a terminal of `width` columns.
pub fn table(result: &Reconciliation, width: u16) -> String {
    let mut text = format!("{}: {}\n", verdict(result), result.headline());
    for line in lines(result) {
        text.push_str(&format!("  {}\n", escape::terminal(&line)));
    }
    let differing: Vec<&ColumnResult> = result.columns.iter().filter(|c| c.differing > 0).collect();
    if !differing.is_empty() {
        let mut table = Table::new();
        table.load_preset(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(width).set_header(HEADER);
        for column in &differing {
            table.add_row(cells(column).map(|cell| escape::terminal(&cell)));
        }
        for i in 1..5 {
            if let Some(column) = table.column_mut(i) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        text.push_str(&format!("{table}\n"));
    }
    for line in samples(result) {
        text.push_str(&format!("  {}\n", escape::terminal(&line)));
    }
    text
}

/// The result as Markdown.
pub fn markdown(result: &Reconciliation) -> String {
    let mut text = format!("**{}**: {}\n", verdict(result), escape::markdown(&result.headline()));
    let list = |text: &mut String, lines: Vec<String>| {
        if !lines.is_empty() {
            text.push('\n');
        }
        for line in lines {
            text.push_str(&format!("- {}\n", escape::markdown(&line)));
        }
    };
    list(&mut text, lines(result));
    let differing: Vec<&ColumnResult> = result.columns.iter().filter(|c| c.differing > 0).collect();
    if !differing.is_empty() {
        text.push_str(&format!("\n| {} |\n| --- | ---: | ---: | ---: | ---: |\n", HEADER.join(" | ")));
        for column in differing {
            text.push_str(&format!("| {} |\n", cells(column).map(|cell| escape::markdown(&cell)).join(" | ")));
        }
    }
    list(&mut text, samples(result));
    text
}

const HEADER: [&str; 5] = ["column", "differing", "NULL against value", "largest difference", "relative"];

fn cells(column: &ColumnResult) -> [String; 5] {
    let number = |x: Option<f64>| x.map(rounded).unwrap_or_default();
    [
        column.name.clone(),
        thousands(column.differing),
        thousands(column.null_against_value),
        number(column.max_absolute),
        number(column.max_relative),
    ]
}

fn verdict(result: &Reconciliation) -> &'static str {
    if result.equal() { "equal" } else { "different" }
}

/// Everything but columns and samples, a line each.
fn lines(result: &Reconciliation) -> Vec<String> {
    let mut lines = Vec::new();
    if result.rows_reference != result.rows_candidate {
        let (reference, candidate) = (thousands(result.rows_reference), thousands(result.rows_candidate));
        lines.push(format!("rows: {reference} in the reference, {candidate} in the candidate"));
    }
    let how = match (result.mode, result.key_origin) {
        (Mode::Fingerprint, _) => {
            Some("every row is equal: matched by fingerprint, no row had to be looked at".to_owned())
        }
        (Mode::Keyed, Some(KeyOrigin::Detected)) => Some(format!("key found in the data: {}", result.key.join(", "))),
        (Mode::Keyed, Some(KeyOrigin::Declared)) => Some(format!("key declared by a test: {}", result.key.join(", "))),
        (Mode::Keyed, _) => Some(format!("key: {}", result.key.join(", "))),
        (Mode::Multiset, _) => None,
    };
    lines.extend(how);
    for (count, what) in [
        (result.rows_missing, "rows are only in the reference"),
        (result.rows_unexpected, "rows are only in the candidate"),
        (result.rows_differing, "rows differ in some column"),
    ] {
        if count > 0 {
            lines.push(format!("{} {what}", thousands(count)));
        }
    }
    let schema = &result.schema;
    lines.extend(schema.missing.iter().map(|c| format!("column {c} is missing in the candidate")));
    lines.extend(schema.unexpected.iter().map(|c| format!("column {c} is only in the candidate")));
    for change in &schema.types {
        let compared = if change.compared { "" } else { ", not compared" };
        lines.push(format!(
            "column {}: {} in the reference, {} in the candidate{compared}",
            change.column, change.reference, change.candidate
        ));
    }
    if schema.reordered {
        lines.push("columns stand in another order".to_owned());
    }
    if let Some(d) = &result.duplicates {
        lines.push(format!(
            "keys that stand more than once: {} in the reference, {} in the candidate; rows with NULL in the key: {}, {}",
            thousands(d.reference_keys),
            thousands(d.candidate_keys),
            thousands(d.reference_nulls),
            thousands(d.candidate_nulls)
        ));
    }
    lines.extend(result.clues.iter().map(|clue| clue.text.clone()));
    lines.extend(result.notes.iter().cloned());
    lines
}

fn samples(result: &Reconciliation) -> Vec<String> {
    let value = |v: &Option<String>| v.clone().unwrap_or_else(|| "NULL".to_owned());
    let key = |key: &KeySample| key.iter().map(|(n, v)| format!("{n}={}", value(v))).collect::<Vec<_>>().join(", ");
    let mut lines = Vec::new();
    for column in &result.columns {
        lines.extend(column.sample.iter().map(|cell| {
            let (reference, candidate) = (value(&cell.reference), value(&cell.candidate));
            format!("{} at {}: {candidate} instead of {reference}", column.name, key(&cell.key))
        }));
    }
    lines.extend(result.missing_sample.iter().map(|k| format!("only in the reference: {}", key(k))));
    lines.extend(result.unexpected_sample.iter().map(|k| format!("only in the candidate: {}", key(k))));
    lines
}
