//! Whether what reads a changed model still finds what it reads.

use super::columns::{key, last_part};
use crate::finding::{Finding, Location, Severity};
use crate::gates::texts::{Text, maybe_of};
use crate::gates::{Change, Checked, Context};
use crate::project::bind::ColumnId;
use crate::project::{DataTest, Model, NotCompiledCode, UnitTest};
use crate::sql::{self, Analysis, Reason, Unresolved};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A reader that lost something: its name, the place of the reference, and the text of the reference.
struct Reader {
    model: String,
    place: Location,
}

impl Reader {
    fn shown(&self) -> String {
        let file = self.place.path.rsplit('/').next().unwrap_or(&self.place.path);
        format!("{file}:{}", self.place.line)
    }
}

/// Columns that the change takes away, as base spells them, in order. Nothing while the head's columns are not known.
fn dropped(change: &Change<'_>, cx: &Context<'_>) -> Vec<String> {
    let (Some(base), Some(head)) = (change.base, change.head) else { return Vec::new() };
    let (Some(before), Some(now)) = (cx.base.columns(&base.unique_id), cx.head.columns(&head.unique_id)) else {
        return Vec::new();
    };
    let now: BTreeSet<String> = now.iter().map(|c| c.to_lowercase()).collect();
    before.iter().filter(|c| !now.contains(&c.to_lowercase())).cloned().collect()
}

/// Every column by which a dropped column was known on base: itself, and where its value went.
fn known_as(base_id: &str, head_id: &str, column: &str, cx: &Context<'_>) -> BTreeSet<ColumnId> {
    let mut names: BTreeSet<ColumnId> =
        cx.base.downstream_columns(base_id, column).into_iter().map(|(id, c)| (id, c.to_lowercase())).collect();
    names.insert((base_id.to_owned(), column.to_lowercase()));
    names.insert((head_id.to_owned(), column.to_lowercase()));
    names
}

/// Whether the lost reference of a text is to a column by one of these names. An unqualified one could have come from
/// any relation of the text.
fn reads(lost: &Unresolved, analysis: &Analysis, names: &BTreeSet<ColumnId>) -> bool {
    let column = last_part(&lost.name).to_lowercase();
    lost.reason == Reason::NotInSchema && maybe_of(lost, analysis).any(|t| names.contains(&(t.clone(), column.clone())))
}

/// Whether another change of the run took away what this reference reads.
pub(super) fn blamed_elsewhere(reader: &str, lost: &Unresolved, analysis: &Analysis, cx: &Context<'_>) -> bool {
    cx.changes.iter().filter(|c| c.unique_id != reader).any(|change| {
        let (Some(base), Some(head)) = (change.base, change.head) else { return false };
        let gone = dropped(change, cx);
        gone.iter().any(|column| reads(lost, analysis, &known_as(&base.unique_id, &head.unique_id, column, cx)))
    })
}

/// Readers, tests and properties that still name a column which the change takes away.
pub(super) fn check(change: &Change<'_>, cx: &Context<'_>) -> Vec<Finding> {
    let (Some(base), Some(head)) = (change.base, change.head) else { return Vec::new() };
    let mut findings = Vec::new();
    for column in dropped(change, cx) {
        let names = known_as(&base.unique_id, &head.unique_id, &column, cx);
        let place = neighbour(&column, base, head, cx);
        let readers = readers(head, &names, cx);
        if !readers.is_empty() {
            findings.push(broken(&column, &readers, place.clone()));
        }
        findings.extend(stale(&column, &names, head, place, cx));
    }
    findings
}

fn broken(column: &str, readers: &[Reader], place: Location) -> Finding {
    let models: BTreeSet<&str> = readers.iter().map(|r| r.model.as_str()).collect();
    let first = readers.first().map(Reader::shown).unwrap_or_default();
    let more = match models.len() {
        0 | 1 => String::new(),
        n => format!(" ({n} models in all)"),
    };
    let message = format!("column `{column}` is gone, but {first} reads it{more}");
    let help = "keep the column, or change its readers in this pull request";
    let shown: Vec<String> = readers.iter().map(|r| format!("{}:{}", r.place.path, r.place.line)).collect();
    let finding = Finding::new("compile/breaks-downstream", message, help).column(column).at(place);
    finding.evidence("readers", shown).evidence("models", models.into_iter().map(str::to_owned).collect::<Vec<_>>())
}

/// References downstream that head cannot bind and base could.
fn readers(head: &Model, names: &BTreeSet<ColumnId>, cx: &Context<'_>) -> Vec<Reader> {
    let mut found = Vec::new();
    for id in cx.head.downstream(&head.unique_id) {
        let Some(model) = cx.head.project.models.get(id) else { continue };
        let before: BTreeSet<(String, Reason)> =
            cx.base.analysis(id).map(|a| a.unresolved.iter().map(key).collect()).unwrap_or_default();
        for text in Text::all(model).unwrap_or_default() {
            let Ok(analysis) = text.analysis(cx.head) else { continue };
            for lost in analysis.unresolved.iter().filter(|l| reads(l, &analysis, names) && !before.contains(&key(l))) {
                found.push(Reader { model: model.name.clone(), place: text.place(&lost.span) });
            }
        }
    }
    found.sort_by(|a, b| (&a.place, &a.model).cmp(&(&b.place, &b.model)));
    found.dedup_by(|a, b| a.place == b.place);
    found
}

