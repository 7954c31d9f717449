//! Who reads a column: models, columns, exposures and metrics downstream.

use crate::gates::Context;
use crate::gates::texts::{Text, maybe_of};
use crate::project::Metric;
use crate::project::columns::Way;
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

/// Metrics on head that are computed from the column, be it gone, or from what is made of it.
pub(super) fn metrics(id: &str, column: &str, cx: &Context<'_>) -> Vec<String> {
    let graph = cx.head.graph();
    let reached = graph.reach(graph.find(id, column).as_slice(), Way::Down, None);
    let columns: Vec<_> = reached.keys().map(|&number| graph.column(number)).collect();
    let reads =
        |metric: &&Metric| metric.reads(id, column) || columns.iter().any(|(id, column)| metric.reads(id, column));
    cx.head.project.metrics.values().filter(reads).map(|metric| metric.name.clone()).collect()
}

/// Metrics on head over the model or anything downstream of it.
pub(super) fn metrics_of_rows(id: &str, cx: &Context<'_>) -> Vec<String> {
    let below = cx.head.downstream(id);
    let over = |metric: &&Metric| metric.reads.keys().any(|model| model == id || below.contains(model.as_str()));
    cx.head.project.metrics.values().filter(over).map(|metric| metric.name.clone()).collect()
}

/// `; reaches 3 columns downstream, 1 exposure and 1 metric`, or nothing.
pub(super) fn words(columns: &[String], exposures: &[String], metrics: &[String]) -> String {
    let all = [(columns, "column", " downstream"), (exposures, "exposure", ""), (metrics, "metric", "")];
    let told = all.iter().filter(|(names, ..)| !names.is_empty());
    let words: Vec<String> = told.map(|(names, one, how)| format!("{}{how}", count(names.len(), one))).collect();
    match words.as_slice() {
        [] => String::new(),
        [only] => format!("; reaches {only}"),
        [some @ .., last] => format!("; reaches {} and {last}", some.join(", ")),
    }
}

/// `; reaches 3 columns, 2 models, 1 exposure`: what has other rows when a clause changes, said once with the clause.
pub(super) fn of_rows(columns: usize, models: usize, exposures: usize, metrics: usize) -> String {
    let all = [(columns, "column"), (models, "model"), (exposures, "exposure"), (metrics, "metric")];
    let words: Vec<String> = all.iter().filter(|(n, _)| *n > 0).map(|(n, one)| count(*n, one)).collect();
    if words.is_empty() { String::new() } else { format!("; reaches {}", words.join(", ")) }
}

fn count(n: usize, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}
