//! The table of models and gates: those with something wrong; the others fold.

use super::{room, sign};
use crate::output::escape::{clip, markdown, markdown_code};
use crate::output::overview::{Row, gates, plural, rows};
use crate::report::{Report, Verdict};

/// Models with nothing wrong that stand in the table; more of them fold.
const QUIET_ROWS: usize = 5;
/// Gates that have a column each; with more of them, a cell lists those that did not pass.
const COLUMNS: usize = 16;
/// Characters of a name.
const NAME: usize = 120;

/// The table, its legend, and the models with nothing wrong.
pub(super) fn table(report: &Report, room: usize, whole: &str) -> String {
    let gates = gates(report);
    let all = rows(report, &gates);
    if all.is_empty() {
        return String::new();
    }
    let (mut shown, mut quiet): (Vec<Row<'_>>, Vec<Row<'_>>) = all.into_iter().partition(wrong);
    // When all is well, the heading says it; the table is for whoever wants to see.
    if quiet.len() <= QUIET_ROWS && report.verdict != Verdict::Pass {
        shown.append(&mut quiet);
    }
    let wide = header(&gates);
    let mut text = match gates.len() <= COLUMNS && wide.len() <= room / 3 {
        true => room::rows(&wide, shown.iter().map(row), room / 4 * 3, "model", whole),
        false => {
            let line = |row: &Row<'_>| narrow(row, &gates);
            room::rows(NARROW, shown.iter().map(line), room / 4 * 3, "model", whole)
        }
    };
    if !shown.is_empty() {
        text.push_str(&legend(&shown));
    }
    text.push_str(&folded(&quiet, &gates, room / 4, whole));
    text
}

/// Whether the model is to be looked at: what could not be decided is no pass.
fn wrong(row: &Row<'_>) -> bool {
    row.verdicts.iter().flatten().any(|v| matches!(v, Verdict::Fail | Verdict::Error | Verdict::Warn))
}

fn header(gates: &[&str]) -> String {
    let mut text = String::from("| model | layer | change |");
    for gate in gates {
        text.push_str(&format!(" {} |", markdown(&clip(gate, NAME))));
    }
    text.push_str(&format!("\n| --- | --- | --- |{}\n", " :-: |".repeat(gates.len())));
    text
}

fn first_cells(row: &Row<'_>) -> String {
    let (model, layer) = (markdown_code(&clip(row.model, NAME)), markdown(&clip(row.layer, NAME)));
    format!("| {model} | {layer} | {} |", markdown(&row.change))
}

fn row(row: &Row<'_>) -> String {
    let mut line = first_cells(row);
    for verdict in &row.verdicts {
        line.push_str(&format!(" {} |", verdict.map_or("", sign)));
    }
    line.push('\n');
    line
}

const NARROW: &str = "| model | layer | change | did not pass |\n| --- | --- | --- | --- |\n";

/// A row when there are too many gates for columns.
fn narrow(row: &Row<'_>, gates: &[&str]) -> String {
    let pairs = row.verdicts.iter().zip(gates);
    let mut told: Vec<(Verdict, &str)> = pairs.filter_map(|(v, gate)| Some(((*v)?, *gate))).collect();
    told.retain(|(v, _)| matches!(v, Verdict::Fail | Verdict::Error | Verdict::Warn));
    told.sort_by_key(|(v, _)| std::cmp::Reverse(*v));
    let mut words: Vec<String> =
        told.iter().take(COLUMNS).map(|(v, gate)| format!("{} {}", sign(*v), markdown(&clip(gate, NAME)))).collect();
    if told.len() > COLUMNS {
        words.push(format!("and {} more", told.len() - COLUMNS));
    }
    format!("{} {} |\n", first_cells(row), words.join(", "))
}

/// The signs that the table shows, with their words.
fn legend(shown: &[Row<'_>]) -> String {
    let mut words: Vec<String> = Vec::new();
    for (verdict, word) in [
        (Verdict::Error, "could not decide"),
        (Verdict::Fail, "fail"),
        (Verdict::Warn, "warn"),
        (Verdict::Pass, "pass"),
        (Verdict::Skip, "skip"),
    ] {
        if shown.iter().any(|row| row.verdicts.contains(&Some(verdict))) {
            words.push(format!("{} {word}", sign(verdict)));
        }
    }
    match words.is_empty() {
        true => String::new(),
        false => format!("\n<sub>{}</sub>\n", words.join(" · ")),
    }
}

/// Models with nothing wrong, a line each, to unfold.
fn folded(quiet: &[Row<'_>], gates: &[&str], room: usize, whole: &str) -> String {
    if quiet.is_empty() {
        return String::new();
    }
    let line = |row: &Row<'_>| {
        let count = |verdict| row.verdicts.iter().filter(|v| **v == Some(verdict)).count();
        let (passed, skipped) = (count(Verdict::Pass), count(Verdict::Skip));
        let mut words = vec![plural(passed, "gate") + " passed"];
        if skipped > 0 {
            words.push(format!("{skipped} skipped"));
        }
        if passed + skipped < gates.len() {
            words.push(format!("{} not asked", gates.len() - passed - skipped));
        }
        let change = if row.change.is_empty() { String::new() } else { format!(" ({})", markdown(&row.change)) };
        format!("- {}{change}: {}\n", markdown_code(&clip(row.model, NAME)), words.join(", "))
    };
    format!(
        "\n<details><summary>✅ {} with nothing wrong</summary>\n\n{}\n</details>\n",
        plural(quiet.len(), "model"),
        room::list(quiet.iter().map(line), room, "model", whole)
    )
}