/// Where the column stood: beside the nearest column before it that is still there.
fn neighbour(column: &str, base: &Model, head: &Model, cx: &Context<'_>) -> Location {
    let file = Location::file(&head.path);
    let (Ok(before), Ok(now)) = (cx.base.analysis(&base.unique_id), cx.head.analysis(&head.unique_id)) else {
        return file;
    };
    let at = before.outputs.iter().position(|o| o.name.eq_ignore_ascii_case(column)).unwrap_or(0);
    let ahead = before.outputs[..at].iter().rev().chain(&before.outputs[(at + 1).min(before.outputs.len())..]);
    let still = ahead.filter_map(|o| now.outputs.iter().find(|n| n.name.eq_ignore_ascii_case(&o.name)));
    still.map(|output| output.span).find(|span| span.line > 0).map_or(file, |span| head.locate(&span))
}

/// Properties and tests that still name the column.
fn stale(column: &str, names: &BTreeSet<ColumnId>, head: &Model, place: Location, cx: &Context<'_>) -> Option<Finding> {
    let mut mentions: BTreeMap<String, Location> = BTreeMap::new();
    for declared in head.columns.values().filter(|c| c.name.eq_ignore_ascii_case(column)) {
        mentions.insert("properties".to_owned(), declared.place.location());
    }
    for test in cx.head.project.tests.values().filter(|t| test_reads(t, column, names, head, cx)) {
        mentions.insert(format!("test {}", test.name), test.place.location());
    }
    let units = cx.head.project.unit_tests.values();
    for unit in units.filter(|u| u.model.as_deref() == Some(&head.unique_id) && expects(u, column)) {
        mentions.insert(format!("unit test {}", unit.name), unit.place.location());
    }
    let (first, at) = mentions.iter().next()?;
    let more = if mentions.len() > 1 { format!(" and {} more", mentions.len() - 1) } else { String::new() };
    let message = format!("column `{column}` is gone, but {first}{more} still names it ({}:{})", at.path, at.line);
    let help = "change the YAML with the SQL: the test will fail, and documentation and tags no longer hold";
    let finding = Finding::new("compile/stale-yaml", message, help).severity(Severity::Warning).column(column);
    let shown: Vec<String> = mentions.iter().map(|(what, at)| format!("{what} ({}:{})", at.path, at.line)).collect();
    // The declaration is the line to edit, when it is there.
    Some(finding.at(if at.path.is_empty() { place } else { at.clone() }).evidence("mentions", shown))
}

fn test_reads(test: &DataTest, column: &str, names: &BTreeSet<ColumnId>, head: &Model, cx: &Context<'_>) -> bool {
    if !test.depends_on.contains(&head.unique_id) && test.attached.as_deref() != Some(&head.unique_id) {
        return false;
    }
    let attached = test.attached.as_deref() == Some(&head.unique_id);
    if attached && test.column.as_deref().is_some_and(|c| c.eq_ignore_ascii_case(column)) {
        return true;
    }
    let Ok(compiled) = &test.compiled else { return false };
    let analysis = sql::analyze(&compiled.sql, cx.head.project.dialect, cx.head);
    analysis.is_ok_and(|a| a.unresolved.iter().any(|lost| reads(lost, &a, names)))
}

/// Whether the expected rows of a unit test name the column.
fn expects(test: &UnitTest, column: &str) -> bool {
    let rows = test.definition.get("expect").and_then(|e| e.get("rows"));
    match rows {
        Some(Value::Array(rows)) => {
            rows.iter().filter_map(Value::as_object).any(|row| row.keys().any(|name| name.eq_ignore_ascii_case(column)))
        }
        Some(Value::String(csv)) => csv
            .trim()
            .lines()
            .next()
            .is_some_and(|header| header.split(',').any(|name| name.trim().eq_ignore_ascii_case(column))),
        _ => false,
    }
}

/// A removed model: who still names it.
pub(super) fn removed(change: &Change<'_>, cx: &Context<'_>) -> Checked {
    let gone = change.model();
    let mut readers: Vec<Reader> = Vec::new();
    for model in cx.head.models() {
        let worked = cx.base.project.models.get(&model.unique_id).is_some_and(|m| m.compiled.is_ok());
        if let Err(reason) = &model.compiled
            && reason.code == NotCompiledCode::RefNotFound
            && reason.name.as_deref().is_some_and(|name| last_part(name) == gone.name)
            && worked
        {
            readers.push(Reader { model: model.name.clone(), place: reason.place.location() });
        }
    }
    readers.sort_by(|a, b| (&a.place, &a.model).cmp(&(&b.place, &b.model)));
    let Some(first) = readers.first() else { return Checked::pass("removed; nothing refers to it any more") };
    let more = if readers.len() > 1 { format!(" ({} models in all)", readers.len()) } else { String::new() };
    let message = format!("model `{}` is gone, but {} still refers to it{more}", gone.name, first.shown());
    let help = "keep the model, or change its readers in this pull request";
    let shown: Vec<String> = readers.iter().map(|r| format!("{}:{}", r.place.path, r.place.line)).collect();
    let finding = Finding::new("compile/breaks-downstream", message, help).at(first.place.clone());
    Checked::found("removed while still in use", vec![finding.evidence("readers", shown)])
}
