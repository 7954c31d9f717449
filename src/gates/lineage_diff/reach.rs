//! Who reads a column: models, columns and exposures downstream.

use crate::gates::Context;
use crate::gates::texts::{Text, maybe_of};
use crate::sql::Reason;
use std::collections::BTreeSet;

/// Columns downstream on head that the value reaches (`orders.revenue`).
pub(super) fn columns(id: &str, column: &str, cx: &Context<'_>) -> Vec<String> {
    let reached = cx.head.downstream_columns(id, column);
    reached.iter().map(|(table, column)| format!("{}.{column}", cx.head.display_name(table))).collect()
}

/// Columns downstream on base that the value reached.
pub(super) fn on_base(id: &str, column: &str, cx: &Context<'_>) -> Vec<String> {
    let reached = cx.base.downstream_columns(id, column);
    reached.iter().map(|(table, column)| format!("{}.{column}", cx.base.display_name(table))).collect()
}

/// Places on head that still read the column (`orders.sql:23`), sorted.
pub(super) fn readers(id: &str, column: &str, cx: &Context<'_>) -> Vec<String> {
    let mut places = BTreeSet::new();
    for reader in cx.head.children().get(id).into_iter().flatten() {
        let Some(model) = cx.head.project.models.get(*reader) else { continue };
        for text in Text::all(model).unwrap_or_default() {
            let Ok(analysis) = text.analysis(cx.head) else { continue };
            let bound = analysis.reads.iter().filter(|r| r.table == id && r.column.eq_ignore_ascii_case(column));
            let lost = analysis.unresolved.iter().filter(|u| {
                let last = u.name.rsplit('.').next().unwrap_or(&u.name).trim_matches(['"', '`', '[', ']']);
                u.reason == Reason::NotInSchema
                    && maybe_of(u, &analysis).any(|t| t == id)
                    && last.eq_ignore_ascii_case(column)
            });
            places.extend(bound.map(|r| r.span).chain(lost.map(|u| u.span)).map(|span| text.place(&span)));
        }
    }
    let file = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    places.iter().map(|place| format!("{}:{}", file(&place.path), place.line)).collect()
}

/// Exposures that show the model itself.
pub(super) fn exposures_of(id: &str, cx: &Context<'_>) -> Vec<String> {
    let all = cx.head.project.exposures.iter().filter(|(_, ids)| ids.iter().any(|i| i == id));
    all.map(|(name, _)| name.clone()).collect()
}

/// Exposures that show the model or anything downstream of it.
pub(super) fn exposures(id: &str, cx: &Context<'_>) -> Vec<String> {
    let below = cx.head.downstream(id);
    let all =
        cx.head.project.exposures.iter().filter(|(_, ids)| ids.iter().any(|i| i == id || below.contains(i.as_str())));
    all.map(|(name, _)| name.clone()).collect()
}

/// `; reaches 3 columns downstream and 1 exposure`, or nothing.
pub(super) fn words(columns: &[String], exposures: &[String]) -> String {
    let count = |n: usize, one: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") };
    match (columns.len(), exposures.len()) {
        (0, 0) => String::new(),
        (c, 0) => format!("; reaches {} downstream", count(c, "column")),
        (0, e) => format!("; reaches {}", count(e, "exposure")),
        (c, e) => format!("; reaches {} downstream and {}", count(c, "column"), count(e, "exposure")),
    }
}

/// `; reaches 3 columns, 2 models, 1 exposure`: what has other rows when a clause changes, said once with the clause.
pub(super) fn of_rows(columns: usize, models: usize, exposures: usize) -> String {
    let all = [(columns, "column"), (models, "model"), (exposures, "exposure")];
    let told = all.iter().filter(|(count, _)| *count > 0);
    let words: Vec<String> =
        told.map(|(count, one)| if *count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }).collect();
    if words.is_empty() { String::new() } else { format!("; reaches {}", words.join(", ")) }
}
